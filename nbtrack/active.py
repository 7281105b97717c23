"""Which run is the current one, here: in this context, in this thread, in this process.

A context (a task, a ``with`` block) has its own current run. A thread or a task belongs to the run that was current
where it was started, also when that run has ended meanwhile. Everywhere else the run that was opened last and
is still open is the current one: a notebook's cells run in contexts of their own, but the run is the kernel's.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
import weakref
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .run import Run

__all__ = ["active", "enter", "leave", "leave_to_tasks", "open_runs"]


class _Opened(NamedTuple):
    """An open run, the one around it, and where it was opened."""

    run: Run
    outer: Run | None
    thread: threading.Thread
    task: object


_current: ContextVar[Run | None] = ContextVar("nbtrack_run", default=None)
_open: dict[str, _Opened] = {}
# Runs that have ended, and are the current one only where the context was copied: in the tasks that were started in them.
_left_to_tasks: weakref.WeakSet[Run] = weakref.WeakSet()
_THREAD = "_nbtrack_run"


def active() -> Run | None:
    """Return the current run, None where there is none."""
    run = _current.get()
    if run is not None and (run.is_open or run in _left_to_tasks):
        return run
    thread = threading.current_thread()
    of_thread: Run | None = getattr(thread, _THREAD, None)
    if of_thread is not None:
        return of_thread
    # What another thread has opened for itself is nobody else's.
    here = (thread, threading.main_thread())
    return next((each.run for each in reversed(_open.values()) if each.run.is_open and each.thread in here), None)


def enter(run: Run, outer: Run | None) -> None:
    """Make a run that has just been opened the current one, until it ends; then it is ``outer`` again."""
    _inherit_in_threads()
    _open[run.id] = _Opened(run, outer, threading.current_thread(), _task())
    _current.set(run)


def leave(run: Run) -> None:
    """Take back a run that has ended; the one around it is current again."""
    opened = _open.pop(run.id, None)
    if _current.get() is run:
        _current.set(None if opened is None else opened.outer)
        if opened is not None and opened.task is _task():
            leave_to_tasks(run)


def leave_to_tasks(run: Run) -> None:
    """Let the tasks started in a run that has ended go on with it: no other context has it for its current one."""
    _left_to_tasks.add(run)


def open_runs() -> list[Run]:
    """Return the runs that this process opened and has not ended, the last one first."""
    return [each.run for each in reversed(_open.values())]


def _task() -> object:
    """Return the task that is running here, None outside of any."""
    # Another thread may be importing asyncio just now, the flusher's on its way to the store; then no task is running.
    current_task = getattr(sys.modules.get("asyncio.tasks"), "current_task", None)
    try:
        return None if current_task is None else current_task()
    except (RuntimeError, NameError, AttributeError):
        return None


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
