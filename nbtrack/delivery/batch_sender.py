"""Sends batches of this process's writers to the store, and keeps back only what the store refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

from ..entities.events import Batch, Progress
from ..errors import NotPermitted, RunNotFound, StoreError, StoreUnavailable, TooLarge
from ..journal.writer import Writer
from ..store.protocol.store import Store
from .deleted_experiments import apply_late
from .refused_events import keep_refused
from .refused_writers import RefusedWriters
from .splitting import apply_fitting
from .stored_journals import warn_of_conflicts
from .uploads import Uploads

__all__ = ["BatchSender", "Taken"]

# A writer, and what was taken from its outbox.
Taken: TypeAlias = tuple[Writer, Batch]

_REFUSES = "nbtrack: run %s: the store refuses what was logged (%s); it stays in the journal"


class BatchSender:
    """Applies batches to a store.

    Threads: only for the flusher's thread.

    Args:
        uploads: Puts the files of the batches.
        deliver_others: Delivers what other processes have logged into a run.
        warn: Warns once about the thing that its first argument names.

    Attributes:
        refused: The writers whose batches the store refuses.
    """

    def __init__(self, uploads: Uploads, deliver_others: Callable[[Store, str], None], warn: Callable[..., None]) -> None:
        self._uploads, self._deliver_others, self._warn = uploads, deliver_others, warn
        self.refused = RefusedWriters()

    def send(self, store: Store, taken: list[Taken]) -> None:
        """Send batches, as far as they wait for no file, and acknowledge in each outbox what the store has.

        Raises:
            StoreUnavailable: The store is unavailable.
        """
        ready = [(writer, batch) for writer, whole in taken if _has_something(batch := self._without_files(store, writer, whole))]
        for writer, progress in self._apply(store, ready):
            writer.outbox.applied(progress)
            warn_of_conflicts(writer.run_id, progress)

    def _without_files(self, store: Store, writer: Writer, batch: Batch) -> Batch:
        ready = self._uploads.ready(store, writer, batch)
        if (error := self._uploads.refusal(writer)) is not None:
            self._refuse(writer, error)
        return ready

    def _apply(self, store: Store, taken: list[Taken]) -> Iterator[tuple[Writer, Progress]]:
        """Apply batches together; if the store refuses them, one by one, so that only the refused ones wait."""
        if not taken:
            return
        try:
            reached = self._applied(store, taken)
        except Exception as error:
            if _is_unavailable(error):
                raise
            for one in taken if len(taken) > 1 else ():
                yield from self._apply(store, [one])
            if len(taken) == 1:
                yield from self._apply_parts(store, *taken[0], error)
            return
        for (writer, _), progress in zip(taken, reached, strict=True):
            if self._uploads.refusal(writer) is None:
                self.refused.remove(writer.id)
            yield writer, progress

    def _applied(self, store: Store, taken: list[Taken]) -> list[Progress]:
        """Apply batches; if a worker is ahead of the process that started its run, after that process's journal."""
        batches = [batch for _, batch in taken]
        try:
            return apply_late(store, batches)
        except RunNotFound:
            if len(taken) > 1 or taken[0][0].owns:
                raise
            self._deliver_others(store, batches[0].run_id)
            return apply_late(store, batches)

    def _apply_parts(self, store: Store, writer: Writer, batch: Batch, error: Exception) -> Iterator[tuple[Writer, Progress]]:
        """Apply a batch that is too large in parts; one that is refused for another reason waits."""
        try:
            if isinstance(error, TooLarge):
                yield writer, apply_fitting(store, batch, partial(keep_refused, writer.home))
                return
        except StoreError as refusal:
            error = refusal
        self._refuse(writer, error)

    def _refuse(self, writer: Writer, error: Exception) -> None:
        self.refused.add(writer.id, writer.run_id, error)
        self._warn(f"{writer.id} {error}", _REFUSES, writer.run_id, error)


def _is_unavailable(error: Exception) -> bool:
    """Tell whether an error concerns the whole store, not just a run into which this user may not log."""
    return isinstance(error, StoreUnavailable) and not isinstance(error, NotPermitted)


def _has_something(batch: Batch) -> bool:
    return bool(batch.events or batch.lanes)
