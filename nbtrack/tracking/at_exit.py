"""Ends open runs and delivers the journal when the process exits.

A run that its code did not end gets the status that is known: FAILED for an uncaught exception, KILLED for an uncaught
interrupt, FINISHED at the end of a script, and KILLED when a kernel shuts down, whose user may have stopped
anywhere. The tag ``nbtrack.ended`` says which. A process that is killed leaves this to recovery.
"""

from __future__ import annotations

import atexit
import functools
import sys
from types import TracebackType

from ..capture.outputs.traceback import capture_traceback
from ..delivery.connections import connections
from ..entities.run import Status
from .outcome import Outcome
from .run import current_runs
from .session import session_of

__all__ = ["end_at_exit"]

_EXIT_TIMEOUT = 10.0

_uncaught: BaseException | None = None


@functools.cache
def end_at_exit() -> None:
    """End runs and deliver journals at the exit of this process; more calls change nothing."""
    atexit.register(_end_all)
    hook = sys.excepthook

    def remember(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        global _uncaught  # noqa: PLW0603
        _uncaught = error
        hook(kind, error, trace)

    sys.excepthook = remember


def _end_all() -> None:
    for run in current_runs.open():
        session = session_of(run)
        if _uncaught is None:
            session.end_as(Outcome(Status.KILLED, "shutdown") if _in_kernel() else Outcome(Status.FINISHED, "exit"))
        else:
            if session.outcome_of(_uncaught).has_traceback:
                session.record(capture_traceback(_uncaught))
            session.end_with(_uncaught)
    for connection in connections():
        connection.close(_EXIT_TIMEOUT)
        connection.delete_memory()


def _in_kernel() -> bool:
    shell = sys.modules.get("IPython")
    return shell is not None and shell.get_ipython() is not None
