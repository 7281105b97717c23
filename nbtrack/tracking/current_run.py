"""Which run is the current one: in this context, in this thread, in this process.

A context (a task, a ``with`` block) has a current run of its own. What is started or submitted (a task, a callback, a
thread, work for a thread pool) has the run that was current where that was done, even when that run has ended
meanwhile. Everywhere else the current run is the one that a cell, or a script outside of tasks, opened last and that is
still open: IPython runs each cell in a context of its own, but the run belongs to the whole kernel.
"""

from __future__ import annotations

import functools
import operator
import os
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from . import propagation
from .running_task import CELL, is_done, is_subshell, running_task

if TYPE_CHECKING:
    from .recorder import Recorder
    from .starting_cell import StartingCell

__all__ = [
    "CurrentRuns",
    "begin_cell",
    "enter",
    "is_current",
    "is_started_in",
    "leave",
    "leave_again",
    "outer_id",
    "why_none",
]

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class CurrentSession(Protocol[R_co]):
    """This process's part in a run that can be current."""

    @property
    def run(self) -> R_co:
        """The run."""

    @property
    def run_id(self) -> str:
        """Its id."""

    @property
    def is_open(self) -> bool:
        """Whether this process started it and has not ended it."""

    @property
    def has_ended(self) -> bool:
        """Whether this process started it and has ended it."""

    @property
    def is_entered(self) -> bool:
        """Whether a ``with`` block ends it."""

    @property
    def recorder(self) -> Recorder:
        """What writes into it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Entry(Generic[R]):
    """Where a run became the current one, and what was current there before."""

    session: CurrentSession[R]
    outer: _Entry[R] | None
    thread: threading.Thread
    task: object
    cell: StartingCell | None
    is_again: bool


_current: ContextVar[_Entry[Any] | None] = ContextVar("nbtrack_run", default=None)
_open: dict[str, _Entry[Any]] = {}


class CurrentRuns(Generic[R]):
    """The current runs of this process, for those who know which type runs have."""

    def active(self) -> R | None:
        """Return the current run, None where there is none."""
        entry: _Entry[R] | None = _current.get()
        if entry is None or entry.session.has_ended:
            entry = _find()
        return None if entry is None else entry.session.run

    def open(self) -> list[R]:
        """Return the runs that this process opened and has not ended, the last one first."""
        return [entry.session.run for entry in reversed([*_open.values()])]

    def left_by_cell(self, cell: StartingCell) -> list[R]:
        """Return the runs that an earlier execution of this cell left open here without a ``with``, the last one first."""
        bare: list[R] = []
        left = 0
        for entry in _outwards(_find(is_shared=False)):
            if entry.cell is None or entry.session.is_entered or not entry.session.is_open:
                break
            bare.append(entry.session.run)
            if cell.is_again(entry.cell):
                left = len(bare)
        return bare[:left]


def is_current(session: CurrentSession[Any]) -> bool:
    """Tell whether a run is the current one here."""
    entry = _current.get()
    if entry is None or entry.session.has_ended:
        entry = _find()
    return entry is not None and entry.session is session


def is_started_in(session: CurrentSession[Any]) -> bool:
    """Tell whether the code that runs here was started or submitted where this run was current."""
    thread = threading.current_thread()
    entries = [entry for entry in _outwards(_current.get()) if _is_elsewhere(entry, thread, running_task())]
    carried = propagation.of_thread(thread)
    entries += [] if carried is propagation.UNTOLD else _outwards(carried)
    return any(entry.session is session for entry in entries)


def enter(
    session: CurrentSession[Any], *, cell: StartingCell | None = None, is_again: bool = False, is_ours: bool = True
) -> None:
    """Make a run that was just opened the current one until it ends; then the one before is current again.

    Args:
        session: The run's session.
        cell: The cell that opens it.
        is_again: Whether it was open before, and becomes current here as well.
        is_ours: Whether this process ends it.
    """
    _install()
    entry = _Entry(session, _find(is_shared=False), threading.current_thread(), running_task(), cell, is_again)
    if is_ours and not is_again:
        _open[session.run_id] = entry
    _current.set(entry)


def begin_cell() -> None:
    """Remove ended runs from the context of a cell that begins: runs that were opened in it and ended elsewhere.

    Tasks that the cell creates copy the context, and would log into such a run as the one they were started in.
    """
    entry = _current.get()
    if entry is not None and entry.session.has_ended and running_task() in (None, CELL):
        _current.set(next((each for each in _outwards(entry) if not each.session.has_ended), None))


def leave(session: CurrentSession[Any]) -> None:
    """Make a run that has ended, or whose part here has, no longer current; the one around it is current again."""
    kept = _open.get(session.run_id)
    if kept is not None and kept.session is session:
        del _open[session.run_id]
    entry = _current.get()
    while entry is not None and entry.session is session:
        entry = entry.outer
        _current.set(entry)
    thread = threading.current_thread()
    carried = propagation.of_thread(thread)
    if carried is not propagation.UNTOLD and carried is not None and carried.session is session:
        propagation.tell(thread, None)


def leave_again(session: CurrentSession[Any]) -> None:
    """Undo ``enter`` with ``is_again`` for a run that goes on."""
    entry = _current.get()
    if entry is not None and entry.session is session and entry.is_again:
        _current.set(entry.outer)


def outer_id() -> str | None:
    """Return the id of the run that a run started here is nested in; other threads do not nest in the kernel's run."""
    entry = _find(is_shared=False)
    return None if entry is None else entry.session.run_id


def why_none() -> str:
    """Return one line that says why no run is current here, and what to do."""
    thread = threading.current_thread()
    if _open and thread is not threading.main_thread() and not is_subshell(thread):
        return (
            "no run is open where this thread was started, or this work submitted: do that within `with nbtrack.start_run():`, "
            "or hand it the run and use run.log"
        )
    return "no run is open here: put %%track on the cell, or log within `with nbtrack.start_run():`"


def _find(*, is_shared: bool = True) -> _Entry[Any] | None:
    """Return the run that was opened here, or where this was started or submitted; else the kernel's.

    Args:
        is_shared: Whether a thread that carries nothing has the kernel's run, too.
    """
    thread, task = threading.current_thread(), running_task()
    for entry in _outwards(_current.get()):
        if not entry.session.has_ended or _is_elsewhere(entry, thread, task):
            return entry
    carried: Any = propagation.UNTOLD if is_subshell(thread) else propagation.of_thread(thread)
    return _of_kernel(thread, task, is_shared=is_shared) if carried is propagation.UNTOLD else carried


def _is_elsewhere(entry: _Entry[Any], thread: threading.Thread, task: object) -> bool:
    """Tell whether an entry was made in another context, of which this one is a copy."""
    # Cells are tasks of the kernel, but share its context.
    return (entry.thread, entry.task) != (thread, task) and task is not CELL


def _outwards(entry: _Entry[R] | None) -> Iterator[_Entry[R]]:
    while entry is not None:
        yield entry
        entry = entry.outer


def _of_kernel(thread: threading.Thread, task: object, *, is_shared: bool) -> _Entry[Any] | None:
    """Return the run that this thread, or the main one, opened last outside of tasks; runs of other threads are their own."""
    shells = {thread, threading.main_thread()} if is_shared and not is_subshell(thread) else {thread}
    found = (entry for entry in reversed([*_open.values()]) if entry.thread in shells and entry.session.is_open)
    is_outside = task in (None, CELL)
    return next((entry for entry in found if entry.task in (None, CELL) or (is_outside and is_done(entry.task))), None)


# What is started or submitted


@functools.cache
def _install() -> None:
    started = functools.partial(_find, is_shared=False)
    propagation.install(propagation.Propagation(started, _find, _take_up, lambda entry: entry and entry.session, unpack))


def _take_up(entry: _Entry[Any] | None) -> Callable[..., Any]:
    """Make a run, or none, current for the work that this thread does next."""
    _current.set(None)  # what earlier work has left open in this thread
    propagation.tell(threading.current_thread(), entry)
    return operator.call


def unpack(session: CurrentSession[Any] | None) -> Callable[..., Any]:
    """Make a run, or none, current for the work that this forked process does next."""
    thread = threading.current_thread()
    before = propagation.of_thread(thread)
    if before is propagation.UNTOLD:
        before = None
    elif before is not None and (session is None or before.session is not session):
        before.session.recorder.close()
        before = None
    if session is None or before is not None:
        return _take_up(before)
    return _take_up(_Entry(session, None, thread, None, None, is_again=False))


# A forked child logs into the current run, but does not end it.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_open.clear)
