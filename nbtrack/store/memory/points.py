"""The points of one metric as plain Python, and their summary."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ...entities.run import MetricSummary

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Arrays", "Point", "arrays", "identity", "summarize"]

Point: TypeAlias = "tuple[int, int, float]"  # step, timestamp in milliseconds, value


@dataclass(frozen=True, slots=True)
class Arrays:
    """Points as three arrays of equal length."""

    steps: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.steps)


def arrays(points: Iterable[Point]) -> Arrays:
    """Return points as arrays."""
    import numpy as np

    steps, timestamps, values = zip(*points, strict=True) if points else ((), (), ())
    return Arrays(np.array(steps, np.int64), np.array(timestamps, np.int64), np.array(values, np.float64))


def identity(point: Point) -> object:
    """Return a key that is equal for equal points: NaN equals NaN, and 0.0 equals -0.0."""
    step, timestamp, value = point
    return step, timestamp, None if math.isnan(value) else value


def summarize(points: Iterable[Point]) -> MetricSummary:
    """Return the summary of at least one point, as ``MetricSummary`` defines it."""
    in_order = sorted(points, key=_place)
    values = [value for _, _, value in in_order]
    numbers = [value for value in values if not math.isnan(value)]
    least, most = (min(numbers), max(numbers)) if numbers else (math.nan, math.nan)
    (first_step, first_timestamp, first), (last_step, last_timestamp, last) = in_order[0], in_order[-1]
    return MetricSummary(
        first=first,
        first_step=first_step,
        first_timestamp=first_timestamp,
        last=last,
        last_step=last_step,
        last_timestamp=last_timestamp,
        min=least,
        min_step=_first_step(in_order, least),
        max=most,
        max_step=_first_step(in_order, most),
        total=float(sum(numbers)),
        count=len(values),
        nan_count=len(values) - len(numbers),
    )


def _place(point: Point) -> tuple[int, int, bool, float]:
    step, timestamp, value = point
    return (step, timestamp, False, 0.0) if math.isnan(value) else (step, timestamp, True, value)


def _first_step(in_order: list[Point], value: float) -> int:
    return next(step for step, _, other in in_order if other == value or (math.isnan(other) and math.isnan(value)))
