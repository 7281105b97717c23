"""Downsampling that keeps the picture of a curve: the extremes and the gaps of each stretch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["in_step_order", "minmax_indices"]


def minmax_indices(values: NDArray[np.float64], points: int) -> NDArray[np.intp]:
    """Return the ascending indices of at most ``points`` values that show the curve's shape.

    The values are cut into stretches of equal length. The lowest and highest finite value of each is kept, and the first one
    that is not finite, so that no gap or infinity is lost. The first and the last value are kept.

    Args:
        values: The curve, shape (n,), in the order of its axis.
        points: The most indices to return, 5 or more.
    """
    n = len(values)
    if n <= points:
        return np.arange(n)
    if np.isfinite(values).all():
        return _extremes(values, max(1, (points - 2) // 2))
    stretches = max(1, (points - 2) // 3)
    width = -(-n // stretches)
    padded = np.pad(values, (0, stretches * width - n), constant_values=np.nan).reshape(stretches, width)
    inside = np.isfinite(padded)
    starts = np.arange(stretches) * width
    lowest = np.where(inside, padded, np.inf).argmin(axis=1) + starts
    highest = np.where(inside, padded, -np.inf).argmax(axis=1) + starts
    unusual = inside.argmin(axis=1) + starts
    found = np.unique(np.concatenate([[0, n - 1], lowest, highest, unusual]))
    return found[found < n]


def _extremes(values: NDArray[np.float64], stretches: int) -> NDArray[np.intp]:
    """Return the indices of the lowest and highest value of each stretch, of the first and of the last; all are finite."""
    n = len(values)
    width = -(-n // stretches)
    whole = n // width
    table = values[: whole * width].reshape(whole, width)
    starts = np.arange(whole) * width
    found = [np.array([0, n - 1]), table.argmin(axis=1) + starts, table.argmax(axis=1) + starts]
    if rest := n - whole * width:
        tail = values[-rest:]
        found.append(np.array([tail.argmin(), tail.argmax()]) + n - rest)
    return np.unique(np.concatenate(found))


def in_step_order(steps: NDArray[Any], values: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return points sorted by step, those of one step in the order logged; without a copy if they are sorted."""
    if len(steps) < 2 or bool((steps[1:] >= steps[:-1]).all()):
        return steps, values
    order = np.argsort(steps, kind="stable")
    return steps[order], values[order]
