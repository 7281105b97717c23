"""Turns the events and rows of a journal into what a store applies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..entities.events import ArtifactLogged, Event, LaneRows, RunEnded, RunStarted, Series
from .rows import MIXED, Rows

__all__ = ["deliverable", "lane_rows"]


def deliverable(events: Iterable[Event], *, is_complete: bool) -> Iterator[Event]:
    """Yield events up to one that must wait.

    A file waits until the store knows the run, and with it the place for files. The end waits until the batch has all
    rows (``is_complete``), so that a run is never FINISHED with points missing.
    """
    is_new = False
    for event in events:
        is_new = is_new or isinstance(event, RunStarted)
        if (is_new and isinstance(event, ArtifactLogged)) or (isinstance(event, RunEnded) and not is_complete):
            return
        yield event


def lane_rows(lane: int, keys: tuple[str, ...], rows: Rows, names: Sequence[str]) -> LaneRows:
    """Return a lane's rows as series; a mixed lane refers to ``names`` by number."""
    series = tuple(_by_name(rows, names)) if keys == MIXED else (_together(keys, rows),)
    return LaneRows(lane, rows.first, rows.count, tuple(each for each in series if len(each.steps)))


def _together(keys: tuple[str, ...], rows: Rows) -> Series:
    return Series(keys, rows.steps, rows.timestamps, tuple(rows.values))


def _by_name(rows: Rows, names: Sequence[str]) -> Iterator[Series]:
    """Split the rows of a mixed lane by metric, without rows whose number has no name."""
    import numpy as np

    numbers = rows.values[0].view("<i8")
    order = np.argsort(numbers, kind="stable")
    present, starts = np.unique(numbers[order], return_index=True)
    bounds = [*starts.tolist(), len(order)]
    for number, start, stop in zip(present.tolist(), bounds, bounds[1:], strict=False):
        if 0 <= number < len(names):
            index = order[start:stop]
            yield Series((names[number],), rows.steps[index], rows.timestamps[index], (rows.values[1][index],))
