"""Batches split into several that each fit into one request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ...entities.events import Batch, LaneRows, RunEnded, Series

__all__ = ["count_numbers", "split_batch"]


def count_numbers(lane: LaneRows) -> int:
    """Return how many numbers the columns of a lane's rows contain, steps and timestamps included."""
    return sum(len(series.steps) * (2 + len(series.values)) for series in lane.series)


def split_batch(batch: Batch, most: int) -> Iterator[Batch]:
    """Yield batches of at most ``most`` numbers, to be applied in this order; together they are the given batch.

    Rows of a lane that has several series are not split and may exceed ``most``.
    """
    groups = _grouped([piece for lane in batch.lanes for piece in _split_lane(lane, most)], most)
    if len(groups) <= 1:
        yield batch
        return
    # The run's end goes into the last batch, so that no reader sees an ended run with points missing.
    ended = next((at for at, event in enumerate(batch.events) if isinstance(event, RunEnded)), len(batch.events))
    yield replace(batch, events=batch.events[:ended], lanes=tuple(groups[0]))
    for group in groups[1:-1]:
        yield replace(batch, events=(), lanes=tuple(group))
    yield replace(batch, first_event=batch.first_event + ended, events=batch.events[ended:], lanes=tuple(groups[-1]))


def _grouped(lanes: list[LaneRows], most: int) -> list[list[LaneRows]]:
    groups: list[list[LaneRows]] = []
    room = 0
    for lane in lanes:
        if not groups or count_numbers(lane) > room:
            groups.append([])
            room = most
        groups[-1].append(lane)
        room -= count_numbers(lane)
    return groups


def _split_lane(lane: LaneRows, most: int) -> Iterator[LaneRows]:
    # The series of a lane are not in the order of its rows, so only a lane with a single series can be cut between rows.
    rows = max(1, most // (2 + len(lane.series[0].values))) if len(lane.series) == 1 else lane.count
    if rows >= lane.count or len(lane.series[0].steps) != lane.count:
        yield lane
        return
    for start in range(0, lane.count, rows):
        part = slice(start, start + rows)
        yield LaneRows(lane.lane, lane.first + start, min(rows, lane.count - start), (_sliced(lane.series[0], part),))


def _sliced(series: Series, part: slice) -> Series:
    columns: Any = tuple(values[part] for values in series.values)
    return Series(series.keys, series.steps[part], series.timestamps[part], columns)
