"""Which run is the current one, here: in this context, in this thread, in this process.

A context (a task, a ``with`` block) has its own current run. A thread belongs to the run that was current
where it was started, also when that run has ended meanwhile. Everywhere else the run that was opened last and
is still open is the current one: a notebook's cells run in contexts of their own, but the run is the kernel's.
"""

from __future__ import annotations

import functools
import os
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .run import Run

__all__ = ["active", "enter", "leave", "open_runs"]

_current: ContextVar[Run | None] = ContextVar("nbtrack_run", default=None)
_open: list[Run] = []
_outer: dict[str, Run | None] = {}
_THREAD = "_nbtrack_run"


def active() -> Run | None:
    """Return the current run, None where there is none."""
    run = _current.get()
    if run is not None and run.is_open:
        return run
    of_thread: Run | None = getattr(threading.current_thread(), _THREAD, None)
    if of_thread is not None:
        return of_thread
    return next((run for run in reversed(_open) if run.is_open), None)


def enter(run: Run, outer: Run | None) -> None:
    """Make a run that has just been opened the current one, until it ends; then it is ``outer`` again."""
    _inherit_in_threads()
    _open.append(run)
    _outer[run.id] = outer
    _current.set(run)


def leave(run: Run) -> None:
    """Take back a run that has ended; the one around it is current again."""
    outer = _outer.pop(run.id, None)
    if run in _open:
        _open.remove(run)
    if _current.get() is run:
        _current.set(outer)


def open_runs() -> list[Run]:
    """Return the runs that this process opened and has not ended, the last one first."""
    return _open[::-1]


@functools.cache
def _inherit_in_threads() -> None:
    """Let threads remember the run in which they are started; Python has no hook for it before 3.14."""
    start = threading.Thread.start

    @functools.wraps(start)
    def start_in_run(thread: threading.Thread) -> None:
        setattr(thread, _THREAD, active())
        start(thread)

    threading.Thread.start = start_in_run  # type: ignore[method-assign, assignment]


# A forked child goes on logging into the current run, but its ending is not the child's to tell.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_open.clear)
