"""Batches on their way to a server, and how far it says that it has come."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, Field, fields, replace
from functools import cache
from typing import Any, get_type_hints

import msgspec

from ...entities.events import Batch, Conflict, Event, LaneRows, Progress, RunEnded, Series
from ...journal.codec import from_json, to_json
from .codecs import Codec, dump_value, load_value
from .points import WireLane, make_lane, pack_lane

__all__ = ["BATCHES", "PROGRESS", "in_pieces"]

# Equal numbers pack to next to nothing, so that a small request could fill a large memory; four times what our client sends.
_MOST_NUMBERS = 1 << 22


class WireBatch(msgspec.Struct, array_like=True, frozen=True):
    """A ``Batch``; its events are JSON, as in the journal."""

    run_id: str
    writer: str
    first_event: int
    events: str
    lanes: list[WireLane]


class WireProgress(msgspec.Struct, array_like=True, frozen=True):
    """A ``Progress``; of a conflict the param and both values, as JSON."""

    events: int
    lanes: dict[int, int]
    conflicts: list[tuple[str, str, str]]


def _pack(batches: Sequence[Batch]) -> list[WireBatch]:
    return [
        WireBatch(
            batch.run_id,
            batch.writer,
            batch.first_event,
            dump_value([to_json(event) for event in batch.events]),
            [pack_lane(lane) for lane in batch.lanes],
        )
        for batch in batches
    ]


def _make(batches: list[WireBatch]) -> list[Batch]:
    claimed = sum(
        max(0, series.count) * (2 + len(series.values)) for batch in batches for lane in batch.lanes for series in lane.series
    )
    if claimed > _MOST_NUMBERS:
        raise ValueError(f"a request may hold {_MOST_NUMBERS} numbers, and this one says that it holds {claimed}")
    return [_make_one(batch) for batch in batches]


def _make_one(batch: WireBatch) -> Batch:
    if batch.first_event < 0:
        raise ValueError("events count from 0")
    lanes = tuple(make_lane(lane) for lane in batch.lanes)
    return Batch(batch.run_id, batch.writer, batch.first_event, tuple(_events(batch.events)), lanes)


def _events(text: str) -> Iterator[Event]:
    for raw in msgspec.convert(json.loads(text), list[tuple[str, dict[str, Any]]]):
        event: Any = from_json(raw)
        checked = msgspec.convert(raw[1], _fields_of(event.__class__))
        yield type(event)(**{field.name: getattr(checked, field.name) for field in fields(event)})


@cache
def _fields_of(kind: type[Any]) -> Any:
    """Return what an event's fields are to be, for msgspec to check; the values of params may be anything that is JSON."""
    hints = get_type_hints(kind, localns={"ParamValue": Any})
    return msgspec.defstruct(kind.__name__, [(field.name, hints[field.name], *_default(field)) for field in fields(kind)])


def _default(field: Field[Any]) -> tuple[Any, ...]:
    if field.default_factory is not MISSING:
        return (msgspec.field(default_factory=field.default_factory),)
    return () if field.default is MISSING else (field.default,)


def _pack_progress(progress: Sequence[Progress]) -> list[WireProgress]:
    return [
        WireProgress(each.events, dict(each.lanes), [(c.key, dump_value(c.kept), dump_value(c.refused)) for c in each.conflicts])
        for each in progress
    ]


def _make_progress(progress: list[WireProgress]) -> list[Progress]:
    return [
        Progress(
            each.events,
            each.lanes,
            tuple(Conflict(key, load_value(kept), load_value(refused)) for key, kept, refused in each.conflicts),
        )
        for each in progress
    ]


BATCHES = Codec(list[WireBatch], _pack, _make)
PROGRESS = Codec(list[WireProgress], _pack_progress, _make_progress)


# A request that is not too large.


def in_pieces(batch: Batch, most: int) -> Iterator[Batch]:
    """Yield a batch as several of at most ``most`` numbers each, to be applied one after the other.

    The end of a run comes with the last, so that no run is seen as ended with points missing.
    """
    lanes = [piece for lane in batch.lanes for piece in _lane_in_pieces(lane, most)]
    groups = _grouped(lanes, most)
    if len(groups) <= 1:
        yield batch
        return
    ended = next((at for at, event in enumerate(batch.events) if isinstance(event, RunEnded)), len(batch.events))
    yield replace(batch, events=batch.events[:ended], lanes=tuple(groups[0]))
    for group in groups[1:-1]:
        yield replace(batch, events=(), lanes=tuple(group))
    yield replace(batch, first_event=batch.first_event + ended, events=batch.events[ended:], lanes=tuple(groups[-1]))


def _grouped(lanes: list[LaneRows], most: int) -> list[list[LaneRows]]:
    groups: list[list[LaneRows]] = []
    room = 0
    for lane in lanes:
        if not groups or numbers_of(lane) > room:
            groups.append([])
            room = most
        groups[-1].append(lane)
        room -= numbers_of(lane)
    return groups


def numbers_of(lane: LaneRows) -> int:
    """Return how many numbers the columns of a lane's rows have."""
    return sum(len(series.steps) * (2 + len(series.values)) for series in lane.series)


def _lane_in_pieces(lane: LaneRows, most: int) -> Iterator[LaneRows]:
    """Yield a lane's rows in pieces; rows of several series stay together, for they are not in the order of rows."""
    rows = max(1, most // (2 + len(lane.series[0].values))) if len(lane.series) == 1 else lane.count
    if rows >= lane.count or len(lane.series[0].steps) != lane.count:
        yield lane
        return
    for start in range(0, lane.count, rows):
        part = slice(start, start + rows)
        yield LaneRows(lane.lane, lane.first + start, min(rows, lane.count - start), (_cut(lane.series[0], part),))


def _cut(series: Series, part: slice) -> Series:
    columns: Any = tuple(values[part] for values in series.values)
    return Series(series.keys, series.steps[part], series.timestamps[part], columns)
