"""The thread that carries what was logged from journals to the store: when it works, and who waits for it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from ..journal.folder import renamed
from ..journal.writer import Writer
from ..store.protocol.store import Store
from ..system.forks import WORKING, delay_forks
from ..system.threads import start_thread
from .artifact_events import PutFile
from .delivery_problems import DeliveryProblems
from .flush_pass import MANY, FlushPass
from .flush_requests import FlushRequests
from .followers import Follower, Followers
from .heartbeats import Heartbeats

__all__ = ["Flusher", "Follower"]

# Seconds.
_INTERVAL = 0.2
_SHORT = 0.005
_LONGEST_PAUSE = 10.0
_IMPATIENT_TIMEOUT = 2.0


class Flusher:
    """Delivers this process's journals a few times a second, and orphaned ones once.

    Threads: one of its own, started by ``add`` or ``flush``; every method may be called from any thread.
    Errors: none reach the code that logs. While the store is unavailable the journals grow, and one warning says so.

    Args:
        store: Returns the store, opening it at the first call; called from the flusher's thread only.
        home: The folder of journals, None if they are kept in memory.
        spare: The folder of journals that could not be written there.
        put: Puts a spooled file into the artifact store.
        on_replaced: Called when another store is found in place of the one before.
        find: Called before each pass, to find folders that were renamed.
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
        self._begin("")

    def _begin(self, problem: str) -> None:
        """Start without a thread, at birth and in a forked child."""
        self._writers: dict[str, Writer] = {}
        self._requests = FlushRequests()
        self._passing = threading.Lock()  # a thread that was told to end may still be in its last pass
        self._thread: threading.Thread | None = None
        self._current: object = None  # the token of the thread that is to go on; a thread with another one ends
        self._is_failing = False
        self._retry_in = _INTERVAL
        self._next_try = 0.0
        self._heartbeats = Heartbeats(self._writers)
        self._problems = DeliveryProblems(self._writers, self._home, problem)
        self._followers = Followers(self._writers, self._problems.warn_once)
        self._pass = FlushPass(
            self._writers,
            self._open_store,
            self._homes,
            self._put,
            heartbeats=self._heartbeats,
            on_replaced=self._on_replaced,
            on_change=self.wake,
            show=self._followers.show,
            warn=self._problems.warn_once,
        )

    def after_fork(self, writers: Sequence[Writer]) -> None:
        """Begin again in a forked child, with the writers that live on there."""
        self._begin(self.problem)
        self._writers.update((writer.id, writer) for writer in writers)

    @property
    def problem(self) -> str:
        """Why something waits; empty if nothing does."""
        return self._problems.current

    def refused(self) -> dict[str, str]:
        """Return why the store refuses runs of this process, by their ids; other runs do not wait for them."""
        return self._pass.refused.reasons()

    def add(self, writer: Writer) -> None:
        """Deliver this writer's journal from now on."""
        with self._requests.changed:
            self._writers[writer.id] = writer
            self._start()
        self.wake()  # because a thread without writers waits for nothing else

    def move(self, old: Path, new: Path) -> None:
        """Update the folders of journals after a folder above was renamed."""
        self._homes = tuple([renamed(home, old, new) for home in self._homes])
        self._home = self._home and renamed(self._home, old, new)
        self._problems.move(old, new)
        self._pass.move(old, new)

    def wake(self) -> None:
        """Make the next pass begin now."""
        self._requests.wake()

    def follow(self, run_id: str, follower: Follower) -> Callable[[], None]:
        """Show the rows of a run that this process logs from now on; the returned function ends that.

        ``follower`` is called in the flusher's thread about ten times a second, also while the store is unavailable. If it
        fails, it is not called again.
        """
        with self._requests.changed:
            stop = self._followers.add(run_id, follower)
            self._start()
            self._requests.changed.notify_all()
        return stop

    def flush(self, timeout: float, *, is_patient: bool = True, run_id: str | None = None) -> bool:
        """Wait until everything logged so far, in any process that logs into these runs, is in the store.

        Args:
            timeout: Seconds to wait at most.
            is_patient: Whether to keep waiting although the store is unavailable.
            run_id: The run to wait for, without other runs' large files; None for all runs.

        Returns:
            Whether it is. False if the time is over, or if the store refuses some of it, which then waits in the journal.
        """
        if threading.current_thread() is self._thread:
            return False  # a run that the garbage collector ends in this thread cannot wait for its present pass
        if self.problem and not is_patient:
            timeout = min(timeout, _IMPATIENT_TIMEOUT)  # a server that hangs must not delay the end of every cell
        deadline = time.monotonic() + timeout
        requests = self._requests
        with requests.changed:
            request = requests.add()

            def is_done() -> bool:
                has_run = run_id is not None and requests.tried >= request and self._has_delivered(run_id)
                return requests.answered >= request or has_run

            def is_over() -> bool:
                is_hopeless = bool(self._pass.refused) or (not is_patient and bool(self.problem))
                return is_done() or (is_hopeless and requests.tried >= request)

            if self._start():
                requests.changed.notify_all()
                requests.changed.wait_for(is_over, max(0.0, deadline - time.monotonic()))
                return is_done()
        return self._flush_here(deadline)

    def _has_delivered(self, run_id: str) -> bool:
        return all(writer.outbox.is_empty() for writer in tuple(self._writers.values()) if writer.run_id == run_id)

    def _flush_here(self, deadline: float) -> bool:
        """Deliver in the calling thread: the interpreter is shutting down and starts no more threads."""
        # At shutdown a thread in the middle of a pass is frozen there, and never releases the lock.
        patience = 0.0 if sys.is_finalizing() else max(0.0, deadline - time.monotonic())
        if not self._passing.acquire(timeout=patience):
            return False
        try:
            while not (is_complete := self._try(self._deliver)) and time.monotonic() < deadline:
                if self._is_failing and sys.is_finalizing():
                    return False  # the next session delivers it
                time.sleep(_SHORT)
            self._try(self._pass.delete_delivered)
            return is_complete
        finally:
            self._passing.release()

    def settle(self, timeout: float) -> None:
        """Tell an available store of new runs, within ``timeout`` seconds: workers look for them there."""
        new = [writer.run_id for writer in tuple(self._writers.values()) if writer.is_unknown]
        for run_id in new if not self.problem else ():
            self.flush(timeout, is_patient=False, run_id=run_id)

    def pending(self) -> tuple[int, int]:
        """Return how many runs, and how many rows, the store does not have completely."""
        waiting = [writer for writer in tuple(self._writers.values()) if not writer.outbox.is_empty()]
        return len(waiting), sum(writer.outbox.pending_rows() for writer in waiting)

    def in_memory(self) -> tuple[int, int]:
        """Return of how many runs, and how many rows, something is neither in the store nor in a journal."""
        self._save()
        volatile = [writer for writer in tuple(self._writers.values()) if writer.is_volatile]
        return len(volatile), sum(writer.rows_in_memory() for writer in volatile)

    def close(self, timeout: float) -> bool:
        """Deliver what is left, within ``timeout`` seconds if the store is available, and end the thread; idempotent."""
        is_done = self.flush(timeout, is_patient=False) if self._writers else True
        with self._requests.changed:
            self._current = None
            self._requests.changed.notify_all()
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(timeout=1.0)
        return is_done

    def _start(self) -> bool:
        """Start the thread unless it runs; tell whether it does."""
        if self._thread is None or not self._thread.is_alive():
            self._current = token = object()
            thread = start_thread(partial(self._run, token), "nbtrack-flusher")
            if self._current is token:
                self._thread = thread
        return self._thread is not None and not sys.is_finalizing()

    # In the thread

    def _run(self, token: object) -> None:
        requests = self._requests
        while self._current is token:
            request, began = requests.asked, time.monotonic()
            if self._followers and request == requests.tried and not requests.is_woken and began < self._next_try:
                with delay_forks(WORKING):
                    self._followers.show()
                self._wait(self._until_next_frame(), request, token)
                continue
            requests.is_woken = False
            with self._passing, delay_forks(WORKING):
                is_complete = self._turn(request, began)
            pause = self._pause(is_complete=is_complete)
            self._next_try = time.monotonic() + (pause or 0.0)
            self._wait(self._until_next_frame() if self._followers and pause else pause, request, token)

    def _wait(self, pause: float | None, request: int, token: object) -> None:
        self._requests.wait_for_work(pause, request, lambda: self._current is token)

    def _turn(self, request: int, began: float) -> bool:
        """Make a pass, and notify those who wait for it; tell whether everything was delivered."""
        self._save()
        is_complete = self._try(self._deliver)
        if self._followers.shown_at < began:
            self._followers.show()  # rows that cannot be delivered are shown too
        self._problems.warn_if_volatile()
        self._requests.note_pass(request, is_complete=is_complete)
        # Last, so that a waiting caller need not wait for the deletion of files.
        self._try(self._pass.delete_delivered)
        return is_complete

    def _until_next_frame(self) -> float:
        """Return how long to wait while a run is followed: a frame, or until the next pass, which shows new rows too."""
        left, frame = max(0.0, self._next_try - time.monotonic()), self._followers.frame
        return left if left <= 1.5 * frame else frame

    def _save(self) -> None:
        """Write to journals what is in memory only, as soon as that is possible, and touch them."""
        self._find()
        self._heartbeats.touch_journals()
        for writer in tuple(self._writers.values()):
            writer.save()
        self._problems.forget_volatile()

    def _pause(self, *, is_complete: bool) -> float | None:
        """Return how long to wait for the next pass, None until there is something to do."""
        if self._is_failing:
            self._retry_in = min(_LONGEST_PAUSE, 2 * self._retry_in)
            return self._retry_in
        self._retry_in = _INTERVAL
        # A few rows arrive during every pass of a busy loop: they may wait, unless a caller waits for them.
        if not is_complete and not self._pass.refused and (self._is_awaited() or self.pending()[1] > MANY):
            return _SHORT
        return _INTERVAL if self._writers or not is_complete else None

    def _is_awaited(self) -> bool:
        """Tell whether a caller waits for the next pass; what is delivered beside the passes wakes the thread itself."""
        return self._requests.is_pending and not self._pass.is_waiting

    def _try(self, work: Callable[[], bool]) -> bool:
        """Do a piece of work, and note its error; tell whether it was done completely."""
        try:
            is_complete = work()
        except Exception as error:  # noqa: BLE001  without this thread nothing would be delivered any more
            self._is_failing = True
            self._problems.note(error)
            return False
        self._is_failing = False
        return is_complete

    def _deliver(self) -> bool:
        is_complete = self._pass.run(is_asked=self._requests.is_pending)
        self._problems.after_pass(self._pass.problem)
        return is_complete
