"""Codecs of points, whose columns are sent as encoded bytes: in batches to the server, as histories to the client."""

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
from ..protocol.store import RunOverview
from ..text import storable
from .codecs import DETAILS, Codec

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HISTORIES", "HISTORY", "OVERVIEW", "WireLane", "decode_lane", "encode_lane"]

# The sender states a column's length, and memory for it is allocated before the bytes are decoded.
_MOST_POINTS = 1 << 28


class WireSeries(msgspec.Struct, array_like=True, frozen=True):
    """A ``Series`` with encoded columns."""

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
    """``Points`` with encoded columns."""

    count: int
    steps: bytes
    timestamps: bytes
    values: bytes


def encode_lane(lane: LaneRows) -> WireLane:
    """Return the wire form of a lane's rows."""
    return WireLane(lane.lane, lane.first, lane.count, [_encode_series(each) for each in lane.series])


def decode_lane(lane: WireLane) -> LaneRows:
    """Return a lane's rows.

    Raises:
        ValueError: A number is negative, or the columns of a series do not fit together.
    """
    if lane.lane < 0 or lane.first < 0 or lane.count < 0:
        raise ValueError("a lane has a negative number")
    return LaneRows(lane.lane, lane.first, lane.count, tuple(_decode_series(each) for each in lane.series))


def _encode_series(series: Series) -> WireSeries:
    columns = [encode(column) for column in (series.steps, series.timestamps, *series.values)]
    return WireSeries(series.keys, len(series.steps), columns[0], columns[1], columns[2:])


def _decode_series(series: WireSeries) -> Series:
    if len(series.keys) != len(series.values):
        raise ValueError(f"{len(series.keys)} metrics have {len(series.values)} columns")
    # nbtrack's own client refuses such a name when it is logged; replaced here, two names could become one.
    if storable(series.keys) != series.keys:
        raise ValueError("the name of a metric contains a NUL or half a surrogate pair, which no store can keep")
    steps, timestamps = (_column(data, series.count, "i8") for data in (series.steps, series.timestamps))
    return Series(series.keys, steps, timestamps, tuple(_column(data, series.count, "f8") for data in series.values))


def _column(data: bytes, count: int, dtype: str) -> NDArray[Any]:
    """Decode a column; ValueError if the bytes are not a column of that length."""
    # Checked before memory is allocated for the column.
    if not 0 <= count <= _MOST_POINTS:
        raise ValueError(f"a column cannot have {count} numbers")
    column = np.empty(count, dtype)
    try:
        decode_into(data, column)
    except StoreError as error:
        raise ValueError(str(error)) from error
    return column


# A chart reads two of the three columns.
@dataclass(frozen=True)
class _LazyPoints:
    """Points from a server, each column decoded when it is first read."""

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


def _encode_points(points: Points) -> WirePoints:
    return WirePoints(len(points), encode(points.steps), encode(points.timestamps), encode(points.values))


def _encode_histories(histories: Sequence[tuple[str, str, Points]]) -> list[tuple[str, str, WirePoints]]:
    return [(run_id, key, _encode_points(points)) for run_id, key, points in histories]


def _decode_histories(histories: list[tuple[str, str, WirePoints]]) -> list[tuple[str, str, Points]]:
    return [(run_id, key, _LazyPoints(points)) for run_id, key, points in histories]


def _encode_overview(overview: RunOverview) -> tuple[Any, ...]:
    histories = _encode_histories(overview.histories)
    return DETAILS.encode(overview.details), histories, overview.artifact_count, overview.documents


def _decode_overview(wire: Any) -> RunOverview:
    details, histories, artifact_count, documents = wire
    return RunOverview(DETAILS.decode(details), _decode_histories(histories), artifact_count, documents)


HISTORY = Codec(WirePoints, _encode_points, _LazyPoints)
HISTORIES = Codec(list[tuple[str, str, WirePoints]], _encode_histories, _decode_histories)
OVERVIEW = Codec(
    tuple[DETAILS.type, list[tuple[str, str, WirePoints]], int, dict[str, str]],  # type: ignore[name-defined]
    _encode_overview,
    _decode_overview,
)

if TYPE_CHECKING:
    _proof: type[Points] = _LazyPoints
