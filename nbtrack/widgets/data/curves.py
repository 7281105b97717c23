"""Curves of metrics as they are drawn: a range of steps or seconds, thinned to the resolution of the chart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...entities.run import Points
from ...store.protocol.store import Axis, Store
from .downsample import minmax_indices

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["NO_CURVE", "Window", "against", "draw", "seconds_of", "stretches", "thinned"]

_LARGEST = 2**63 - 2
_EVERYTHING = 1e18  # what a browser sends for a side without a limit

NO_CURVE: dict[str, Any] = {"x": np.empty(0), "t": np.empty(0), "y": np.empty(0), "total": 0}


class Window(NamedTuple):
    """The part of curves that a chart shows.

    Attributes:
        axis: Whether ``low`` and ``high`` are steps, or seconds since the run began.
        low: The beginning of the range.
        high: Its end.
        points: How many points are drawn at most, of each curve.
    """

    axis: Axis = "step"
    low: float = -math.inf
    high: float = math.inf
    points: int = 800

    @property
    def is_everything(self) -> bool:
        """Whether the range has no limits."""
        return self.low <= -_EVERYTHING and self.high >= _EVERYTHING

    def bounds(self, started: int) -> tuple[int, int]:
        """Return the range as the store takes it: steps, or milliseconds since the epoch for a run started then."""
        factor, origin = (1, 0) if self.axis == "step" else (1000, started)
        low, high = self.low * factor + origin, self.high * factor + origin
        return int(max(np.floor(low), -_LARGEST)), int(min(np.ceil(high), _LARGEST))


def seconds_of(timestamps: NDArray[np.int64], started: int) -> NDArray[Any]:
    """Return how many seconds after the start (milliseconds since the epoch) points were logged."""
    return (timestamps - started) / 1000


def stretches(store: Store, run_id: str, keys: Sequence[str], window: Window, started: int) -> list[dict[str, Any]]:
    """Read a run's metrics in a window; see ``draw``."""
    found = store.stretches(run_id, keys, window.axis, *window.bounds(started))
    return draw([(key, points) for _, key, points in found], keys, window, started)


def draw(found: Iterable[tuple[str, Points]], keys: Sequence[str], window: Window, started: int) -> list[dict[str, Any]]:
    """Return a curve for each of some metrics of a run: its points in a window, and how many there are.

    Args:
        found: The points that were read.
        keys: The metrics; those without points have an empty curve.
        window: What is drawn.
        started: When the run began, in milliseconds since the epoch.
    """
    first, last = window.bounds(started)
    drawn = {}
    # Metrics that were logged together share one array of steps, which is then put in order once.
    orders: dict[int, NDArray[np.intp] | slice] = {}
    for key, points in found:
        steps = points.steps
        if id(steps) not in orders:
            orders[id(steps)] = _order(steps, steps if window.axis == "step" else points.timestamps, first, last)
        drawn[key] = _drawn(points, orders[id(steps)], window, started)
    return [{**drawn.get(key, NO_CURVE), "key": key} for key in keys]


def _order(steps: NDArray[np.int64], place: NDArray[np.int64], first: int, last: int) -> NDArray[np.intp] | slice:
    """Return the indices of the points in a range, by step; a slice, which copies nothing, where they were logged in order."""
    if _ascends(steps) and (place is steps or _ascends(place)):
        return slice(int(np.searchsorted(place, first)), int(np.searchsorted(place, last, "right")))
    inside = np.flatnonzero((place >= first) & (place <= last))
    return inside[np.argsort(steps[inside], kind="stable")]


def _ascends(numbers: NDArray[np.int64]) -> bool:
    return bool((numbers[1:] >= numbers[:-1]).all())


def _drawn(points: Points, order: NDArray[np.intp] | slice, window: Window, started: int) -> dict[str, Any]:
    steps, values = points.steps[order], points.values[order]
    kept = minmax_indices(values, max(5, window.points))
    seconds = seconds_of(points.timestamps[order][kept], started)
    if window.axis == "step":
        # The time axis is only exact where the chart is zoomed by time; else half the bytes are enough.
        seconds = seconds.astype(np.float32)
    return {"x": steps[kept], "t": seconds, "y": values[kept], "total": len(values)}


def against(found: Mapping[str, Points], other: str, key: str, points: int) -> dict[str, Any]:
    """Return a metric over another one, joined by step: ``x`` ascending, ``y``, and how many steps have both."""
    if other not in found or key not in found:
        return {"key": key, "x": np.empty(0), "y": np.empty(0), "total": 0}
    xs, ys = _by_step(found[other]), _by_step(found[key])
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
    """Return a metric whose curve, ``x``, ``t`` and ``y``, has at most ``points`` points."""
    kept = minmax_indices(metric["y"], points)
    return {**metric, **{axis: metric[axis][kept] for axis in ("x", "t", "y")}}
