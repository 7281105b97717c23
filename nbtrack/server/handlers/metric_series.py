"""Arranges the points of a request into columns."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...entities.events import Series
from ...store.mlflow_api.errors import ApiError, invalid, missing_value
from ...store.mlflow_api.limits import check_metric, is_key
from ...store.mlflow_api.runs import LoggedMetric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Columns = tuple[list[Any], list[Any], list[Any]]

__all__ = ["series_of"]


def series_of(metrics: Sequence[LoggedMetric], path: str = "metrics[{}]") -> list[Series]:
    """Return points as series by key; keys with the same steps and times share one series.

    Args:
        metrics: The points, one or more.
        path: A format of how errors name the point at an index.

    Raises:
        ApiError: A point is invalid; the message names it.
    """
    by_key: dict[str, list[LoggedMetric]] = {}
    for metric in metrics:
        by_key.setdefault(metric.key, []).append(metric)
    try:
        if all(map(is_key, by_key)):
            return _together({key: _columns(points) for key, points in by_key.items()})
    except (TypeError, OverflowError, ValueError):
        pass  # valid points are converted without checking each; only an invalid request is searched for the point to name
    raise _complaint(metrics, path)


def _columns(points: Sequence[LoggedMetric]) -> Columns:
    return [each.step for each in points], [each.timestamp for each in points], [each.value for each in points]


def _together(by_key: dict[str, Columns]) -> list[Series]:
    """Return columns as series; ``array`` raises for None and numbers out of range, which numpy would convert."""
    groups: dict[bytes, tuple[list[str], NDArray[np.int64], NDArray[np.int64], list[NDArray[np.float64]]]] = {}
    for key, (steps, timestamps, values) in by_key.items():
        axis = np.array([array("q", steps), array("q", timestamps)], np.int64)
        if axis[1].min() < 0:
            raise ValueError("a time before 1970")
        # Metrics of a training loop share steps and times, and a store writes a shared axis once.
        group = groups.setdefault(axis.tobytes(), ([], axis[0], axis[1], []))
        group[0].append(key)
        group[3].append(np.array(array("d", values)))
    return [Series(tuple(keys), steps, timestamps, tuple(values)) for keys, steps, timestamps, values in groups.values()]


def _complaint(metrics: Sequence[LoggedMetric], path: str) -> ApiError:
    """Return the error of the first invalid point."""
    for index, metric in enumerate(metrics):
        where = path.format(index)
        for name in ("key", "value", "timestamp"):
            if getattr(metric, name) in (None, ""):
                return missing_value(f"{where}.{name}" if where else name)
    for index, metric in enumerate(metrics):
        check_metric(metric, path.format(index))
    return invalid("these metrics cannot be logged")
