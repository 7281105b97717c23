"""Batches that are larger than a store takes at once: split until they fit, and what fits in no way set aside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..entities.events import Batch, Event, Progress, RunEnded, TagsSet
from ..errors import TooLarge
from ..store.nbtrack_server.batch_splitting import count_numbers, split_batch
from ..store.protocol.store import Store
from .deleted_experiments import apply_late

__all__ = ["Refuse", "apply_fitting"]

# What stands in the store for an event that it does not take: (run id, the event, what the store said).
Refuse = Callable[[str, Event, Exception], TagsSet]


def apply_fitting(store: Store, batch: Batch, refuse: Refuse) -> Progress:
    """Apply a batch, in parts where it is too large, one after the other.

    Args:
        store: The store.
        batch: What a writer has.
        refuse: Sets an event aside that is too large alone.

    Returns:
        How far the store has come with the writer.

    Raises:
        TooLarge: Rows that cannot be split are too large.
    """
    try:
        return apply_late(store, [batch])[0]
    except TooLarge as error:
        pieces = _pieces(batch)
        if len(pieces) > 1:
            return [apply_fitting(store, piece, refuse) for piece in pieces][-1]
        if batch.lanes or not batch.events:
            raise
        (event,) = batch.events
        return apply_late(store, [replace(batch, events=(refuse(batch.run_id, event, error),))])[0]


def _pieces(batch: Batch) -> list[Batch]:
    """Return a batch as smaller ones, to be applied in this order; the end of a run is in the last. One where it has no parts."""
    numbers = sum(count_numbers(lane) for lane in batch.lanes)
    if numbers > 1 and len(pieces := list(split_batch(batch, numbers // 2))) > 1:
        return pieces
    if batch.lanes and batch.events:
        ended = next((at for at, event in enumerate(batch.events) if isinstance(event, RunEnded)), len(batch.events))
        rows = replace(batch, first_event=batch.first_event + ended, events=(), lanes=batch.lanes)
        parts = [_events(batch, 0, ended), rows, _events(batch, ended, len(batch.events))]
        return [part for part in parts if part.events or part.lanes]
    half = len(batch.events) // 2
    return [_events(batch, 0, half), _events(batch, half, len(batch.events))] if half else [batch]


def _events(batch: Batch, start: int, stop: int) -> Batch:
    return replace(batch, first_event=batch.first_event + start, events=batch.events[start:stop], lanes=())
