"""What becomes of open runs and of the journal when the process exits by itself.

A run that its code did not end is ended here by what is known: an uncaught exception makes it FAILED, an
uncaught interrupt KILLED, the end of a script FINISHED, and the shutdown of a kernel KILLED, for a kernel's user may
have stopped anywhere. The tag ``nbtrack.ended`` says so. A process that dies is another thing: see recovery.
"""

from __future__ import annotations

import atexit
import functools
import sys
from types import TracebackType

from ..capture.outputs.traceback import capture_traceback
from ..delivery.connection import connections
from ..entities.run import Status
from ..entities.tags import ENDED
from . import current_run

__all__ = ["end_at_exit"]

_EXIT_TIMEOUT = 10.0

_uncaught: BaseException | None = None


@functools.cache
def end_at_exit() -> None:
    """See to it that runs are ended and journals delivered at exit; once a process is enough."""
    atexit.register(_end_all)
    _watch_exceptions()


def _watch_exceptions() -> None:
    hook = sys.excepthook

    def remember(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        global _uncaught  # noqa: PLW0603
        _uncaught = error
        hook(kind, error, trace)

    sys.excepthook = remember


def _end_all() -> None:
    for run in current_run.open_runs():
        if _uncaught is not None:
            if run.outcome_of(_uncaught).has_traceback:
                run.record(capture_traceback(_uncaught))
            run.end_with(_uncaught)
        else:
            run.set_tag(ENDED, "shutdown" if _in_kernel() else "exit")
            run.end(Status.KILLED if _in_kernel() else Status.FINISHED)
    for connection in connections():
        connection.close(_EXIT_TIMEOUT)
        connection.forget()


def _in_kernel() -> bool:
    shell = sys.modules.get("IPython")
    return shell is not None and shell.get_ipython() is not None
