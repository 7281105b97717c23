"""One tracked cell: a run from just before its body to just after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api import tracker
from ..capture.cell import CellCapture
from ..capture.named import named_params
from ..capture.source import ExecutedCells
from ..run import Run
from ..settings import environment
from .config import NBTrack
from .options import TrackOptions

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

__all__ = ["TrackedCell"]


class TrackedCell:
    """A cell that is a run.

    Args:
        shell: IPython's shell.
        settings: What the user configured.
        options: What the cell's first line asks for.
        executed: What is known of the cells before; one for each kernel and store.
    """

    def __init__(self, shell: InteractiveShell, settings: NBTrack, options: TrackOptions, executed: ExecutedCells) -> None:
        self._options = options
        self._named = named_params(shell.user_ns, options.params)
        self._capture = CellCapture(
            shell,
            environment(),
            executed,
            notebook=settings.notebook or None,
            parts=settings.parts(without=options.no_capture),
            without=options.params,
            seconds=settings.capture_seconds,
        )
        self.run: Run

    def start(self, info: ExecutionInfo) -> None:
        """Start the run, with all that is known before the body runs.

        Raises:
            NbtrackError: The options ask for what cannot be; nothing was started.
        """
        options = self._options
        captured = self._capture.start(info.raw_cell, info.cell_id)
        try:
            self.run = tracker().start_run(
                options.name,
                experiment=options.experiment,
                params=self._named,
                tags=dict(options.tags),
                note=options.note,
                resume=options.resume,
                captured=captured,
            )
        except BaseException:
            self._capture.finish()
            raise

    def end(self, result: ExecutionResult) -> None:
        """End the run as the body ended, with all that is known only now."""
        error = result.error_before_exec or result.error_in_exec
        ended = self._capture.finish(error)
        self.run.record(ended.facts)
        for file in ended.files:
            self.run.recorder.file(file.path, file.data)
        self.run.end_with(error)
