"""What a process has of a run: its role, what it logs, and how its part ends."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Generic, TypeVar

from ..capture.base import Captured
from ..delivery.connection import Connection
from ..entities.events import DatasetLogged, RunEnded, TagsDeleted
from ..entities.run import RunInfo, Status, now_ms
from ..entities.tags import ENDED
from ..errors import NoActiveRun
from ..journal.writer import NO_WRITER, NoWriter, Writer
from ..kernel.stop import Stopper
from . import current_run
from .outcome import ExceptionName, Outcome, outcome_of
from .ownership import LiveState, Role
from .pending_calls import PendingCalls
from .recorder import Recorder
from .run_data import Details
from .snapshot import Snapshot

__all__ = ["HasSession", "Session", "session_of"]

R = TypeVar("R")

_END_TIMEOUT = 10.0

_log = logging.getLogger("nbtrack")


class Session(Generic[R]):
    """One process's part in a run.

    The owner started the run, and ends it. A worker is a forked child, or a process that unpickled the run: it logs, and when
    its part ends the run goes on. A reader looked the run up: leaving its ``with`` block changes nothing.

    Args:
        run: The run, as ``active_run`` returns it.
        connection: Its store.
        run_id: Its id.
        info: Its facts, where they have been read already.
        details: Its params, tags and metrics, where they are read together with those of other runs.
        live: The run's state, for the owner.
        first_step: The step of the first row that is logged without one.
        role: The role of a process that is not the owner.
        not_failures: The exceptions that do not make the run FAILED.
    """

    def __init__(
        self,
        run: R,
        connection: Connection,
        run_id: str,
        *,
        info: RunInfo | None = None,
        details: Details | None = None,
        live: LiveState | None = None,
        first_step: int = 0,
        role: Role = "reader",
        not_failures: tuple[ExceptionName, ...] = (),
    ) -> None:
        self.run, self.connection, self.run_id, self.role = run, connection, run_id, role
        self.snapshot = Snapshot(connection, run_id, info, details)
        self.begin(live, first_step, not_failures)

    def begin(self, live: LiveState | None, first_step: int, not_failures: tuple[ExceptionName, ...]) -> None:
        """Begin to log: when the session is made, and when an ended run is resumed."""
        if live is not None:
            self.role = "owner"
        self.live, self.not_failures = live, not_failures
        self.recorder = Recorder(self.connection, self.run_id, owns=live is not None)
        self.steps = itertools.count(first_step)
        # What ``Run.log`` writes with; NO_WRITER makes the next call take ``log_row``.
        self.writer: Writer | NoWriter = NO_WRITER
        self._pending_calls = PendingCalls()
        # Called once the run has ended here and the store knows it.
        self.when_ended: list[Callable[[], None]] = []
        self.stopper = Stopper(self)
        # For each open ``with`` block, whether ``start_run(resume=…)`` opened it.
        self.blocks: list[bool] = []
        self.is_entered = self.is_entered_again = self._has_warned = False

    def __reduce__(self) -> tuple[Any, ...]:
        return session_of, (self.run,)

    @property
    def is_open(self) -> bool:
        """Whether this process started the run and has not ended it."""
        return self.role == "owner" and not self.has_ended

    @property
    def has_ended(self) -> bool:
        """Whether this process started the run and has ended it."""
        return self.live is not None and not self.live.status.is_open

    @property
    def name(self) -> str:
        """The run's name."""
        return self.live.name if self.live is not None else self.snapshot.info().name

    def artifact_count(self) -> int:
        """Return how many files were logged."""
        return self.snapshot.artifact_count()

    def at_once(self) -> AbstractContextManager[None]:
        """Return a context in which everything that a display asks is read in one request."""
        has_failed = self.live is not None and self.live.status is Status.FAILED
        return self.snapshot.at_once(("traceback",) if has_failed else ())

    # Logging

    def log_row(self, metrics: dict[str, Any], step: int, stamp: int) -> None:
        """Log a row that the last row's writer did not take: other names, a bad value, a new segment, or a run that has ended."""
        self.check_open()
        while True:
            writer = self.recorder.writer()
            self.writer = NO_WRITER if self.has_ended else writer
            writer.log(metrics, step, stamp)
            # A writer sealed meanwhile may have missed the row; logged twice, it is still one point.
            if not writer.is_sealed:
                break
        if self._pending_calls and self._pending_calls.make():
            # One of them waits for another thread, whose next row has to come here too.
            self.writer = NO_WRITER

    def call_in_next_log(self, call: Callable[[], None], *, in_main_thread: bool = False) -> None:
        """Have the next ``log`` of this run make a call once its row is written: in any thread, or in the main one only.

        Other rows cost nothing more for it. Where threads are logging at this very moment, the call may be made twice or not
        at all: a caller who depends on it asks again.
        """
        self._pending_calls.add(call, in_main_thread=in_main_thread)
        self.writer = NO_WRITER

    def check_open(self) -> None:
        """Check that metrics and params may be logged: after the end only by threads and tasks that the run has started.

        Raises:
            NoActiveRun: The run has ended.
        """
        if not self.has_ended:
            return
        if not current_run.is_started_in(self):
            assert self.live is not None
            raise NoActiveRun(
                f"run {self.name} has ended ({self.live.status}): go on with it by nbtrack.start_run(resume={self.run_id!r}), "
                f"start another, or add to it as it is by nbtrack.get_run({self.run_id!r}).log(…)"
            )
        self._warn("has ended, and a thread or task that was started in it goes on logging into it")

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags, or overwrite them."""
        self.recorder.set_tags(tags)
        self.snapshot.forget()

    def delete_tag(self, key: str) -> None:
        """Delete a tag."""
        self.recorder.delete_tags([key])
        self.snapshot.forget()

    def record(self, captured: Captured) -> None:
        """Log what was captured; params that were captured give way to those that are logged."""
        if captured.tags:
            self.set_tags(captured.tags)
        if captured.params:
            self.recorder.captured_params(captured.params)
        self.recorder.documents(captured.documents)
        for dataset in captured.datasets:
            self.recorder.append(DatasetLogged(dataset))

    # The end

    def end(self, status: Status) -> None:
        """End the owner's run, or this worker's part in it; one that has ended stays as it is.

        Returns when the store has everything, or after some seconds: what it does not take in time arrives later.
        """
        if self.has_ended:
            return
        if self.role == "owner":
            self._end_run(status)
        else:
            self._warn("goes on: the process that started it ends it, not a worker of it")
            self.end_part()

    def end_with(self, error: BaseException | None) -> None:
        """End the run as the end of its code says: nothing, an exception, an interrupt, a Stop, an exit."""
        self.end_as(self.outcome_of(error))

    def end_as(self, outcome: Outcome) -> None:
        """End the run with a status, and with a tag that says why."""
        if outcome.ended and self.is_open:
            self.set_tags({ENDED: outcome.ended})
        self.end(outcome.status)

    def outcome_of(self, error: BaseException | None) -> Outcome:
        """Return how the run ends when its code ends with ``error``."""
        if self.stopper.caused(error):
            return Outcome(Status.KILLED, "stopped", has_traceback=error is not None)
        return outcome_of(error, self.not_failures)

    def end_abandoned(self, status: Status) -> None:
        """End a run that another process left running, on a machine that is gone for example."""
        self._append_end(RunEnded(status, now_ms()))
        self.end_part()

    def end_part(self) -> None:
        """Close this process's journal of the run, and wait until the store has it."""
        self.recorder.close()
        self.snapshot.forget()
        current_run.leave(self)
        if self.role == "owner" or not self.recorder.is_delivered:
            self.connection.flusher.flush(_END_TIMEOUT, is_patient=False, run_id=self.run_id)

    def become_worker(self) -> None:
        """Go on in a forked child, which does not end the run."""
        self.role = "worker"
        self._has_warned = False
        self.recorder.disown()

    def _end_run(self, status: Status) -> None:
        assert self.live is not None
        # The clock may have been set back meanwhile.
        time = max(now_ms(), self.live.start_time)
        self._append_end(RunEnded(status, time))
        self.live.status, self.live.end_time = status, time
        self.writer = NO_WRITER
        self.end_part()
        with self.at_once() if self.when_ended else nullcontext():
            while self.when_ended:
                self.when_ended.pop()()

    def _append_end(self, end: RunEnded) -> None:
        with self.recorder.writer().together():
            if ENDED not in self.recorder.own_tags:
                # Somebody who took this process for dead may have closed the run as crashed.
                self.recorder.append(TagsDeleted((ENDED,)))
            self.recorder.append(end)

    def _warn(self, what: str) -> None:
        """Warn once."""
        if not self._has_warned:
            self._has_warned = True
            _log.warning("nbtrack: run %s %s", self.run_id, what)


class HasSession:
    """What a run inherits from: everything that is not for its users is in its session."""

    _session: Session[Any]


def session_of(run: HasSession) -> Session[Any]:
    """Return a run's session, for code of this package."""
    return run._session
