"""Splits batches that are larger than a store accepts; an event that is too large alone is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..entities.events import Batch, Event, Progress, RunEnded, TagsSet
from ..errors import TooLarge
from ..store.nbtrack_server.batch_splitting import count_numbers, split_batch
from ..store.protocol.store import Store
from .deleted_experiments import apply_late

__all__ = ["Refuse", "apply_fitting"]

# Keeps an event that the store refuses, and returns the tag in its place: (run id, the event, the store's reason).
Refuse = Callable[[str, Event, Exception], TagsSet]


def apply_fitting(store: Store, batch: Batch, refuse: Refuse) -> Progress:
    """Apply a batch, in parts if it is too large.

    Args:
        store: The store.
        batch: The batch of a writer.
        refuse: Keeps an event that is too large alone.

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
    """Return a batch as smaller ones, in order, with the end of the run in the last; only itself if it cannot be split."""
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
