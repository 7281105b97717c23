"""From which cell of a notebook a run was started, and whether that is a cell run again."""

from __future__ import annotations

import dis
import sys
from types import CodeType, FrameType
from typing import Any, NamedTuple

from ..kernel import frontend

__all__ = ["Origin", "origin", "origin_of_cell"]


class Origin(NamedTuple):
    """One execution of a cell, and the statement at its top level that starts a run; none for a tracked cell's own run."""

    cell: str
    request: str
    source: str
    code: CodeType | None = None
    at: int = 0

    def is_again(self, before: Origin) -> bool:
        """Tell whether the cell was executed ``before``, and has been changed since, perhaps.

        Where the front end does not name its cells, the same statement is taken for the same cell; one that gives the
        run a name, as ``run = nbtrack.start_run("second try")`` does, also with other constants, for what had that name
        before is out of reach then.
        """
        if self.cell or before.cell:
            return self.cell == before.cell and self.request != before.request
        if self.code is None or before.code is None:
            return self.source == before.source
        # A code object is another one each time that a cell is compiled.
        return self.code is not before.code and (_shape(self.code), self.at) == (_shape(before.code), before.at)


def origin() -> Origin | None:
    """Return the cell whose code is running, None outside of any."""
    shell = _shell()
    frame = None if shell is None else _of_cell(sys._getframe(1), shell.user_ns)
    if frame is None:
        return None
    return origin_of_cell(shell.history_manager.input_hist_raw[-1])._replace(code=frame.f_code, at=frame.f_lasti)


def origin_of_cell(source: str) -> Origin:
    """Return where the run of a tracked cell comes from, by the cell as it was typed."""
    return Origin(frontend.cell_id(), frontend.request_id(), source)


def _of_cell(frame: FrameType | None, namespace: dict[str, Any]) -> FrameType | None:
    """Return the innermost frame that is the top level of a cell."""
    while frame is not None and not (frame.f_globals is namespace and frame.f_code.co_name == "<module>"):
        frame = frame.f_back
    return frame


def _shape(code: CodeType) -> tuple[object, ...]:
    binds = any(each.opname.startswith("STORE") for each in dis.get_instructions(code))
    return code.co_code, code.co_names, () if binds else code.co_consts


def _shell() -> Any:
    module = sys.modules.get("IPython")
    return None if module is None else module.get_ipython()
