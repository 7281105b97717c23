"""The statistics of metrics: MLflow has the last point, all others are computed from the history."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...entities.run import MetricSummary, Points
from ..mlflow_api.runs import Metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Columns", "Summary", "columns_of", "summarize", "value_in"]

_LARGEST = sys.float_info.max


def value_in(value: float) -> float:
    """Return a value as it was logged: MLflow stores an infinity as the largest float."""
    return math.copysign(math.inf, value) if abs(value) == _LARGEST else value


@dataclass(frozen=True, slots=True)
class Columns:
    """Points as three arrays of equal length."""

    steps: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.steps)


def columns_of(points: list[Metric]) -> Columns:
    """Return the points of a history as arrays."""
    values = np.array([point.value for point in points], np.float64)
    values[values == _LARGEST] = np.inf
    values[values == -_LARGEST] = -np.inf
    steps = np.array([point.step for point in points], np.int64)
    return Columns(steps, np.array([point.timestamp for point in points], np.int64), values)


def summarize(points: Points) -> MetricSummary:
    """Return the summary of one or more points, as ``MetricSummary`` defines it."""
    steps, values = points.steps, points.values
    is_nan = np.isnan(values)
    # For first and last, NaN sorts before every number. Of equal extremes the one with the lowest step counts.
    order = np.lexsort((np.where(is_nan, -np.inf, values), ~is_nan, points.timestamps, steps))
    first, last = order[0], order[-1]
    numbers = order[~is_nan[order]]
    least = numbers[np.argmin(values[numbers])] if len(numbers) else first
    most = numbers[np.argmax(values[numbers])] if len(numbers) else first
    with np.errstate(invalid="ignore", over="ignore"):
        total = float(values[numbers].sum())
    return MetricSummary(
        first=float(values[first]),
        first_step=int(steps[first]),
        first_timestamp=int(points.timestamps[first]),
        last=float(values[last]),
        last_step=int(steps[last]),
        last_timestamp=int(points.timestamps[last]),
        min=float(values[least]),
        min_step=int(steps[least]),
        max=float(values[most]),
        max_step=int(steps[most]),
        total=total,
        count=len(values),
        nan_count=int(is_nan.sum()),
    )


class Summary:
    """A ``MetricSummary`` whose last point is known; everything else is computed when it is first read.

    Args:
        metric: The last point.
        compute: Computes the whole summary.
    """

    def __init__(self, metric: Metric, compute: Callable[[], MetricSummary]) -> None:
        self.last, self.last_step, self.last_timestamp = value_in(metric.value), metric.step, metric.timestamp
        self._compute = compute

    @property
    def point(self) -> tuple[int, int, str]:
        """The last point, comparable even if its value is NaN."""
        return self.last_step, self.last_timestamp, repr(self.last)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._compute(), name)
