"""The statistics of metrics: the last point is MLflow's, everything else is computed from the history."""

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
    """Return a value as it was logged: MLflow keeps an infinity as the largest number."""
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
    """Return the summary of one point or more, as ``MetricSummary`` defines it."""
    steps, values = points.steps, points.values
    is_nan = np.isnan(values)
    # NaN is smaller than every number, for first and last; and of equal extremes the lowest step counts.
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
    """A ``MetricSummary`` of which only the last point is known until more is asked for.

    Args:
        metric: The last point.
        read: Computes the rest.
    """

    def __init__(self, metric: Metric, read: Callable[[], MetricSummary]) -> None:
        self.last, self.last_step, self.last_timestamp = value_in(metric.value), metric.step, metric.timestamp
        self._read = read

    @property
    def point(self) -> tuple[int, int, str]:
        """The last point, in a form that is equal to itself."""
        return self.last_step, self.last_timestamp, repr(self.last)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._read(), name)
