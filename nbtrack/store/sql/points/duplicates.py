"""Finding new points: the same (step, timestamp, value) of a metric is one point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....entities.run import Points

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["are_distinct", "is_new"]

_NAN = np.array(np.nan).view(np.int64)


def are_distinct(steps: NDArray[np.int64], timestamps: NDArray[np.int64]) -> bool:
    """Return whether (step, timestamp) grows from point to point, so that no two points are the same."""
    grows = steps[1:] > steps[:-1]
    if grows.all():
        return True
    stays = steps[1:] == steps[:-1]
    return bool((grows | (stays & (timestamps[1:] > timestamps[:-1]))).all())


def is_new(
    steps: NDArray[np.int64], timestamps: NDArray[np.int64], values: NDArray[np.float64], stored: Points
) -> NDArray[np.bool_]:
    """Return for each point whether it is neither stored nor a repetition of an earlier one."""
    columns = [
        np.concatenate([_identity(stored.values), _identity(values)]),
        np.concatenate([stored.timestamps, timestamps]),
        np.concatenate([stored.steps, steps]),
    ]
    order = np.lexsort(columns)  # stable: the first of equal points stays first
    repeats = np.ones(len(order) - 1, bool)
    for column in columns:
        ordered = column[order]
        repeats &= ordered[1:] == ordered[:-1]
    new = np.ones(len(order), bool)
    new[order[1:][repeats]] = False
    return new[len(order) - len(steps) :]


def _identity(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return numbers that are equal where the values count as equal: 0.0 and -0.0, one NaN and another."""
    bits = (values + 0.0).view(np.int64)
    return np.where(np.isnan(values), _NAN, bits)
