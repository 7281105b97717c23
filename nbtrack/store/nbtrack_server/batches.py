"""Codecs of batches, which a client sends, and of the progress that a server reports."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, Field, fields
from functools import cache
from typing import Any, get_type_hints

import msgspec

from ...entities.events import Batch, Conflict, Event, Progress
from ...journal.codec import from_json, to_json
from .codecs import Codec, dump_value, load_value
from .points import WireLane, decode_lane, encode_lane

__all__ = ["BATCHES", "PROGRESS", "WireBatch"]

# Equal numbers compress to almost nothing, so a small request could fill the server's memory.
# Four times what nbtrack's client sends.
_MOST_NUMBERS = 1 << 22


class WireBatch(msgspec.Struct, array_like=True, frozen=True):
    """A ``Batch`` with its events as JSON, in the journal's format."""

    run_id: str
    writer: str
    first_event: int
    events: str
    lanes: list[WireLane]


class WireProgress(msgspec.Struct, array_like=True, frozen=True):
    """A ``Progress``; a conflict is the param's name and both values as JSON."""

    events: int
    lanes: dict[int, int]
    conflicts: list[tuple[str, str, str]]


def _encode_batches(batches: Sequence[Batch]) -> list[WireBatch]:
    return [
        WireBatch(
            batch.run_id,
            batch.writer,
            batch.first_event,
            dump_value([to_json(event) for event in batch.events]),
            [encode_lane(lane) for lane in batch.lanes],
        )
        for batch in batches
    ]


def _decode_batches(batches: list[WireBatch]) -> list[Batch]:
    claimed = sum(
        max(0, series.count) * (2 + len(series.values)) for batch in batches for lane in batch.lanes for series in lane.series
    )
    if claimed > _MOST_NUMBERS:
        raise ValueError(f"a request may contain {_MOST_NUMBERS} numbers, and this one claims {claimed}")
    return [_decode_batch(batch) for batch in batches]


def _decode_batch(batch: WireBatch) -> Batch:
    if batch.first_event < 0:
        raise ValueError("the number of the first event is negative")
    lanes = tuple(decode_lane(lane) for lane in batch.lanes)
    return Batch(batch.run_id, batch.writer, batch.first_event, tuple(_decode_events(batch.events)), lanes)


def _decode_events(text: str) -> Iterator[Event]:
    for raw in msgspec.convert(json.loads(text), list[tuple[str, dict[str, Any]]]):
        event: Any = from_json(raw)
        checked = msgspec.convert(raw[1], _fields_of(event.__class__))
        yield type(event)(**{field.name: getattr(checked, field.name) for field in fields(event)})


@cache
def _fields_of(kind: type[Any]) -> Any:
    """Return a class with an event's fields, by which msgspec checks their types; a param's value may be any JSON."""
    hints = get_type_hints(kind, localns={"ParamValue": Any})
    return msgspec.defstruct(kind.__name__, [(field.name, hints[field.name], *_default(field)) for field in fields(kind)])


def _default(field: Field[Any]) -> tuple[Any, ...]:
    if field.default_factory is not MISSING:
        return (msgspec.field(default_factory=field.default_factory),)
    return () if field.default is MISSING else (field.default,)


def _encode_progress(progress: Sequence[Progress]) -> list[WireProgress]:
    return [
        WireProgress(each.events, dict(each.lanes), [(c.key, dump_value(c.kept), dump_value(c.refused)) for c in each.conflicts])
        for each in progress
    ]


def _decode_progress(progress: list[WireProgress]) -> list[Progress]:
    return [
        Progress(
            each.events,
            each.lanes,
            tuple(Conflict(key, load_value(kept), load_value(refused)) for key, kept, refused in each.conflicts),
        )
        for each in progress
    ]


BATCHES = Codec(list[WireBatch], _encode_batches, _decode_batches)
PROGRESS = Codec(list[WireProgress], _encode_progress, _decode_progress)
