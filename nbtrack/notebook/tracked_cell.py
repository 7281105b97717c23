"""One tracked cell: its run starts just before the body and ends just after it."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Self

from ..capture.base import CaptureGuard
from ..capture.cell import CellCapture
from ..capture.params.named import named_params
from ..capture.source import ExecutedCells
from ..settings import environment
from ..tracking.current_tracker import tracker
from ..tracking.run import Run
from ..tracking.session import session_of
from ..tracking.starting import RunStart
from ..tracking.starting_cell import tracked_cell
from ..tracking.tracker import start_run
from ..widgets.run_output import show
from .config import NBTrack
from .options import TrackOptions

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

__all__ = ["TrackedCell"]


class TrackedCell:
    """A cell with its run; ``begin`` makes one just before the body runs."""

    def __init__(self, run: Run, capture: CellCapture, guard: CaptureGuard, source: str) -> None:
        self.run = run
        self._capture, self._guard, self._source = capture, guard, source
        self.is_shown = False

    @classmethod
    def begin(
        cls,
        shell: InteractiveShell,
        settings: NBTrack,
        options: TrackOptions,
        executed: ExecutedCells,
        info: ExecutionInfo,
    ) -> Self:
        """Start the run of a cell, with everything that is known before its body runs.

        Args:
            shell: IPython's shell.
            settings: What the user configured.
            options: The arguments of ``%%track``.
            executed: The cells that were executed before; one object for each kernel and store.
            info: The cell.

        Raises:
            NbtrackError: An option is wrong; nothing was started.
        """
        guard = CaptureGuard(settings.capture_seconds)
        capture = CellCapture(
            shell,
            environment(),
            executed,
            guard,
            notebook=settings.notebook or None,
            parts=settings.parts(without=options.no_capture),
            without=options.params,
        )
        try:
            start = RunStart(
                options.name,
                experiment=options.experiment,
                params=named_params(shell.user_ns, options.params),
                tags=dict(options.tags),
                note=options.note,
                resume=options.resume,
                captured=capture.start(info.raw_cell, info.cell_id),
                cell=tracked_cell(info.raw_cell),
            )
            run = start_run(tracker(), start)
        except BaseException:
            capture.finish()
            raise
        run.__enter__()  # so that a ``with`` block in the cell does not end it
        return cls(run, capture, guard, info.raw_cell)

    def show(self, focus: Sequence[str]) -> None:
        """Show the live view in the cell's output, where somebody is looking."""
        self.is_shown = self._guard.shield("live", partial(show, self.run, focus), False)

    def is_of(self, result: ExecutionResult | None) -> bool:
        """Whether a result is the cell's own, and not that of a cell that it executed; a cancelled cell has None."""
        return result is None or result.info.raw_cell == self._source

    def end(self, result: ExecutionResult | None) -> None:
        """Record what is known after the body, and end the run as the body ended, even where recording fails."""
        error, session = _error_of(result), session_of(self.run)
        try:
            ended = self._capture.finish(error if session.outcome_of(error).has_traceback else None)
            self._guard.shield("facts", lambda: session.record(ended.facts), None)
            for file in ended.files:
                self._guard.shield("outputs", partial(session.recorder.file, file.path, file.data), "")
            session.record(self._guard.failures())
        finally:
            session.end_with(KeyboardInterrupt() if isinstance(error, CancelledError) else error)


def _error_of(result: ExecutionResult | None) -> BaseException | None:
    """Return the exception that ended a cell; an interrupt cancels a cell that awaits something."""
    return CancelledError() if result is None else result.error_before_exec or result.error_in_exec
