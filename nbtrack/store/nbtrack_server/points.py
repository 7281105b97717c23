"""Points as columns of bytes: in batches on their way in, as histories on their way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from ...entities.events import LaneRows, Series
from ...entities.run import Points
from ...errors import StoreError
from ..chunks import decode_into, encode
from .codecs import Codec

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HISTORIES", "HISTORY", "WireLane", "make_lane", "pack_lane"]

# A column claims its length before it is decoded; this is what may be set aside for one.
_MOST_POINTS = 1 << 28


class WireSeries(msgspec.Struct, array_like=True, frozen=True):
    """A ``Series``: its columns encoded."""

    keys: tuple[str, ...]
    count: int
    steps: bytes
    timestamps: bytes
    values: list[bytes]


class WireLane(msgspec.Struct, array_like=True, frozen=True):
    """A ``LaneRows``."""

    lane: int
    first: int
    count: int
    series: list[WireSeries]


class WirePoints(msgspec.Struct, array_like=True, frozen=True):
    """``Points``: their columns encoded."""

    count: int
    steps: bytes
    timestamps: bytes
    values: bytes


def pack_lane(lane: LaneRows) -> WireLane:
    """Return a lane's rows as they are sent."""
    return WireLane(lane.lane, lane.first, lane.count, [_pack_series(each) for each in lane.series])


def make_lane(lane: WireLane) -> LaneRows:
    """Return a lane's rows as they came; ValueError where they cannot be some."""
    if lane.lane < 0 or lane.first < 0 or lane.count < 0:
        raise ValueError("a lane counts from 0")
    return LaneRows(lane.lane, lane.first, lane.count, tuple(_make_series(each) for each in lane.series))


def _pack_series(series: Series) -> WireSeries:
    columns = [encode(column) for column in (series.steps, series.timestamps, *series.values)]
    return WireSeries(series.keys, len(series.steps), columns[0], columns[1], columns[2:])


def _make_series(series: WireSeries) -> Series:
    if len(series.keys) != len(series.values):
        raise ValueError(f"{len(series.keys)} metrics have {len(series.values)} columns")
    steps, timestamps = (_column(data, series.count, "i8") for data in (series.steps, series.timestamps))
    return Series(series.keys, steps, timestamps, tuple(_column(data, series.count, "f8") for data in series.values))


def _column(data: bytes, count: int, dtype: str) -> NDArray[Any]:
    """Return a column; ValueError where the bytes do not hold one of that length."""
    if not 0 <= count <= _MOST_POINTS:
        raise ValueError(f"a column cannot have {count} numbers")
    column = np.empty(count, dtype)
    try:
        decode_into(data, column)
    except StoreError as error:
        raise ValueError(str(error)) from error
    return column


@dataclass(frozen=True)
class _Received:
    """Points from a server; a column is decoded when it is first asked for."""

    wire: WirePoints

    def __len__(self) -> int:
        return self.wire.count

    @cached_property
    def steps(self) -> NDArray[np.int64]:
        return self._decoded(self.wire.steps, "i8")

    @cached_property
    def timestamps(self) -> NDArray[np.int64]:
        return self._decoded(self.wire.timestamps, "i8")

    @cached_property
    def values(self) -> NDArray[np.float64]:
        return self._decoded(self.wire.values, "f8")

    def _decoded(self, data: bytes, dtype: str) -> NDArray[Any]:
        try:
            return _column(data, self.wire.count, dtype)
        except ValueError as error:
            raise StoreError(f"the server sent points that cannot be read: {error}") from error


def _pack(points: Points) -> WirePoints:
    return WirePoints(len(points), encode(points.steps), encode(points.timestamps), encode(points.values))


def _pack_all(histories: Sequence[tuple[str, str, Points]]) -> list[tuple[str, str, WirePoints]]:
    return [(run_id, key, _pack(points)) for run_id, key, points in histories]


def _make_all(histories: list[tuple[str, str, WirePoints]]) -> list[tuple[str, str, Points]]:
    return [(run_id, key, _Received(points)) for run_id, key, points in histories]


HISTORY = Codec(WirePoints, _pack, _Received)
HISTORIES = Codec(list[tuple[str, str, WirePoints]], _pack_all, _make_all)

if TYPE_CHECKING:
    _proof: type[Points] = _Received
