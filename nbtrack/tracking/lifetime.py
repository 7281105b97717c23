"""The part of a run that says whose it is, and how it ends.

A run is its owner's: the process that started it ends it, with the object that ``start_run`` gave. A forked child and
a process that unpickles a run are its workers: their part ends, and the run goes on. A run that was looked up is
looked at: leaving its ``with`` block changes nothing.
"""

from __future__ import annotations

import logging
import os
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from traceback import format_exception_only
from types import TracebackType
from typing import Any, Literal, Self

from ..capture.base import Captured
from ..capture.outputs.traceback import capture_traceback
from ..delivery.connection import Connection
from ..delivery.dead_processes import is_seen
from ..entities.events import RunEnded, TagsDeleted
from ..entities.run import RunInfo, Status, now_ms
from ..entities.tags import ENDED, WORKER_FAILED
from ..errors import InvalidInput, NoActiveRun
from ..journal.owner import Owner, this_process
from ..kernel.stop import Stopper
from ..store.protocol.store import Store
from ..validation import shown
from . import current_run
from .outcome import ExceptionName, Outcome, outcome_of
from .recorder import Recorder

__all__ = ["Lifetime", "LiveState", "Part", "known_run", "live_run", "owner_elsewhere", "remember"]


Part = Literal["owner", "worker", "reader"]

_END_TIMEOUT = 10.0

_log = logging.getLogger("nbtrack")
_live: weakref.WeakValueDictionary[str, Lifetime] = weakref.WeakValueDictionary()


@dataclass(slots=True)
class LiveState:
    """What the process that started a run knows of it without asking the store."""

    name: str
    experiment: str
    start_time: int
    status: Status = Status.RUNNING
    end_time: int | None = None


class Lifetime(ABC):
    """What ``Run`` inherits to end."""

    id: str
    state: LiveState | None
    recorder: Recorder
    stopper: Stopper
    when_ended: list[Callable[[], None]]
    is_entered = False
    _connection: Connection
    _part: Part
    _blocks: list[bool]
    _is_again = False
    _not_failures: tuple[ExceptionName, ...] = ()
    _has_told = False

    @property
    @abstractmethod
    def name(self) -> str:
        """The run's name."""

    @abstractmethod
    def set_tag(self, key: str, value: Any) -> None:
        """Set a tag."""

    @abstractmethod
    def record(self, captured: Captured) -> None:
        """Log what was captured."""

    @abstractmethod
    def _facts(self, *, fresh: bool = False) -> RunInfo: ...

    @abstractmethod
    def _forget(self) -> None: ...

    @abstractmethod
    def _look_at_next_row(self) -> None: ...

    @property
    def is_open(self) -> bool:
        """Whether this process started the run and has not ended it."""
        return self._part == "owner" and not self.has_ended

    @property
    def has_ended(self) -> bool:
        """Whether this process started the run and has ended it."""
        return self.state is not None and not self.state.status.is_open

    def end(self, status: Status | str = Status.FINISHED) -> None:
        """End the run; a run that has ended stays as it is.

        Waits, for at most some seconds, until the store has everything; should it be away, the rest arrives later. In
        a worker process the run goes on: who started it ends it.

        Raises:
            InvalidInput: The run is open in another process of this machine, which is to end it.
        """
        ended = _status(status)
        if self.has_ended:
            return
        if self._part == "owner":
            self._end_own(ended)
        elif self._part == "worker":
            self._say("goes on: the process that started it ends it, not a worker of it")
            self._end_part()
        else:
            self._end_found(ended)

    def end_with(self, error: BaseException | None) -> None:
        """End the run as what ended its code says: nothing, an exception, an interrupt, a Stop, an exit."""
        self._end_as(self.outcome_of(error))

    def _end_as(self, outcome: Outcome) -> None:
        if outcome.ended and self.is_open:
            self.set_tag(ENDED, outcome.ended)
        self.end(outcome.status)

    def end_superseded(self) -> None:
        """End a run whose cell was executed again, and starts another one in its place."""
        self._end_as(Outcome(Status.KILLED, "superseded"))

    def outcome_of(self, error: BaseException | None) -> Outcome:
        """Return how the run ends whose code ended with ``error``."""
        if self.stopper.caused(error):
            return Outcome(Status.KILLED, "stopped", has_traceback=error is not None)
        return outcome_of(error, self._not_failures)

    def _end_own(self, status: Status) -> None:
        assert self.state is not None
        # A clock may have been set back meanwhile.
        time = max(now_ms(), self.state.start_time)
        self._append_end(RunEnded(status, time))
        self.state.status, self.state.end_time = status, time
        self._look_at_next_row()
        self._end_part()
        while self.when_ended:
            self.when_ended.pop()()

    def _append_end(self, end: RunEnded) -> None:
        """Append the end, and take away the tag of somebody who took the run's process for gone."""
        with self.recorder.writer().together():
            if ENDED not in self.recorder.own_tags:
                self.recorder.append(TagsDeleted((ENDED,)))
            self.recorder.append(end)

    def _end_part(self) -> None:
        """Let go of what this process has of the run, and deliver it."""
        self.recorder.finish()
        self._forget()
        current_run.leave(self)
        if self._part == "owner" or not self.recorder.is_delivered:
            self._connection.flusher.flush(_END_TIMEOUT, is_patient=False, run_id=self.id)

    def _end_found(self, status: Status) -> None:
        """End a run that was looked up: one that was left running, by a machine that is gone, say."""
        own = live_run(self.id)
        if own is not None:
            own.end(status)
            self._forget()
        elif self._facts(fresh=True).status.is_open:
            owner = owner_elsewhere(self._connection.read(), self._connection.journals, self.id)
            if owner is not None:
                raise InvalidInput(f"run {self.name} is open in process {owner.pid}, which ends it: end it there, or stop it")
            self._append_end(RunEnded(status, now_ms()))
            self._end_part()

    def __enter__(self) -> Self:
        # Whether this block is that of a ``start_run`` which made the run current here once more.
        self._blocks.append(self._is_again)
        self._is_again, self.is_entered = False, True
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        is_again = self._blocks.pop()
        if self._part == "reader" or (self._part == "worker" and self.has_ended):
            self._leave()
        elif self._part == "worker":
            self._leave_worker(error)
        elif self._blocks:  # the block around this one ends it
            if is_again:
                current_run.leave_again(self)
        elif self.is_open:
            outcome = self.outcome_of(error)
            if error is not None and outcome.has_traceback and not isinstance(error, SystemExit):
                self.record(capture_traceback(error))
            self._end_as(outcome)

    def _leave(self) -> None:
        if self.recorder.has_written:
            self._end_part()

    def _leave_worker(self, error: BaseException | None) -> None:
        """End a worker's part; that it failed is its caller's to judge, and no traceback of the run."""
        if error is not None and outcome_of(error, self._not_failures).status is Status.FAILED:
            self.set_tag(WORKER_FAILED, "".join(format_exception_only(error)).strip()[:500])
        self._end_part()

    # What comes after the end

    def _check_takes(self) -> None:
        """Check that metrics and params may be logged: a run that has ended takes them from what was started in it alone.

        Raises:
            NoActiveRun: It has ended, and this was not started in it.
        """
        if not self.has_ended:
            return
        if not current_run.has_told(self):
            assert self.state is not None
            raise NoActiveRun(
                f"run {self.name} has ended ({self.state.status}): go on with it by nbtrack.start_run(resume={self.id!r}), "
                f"start another, or add to it as it is by nbtrack.get_run({self.id!r}).log(…)"
            )
        self._say("has ended, and a thread or task that was started in it goes on logging into it")

    def _say(self, what: str) -> None:
        """Say once what a user may not know."""
        if not self._has_told:
            self._has_told = True
            _log.warning("nbtrack: run %s %s", self.id, what)

    def _become_worker(self) -> None:
        """Go on in a forked child, which is not to end the run."""
        self._part = "worker"
        self._has_told = False
        self.recorder.disown()


def remember(run: Lifetime) -> None:
    """Keep a run that this process started, or works for, as long as somebody holds it."""
    _live[run.id] = run


def known_run(run_id: str) -> Any:
    """Return the run of an id that this process started, or works for, and somebody holds; else None."""
    return _live.get(run_id)


def live_run(run_id: str) -> Any:
    """Return the run of an id that is open in this process, else None."""
    found = _live.get(run_id)
    return found if found is not None and found.is_open else None


def owner_elsewhere(store: Store, homes: Iterable[Path], run_id: str) -> Owner | None:
    """Return the other process that has a run open and is seen to live, None where there is none or it cannot be seen."""
    owner = next((Owner.from_json(run.owner) for run in store.open_runs() if run.run_id == run_id and run.owner), None)
    return owner if owner is not None and owner != this_process() and is_seen(owner, homes, run_id) else None


def _status(status: Status | str) -> Status:
    if isinstance(status, str) and status in Status.__members__:
        return Status(status)
    raise InvalidInput(f"{shown(status)} is no status; a run ends as FINISHED, FAILED or KILLED")


def _after_fork() -> None:
    for run in tuple(_live.values()):
        run._become_worker()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
