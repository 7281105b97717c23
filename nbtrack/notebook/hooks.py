"""IPython's cell events: a run is started before a tracked cell's body and ended after it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from threading import get_ident
from typing import TYPE_CHECKING

from IPython.core.error import UsageError

from ..errors import NbtrackError
from ..kernel import frontend
from ..tracking.current_run import begin_cell
from ..widgets.open_views import close_views
from .config import NBTrack
from .options import TrackOptions
from .reject_cell import CellRejecter
from .transform import arguments_of

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

    from ..capture.source import ExecutedCells
    from ..delivery.connection import Connection
    from ..tracking.run import Run
    from .tracked_cell import TrackedCell

__all__ = ["CellHooks"]

# With ``%track on``, cells that contain only one of these magics are not tracked.
_ABOUT_RUNS = re.compile(r"\s*%(?:track|runs|compare|nbtrack|(?:un|re)?load_ext)\b[^\n]*\s*")
# ``var_expand`` looks up {names} this many frames up, where there are none: only in the notebook's variables, not in ours.
_NO_FRAME = 1_000_000


class CellHooks:
    """Tracks the cells that ask for it, and every cell while ``every_cell`` is set.

    Args:
        shell: IPython's shell.
        settings: What the user configured.
        parse: Parses the arguments of ``%%track``.
    """

    def __init__(self, shell: InteractiveShell, settings: NBTrack, parse: Callable[[str], TrackOptions]) -> None:
        self._shell, self._settings, self._parse = shell, settings, parse
        self._rejecter = CellRejecter()
        self._executed: dict[Connection, ExecutedCells] = {}
        # By thread: a subshell executes cells in a thread beside the main one.
        self._cells: dict[int, TrackedCell] = {}
        self._is_registered = False
        self.every_cell = False

    def register(self) -> None:
        """Register with IPython's events."""
        self._is_registered = True
        self._shell.ast_transformers.append(self._rejecter)
        self._shell.events.register("pre_run_cell", self._before)
        self._shell.events.register("post_run_cell", self._after)

    def unregister(self) -> None:
        """Unregister; the cells that are being tracked are still ended."""
        self._is_registered = False
        self._shell.events.unregister("pre_run_cell", self._before)
        if self._rejecter in self._shell.ast_transformers:
            self._shell.ast_transformers.remove(self._rejecter)
        if not self._cells:
            self._shell.events.unregister("post_run_cell", self._after)

    def _before(self, info: ExecutionInfo) -> None:
        begin_cell()
        # A cell that a tracked cell executes, by get_ipython().run_cell, belongs to the same run.
        if info.silent or get_ident() in self._cells:
            return
        close_views(frontend.cell_id() or "-")
        line = self._asked(info.raw_cell or "")
        if line is None:
            return
        try:
            self._cells[get_ident()] = self._begin(info, self._shell.var_expand(line, depth=_NO_FRAME))
        except (UsageError, NbtrackError) as error:
            self._rejecter.reject_next(str(error))
        except KeyboardInterrupt:
            self._rejecter.reject_next("interrupted before the cell began")

    def _asked(self, source: str) -> str | None:
        """Return the arguments of a cell that is to be tracked, None for others."""
        if self.every_cell and not _ABOUT_RUNS.fullmatch(source):
            return arguments_of(source) or ""
        return arguments_of(source)

    def _begin(self, info: ExecutionInfo, line: str) -> TrackedCell:
        from ..capture.source import ExecutedCells
        from ..tracking.current_tracker import tracker
        from ..tracking.tracker import connection_of
        from .tracked_cell import TrackedCell

        options = self._parse(line)
        connection = connection_of(tracker())
        # Where begin fails, nothing of the earlier cells was recorded: the next tracked cell records them again.
        executed = self._executed.pop(connection, None) or ExecutedCells()
        cell = TrackedCell.begin(self._shell, self._settings, options, executed, info)
        self._executed[connection] = executed
        if self._settings.live and self._settings.show and options.live is not None:
            cell.show(options.live)
        return cell

    def _after(self, result: ExecutionResult | None) -> None:
        self._rejecter.clear()
        cell = self._cells.get(get_ident())
        if cell is None or not cell.is_of(result):
            return
        del self._cells[get_ident()]
        if not self._is_registered and not self._cells:
            self._shell.events.unregister("post_run_cell", self._after)
        cell.end(result)
        if self._settings.show and not cell.is_shown:
            _show(cell.run)


def _show(run: Run) -> None:
    """Display the summary of a run; where the store is unavailable, one line."""
    from IPython.display import display

    from ..widgets.run_output import saved_bundle

    try:
        display(saved_bundle(run), raw=True)
    except NbtrackError as error:
        print(f"run {run.name} {run.status}; it cannot be shown now: {error}", file=sys.stderr)  # noqa: T201
