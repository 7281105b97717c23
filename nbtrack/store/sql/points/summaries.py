"""Summaries of metrics: of a batch of points, and merged from two."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from ....entities.events import Series
from ....entities.run import MetricSummary

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FIELDS", "from_row", "merge", "summarise", "to_row"]

FIELDS = tuple(MetricSummary.__dataclass_fields__)

_fields = attrgetter(*FIELDS)
_NAN = math.nan


def summarise(series: Series) -> list[MetricSummary]:
    """Return the summary of each key of a series, which must have points."""
    if len(series.steps) == 1:
        step, timestamp = int(series.steps[0]), int(series.timestamps[0])
        return [_of_one(step, timestamp, float(values[0])) for values in series.values]
    firsts = _rows_at(series, np.min)
    lasts = _rows_at(series, np.max)
    with np.errstate(invalid="ignore", over="ignore"):
        return [_of_many(series, values, firsts, lasts) for values in series.values]


def _of_one(step: int, timestamp: int, value: float) -> MetricSummary:
    is_nan = value != value
    total = 0.0 if is_nan else value
    return MetricSummary(value, step, timestamp, value, step, timestamp, value, step, value, step, total, 1, int(is_nan))


def _rows_at(series: Series, extreme: Any) -> NDArray[np.intp]:
    """Return the rows that have the extreme step, and among them the extreme timestamp."""
    (rows,) = np.nonzero(series.steps == extreme(series.steps))
    timestamps = series.timestamps[rows]
    found: NDArray[np.intp] = rows[timestamps == extreme(timestamps)]
    return found


def _of_many(series: Series, values: NDArray[np.float64], firsts: NDArray[np.intp], lasts: NDArray[np.intp]) -> MetricSummary:
    # np.min returns NaN if there is one, which counts as the smallest; np.fmin and np.fmax return NaN only if all values are.
    low, high = np.fmin.reduce(values), np.fmax.reduce(values)
    is_nan = np.isnan(values)
    nan_count = int(np.count_nonzero(is_nan))
    return MetricSummary(
        float(np.min(values[firsts])),
        int(series.steps[firsts[0]]),
        int(series.timestamps[firsts[0]]),
        float(np.fmax.reduce(values[lasts])),
        int(series.steps[lasts[0]]),
        int(series.timestamps[lasts[0]]),
        float(low),
        _lowest_step(series.steps, values == low),
        float(high),
        _lowest_step(series.steps, values == high),
        float(np.sum(values[~is_nan] if nan_count else values)),
        len(values),
        nan_count,
    )


def _lowest_step(steps: NDArray[np.int64], where: NDArray[np.bool_]) -> int:
    found = steps[where]
    return int(np.min(found if len(found) else steps))


def merge(one: MetricSummary, other: MetricSummary) -> MetricSummary:
    """Return the summary of the points of both."""
    first = min(one, other, key=_first)
    last = max(one, other, key=_last)
    low = min(one, other, key=_low)
    high = min(one, other, key=_high)
    return MetricSummary(
        first.first,
        first.first_step,
        first.first_timestamp,
        last.last,
        last.last_step,
        last.last_timestamp,
        low.min,
        low.min_step,
        high.max,
        high.max_step,
        one.total + other.total,
        one.count + other.count,
        one.nan_count + other.nan_count,
    )


def _rank(value: float) -> tuple[bool, float]:
    """Return a sort key that orders NaN before every number."""
    is_number = value == value
    return (is_number, value if is_number else 0.0)


def _first(summary: MetricSummary) -> tuple[int, int, tuple[bool, float]]:
    return (summary.first_step, summary.first_timestamp, _rank(summary.first))


def _last(summary: MetricSummary) -> tuple[int, int, tuple[bool, float]]:
    return (summary.last_step, summary.last_timestamp, _rank(summary.last))


def _low(summary: MetricSummary) -> tuple[bool, float, int]:
    is_nan = summary.min != summary.min
    return (is_nan, 0.0 if is_nan else summary.min, summary.min_step)


def _high(summary: MetricSummary) -> tuple[bool, float, int]:
    is_nan = summary.max != summary.max
    return (is_nan, 0.0 if is_nan else -summary.max, summary.max_step)


def to_row(summary: MetricSummary) -> tuple[Any, ...]:
    """Return the columns of a summary, with NULL for NaN."""
    row = _fields(summary)
    return tuple([None if value != value else value for value in row])


def from_row(row: Sequence[Any]) -> MetricSummary:
    """Return the summary in a row, the inverse of ``to_row``."""
    return MetricSummary(*[_NAN if value is None else value for value in row])  # type: ignore[arg-type]
