"""A growing metric with a bounded number of drawn points: all of few, the extremes of equal stretches of many."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .downsample import in_step_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MOST_DRAWN", "Overview"]

MOST_DRAWN = 2000
# Doubling the stretches leaves room to grow, so that the next row does not double them again.
_AFTERWARDS = 0.75
_AT_ONCE = 100_000


class Overview:
    """A metric's points as they are drawn: at most ``limit``, however many were logged.

    The points are cut into stretches of the same number of points. The lowest and highest of each are kept, and the first one
    that is not finite, so that no peak, gap or infinity is lost; at the limit, stretches become twice as long. Points that
    were not logged in the order of steps are sorted in.

    Attributes:
        count: The number of points.
        nan_count: The number of NaN.
        odd_count: The number of values that are not finite.
        bad: Step and value of the first value that is not finite; None if all are finite.
        diverged: Step and value where the values stop being finite for good; None if the last one is finite.
    """

    def __init__(self, limit: int = MOST_DRAWN) -> None:
        self.limit = limit
        self._points = np.empty((3, 0))
        self._stretch = np.empty(0, np.int64)
        self._length = 1
        self._changed_from = 0
        self.count = self.nan_count = self.odd_count = 0
        self.bad: tuple[float, float] | None = None
        self.diverged: tuple[float, float] | None = None
        self._low = self._high = (math.nan, math.nan)

    def extend(self, steps: NDArray[Any], seconds: NDArray[Any], values: NDArray[np.float64]) -> None:
        """Add points: steps, seconds since the run began and values, of shape (n,) each."""
        if not len(steps):
            return
        new = np.stack([np.asarray(steps, np.float64), np.asarray(seconds, np.float64), values])
        finite = np.isfinite(values)
        self._sum_up(new, finite)
        known = self._points[0, -1] if self._points.size else -math.inf
        if len(steps) > 1 and bool((new[0, 1:] < new[0, :-1]).any()):
            order = np.argsort(new[0], kind="stable")
            new, finite = new[:, order], finite[order]
        if new[0, 0] < known:
            self._sort_in(new)
            self.diverged = _divergence(None, self._points, np.isfinite(self._points[2]))
        else:
            self._append(new)
            self.diverged = _divergence(self.diverged, new, finite)
        while self._points.shape[1] > self.limit:
            self._lengthen()

    def _sum_up(self, new: NDArray[np.float64], finite: NDArray[np.bool_]) -> None:
        steps, _, values = new
        is_nan = False
        if not finite.all():
            self.odd_count += int((~finite).sum())
            nans = int(np.isnan(values).sum())
            self.nan_count += nans
            is_nan = nans == len(values)
            first = int(finite.argmin())
            if self.bad is None or steps[first] < self.bad[0]:
                self.bad = (float(steps[first]), float(values[first]))
        if not is_nan:
            low, high = (int(values.argmin()), int(values.argmax())) if finite.all() else _extremes_beside_nan(values)
            if not values[low] >= self._low[1]:
                self._low = (float(steps[low]), float(values[low]))
            if not values[high] <= self._high[1]:
                self._high = (float(steps[high]), float(values[high]))

    def _append(self, new: NDArray[np.float64]) -> None:
        stretch = (self.count + np.arange(new.shape[1])) // self._length
        self.count += new.shape[1]
        kept = int(np.searchsorted(self._stretch, stretch[0]))
        points = np.concatenate([self._points[:, kept:], new], axis=1)
        stretch = np.concatenate([self._stretch[kept:], stretch])
        if self._length > 1:
            told = _telling(stretch, points[2])
            points, stretch = points[:, told], stretch[told]
        self._points = np.concatenate([self._points[:, :kept], points], axis=1)
        self._stretch = np.concatenate([self._stretch[:kept], stretch])
        self._changed_from = min(self._changed_from, kept)

    def _sort_in(self, new: NDArray[np.float64]) -> None:
        """Insert points between the known ones; stretches then have about the same number of points."""
        points = np.concatenate([self._points, new], axis=1)
        self._points = points[:, np.argsort(points[0], kind="stable")]
        self.count += new.shape[1]
        self._stretch = (np.arange(points.shape[1]) * self.count // points.shape[1]) // self._length
        self._changed_from = 0

    def _lengthen(self) -> None:
        before = self._points.shape[1]
        while self._points.shape[1] > self.limit * _AFTERWARDS:
            self._length *= 2
            self._stretch //= 2
            told = _telling(self._stretch, self._points[2])
            self._points, self._stretch = self._points[:, told], self._stretch[told]
            if self._points.shape[1] == before and self._stretch[-1] == 0:
                break
        self._changed_from = 0

    @property
    def drawn(self) -> int:
        """How many points are drawn."""
        return self._points.shape[1]

    def facts(self) -> Mapping[str, Any]:
        """Return the numbers that are shown beside the curve, by the names that the browser's code has for them."""
        last = float(self._points[2, -1]) if self._points.size else math.nan
        return {
            "count": self.count,
            "nan": self.nan_count,
            "odd": self.odd_count,
            "bad": _told(self.bad),
            "diverged": _told(self.diverged),
            "last": last,
            "min": self._low[1],
            "minStep": self._low[0],
            "max": self._high[1],
            "maxStep": self._high[0],
        }

    def curve(self, start: int = 0) -> dict[str, NDArray[Any]]:
        """Return the drawn points from one on: x (steps), t (seconds, to seven digits) and y, ascending in x."""
        x, t, y = self._points[:, start:]
        return {"x": x, "t": t.astype(np.float32), "y": y}

    def take_changes(self) -> int:
        """Return the index of the first drawn point that changed since the last call."""
        start, self._changed_from = self._changed_from, self.drawn
        return start

    @classmethod
    def of(cls, steps: NDArray[Any], seconds: NDArray[Any], values: NDArray[np.float64], limit: int = MOST_DRAWN) -> Overview:
        """Return the overview of all points of a metric, in any order."""
        made = cls(limit)
        order, values = in_step_order(steps, values)
        _, seconds = in_step_order(steps, seconds)
        # Starting with the final length of stretches avoids cutting them again and again.
        while len(order) / made._length * 2 > limit:
            made._length *= 2
        for start in range(0, len(order), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            made.extend(order[part], seconds[part], values[part])
        return made


def _telling(stretch: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the indices to keep: the lowest, highest and first not finite value of each stretch, and the last value."""
    begins = _begins(stretch)
    starts, place = begins.nonzero()[0], begins.cumsum() - 1
    finite = np.isfinite(values)
    is_finite = bool(finite.all())
    told = np.zeros(len(values), dtype=bool)
    told[-1] = True
    for extreme, missing in ((np.minimum, math.inf), (np.maximum, -math.inf)):
        compared = values if is_finite else np.where(finite, values, missing)
        is_extreme = compared == extreme.reduceat(compared, starts)[place]
        told[_firsts((is_extreme if is_finite else is_extreme & finite).nonzero()[0], place)] = True
    if not is_finite:
        told[_firsts((~finite).nonzero()[0], place)] = True
    return told.nonzero()[0]


def _begins(stretch: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return a mask of the numbers that differ from the one before them."""
    found = np.ones(len(stretch), dtype=bool)
    np.not_equal(stretch[1:], stretch[:-1], out=found[1:])
    return found


def _firsts(indices: NDArray[np.intp], stretch: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the first of ascending indices in each stretch."""
    return indices[_begins(stretch[indices])]


def _extremes_beside_nan(values: NDArray[np.float64]) -> tuple[int, int]:
    return int(np.nanargmin(values)), int(np.nanargmax(values))


def _divergence(
    before: tuple[float, float] | None, points: NDArray[np.float64], finite: NDArray[np.bool_]
) -> tuple[float, float] | None:
    """Return the point from which on no value is finite; ``before`` is that point as of the values added before."""
    steps, _, values = points
    if finite[-1]:
        return None
    if before is not None and not finite.any():
        return before
    first = len(finite) - int(finite[::-1].argmax()) if finite.any() else 0
    return float(steps[first]), float(values[first])


def _told(point: tuple[float, float] | None) -> dict[str, Any] | None:
    return None if point is None else {"step": point[0], "value": _word(point[1])}


def _word(value: float) -> str:
    return "NaN" if math.isnan(value) else "∞" if value > 0 else "-∞"
