"""The thread that carries what was logged from journals to the store: when it works, and who waits for it."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from ..errors import AccessDenied, NbtrackError, PlaceNotAllowed, StoreUnavailable
from ..journal.folder import renamed
from ..journal.writer import Writer
from ..store.protocol.store import Store
from ..system.forks import WORKING, unsplit
from ..system.threads import start_thread
from .delivery import MANY, Delivery
from .followers import Follower, Followers
from .heartbeats import SignsOfLife
from .set_aside import PutFile

__all__ = ["Flusher", "Follower"]

_INTERVAL = 0.2
_SHORT = 0.005
_LONGEST_PAUSE = 10.0
_AWAY_PATIENCE = 2.0

_VOLATILE = "volatile"
_IN_MEMORY = "nbtrack: the journal %s cannot be written (%s); what is logged waits in memory, which is lost with the process"

_log = logging.getLogger("nbtrack")


class Flusher:
    """Delivers the journals of this process, a few times a second, and once those of processes that are gone.

    Threads: one of its own, started by ``add`` or ``flush``; every method may be called from any thread.
    Errors: none reach the logging code. While the store is away the journals grow, and one warning says so.

    Args:
        store: Returns the store, opening it at the first call; called from the flusher's thread only.
        home: The folder of journals, None where they are kept in memory.
        spare: The folder of those that could not be written there.
        put: Puts a spooled file where it belongs.
        on_replaced: Called when another store is found in place of the one before.
        find: Called before each pass, to see whether the folders are where they were.
    """

    def __init__(
        self,
        store: Callable[[], Store],
        *,
        home: Path | None,
        put: PutFile,
        spare: Path | None = None,
        on_replaced: Callable[[], None] = lambda: None,
        find: Callable[[], None] = lambda: None,
    ) -> None:
        self._homes = tuple(each for each in (spare, home) if each is not None)
        self._open_store, self._home, self._put, self._on_replaced = store, home, put, on_replaced
        self._find = find
        self.problem = ""
        self._begin()

    def _begin(self) -> None:
        """Start without a thread, at birth and in a forked child."""
        self._writers: dict[str, Writer] = {}
        self._changed = threading.Condition()
        self._passing = threading.Lock()  # a thread that was told to end may be in its last pass still
        self._thread: threading.Thread | None = None
        self._life: object = None  # of the thread that is to go on; any other ends
        self._asked = self._answered = self._tried = 0
        self._is_failing = False
        self._retry_in = _INTERVAL
        self._warned: set[str] = set()
        self._next_try = 0.0
        self._is_woken = False
        self._signs = SignsOfLife(self._writers)
        self._followers = Followers(self._writers, self._warn)
        self._delivery = Delivery(
            self._writers,
            self._open_store,
            self._homes,
            self._put,
            signs=self._signs,
            on_replaced=self._on_replaced,
            on_change=self.wake,
            show=self._followers.show,
            warn=self._warn,
        )

    def after_fork(self, writers: Sequence[Writer]) -> None:
        """Begin anew in a forked child, with the writers that live on there."""
        self._begin()
        self._writers.update((writer.id, writer) for writer in writers)

    def add(self, writer: Writer) -> None:
        """Deliver this writer's journal from now on."""
        with self._changed:
            self._writers[writer.id] = writer
            self._start()
        self.wake()  # for without writers it waits for nothing else

    def move(self, old: Path, new: Path) -> None:
        """Know the folders of journals by the names that they have now."""
        self._homes = tuple([renamed(home, old, new) for home in self._homes])
        self._home = self._home and renamed(self._home, old, new)
        self._delivery.move(old, new)

    def wake(self) -> None:
        """Make the next pass begin now."""
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def follow(self, run_id: str, follower: Follower) -> Callable[[], None]:
        """Show the rows of a run, as this process logs them from now on, to ``follower``; the answer ends that.

        It is called in the flusher's thread some ten times a second, while the store is away too. Should it fail, it is
        called no more.
        """
        with self._changed:
            stop = self._followers.add(run_id, follower)
            self._start()
            self._changed.notify_all()
        return stop

    def flush(self, timeout: float, *, is_patient: bool = True, run_id: str | None = None) -> bool:
        """Wait until everything logged so far, in any process that logs into these runs, is in the store.

        Args:
            timeout: Seconds to wait at the most.
            is_patient: Whether to wait on where the store was tried and is away.
            run_id: The run to wait for, and for no other's large files; None: all runs.

        Returns:
            Whether it is; False when the time is over, or the store refuses some of it, and that still waits in the journal.
        """
        if threading.current_thread() is self._thread:
            return False  # a run that Python's garbage collector ends here cannot wait for the pass that is under way
        if self.problem and not is_patient:
            timeout = min(timeout, _AWAY_PATIENCE)  # a server that hangs must not hold up the end of every cell
        deadline = time.monotonic() + timeout
        with self._changed:
            self._asked += 1
            ticket = self._asked

            def is_done() -> bool:
                return self._answered >= ticket or (run_id is not None and self._tried >= ticket and self._has_all_of(run_id))

            def is_over() -> bool:
                is_hopeless = bool(self._delivery.refused) or (not is_patient and bool(self.problem))
                return is_done() or (is_hopeless and self._tried >= ticket)

            if self._start():
                self._changed.notify_all()
                self._changed.wait_for(is_over, max(0.0, deadline - time.monotonic()))
                return is_done()
        return self._flush_here(deadline)

    def _has_all_of(self, run_id: str) -> bool:
        return all(writer.outbox.is_empty() for writer in tuple(self._writers.values()) if writer.run_id == run_id)

    def _flush_here(self, deadline: float) -> bool:
        """Deliver in the calling thread: the interpreter is shutting down and starts no more threads."""
        # At shutdown a thread that is in the middle of a pass is frozen there, and never lets go.
        patience = 0.0 if sys.is_finalizing() else max(0.0, deadline - time.monotonic())
        if not self._passing.acquire(timeout=patience):
            return False
        try:
            while not (is_complete := self._try(self._pass)) and time.monotonic() < deadline:
                if self._is_failing and sys.is_finalizing():
                    return False  # the next session delivers it
                time.sleep(_SHORT)
            self._try(self._delivery.retire)
            return is_complete
        finally:
            self._passing.release()

    def settle(self, timeout: float) -> None:
        """Have runs that start known to the store where it is there, for as long as ``timeout``: workers look for them."""
        new = [writer.run_id for writer in tuple(self._writers.values()) if writer.is_unknown]
        for run_id in new if not self.problem else ():
            self.flush(timeout, is_patient=False, run_id=run_id)

    def pending(self) -> tuple[int, int]:
        """Return how many runs have something, and how many rows there are, that the store does not have."""
        waiting = [writer for writer in tuple(self._writers.values()) if not writer.outbox.is_empty()]
        return len(waiting), sum(writer.outbox.pending_rows() for writer in waiting)

    def in_memory(self) -> tuple[int, int]:
        """Return how many runs have something, and how many rows there are, that neither the store nor a journal has."""
        self._save()
        alone = [writer for writer in tuple(self._writers.values()) if writer.is_volatile]
        return len(alone), sum(writer.rows_in_memory() for writer in alone)

    def close(self, timeout: float) -> bool:
        """Deliver what is left, for as long as ``timeout`` if the store is there, and end the thread; twice is fine."""
        is_done = self.flush(timeout, is_patient=False) if self._writers else True
        with self._changed:
            self._life = None
            self._changed.notify_all()
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(timeout=1.0)
        return is_done

    def _start(self) -> bool:
        """See to it that the thread runs; tell whether it does."""
        if self._thread is None or not self._thread.is_alive():
            self._life = life = object()
            thread = start_thread(partial(self._run, life), "nbtrack-flusher")
            if self._life is life:
                self._thread = thread
        return self._thread is not None and not sys.is_finalizing()

    # In the thread

    def _run(self, life: object) -> None:
        while self._life is life:
            ticket, began = self._asked, time.monotonic()
            if self._followers and ticket == self._tried and not self._is_woken and began < self._next_try:
                with unsplit(WORKING):
                    self._followers.show()
                self._wait(self._until_next_look(), ticket, life)
                continue
            self._is_woken = False
            with self._passing, unsplit(WORKING):
                is_complete = self._turn(ticket, began)
            pause = self._pause(is_complete=is_complete)
            self._next_try = time.monotonic() + (pause or 0.0)
            self._wait(self._until_next_look() if self._followers and pause else pause, ticket, life)

    def _turn(self, ticket: int, began: float) -> bool:
        """Make a pass, and tell those who wait for it; tell whether everything was delivered."""
        self._save()
        is_complete = self._try(self._pass)
        if self._followers.shown_at < began:
            self._followers.show()  # what cannot be delivered is seen all the same
        self._tell_volatile()
        with self._changed:
            self._tried = ticket
            self._answered = max(self._answered, ticket if is_complete else 0)
            self._changed.notify_all()
        # Whoever waits for the store need not wait for files to be deleted.
        self._try(self._delivery.retire)
        return is_complete

    def _until_next_look(self) -> float:
        """Return how long to wait when a run is followed: a frame, or until the next delivery, which is a look too."""
        left, frame = max(0.0, self._next_try - time.monotonic()), self._followers.frame
        return left if left <= 1.5 * frame else frame

    def _wait(self, pause: float | None, ticket: int, life: object) -> None:
        """Wait until there is something to do, unless somebody has asked for it meanwhile."""
        with self._changed:
            if self._life is life and not self._is_woken and self._asked in (ticket, self._answered):
                self._changed.wait(pause)

    def _save(self) -> None:
        """Bring into journals what is in memory alone, as soon as they can be written; and show that they are in use."""
        self._find()
        self._signs.touch()
        for writer in tuple(self._writers.values()):
            writer.save()
        if not self._volatile():
            self._warned.discard(_VOLATILE)

    def _volatile(self) -> str:
        """Return why something is in memory alone, empty where nothing is."""
        return next((writer.trouble for writer in tuple(self._writers.values()) if writer.trouble and writer.is_volatile), "")

    def _tell_volatile(self) -> None:
        if why := self._volatile():
            self._warn(_VOLATILE, _IN_MEMORY, self._home, why)

    def _pause(self, *, is_complete: bool) -> float | None:
        """Return how long to wait for the next pass, None for until there is something to do."""
        if self._is_failing:
            self._retry_in = min(_LONGEST_PAUSE, 2 * self._retry_in)
            return self._retry_in
        self._retry_in = _INTERVAL
        # A few rows come during every pass of a busy loop; they may wait, unless somebody waits for them.
        if not is_complete and not self._delivery.refused and (self._is_awaited() or self.pending()[1] > MANY):
            return _SHORT
        return _INTERVAL if self._writers or not is_complete else None

    def _is_awaited(self) -> bool:
        """Whether somebody waits for what the next pass brings: what is beside the passes tells by itself when it is through."""
        return self._asked > self._answered and not self._delivery.is_waiting

    def _try(self, work: Callable[[], bool]) -> bool:
        """Do a piece of work; tell whether it came about."""
        try:
            is_complete = work()
        except Exception as error:  # noqa: BLE001  were this thread to end, nothing would arrive any more
            self._is_failing = True
            self._note(error)
            return False
        self._is_failing = False
        return is_complete

    def _pass(self) -> bool:
        """Deliver what there is; tell whether that was everything."""
        is_complete = self._delivery.deliver(is_asked=self._asked > self._answered)
        if (problem := self._delivery.problem) is None:
            self.problem = ""
        elif isinstance(problem, StoreUnavailable):
            if not self.problem:
                _log.warning("nbtrack: files wait, for their place cannot be used (%s); all else arrives", problem)
            self.problem = str(problem)
        else:
            self._note(problem)
        return is_complete

    def refused(self) -> dict[str, str]:
        """Return why runs of this process wait that the store refuses, by their ids; nothing else waits for them."""
        return self._delivery.refused.reasons()

    def _note(self, error: Exception) -> None:
        """Say once why something waits."""
        if isinstance(error, StoreUnavailable):
            self._tell_away(error)
            self.problem = str(error)
        else:
            self.problem = str(error) if isinstance(error, NbtrackError) else repr(error)
            self._warn(self.problem, "nbtrack: %s; what was logged stays in the journal", self.problem)

    def _tell_away(self, error: StoreUnavailable) -> None:
        if not self.problem:
            if why := self._volatile():
                self._warned.add(_VOLATILE)
                _log.warning(
                    "nbtrack: the store is away (%s), and " + _IN_MEMORY.removeprefix("nbtrack: "), error, self._home, why
                )
            elif isinstance(error, PlaceNotAllowed):
                _log.warning("nbtrack: %s; files wait in the journal until then", error)
            elif isinstance(error, AccessDenied):
                _log.warning("nbtrack: the store does not let us in (%s); what is logged waits in the journal", error)
            else:
                _log.warning("nbtrack: the store is away (%s); what is logged waits in the journal and arrives later", error)

    def _warn(self, about: str, message: str, *details: object) -> None:
        """Warn once about a thing."""
        if about not in self._warned:
            self._warned.add(about)
            _log.warning(message, *details)
