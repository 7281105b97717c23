"""IPython's cell events: a run is started before a tracked cell's body and ended after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from ..errors import NbtrackError
from .config import NBTrack
from .options import TrackOptions
from .reject import Gate
from .transform import arguments_of

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

    from ..capture.source import ExecutedCells
    from ..connection import Connection
    from .tracked import TrackedCell

__all__ = ["CellHooks"]


class CellHooks:
    """Makes runs of the cells that ask for it, and of every cell while ``every_cell`` is set.

    Args:
        shell: IPython's shell.
        settings: What the user configured.
        parse: Reads the arguments of ``%%track``.
    """

    def __init__(self, shell: InteractiveShell, settings: NBTrack, parse: Callable[[str], TrackOptions]) -> None:
        self._shell, self._settings, self._parse = shell, settings, parse
        self._gate = Gate()
        self._executed: dict[Connection, ExecutedCells] = {}
        self._cell: TrackedCell | None = None
        self._info: ExecutionInfo | None = None
        self.every_cell = False

    def register(self) -> None:
        """Begin to listen."""
        self._shell.ast_transformers.append(self._gate)
        self._shell.events.register("pre_run_cell", self._before)
        self._shell.events.register("post_run_cell", self._after)

    def unregister(self) -> None:
        """Listen no more, after the cell that is running, if one is."""
        self.every_cell = False
        self._shell.events.unregister("pre_run_cell", self._before)
        if self._gate in self._shell.ast_transformers:
            self._shell.ast_transformers.remove(self._gate)
        if self._cell is None:
            self._shell.events.unregister("post_run_cell", self._after)

    def _before(self, info: ExecutionInfo) -> None:
        asked = arguments_of(info.raw_cell or "")
        # A cell run by a tracked cell, as by get_ipython().run_cell, belongs to that one's run.
        if info.silent or self._cell is not None or (asked is None and not self.every_cell):
            return
        try:
            options = self._parse(self._shell.var_expand(asked or ""))
        except UsageError:
            return  # the magic itself says so
        self._start(info, options)

    def _start(self, info: ExecutionInfo, options: TrackOptions) -> None:
        from ..api import tracker
        from ..capture.source import ExecutedCells
        from .tracked import TrackedCell

        try:
            executed = self._executed.setdefault(tracker().connection, ExecutedCells())
            cell = TrackedCell(self._shell, self._settings, options, executed)
            cell.start(info)
        except NbtrackError as error:
            self._gate.reject_next(str(error))
            return
        self._cell, self._info = cell, info

    def _after(self, result: ExecutionResult) -> None:
        # IPython gives the result of a cell the very info that was given before it.
        if self._cell is None or result.info is not self._info:
            return
        cell, self._cell, self._info = self._cell, None, None
        cell.end(result)
        if self._settings.show:
            _show(cell.run)


def _show(run: Any) -> None:
    """Leave the summary of a run in the cell's output."""
    from IPython.display import display

    display(run)
