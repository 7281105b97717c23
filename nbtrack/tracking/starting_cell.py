"""The cell of a notebook that starts a run, and whether it is a cell that is executed again."""

from __future__ import annotations

import dis
import sys
from types import CodeType, FrameType
from typing import Any, NamedTuple

from ..kernel import frontend

__all__ = ["StartingCell", "running_cell", "tracked_cell"]


class StartingCell(NamedTuple):
    """One execution of a cell, and the statement at its top level that starts a run; a tracked cell's own run has none."""

    cell: str
    request: str
    source: str
    code: CodeType | None = None
    at: int = 0

    def is_again(self, before: StartingCell) -> bool:
        """Tell whether the same cell was executed ``before``; it may have been edited since.

        Where the front end does not name its cells, the same statement counts as the same cell. The statement's constants may
        differ when it binds the run to a name, as ``run = nbtrack.start_run("second try")`` does: the run that had that name
        before is out of the user's reach then.
        """
        if self.cell or before.cell:
            return self.cell == before.cell and self.request != before.request
        if self.code is None or before.code is None:
            return self.source == before.source
        # Each execution of a cell compiles a code object of its own.
        return self.code is not before.code and (_shape(self.code), self.at) == (_shape(before.code), before.at)


def running_cell() -> StartingCell | None:
    """Return the cell whose code is running, None outside of any."""
    module = sys.modules.get("IPython")
    shell: Any = None if module is None else module.get_ipython()
    frame = None if shell is None else _top_level(sys._getframe(1), shell.user_ns)
    if frame is None:
        return None
    return tracked_cell(shell.history_manager.input_hist_raw[-1])._replace(code=frame.f_code, at=frame.f_lasti)


def tracked_cell(source: str) -> StartingCell:
    """Return the cell that a tracked cell's own run starts from, by its source as it was typed."""
    return StartingCell(frontend.cell_id(), frontend.request_id(), source)


def _top_level(frame: FrameType | None, namespace: dict[str, Any]) -> FrameType | None:
    """Return the innermost frame that is the top level of a cell."""
    while frame is not None and not (frame.f_globals is namespace and frame.f_code.co_name == "<module>"):
        frame = frame.f_back
    return frame


def _shape(code: CodeType) -> tuple[object, ...]:
    binds = any(each.opname.startswith("STORE") for each in dis.get_instructions(code))
    return code.co_code, code.co_names, () if binds else code.co_consts
