"""Endpoints of metric histories."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ...entities.run import Points
from ...errors import RunNotFound
from ...store.mlflow_api import metrics as wire
from ...store.mlflow_api.codec import number_out
from ...store.mlflow_api.errors import ApiError, invalid, missing_value
from ...store.mlflow_api.page_tokens import read_token, token_at
from ...store.mlflow_api.runs import Metric
from ..route import Route
from ..service import Service

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ROUTES"]

_MOST_RUNS: Final = 100
_MOST_POINTS: Final = 25_000
_MOST_SAMPLES: Final = 2_500


def get_metric_history(service: Service, request: wire.GetHistory) -> wire.MetricsResponse:
    """Return points by time, step and value: a page if the request has a page size, else all."""
    size = request.max_results
    if size is not None and size <= 0:
        raise invalid(f"Invalid value {size} for parameter 'max_results' supplied. It must be a positive integer.")
    start = read_token(request.page_token)
    points = _history(service, request.run, request.metric_key)
    stop = len(points) if size is None else start + size
    rows = _by_time(points)
    token = token_at(stop) if stop < len(points) else ""
    return wire.MetricsResponse(
        _messages(request.metric_key, points, slice(start, stop) if rows is None else rows[start:stop]), token
    )


def get_metric_history_bulk(service: Service, request: wire.GetHistoryBulk) -> wire.MetricsResponse:
    """Return the first points of a metric of several runs, run by run."""
    if not request.run_id:
        raise invalid("GetMetricHistoryBulk request must specify at least one run_id.")
    if len(request.run_id) > _MOST_RUNS:
        raise invalid(
            f"GetMetricHistoryBulk request cannot specify more than {_MOST_RUNS} run_ids. Received {len(request.run_id)} run_ids."
        )
    key = request.metric_key
    if key is None:
        raise invalid("GetMetricHistoryBulk request must specify a metric_key.")
    left = _MOST_POINTS if request.max_results is None else min(request.max_results, _MOST_POINTS)
    found: list[Metric] = []
    for run_id, _, points in service.store.histories(sorted(set(request.run_id)), [key]):
        rows = _by_time(points)
        stop = left - len(found)
        found += _messages(key, points, slice(0, stop) if rows is None else rows[:stop], run_id)
    return wire.MetricsResponse(found)


def get_metric_history_bulk_interval(service: Service, request: wire.GetHistoryBulkInterval) -> wire.MetricsResponse:
    """Return points of a metric of several runs, sampled evenly between two steps."""
    if not request.run_ids:
        raise missing_value("run_ids")
    _check_interval(request, len(request.run_ids))
    size = request.max_results or _MOST_SAMPLES
    by_run = {run_id: points for run_id, _, points in service.store.histories(request.run_ids, [request.metric_key])}
    found: list[Metric] = []
    for run_id in request.run_ids:
        if (points := by_run.get(run_id)) is not None:
            found += _messages(request.metric_key, points, _sample(points, request, size), run_id)
    return wire.MetricsResponse(found)


def _check_interval(request: wire.GetHistoryBulkInterval, runs: int) -> None:
    start, end, size = request.start_step, request.end_step, request.max_results
    if runs > _MOST_RUNS:
        raise _in_api(f"GetMetricHistoryBulkInterval request must specify at most {_MOST_RUNS} run_ids. Received {runs} run_ids.")
    if size is not None and not 1 <= size <= _MOST_SAMPLES:
        raise _in_api(f"max_results must be between 1 and {_MOST_SAMPLES}.")
    if (start is None) != (end is None):
        raise invalid("If either start step or end step are specified, both must be specified.")
    if start is not None and end is not None and start > end:
        raise invalid(f"end_step must be greater than start_step. Found start_step={start} and end_step={end}.")


def _in_api(message: str) -> ApiError:
    return invalid(f"{message} See the API docs for more information about request parameters.")


def _sample(points: Points, request: wire.GetHistoryBulkInterval, size: int) -> NDArray[np.intp]:
    """Return the rows of a sample in the order of steps: the first of each of ``size`` equal parts, and the last row."""
    rows = np.lexsort((np.nan_to_num(points.values), points.timestamps, points.steps))
    if request.start_step is not None and request.end_step is not None:
        steps = points.steps[rows]
        rows = rows[(steps >= request.start_step) & (steps <= request.end_step)]
    if len(rows) <= size:
        return rows
    places = np.arange(size) * len(rows) // size
    places[-1] = len(rows) - 1
    return rows[places]


def _history(service: Service, run_id: str, key: str) -> Points:
    try:
        return service.store.history(run_id, key)
    except RunNotFound:  # MLflow answers with no points
        return _Nothing()


class _Nothing:
    """A history without points."""

    steps = timestamps = np.empty(0, np.int64)
    values = np.empty(0, np.float64)

    def __len__(self) -> int:
        return 0


def _by_time(points: Points) -> NDArray[np.intp] | None:
    """Return the rows ordered by (timestamp, step, value), None if they are in this order already."""
    times, steps = points.timestamps, points.steps
    later = times[1:] > times[:-1]
    if later.all() or (later | ((times[1:] == times[:-1]) & (steps[1:] > steps[:-1]))).all():
        return None
    return np.lexsort((np.nan_to_num(points.values), steps, times))


def _messages(key: str, points: Points, rows: Any, run_id: str = "") -> list[Metric]:
    values = points.values[rows]
    numbers: Iterable[Any] = values.tolist()
    if not np.isfinite(values).all():
        numbers = map(number_out, numbers)
    return list(map(Metric, repeat(key), numbers, points.timestamps[rows].tolist(), points.steps[rows].tolist(), repeat(run_id)))


ROUTES: Final = (
    Route(wire.GET_HISTORY, get_metric_history, "READ"),
    Route(wire.GET_HISTORY_BULK, get_metric_history_bulk, "READ"),
    Route(wire.GET_HISTORY_BULK_INTERVAL, get_metric_history_bulk_interval, "READ"),
)
