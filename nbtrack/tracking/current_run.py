"""Which run is the current one, here: in this context, in this thread, in this process.

A context (a task, a ``with`` block) has its own current run. What is started or submitted (a task, a callback, a
thread, the work of a thread pool) has the run that was current where that was done, also when that run has ended
meanwhile: it was told of it. Everywhere else the run that a cell, or a script outside of tasks, has opened last and is
still open is the current one: a notebook's cells run in contexts of their own, but the run is the kernel's.
"""

from __future__ import annotations

import functools
import operator
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from . import propagation
from .starting_cell import Origin

if TYPE_CHECKING:
    from .recorder import Recorder

__all__ = [
    "active",
    "begin_cell",
    "enter",
    "has_told",
    "leave",
    "leave_again",
    "left_by_cell",
    "open_runs",
    "outer_id",
    "why_none",
]


class CurrentRun(Protocol):
    """A run that can be current."""

    @property
    def id(self) -> str:
        """The run's id."""

    @property
    def is_open(self) -> bool:
        """Whether this process logs into it."""

    @property
    def has_ended(self) -> bool:
        """Whether it has ended here."""

    @property
    def is_entered(self) -> bool:
        """Whether a ``with`` block is to end it."""

    @property
    def recorder(self) -> Recorder:
        """What writes into it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Opened:
    """A run, where it was opened, and what was current there before."""

    run: CurrentRun
    outer: _Opened | None
    thread: threading.Thread
    task: object
    origin: Origin | None
    is_again: bool


_NOTEBOOKS = ("IPython", "ipykernel", "marimo")
_CELL = "a task of the notebook itself, in which cells run"
_current: ContextVar[_Opened | None] = ContextVar("nbtrack_run", default=None)
_open: dict[str, _Opened] = {}


def active() -> Any:
    """Return the current run, None where there is none."""
    opened = _current.get()
    if opened is not None and not opened.run.has_ended:
        return opened.run
    found = _find()
    return None if found is None else found.run


def has_told(run: CurrentRun) -> bool:
    """Tell whether what runs here was started or submitted where ``run`` was current."""
    told = [opened for opened in _outwards(_current.get()) if _is_elsewhere(opened, threading.current_thread(), _task())]
    carried = propagation.of_thread(threading.current_thread())
    told += [] if carried is propagation.UNTOLD else _outwards(carried)
    return any(opened.run is run for opened in told)


def enter(run: CurrentRun, *, origin: Origin | None = None, is_again: bool = False, is_ours: bool = True) -> None:
    """Make a run that has just been opened the current one, until it ends; then the one before is it again.

    Args:
        run: The run.
        origin: The cell that opens it.
        is_again: Whether it was open before, and is to be current here too.
        is_ours: Whether this process is to end it.
    """
    _install()
    opened = _Opened(run, _find(is_shared=False), threading.current_thread(), _task(), origin, is_again)
    if is_ours and not is_again:
        _open[run.id] = opened
    _current.set(opened)


def begin_cell() -> None:
    """Forget runs that have ended in the context of a cell before: those that were opened here, and ended elsewhere.

    Tasks that the cell creates would take them for the runs that they were started in.
    """
    opened = _current.get()
    if opened is not None and opened.run.has_ended and _task() in (None, _CELL):
        _current.set(next((each for each in _outwards(opened) if not each.run.has_ended), None))


def leave(run: CurrentRun) -> None:
    """Take back a run that has ended, or is to be current here no more; the one around it is current again."""
    kept = _open.get(run.id)
    if kept is not None and kept.run is run:
        del _open[run.id]
    opened = _current.get()
    while opened is not None and opened.run is run:
        opened = opened.outer
        _current.set(opened)
    thread = threading.current_thread()
    carried = propagation.of_thread(thread)
    if carried is not propagation.UNTOLD and carried is not None and carried.run is run:
        propagation.tell(thread, None)


def leave_again(run: CurrentRun) -> None:
    """Take back a run that goes on, where it was entered once more."""
    opened = _current.get()
    if opened is not None and opened.run is run and opened.is_again:
        _current.set(opened.outer)


def outer_id() -> str | None:
    """Return the id of the run in which one that starts here is nested; the kernel's is that of its cells alone."""
    found = _find(is_shared=False)
    return None if found is None else found.run.id


def left_by_cell(origin: Origin) -> list[Any]:
    """Return the runs that an earlier execution of this cell has left open here without a ``with``, the last one first."""
    bare: list[Any] = []
    left = 0
    for opened in _outwards(_find(is_shared=False)):
        if opened.origin is None or opened.run.is_entered or not opened.run.is_open:
            break
        bare.append(opened.run)
        if origin.is_again(opened.origin):
            left = len(bare)
    return bare[:left]


def why_none() -> str:
    """Say in one line why no run is current here, and what to do."""
    thread = threading.current_thread()
    if _open and thread is not threading.main_thread() and not _is_subshell(thread):
        return (
            "no run is open where this thread was started, or this work submitted: do that within `with nbtrack.start_run():`, "
            "or hand it the run and use run.log"
        )
    return "no run is open here: put %%track on the cell, or log within `with nbtrack.start_run():`"


def open_runs() -> list[Any]:
    """Return the runs that this process opened and has not ended, the last one first."""
    return [each.run for each in reversed([*_open.values()])]


def _find(*, is_shared: bool = True) -> _Opened | None:
    """Return what was opened here, or where this was started or submitted; else by the kernel.

    Args:
        is_shared: Whether a thread that was told nothing has the kernel's, too.
    """
    thread, task = threading.current_thread(), _task()
    for opened in _outwards(_current.get()):
        if not opened.run.has_ended or _is_elsewhere(opened, thread, task):
            return opened
    carried: Any = propagation.UNTOLD if _is_subshell(thread) else propagation.of_thread(thread)
    return _of_kernel(thread, task, is_shared=is_shared) if carried is propagation.UNTOLD else carried


def _is_elsewhere(opened: _Opened, thread: threading.Thread, task: object) -> bool:
    """Tell whether the context here is a copy, of what was started in a run; a cell's context is the kernel's own."""
    return (opened.thread, opened.task) != (thread, task) and task is not _CELL


def _outwards(opened: _Opened | None) -> Iterator[_Opened]:
    while opened is not None:
        yield opened
        opened = opened.outer


def _of_kernel(thread: threading.Thread, task: object, *, is_shared: bool) -> _Opened | None:
    """Return what this thread, or the main one, has opened last outside of tasks; what others open is nobody else's."""
    shells = {thread, threading.main_thread()} if is_shared and not _is_subshell(thread) else {thread}
    found = (each for each in reversed([*_open.values()]) if each.thread in shells and each.run.is_open)
    return next((each for each in found if each.task in (None, _CELL) or (task in (None, _CELL) and _is_over(each.task))), None)


def _is_over(task: Any) -> bool:
    """Tell whether a task has left a run open that it will not end."""
    return hasattr(task, "done") and bool(task.done())


def _is_subshell(thread: threading.Thread) -> bool:
    """Tell whether a thread executes cells itself, beside the main one."""
    return type(thread).__module__ == "ipykernel.subshell"


def _task() -> object:
    """Return the user's task that is running here; None outside of any, _CELL in one of the notebook's own."""
    # Another thread may be importing asyncio just now, the flusher's on its way to the store; then no task is running.
    for module in ("asyncio.tasks", "trio.lowlevel"):
        current_task = getattr(sys.modules.get(module), "current_task", None)
        try:
            task = None if current_task is None else current_task()
        except (RuntimeError, NameError, AttributeError):
            continue
        if task is not None:
            return _CELL if module == "asyncio.tasks" and _is_of_notebook(task.get_coro()) else task
    return None


def _is_of_notebook(coroutine: Any) -> bool:
    """Tell whether a task's code is that of IPython or its kernel."""
    frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
    return frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in _NOTEBOOKS


# What is started or submitted


@functools.cache
def _install() -> None:
    propagation.install(propagation.Carrier(functools.partial(_find, is_shared=False), _find, _take_up, _packed, unpack))


def _take_up(opened: _Opened | None) -> Callable[..., Any]:
    """Make a run, or none, current for the work that is to be done in this thread."""
    _current.set(None)  # what other work has left open here
    propagation.tell(threading.current_thread(), opened)
    return operator.call


def _packed(opened: _Opened | None) -> Any:
    return None if opened is None else opened.run


def unpack(run: Any) -> Callable[..., Any]:
    """Make a run, or none, current for the work that is to be done in this forked process."""
    thread = threading.current_thread()
    before = propagation.of_thread(thread)
    if run is None or before is propagation.UNTOLD or before is None or before.run is not run:
        if before is not propagation.UNTOLD and before is not None:
            before.run.recorder.finish()
        return _take_up(None if run is None else _Opened(run, None, thread, None, None, is_again=False))
    return _take_up(before)


# A forked child goes on logging into the current run, but its ending is not the child's to tell.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_open.clear)
