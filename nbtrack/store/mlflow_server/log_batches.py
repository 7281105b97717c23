"""A batch's content in pieces that MLflow takes in one request each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import Any, Final

from ...entities.events import LaneRows, Series
from ..mlflow_api.codec import number_out
from .name_escapes import mlflow_name

__all__ = ["Piece", "pieces"]

# Of MLflow's limits, with room for the tag that says how far we are: 1000 in all, 100 params, 100 tags.
_MOST_POINTS: Final = 999
_MOST_POINTS_BESIDE: Final = 800
_MOST_PARAMS: Final = 100
_MOST_TAGS: Final = 99


@dataclass(slots=True)
class Piece:
    """The content of one request; how many rows of each lane, and whether all params and tags, are there after it."""

    params: list[dict[str, str]] = field(default_factory=list)
    tags: list[dict[str, str]] = field(default_factory=list)
    points: list[dict[str, Any]] = field(default_factory=list)
    lanes: dict[int, int] = field(default_factory=dict)
    has_all_texts: bool = True


def pieces(
    params: Mapping[str, str], tags: Mapping[str, str], lanes: Sequence[LaneRows], reached: Mapping[int, int]
) -> Iterator[Piece]:
    """Yield everything in pieces, one at least; rows count as reached when all points of all series are before them.

    Args:
        params: Texts by name.
        tags: Texts by name.
        lanes: Rows, of which nothing has been sent.
        reached: How many rows of each lane are there now.
    """
    done = dict(reached)
    both: Any = zip_longest(_pairs(params, _MOST_PARAMS), _pairs(tags, _MOST_TAGS), fillvalue=[])
    heads = list(both) or [([], [])]
    piece = Piece(heads[0][0], heads[0][1], lanes=dict(done))
    for head in heads[1:]:
        piece.has_all_texts = False
        yield piece
        piece = Piece(head[0], head[1], lanes=dict(done))
    for lane in lanes:
        points, sent = _points(lane), 0
        while part := list(islice(points, _room(piece))):
            piece.points += part
            sent += len(part)
            done[lane.lane] = max(done.get(lane.lane, 0), lane.first + _rows(lane, sent))
            piece.lanes = dict(done)
            if _room(piece) == 0:
                yield piece
                piece = Piece(lanes=dict(done))
        done[lane.lane] = max(done.get(lane.lane, 0), lane.first + lane.count)
        piece.lanes = dict(done)
    yield piece


def _room(piece: Piece) -> int:
    return (_MOST_POINTS_BESIDE if piece.params or piece.tags else _MOST_POINTS) - len(piece.points)


def _rows(lane: LaneRows, points: int) -> int:
    """Return how many rows from the first are whole in so many points."""
    (series, *more) = lane.series
    return points // len(series.keys) if not more and len(series.steps) == lane.count else 0


def _points(lane: LaneRows) -> Iterator[dict[str, Any]]:
    for series in lane.series:
        yield from _of_series(series)


def _of_series(series: Series) -> Iterator[dict[str, Any]]:
    names = [mlflow_name(key) for key in series.keys]
    columns = [column.tolist() for column in series.values]
    rows = zip(series.steps.tolist(), series.timestamps.clip(min=0).tolist(), *columns, strict=True)
    for step, timestamp, *values in rows:
        for name, value in zip(names, values, strict=True):
            yield {"key": name, "value": number_out(value), "timestamp": timestamp, "step": step}


def _pairs(texts: Mapping[str, str], most: int) -> Iterable[list[dict[str, str]]]:
    items = list(texts.items())
    for start in range(0, len(items), most):
        yield [{"key": key, "value": value} for key, value in items[start : start + most]]
