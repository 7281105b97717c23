"""The content of a batch as requests to ``runs/log-batch``, each within the limits of MLflow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, zip_longest
from typing import Any, Final

from ...entities.events import LaneRows, Series
from ..mlflow_api.codec import number_out
from .name_escapes import mlflow_name

__all__ = ["LogBatch", "log_batches"]

# MLflow allows 1000 in all, 100 params and 100 tags; these leave room for the tag with the writer's progress.
_MOST_POINTS: Final = 999
_MOST_POINTS_BESIDE_OTHERS: Final = 800
_MOST_PARAMS: Final = 100
_MOST_TAGS: Final = 99


@dataclass(slots=True)
class LogBatch:
    """The content of one request.

    Attributes:
        params: Params with ``key`` and ``value``.
        tags: Tags with ``key`` and ``value``.
        points: Points as MLflow's ``metrics``.
        lanes: How many rows of each lane the server has after the request.
        has_all_params_and_tags: Whether the server has all params and tags of the batch after the request.
    """

    params: list[dict[str, str]] = field(default_factory=list)
    tags: list[dict[str, str]] = field(default_factory=list)
    points: list[dict[str, Any]] = field(default_factory=list)
    lanes: dict[int, int] = field(default_factory=dict)
    has_all_params_and_tags: bool = True


def log_batches(
    params: Mapping[str, str], tags: Mapping[str, str], lanes: Sequence[LaneRows], reached: Mapping[int, int]
) -> Iterator[LogBatch]:
    """Yield the contents of one or more requests that log everything, in this order.

    Args:
        params: Params as strings by MLflow's names.
        tags: Tags by MLflow's names.
        lanes: Rows that the server does not have.
        reached: How many rows of each lane the server has now.
    """
    rows = dict(reached)
    both: Any = zip_longest(_key_values(params, _MOST_PARAMS), _key_values(tags, _MOST_TAGS), fillvalue=[])
    heads = list(both) or [([], [])]
    content = LogBatch(heads[0][0], heads[0][1], lanes=dict(rows))
    for head in heads[1:]:
        content.has_all_params_and_tags = False
        yield content
        content = LogBatch(head[0], head[1], lanes=dict(rows))
    for lane in lanes:
        points, sent = chain.from_iterable(map(_series_points, lane.series)), 0
        while part := list(islice(points, _room(content))):
            content.points += part
            sent += len(part)
            rows[lane.lane] = max(rows.get(lane.lane, 0), lane.first + _complete_rows(lane, sent))
            content.lanes = dict(rows)
            if _room(content) == 0:
                yield content
                content = LogBatch(lanes=dict(rows))
        rows[lane.lane] = max(rows.get(lane.lane, 0), lane.first + lane.count)
        content.lanes = dict(rows)
    yield content


def _room(content: LogBatch) -> int:
    return (_MOST_POINTS_BESIDE_OTHERS if content.params or content.tags else _MOST_POINTS) - len(content.points)


def _complete_rows(lane: LaneRows, points: int) -> int:
    """Return how many rows are complete once that many points are sent; 0 if the lane's points are not in the order of rows."""
    (series, *more) = lane.series
    return points // len(series.keys) if not more and len(series.steps) == lane.count else 0


def _series_points(series: Series) -> Iterator[dict[str, Any]]:
    names = [mlflow_name(key) for key in series.keys]
    columns = [column.tolist() for column in series.values]
    rows = zip(series.steps.tolist(), series.timestamps.clip(min=0).tolist(), *columns, strict=True)
    for step, timestamp, *values in rows:
        for name, value in zip(names, values, strict=True):
            yield {"key": name, "value": number_out(value), "timestamp": timestamp, "step": step}


def _key_values(strings: Mapping[str, str], most: int) -> Iterable[list[dict[str, str]]]:
    items = list(strings.items())
    for start in range(0, len(items), most):
        yield [{"key": key, "value": value} for key, value in items[start : start + most]]
