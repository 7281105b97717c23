"""One pass over the journals of this process: what the store lacks goes there, and the space of what it has is given back."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from ..entities.events import Batch, Progress
from ..errors import NotPermitted, RunNotFound, StoreError, StoreUnavailable, TooLarge
from ..journal.folder import renamed
from ..journal.reader import journals
from ..journal.writer import Writer
from ..store.protocol.store import Store
from .deleted_experiments import apply_late
from .heartbeats import SignsOfLife
from .leftovers import Leftovers
from .recovery import deliver_folder, deliver_open, tell_conflicts
from .refusals import Refusals
from .set_aside import PutFile, set_aside
from .splitting import apply_fitting
from .uploads import Uploads

__all__ = ["MANY", "Delivery"]

MANY = 20_000  # rows that are not left for the next pass

_Taken = tuple[Writer, Batch]

# Points a pass: as many as take about so many seconds, for a run that starts meanwhile waits for the next pass.
_MOST_POINTS, _FEWEST_POINTS = 1_000_000, 60_000
_LONG, _BRIEF = 0.5, 0.25

_REPLACED = "nbtrack: run %s: the store was deleted or replaced while it was in use; %s in the one that is there now"
_REFUSES = "nbtrack: run %s: the store refuses what was logged (%s); it stays in the journal"

_log = logging.getLogger("nbtrack")


class Delivery:
    """Carries to the store what the writers have.

    Runs that start come first. Files go on their own way (``uploads``), and so does what other processes left.

    Threads: one at a time; the flusher sees to that.

    Args:
        writers: The writers of this process, by their ids; those that are over and delivered are taken out.
        store: Returns the store, opening it at the first call.
        homes: The folders of journals; none where they are kept in memory.
        put: Puts a spooled file where it belongs.
        signs: What is told of this process.
        on_replaced: Called when another store is found in place of the one before.
        on_change: Called, in any thread, when there is something to do for the next pass.
        show: Shows new rows to those who follow: once they are delivered, they are here no more.
        warn: Warns, once, about what the first argument names.
    """

    def __init__(
        self,
        writers: dict[str, Writer],
        store: Callable[[], Store],
        homes: Sequence[Path],
        put: PutFile,
        *,
        signs: SignsOfLife,
        on_replaced: Callable[[], None],
        on_change: Callable[[], None],
        show: Callable[[], None],
        warn: Callable[..., None],
    ) -> None:
        self._writers, self._open_store, self._homes, self._put = writers, store, homes, put
        self._signs, self._on_replaced, self._show, self._warn = signs, on_replaced, show, warn
        self.uploads = Uploads(put, on_change)
        self._leftovers = Leftovers(homes, put, warn, on_change)
        self._generation: int | None = None
        self.refused = Refusals()
        self._points, self._last = _MOST_POINTS, ""
        self._is_asked = False

    def _all(self) -> tuple[Writer, ...]:
        return tuple(self._writers.values())

    def move(self, old: Path, new: Path) -> None:
        """Know the folders of journals by the names that they have now."""
        self._homes = tuple([renamed(home, old, new) for home in self._homes])
        self._leftovers.move(old, new)

    def deliver(self, *, is_asked: bool) -> bool:
        """Deliver what there is; tell whether that was everything.

        Args:
            is_asked: Whether somebody waits for it; then what other processes have logged into these runs is delivered too.

        Raises:
            StoreUnavailable: The store is unavailable. That a file's place is, ``problem`` says.
        """
        self._is_asked = is_asked
        store = self._open_store()
        self._look_at(store)
        self._tell_lost(store)
        self._start_runs(store)
        is_complete = self._deliver(store)
        self._leftovers.see_to(store, frozenset(self._writers))
        if not store.is_read_only:
            if is_asked and (is_complete or self.is_waiting):
                self._deliver_others(store)
            self._signs.give(store, self.refused)
        return is_complete and self._leftovers.is_done

    @property
    def problem(self) -> Exception | None:
        """Why something waits although the store takes the rest."""
        return self.uploads.withheld or self._leftovers.problem

    @property
    def is_waiting(self) -> bool:
        """Whether something is on its way beside the passes, or waits for its place."""
        return self.uploads.is_busy or not self._leftovers.is_done or self.problem is not None

    def _look_at(self, store: Store) -> None:
        """Where the store was deleted, or replaced by another, deliver anew what the journals still have."""
        generation = store.generation
        if self._generation not in (None, generation):
            self._on_replaced()
            for writer in self._all():
                self.uploads.forget(writer)
                lost = writer.outbox.start_over(_known(store, writer))
                _log.warning(_REPLACED, writer.run_id, f"all but {lost} rows of it arrive" if lost else "it arrives")
        self._generation = generation

    def _tell_lost(self, store: Store) -> None:
        """Say which files went with a journal that somebody deleted; who took this process for gone has delivered them."""
        for writer in [writer for writer in self._all() if writer.lost_files]:
            known = _known(store, writer).events
            for path in [path for number, path in writer.lost_files.items() if number >= known]:
                _log.error("nbtrack: run %s: the file %r is lost, for its journal was deleted", writer.run_id, path)
            writer.lost_files.clear()

    # Batches

    def _start_runs(self, store: Store) -> None:
        """Tell the store of the runs that it does not know before many rows are on their way."""
        if sum(writer.outbox.pending_rows() for writer in self._all()) > MANY:
            new = [writer for writer in self._all() if writer.is_unknown]
            self._apply_all(store, [(writer, batch) for writer in new if (batch := writer.outbox.take(0))])

    def _deliver(self, store: Store) -> bool:
        taken = list(self._take())
        self._show()
        began = time.monotonic()
        self._apply_all(store, taken)
        self._adapt(time.monotonic() - began)
        return all(writer.outbox.is_empty() for writer in self._all())

    def _take(self) -> Iterator[_Taken]:
        """Take what there is, up to so many points; the writers that had none of them are the first in the next pass."""
        left = self._points
        for writer in self._in_turn():
            if not (self._is_asked or self.refused.is_due(writer.id)):
                continue
            if left > 0:
                self._last = writer.id
            batch = writer.outbox.take(max(0, left))
            if batch is not None:
                left -= sum(len(each.steps) * len(each.keys) for rows in batch.lanes for each in rows.series)
                yield writer, batch

    def _in_turn(self) -> list[Writer]:
        """Return the writers, those of runs that the store does not know before all others."""
        writers = self._all()
        start = 1 + next((i for i, writer in enumerate(writers) if writer.id == self._last), -1)
        return sorted(writers[start:] + writers[:start], key=lambda writer: not writer.is_unknown)

    def _adapt(self, seconds: float) -> None:
        if seconds > _LONG:
            self._points = max(_FEWEST_POINTS, self._points // 2)
        elif seconds < _BRIEF:
            self._points = min(_MOST_POINTS, self._points * 2)

    def _apply_all(self, store: Store, taken: list[_Taken]) -> None:
        ready = [(writer, batch) for writer, whole in taken if not _is_empty(batch := self._without_files(store, writer, whole))]
        for writer, progress in self._apply(store, ready):
            writer.outbox.applied(progress)
            tell_conflicts(writer.run_id, progress)

    def _without_files(self, store: Store, writer: Writer, batch: Batch) -> Batch:
        """Return what of a batch need not wait for a file."""
        ready = self.uploads.ready(store, writer, batch)
        if (error := self.uploads.refusal(writer)) is not None:
            self._refuse(writer, error)
        return ready

    def _apply(self, store: Store, taken: list[_Taken]) -> Iterator[tuple[Writer, Progress]]:
        """Apply batches together; where the store refuses them, one by one, and keep back those that it refuses."""
        if not taken:
            return
        try:
            reached = self._applied(store, taken)
        except Exception as error:
            if _is_away(error):
                raise
            for one in taken if len(taken) > 1 else ():
                yield from self._apply(store, [one])
            if len(taken) == 1:
                yield from self._apply_part(store, *taken[0], error)
            return
        for (writer, _), progress in zip(taken, reached, strict=True):
            if self.uploads.refusal(writer) is None:
                self.refused.clear(writer.id)
            yield writer, progress

    def _apply_part(self, store: Store, writer: Writer, batch: Batch, error: Exception) -> Iterator[tuple[Writer, Progress]]:
        """Apply of a batch that was refused what is small enough; where its size is not the matter, keep it back."""
        try:
            if isinstance(error, TooLarge):
                yield writer, apply_fitting(store, batch, partial(set_aside, writer.home))
                return
        except StoreError as refusal:
            error = refusal
        self._refuse(writer, error)

    def _applied(self, store: Store, taken: list[_Taken]) -> list[Progress]:
        """Apply batches; where a worker is earlier than the process that started its run, that process's journal comes first."""
        batches = [batch for _, batch in taken]
        try:
            return apply_late(store, batches)
        except RunNotFound:
            if len(taken) > 1 or taken[0][0].owns:
                raise
            self._deliver_open(store, batches[0].run_id)
            return apply_late(store, batches)

    def _refuse(self, writer: Writer, error: Exception) -> None:
        self.refused.note(writer.id, writer.run_id, error)
        self._warn(f"{writer.id} {error}", _REFUSES, writer.run_id, error)

    # Beside them

    def _deliver_others(self, store: Store) -> None:
        for run_id in self._of_others() & {writer.run_id for writer in self._all()}:
            self._deliver_open(store, run_id)

    def _of_others(self) -> set[str]:
        """Return the runs that other processes log into; the folders are listed once, however many runs are open."""
        names = [folder.name.rpartition(".") for home in self._homes for folder in journals(home)]
        return {run_id for run_id, _, writer in names if writer not in self._writers}

    def _deliver_open(self, store: Store, run_id: str) -> None:
        for home in self._homes:
            deliver_open(store, home, run_id, self._put, own=frozenset(self._writers))

    def retire(self) -> bool:
        """Let go of the writers whose part is over and delivered.

        A thread may be in the middle of a row just now. It either finds the memory closed, and another writer, or
        its row is in the file; so the file is looked at once more where its count says so.
        """
        for writer in self._all():
            if writer.is_closed and writer.outbox.is_empty():
                writer.seal()
                if not writer.relog_late():
                    del self._writers[writer.id]
                    self.uploads.forget(writer)
                    self.refused.clear(writer.id)
                    left = writer.delete()
                    if left is not None:
                        deliver_folder(self._open_store(), left, self._put)
        return True


def _known(store: Store, writer: Writer) -> Progress:
    """Return how far a store has come with a writer."""
    try:
        return store.apply([Batch(writer.run_id, writer.id)])[0]
    except RunNotFound:
        return Progress()


def _is_away(error: Exception) -> bool:
    """Tell whether an error is about the store as a whole, and not about a run that may not be logged."""
    return isinstance(error, StoreUnavailable) and not isinstance(error, NotPermitted)


def _is_empty(batch: Batch) -> bool:
    return not batch.events and not batch.lanes
