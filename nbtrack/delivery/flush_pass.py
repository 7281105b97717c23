"""One pass of the flusher: what the store lacks of this process's journals is sent, and delivered journals are deleted."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..entities.events import Batch, Progress
from ..errors import RunNotFound
from ..journal.folder import renamed
from ..journal.reader import journals
from ..journal.writer import Writer
from ..store.protocol.store import Store
from .artifact_events import PutFile
from .background_recovery import BackgroundRecovery
from .batch_sender import BatchSender, Taken
from .heartbeats import Heartbeats
from .recovery import deliver_others
from .refused_writers import RefusedWriters
from .stored_journals import deliver_folder
from .uploads import Uploads

__all__ = ["MANY", "FlushPass"]

MANY = 20_000  # rows that do not wait for the next pass

# Points a pass, halved or doubled so that it takes about so many seconds: a run that starts meanwhile waits for the next pass.
_MOST_POINTS, _FEWEST_POINTS = 1_000_000, 60_000
_LONG, _BRIEF = 0.5, 0.25

_REPLACED = "nbtrack: run %s: the store was deleted or replaced while it was in use; %s in the one that is there now"

_log = logging.getLogger("nbtrack")


class FlushPass:
    """Delivers what this process's writers have.

    Runs that start come first. Files are put beside the passes (``uploads``), and so are orphaned journals.

    Threads: one at a time; the flusher sees to that.

    Args:
        writers: This process's writers, by their ids; those whose journals are deleted are removed.
        store: Returns the store, opening it at the first call.
        homes: The folders of journals; none if they are kept in memory.
        put: Puts a spooled file into the artifact store.
        heartbeats: This process's heartbeats.
        on_replaced: Called when another store is found in place of the one before.
        on_change: Called in any thread when there is something to do for the next pass.
        show: Shows new rows to followers, before they are delivered and their space is freed.
        warn: Warns once about the thing that its first argument names.
    """

    def __init__(
        self,
        writers: dict[str, Writer],
        store: Callable[[], Store],
        homes: Sequence[Path],
        put: PutFile,
        *,
        heartbeats: Heartbeats,
        on_replaced: Callable[[], None],
        on_change: Callable[[], None],
        show: Callable[[], None],
        warn: Callable[..., None],
    ) -> None:
        self._writers, self._open_store, self._homes, self._put = writers, store, homes, put
        self._heartbeats, self._on_replaced, self._show = heartbeats, on_replaced, show
        self._uploads = Uploads(put, on_change)
        self._sender = BatchSender(self._uploads, self._deliver_others, warn)
        self._recovery = BackgroundRecovery(homes, put, warn, on_change)
        self._generation: int | None = None
        self._points, self._last_writer = _MOST_POINTS, ""

    def _all(self) -> tuple[Writer, ...]:
        return tuple(self._writers.values())

    @property
    def refused(self) -> RefusedWriters:
        """The writers whose batches the store refuses."""
        return self._sender.refused

    @property
    def problem(self) -> Exception | None:
        """Why something waits although the store accepts the rest."""
        return self._uploads.unavailable or self._recovery.problem

    @property
    def is_waiting(self) -> bool:
        """Whether something is being delivered beside the passes, or waits for its place."""
        return self._uploads.is_busy or not self._recovery.is_done or self.problem is not None

    def move(self, old: Path, new: Path) -> None:
        """Update the folders of journals after a folder above was renamed."""
        self._homes = tuple([renamed(home, old, new) for home in self._homes])
        self._recovery.move(old, new)

    def run(self, *, is_asked: bool) -> bool:
        """Deliver what there is; tell whether that was everything.

        Args:
            is_asked: Whether a caller waits for the pass; then what other processes logged into these runs is delivered too.

        Raises:
            StoreUnavailable: The store is unavailable; that an artifact store is, ``problem`` says.
        """
        store = self._open_store()
        self._check_generation(store)
        self._report_lost_files(store)
        self._start_runs(store)
        is_complete = self._send(store, is_asked=is_asked)
        self._recovery.start_if_due(store, frozenset(self._writers))
        if not store.is_read_only:
            if is_asked and (is_complete or self.is_waiting):
                for run_id in self._runs_of_others() & {writer.run_id for writer in self._all()}:
                    self._deliver_others(store, run_id)
            self._heartbeats.send(store, self.refused)
        return is_complete and self._recovery.is_done

    def _check_generation(self, store: Store) -> None:
        """Deliver again what the journals still have if the store was deleted, or replaced by another."""
        generation = store.generation
        if self._generation not in (None, generation):
            self._on_replaced()
            for writer in self._all():
                self._uploads.reset(writer)
                lost = writer.outbox.start_over(_progress_in(store, writer))
                _log.warning(_REPLACED, writer.run_id, f"all but {lost} rows of it arrive" if lost else "it arrives")
        self._generation = generation

    def _report_lost_files(self, store: Store) -> None:
        """Report files that were deleted with a journal, except those that another process delivered before."""
        for writer in [writer for writer in self._all() if writer.lost_files]:
            known = _progress_in(store, writer).events
            for path in [path for number, path in writer.lost_files.items() if number >= known]:
                _log.error("nbtrack: run %s: the file %r is lost because its journal was deleted", writer.run_id, path)
            writer.lost_files.clear()

    def _start_runs(self, store: Store) -> None:
        """Send the starts of new runs alone if many rows would delay them."""
        if sum(writer.outbox.pending_rows() for writer in self._all()) > MANY:
            new = [writer for writer in self._all() if writer.is_unknown]
            self._sender.send(store, [(writer, batch) for writer in new if (batch := writer.outbox.take(0))])

    def _send(self, store: Store, *, is_asked: bool) -> bool:
        """Send what there is, up to so many points; tell whether that was everything."""
        taken = list(self._take(is_asked=is_asked))
        self._show()
        began = time.monotonic()
        self._sender.send(store, taken)
        self._adapt(time.monotonic() - began)
        return all(writer.outbox.is_empty() for writer in self._all())

    def _take(self, *, is_asked: bool) -> Iterator[Taken]:
        left = self._points
        for writer in self._in_turn():
            if not (is_asked or self.refused.is_due(writer.id)):
                continue
            if left > 0:
                self._last_writer = writer.id
            batch = writer.outbox.take(max(0, left))
            if batch is not None:
                left -= sum(len(each.steps) * len(each.keys) for rows in batch.lanes for each in rows.series)
                yield writer, batch

    def _in_turn(self) -> list[Writer]:
        """Return those of runs that the store does not know, then those that the last pass had no points left for."""
        writers = self._all()
        start = 1 + next((i for i, writer in enumerate(writers) if writer.id == self._last_writer), -1)
        return sorted(writers[start:] + writers[:start], key=lambda writer: not writer.is_unknown)

    def _adapt(self, seconds: float) -> None:
        if seconds > _LONG:
            self._points = max(_FEWEST_POINTS, self._points // 2)
        elif seconds < _BRIEF:
            self._points = min(_MOST_POINTS, self._points * 2)

    def _runs_of_others(self) -> set[str]:
        """Return the runs into which other processes log; each folder is listed once, however many runs are open."""
        names = [folder.name.rpartition(".") for home in self._homes for folder in journals(home)]
        return {run_id for run_id, _, writer in names if writer not in self._writers}

    def _deliver_others(self, store: Store, run_id: str) -> None:
        for home in self._homes:
            deliver_others(store, home, run_id, self._put, own=frozenset(self._writers))

    def delete_delivered(self) -> bool:
        """Delete the journals that are closed and delivered.

        A thread may be in the middle of a row: either it finds the writer sealed, and asks for another, or its row is in the
        file; so the outbox is looked at once more after sealing.
        """
        for writer in self._all():
            if writer.is_closed and writer.outbox.is_empty():
                writer.seal()
                if not writer.relog_late():
                    del self._writers[writer.id]
                    self._uploads.reset(writer)
                    self.refused.remove(writer.id)
                    left = writer.delete()
                    if left is not None:
                        deliver_folder(self._open_store(), left, self._put)
        return True


def _progress_in(store: Store, writer: Writer) -> Progress:
    """Return how far a store has come with a writer."""
    try:
        return store.apply([Batch(writer.run_id, writer.id)])[0]
    except RunNotFound:
        return Progress()
