"""Points of a run's metrics as they are to be drawn, read from the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...entities.run import Points
from ...store.protocol.store import Axis, Store
from .downsample import minmax_indices

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["against", "seconds_of", "stretches", "thinned"]

_LARGEST = 2**63 - 2


def seconds_of(timestamps: NDArray[np.int64], started: int) -> NDArray[Any]:
    """Return how many seconds after the start (milliseconds since the epoch) points were logged."""
    return (timestamps - started) / 1000


def stretches(
    store: Store, run_id: str, keys: Sequence[str], axis: Axis, low: float, high: float, points: int, started: int
) -> list[dict[str, Any]]:
    """Return for each of some metrics the points in a range, at most ``points`` of them, and how many there are.

    Args:
        store: Where they are.
        run_id: The run.
        keys: The metrics.
        axis: Along what the range lies: steps, or seconds since the run began.
        low: Its beginning.
        high: Its end.
        points: How many are drawn at most, of each.
        started: When the run began, in milliseconds since the epoch.
    """
    bounds = (low, high) if axis == "step" else (low * 1000 + started, high * 1000 + started)
    first, last = (int(min(max(bound, -_LARGEST), _LARGEST)) for bound in (np.floor(bounds[0]), np.ceil(bounds[1])))
    drawn = {}
    orders: dict[int, NDArray[np.intp] | slice] = {}  # by the array of steps, which metrics logged together share
    for _, key, found in store.stretches(run_id, keys, axis, first, last):
        steps = found.steps
        if id(steps) not in orders:
            orders[id(steps)] = _order(steps, steps if axis == "step" else found.timestamps, first, last)
        drawn[key] = _drawn(found, orders[id(steps)], points, started, axis)
    return [{**drawn.get(key, _NOTHING), "key": key} for key in keys]


def _order(steps: NDArray[np.int64], place: NDArray[np.int64], first: int, last: int) -> NDArray[np.intp] | slice:
    """Return the indices of the points in a range, by step: of those that came in order a slice, which copies nothing."""
    if _ascends(steps) and (place is steps or _ascends(place)):
        return slice(int(np.searchsorted(place, first)), int(np.searchsorted(place, last, "right")))
    inside = np.flatnonzero((place >= first) & (place <= last))
    return inside[np.argsort(steps[inside], kind="stable")]


def _ascends(numbers: NDArray[np.int64]) -> bool:
    return bool((numbers[1:] >= numbers[:-1]).all())


def _drawn(found: Points, order: NDArray[np.intp] | slice, points: int, started: int, axis: Axis) -> dict[str, Any]:
    steps, values = found.steps[order], found.values[order]
    kept = minmax_indices(values, max(5, points))
    seconds = seconds_of(found.timestamps[order][kept], started)
    if axis == "step":
        seconds = seconds.astype(np.float32)  # which is drawn exactly where it is zoomed into
    return {"x": steps[kept], "t": seconds, "y": values[kept], "total": len(values)}


_NOTHING: dict[str, Any] = {"x": np.empty(0), "t": np.empty(0), "y": np.empty(0), "total": 0}


def against(store: Store, run_id: str, other: str, key: str, points: int) -> dict[str, Any]:
    """Return a metric over another one, joined by step: ``x`` ascending, ``y``, and how many steps have both."""
    xs, ys = _by_step(store.history(run_id, other)), _by_step(store.history(run_id, key))
    _, left, right = np.intersect1d(xs[0], ys[0], assume_unique=True, return_indices=True)
    x, y = xs[1][left], ys[1][right]
    usable = np.flatnonzero(np.isfinite(x))
    order = usable[np.argsort(x[usable], kind="stable")]
    kept = order[minmax_indices(y[order], max(5, points))]
    return {"key": key, "x": x[kept], "y": y[kept], "total": len(order)}


def _by_step(points: Points) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return each step once, with its last value."""
    steps, places = np.unique(points.steps[::-1], return_index=True)
    return steps, points.values[::-1][places]


def thinned(metric: Mapping[str, Any], points: int) -> dict[str, Any]:
    """Return a metric whose curve, ``x``, ``t`` and ``y``, has at most so many points."""
    kept = minmax_indices(metric["y"], points)
    return {**metric, **{axis: metric[axis][kept] for axis in ("x", "t", "y")}}
