"""The thread that carries what was logged from journals to the store."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from .closing import take_back
from .entities import now_ms
from .errors import NbtrackError, RunNotFound, StoreUnavailable
from .events import ArtifactLogged, Batch, LaneRows, Progress
from .journal.clock import uptime
from .journal.writer import Writer
from .latecomers import apply_late
from .recovery import FilesWait, PutFile, deliver_folder, deliver_open, recover, tell_conflicts, with_files
from .store.base import Store, generation_of

__all__ = ["Flusher", "Follower"]

# Is given new rows of a run, and called without any too, as often as a picture is to be drawn anew.
Follower = Callable[[Sequence[LaneRows]], None]
_Taken = tuple[Writer, Batch]

_INTERVAL = 0.2
_SHORT = 0.005
# Between two looks at what is followed: with those that come with a delivery, ten a second.
_FRAME = 0.08
_LONGEST_FRAME = 1.0
_SHARE = 0.008  # of a processor, at most, goes into looks while there are some each second: the code that is watched has the rest
_ROWS_A_BATCH = 250_000
_MANY = 20_000  # rows that are not left for the next interval
_HEARTBEAT = 60.0
_LONGEST_PAUSE = 10.0
_AWAY_PATIENCE = 2.0

_VOLATILE = "volatile"
_IN_MEMORY = "nbtrack: the journal %s cannot be written (%s); what is logged waits in memory, which is lost with the process"

_REPLACED = "nbtrack: run %s: the store was deleted or replaced while it was in use; %s in the one that is there now"

_log = logging.getLogger("nbtrack")


def _known(store: Store, writer: Writer) -> Progress:
    """Return how far a store has come with a writer."""
    try:
        return store.apply([Batch(writer.run_id, writer.id)])[0]
    except RunNotFound:
        return Progress()


class _Followed:
    """A run that somebody follows, and what of it was shown already."""

    def __init__(self, run_id: str, follower: Follower) -> None:
        self.run_id, self._follower = run_id, follower
        self._seen: dict[str, dict[int, int]] = {}

    def show(self, writers: Iterable[Writer]) -> None:
        """Show what is new in a run's writers."""
        found: list[LaneRows] = []
        for writer in writers:
            seen = self._seen.setdefault(writer.id, {})
            new = list(writer.peek(seen, _ROWS_A_BATCH))
            seen.update((rows.lane, rows.first + rows.count) for rows in new)
            found += new
        self._follower(found)


class Flusher:
    """Delivers the journals of this process, a few times a second, and once those of processes that are gone.

    Threads: one of its own, started by ``add`` or ``flush``; every method may be called from any thread.
    Errors: none reach the logging code. While the store is away the journals grow, and one warning says so.

    Args:
        store: Returns the store, opening it at the first call; called from the flusher's thread only.
        home: The folder of journals, None where they are kept in memory.
        put: Puts a spooled file where it belongs.
        on_replaced: Called when another store is found in place of the one before.
    """

    def __init__(
        self, store: Callable[[], Store], *, home: Path | None, put: PutFile, on_replaced: Callable[[], None] = lambda: None
    ) -> None:
        self._open_store, self._home, self._put, self._on_replaced = store, home, put, on_replaced
        self._generation: int | None = None
        self.problem = ""
        self._begin()

    def _begin(self) -> None:
        """Start without a thread, at birth and in a forked child."""
        self._writers: dict[str, Writer] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._asked = self._answered = self._tried = 0
        self._closing = False
        self._recover_at = 0.0
        self._retry_in = _INTERVAL
        self._refused: set[str] = set()
        self._warned: set[str] = set()
        self._beat = self._touched = uptime()
        self._next_try = 0.0
        self._is_woken = False
        self._withheld: StoreUnavailable | None = None  # why files wait while the rest is delivered
        self._followed: list[_Followed] = []
        self._shown_at, self._frame = 0.0, _FRAME

    def after_fork(self, writers: Sequence[Writer]) -> None:
        """Begin anew in a forked child, with the writers that live on there."""
        self._begin()
        self._writers = {writer.id: writer for writer in writers}

    def add(self, writer: Writer) -> None:
        """Deliver this writer's journal from now on."""
        with self._changed:
            self._writers[writer.id] = writer
            self._start()

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
        followed = _Followed(run_id, follower)
        with self._changed:
            self._followed.append(followed)
            self._start()
            self._changed.notify_all()
        return lambda: self._let_go(followed)

    def _let_go(self, followed: _Followed) -> None:
        if followed in self._followed:
            self._followed.remove(followed)

    def flush(self, timeout: float, *, is_patient: bool = True) -> bool:
        """Wait until everything logged so far, in any process that logs into these runs, is in the store.

        Args:
            timeout: Seconds to wait at the most.
            is_patient: Whether to wait on where the store was tried and is away.

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

            def is_over() -> bool:
                is_hopeless = bool(self._refused) or (not is_patient and bool(self.problem))
                return self._answered >= ticket or (is_hopeless and self._tried >= ticket)

            if self._start():
                self._changed.notify_all()
                self._changed.wait_for(is_over, max(0.0, deadline - time.monotonic()))
                return self._answered >= ticket
        return self._flush_here(deadline)

    def _flush_here(self, deadline: float) -> bool:
        """Deliver in the calling thread: the interpreter is shutting down and starts no more threads."""
        while not (is_complete := self._try(self._pass)) and time.monotonic() < deadline:
            time.sleep(_SHORT)
        self._try(self._retire)
        return is_complete

    def pending(self) -> tuple[int, int]:
        """Return how many runs have something, and how many rows there are, that the store does not have."""
        waiting = [writer for writer in tuple(self._writers.values()) if not writer.is_delivered()]
        return len(waiting), sum(writer.pending_rows() for writer in waiting)

    def in_memory(self) -> tuple[int, int]:
        """Return how many runs have something, and how many rows there are, that neither the store nor a journal has."""
        self._save()
        alone = [writer for writer in tuple(self._writers.values()) if writer.is_volatile]
        return len(alone), sum(writer.rows_in_memory() for writer in alone)

    def close(self, timeout: float) -> bool:
        """Deliver what is left, for as long as ``timeout`` if the store is there, and end the thread; twice is fine."""
        is_done = self.flush(timeout, is_patient=False) if self._writers else True
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(timeout=1.0)
        return is_done

    def _start(self) -> bool:
        """See to it that the thread runs; tell whether it does."""
        if self._thread is None or not self._thread.is_alive():
            self._closing = False
            thread = threading.Thread(target=self._run, name="nbtrack-flusher", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                return False
            self._thread = thread
        return True

    # In the thread

    def _run(self) -> None:
        while not self._closing:
            ticket, began = self._asked, time.monotonic()
            if self._followed and ticket == self._tried and not self._is_woken and began < self._next_try:
                self._show()
                self._wait(self._until_next_look(), ticket)
                continue
            self._is_woken = False
            self._save()
            is_complete = self._try(self._pass)
            if self._shown_at < began:
                self._show()  # what cannot be delivered is seen all the same
            self._tell_volatile()
            with self._changed:
                self._tried = ticket
                self._answered = max(self._answered, ticket if is_complete else 0)
                self._changed.notify_all()
            # Whoever waits for the store need not wait for files to be deleted.
            self._try(self._retire)
            pause = self._pause(is_complete=is_complete)
            self._next_try = time.monotonic() + (pause or 0.0)
            self._wait(self._until_next_look() if self._followed and pause else pause, ticket)

    def _until_next_look(self) -> float:
        """Return how long to wait when a run is followed: a frame, or until the next delivery, which is a look too."""
        left = max(0.0, self._next_try - time.monotonic())
        return left if left <= 1.5 * self._frame else self._frame

    def _wait(self, pause: float | None, ticket: int) -> None:
        """Wait until there is something to do, unless somebody has asked for it meanwhile."""
        with self._changed:
            if not self._closing and self._asked in (ticket, self._answered):
                self._changed.wait(pause)

    def _save(self) -> None:
        """Bring into journals what is in memory alone, as soon as they can be written; and show that they are in use."""
        self._touch()
        for writer in tuple(self._writers.values()):
            writer.save()
        if not self._volatile():
            self._warned.discard(_VOLATILE)

    def _touch(self) -> None:
        if uptime() - self._touched >= _HEARTBEAT:
            self._touched = uptime()
            for writer in tuple(self._writers.values()):
                writer.touch()

    def _volatile(self) -> str:
        """Return why something is in memory alone, empty where nothing is."""
        return next((writer.trouble for writer in tuple(self._writers.values()) if writer.trouble and writer.is_volatile), "")

    def _tell_volatile(self) -> None:
        if why := self._volatile():
            self._warn(_VOLATILE, _IN_MEMORY, self._home, why)

    def _show(self) -> None:
        """Show new rows to those who follow their run; the longer that takes, the later is the next look without a delivery."""
        spent = time.thread_time()
        for followed in tuple(self._followed):
            try:
                followed.show([writer for writer in tuple(self._writers.values()) if writer.run_id == followed.run_id])
            except Exception as error:  # noqa: BLE001  a view that fails must not keep what was logged from the store
                self._let_go(followed)
                self._warn(repr(error), "nbtrack: the live view of run %s ended: %r", followed.run_id, error)
        self._shown_at = time.monotonic()
        self._frame = min(_LONGEST_FRAME, max(_FRAME, (time.thread_time() - spent) / _SHARE))

    def _pause(self, *, is_complete: bool) -> float | None:
        """Return how long to wait for the next pass, None for until there is something to do."""
        if self.problem:
            self._retry_in = min(_LONGEST_PAUSE, 2 * self._retry_in)
            return self._retry_in
        self._retry_in = _INTERVAL
        # A few rows come during every pass of a busy loop; they may wait, unless somebody waits for them.
        if not is_complete and not self._refused and (self._asked > self._answered or self.pending()[1] > _MANY):
            return _SHORT
        return _INTERVAL if self._writers else None

    def _try(self, work: Callable[[], bool]) -> bool:
        """Do a piece of work; tell whether it came about."""
        try:
            return work()
        except StoreUnavailable as error:
            self._is_away(error)
            return False
        except Exception as error:  # noqa: BLE001  were this thread to end, nothing would arrive any more
            said = str(error) if isinstance(error, NbtrackError) else repr(error)
            self._warn(said, "nbtrack: %s; what was logged stays in the journal", said)
            self.problem = said
            return False

    def _pass(self) -> bool:
        """Deliver what there is; tell whether that was everything."""
        store = self._open_store()
        self._look_at(store)
        self._tell_lost(store)
        self._withheld = None
        is_complete = self._deliver(store)
        if time.monotonic() >= self._recover_at:
            self._recover(store)
        if is_complete and self._asked > self._answered:
            self._deliver_others(store)
        self._give_sign(store)
        if self._withheld is not None:
            raise self._withheld
        self.problem = ""
        return is_complete

    def _look_at(self, store: Store) -> None:
        """Where the store was deleted, or replaced by another, deliver anew what the journals still have."""
        generation = generation_of(store)
        if self._generation not in (None, generation):
            self._on_replaced()
            for writer in tuple(self._writers.values()):
                lost = writer.start_over(_known(store, writer))
                _log.warning(_REPLACED, writer.run_id, f"all but {lost} rows of it arrive" if lost else "it arrives")
        self._generation = generation

    def _tell_lost(self, store: Store) -> None:
        """Say which files went with a journal that somebody deleted; who took this process for gone has delivered them."""
        for writer in [writer for writer in tuple(self._writers.values()) if writer.lost_files]:
            known = _known(store, writer).events
            for path in [path for number, path in writer.lost_files.items() if number >= known]:
                _log.error("nbtrack: run %s: the file %r is lost, for its journal was deleted", writer.run_id, path)
            writer.lost_files.clear()

    def _recover(self, store: Store) -> None:
        """Deliver once what others left; should some files wait, for they are not our own, look again in a while."""
        try:
            recover(store, self._home, self._put, own=frozenset(self._writers))
            self._recover_at = math.inf
        except FilesWait as error:
            self._recover_at = time.monotonic() + _HEARTBEAT
            self._warn("files", "nbtrack: files of processes that are gone wait in %s (%s)", self._home, error)

    def _deliver(self, store: Store) -> bool:
        taken = [(writer, batch) for writer in tuple(self._writers.values()) if (batch := writer.take(_ROWS_A_BATCH))]
        # Rows that came since the last look: once they are delivered, they are here no more.
        self._show()
        for writer, batch, progress in self._apply(store, taken):
            self._applied(writer, batch, progress)
        return all(writer.is_delivered() for writer in tuple(self._writers.values()))

    def _apply(self, store: Store, taken: list[_Taken]) -> Iterator[tuple[Writer, Batch, Progress]]:
        """Apply batches together; where the store refuses them, one by one, and keep back those that it refuses."""
        if not taken:
            return
        try:
            taken = [(writer, ready) for writer, batch in taken if (ready := self._with_files(store, batch))]
            reached = apply_late(store, [batch for _, batch in taken]) if taken else []
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  one run's record that a store stumbles over must not hold up the others
            if len(taken) > 1:
                for one in taken:
                    yield from self._apply(store, [one])
                return
            self._refused.add(taken[0][0].id)
            message = "nbtrack: run %s: the store refuses what was logged (%s); it stays in the journal"
            self._warn(f"{taken[0][0].id} {error}", message, taken[0][0].run_id, error)
            return
        self._refused.difference_update(writer.id for writer, _ in taken)
        yield from ((writer, batch, progress) for (writer, batch), progress in zip(taken, reached, strict=True))

    def _applied(self, writer: Writer, batch: Batch, progress: Progress) -> None:
        writer.applied(progress)
        tell_conflicts(writer.run_id, progress)

    def _retire(self) -> bool:
        """Let go of the writers whose part is over and delivered.

        A thread may be in the middle of a row just now. It either finds the memory closed, and another writer, or
        its row is in the file; so the file is looked at once more where its count says so.
        """
        for writer in tuple(self._writers.values()):
            if writer.is_finished and writer.is_delivered():
                writer.seal()
                if not writer.relog_late():
                    del self._writers[writer.id]
                    left = writer.discard()
                    if left is not None:
                        deliver_folder(self._open_store(), left, self._put)
        return True

    def _with_files(self, store: Store, batch: Batch) -> Batch | None:
        """Put a batch's files where they belong, and return what need not wait for one of them."""
        ready, error = with_files(store, batch, self._put, lambda event: self._file(self._writers[batch.writer], event))
        if error is not None:
            self._withheld = error
        return ready if ready.events or ready.lanes else None

    def _file(self, writer: Writer, event: ArtifactLogged) -> Path:
        try:
            return writer.file(event.spool)
        except OSError as error:
            raise StoreUnavailable(f"artifact {event.path!r} waits in memory: {error.strerror}") from error

    def _deliver_others(self, store: Store) -> None:
        if self._home is not None:
            own = frozenset(self._writers)
            for run_id in {writer.run_id for writer in tuple(self._writers.values())}:
                deliver_open(store, self._home, run_id, self._put, own=own)

    def _give_sign(self, store: Store) -> None:
        if uptime() - self._beat >= _HEARTBEAT:
            self._beat = uptime()
            owned = [writer for writer in tuple(self._writers.values()) if writer.owns]
            store.heartbeat([writer.run_id for writer in owned], now_ms())
            take_back(store, owned)

    def _is_away(self, error: StoreUnavailable) -> None:
        if not self.problem:
            if why := self._volatile():
                self._warned.add(_VOLATILE)
                _log.warning(
                    "nbtrack: the store is away (%s), and " + _IN_MEMORY.removeprefix("nbtrack: "), error, self._home, why
                )
            else:
                _log.warning("nbtrack: the store is away (%s); what is logged waits in the journal and arrives later", error)
        self.problem = str(error)

    def _warn(self, about: str, message: str, *details: object) -> None:
        """Warn once about a thing."""
        if about not in self._warned:
            self._warned.add(about)
            _log.warning(message, *details)
