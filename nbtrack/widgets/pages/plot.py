"""The geometry of one small chart, in pixels from the top left, for SVG and PNG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..data.format import number, short_number
from .contents import Curve

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["GREY", "PALETTE", "Plot", "Stroke", "plot"]

# Each colour has a contrast of 3 to 1 or more with white and with near-black, for an image does not know its background.
# Text needs 4.3 to 1 on both, which one grey has.
PALETTE = ("#3b82f6", "#e0761a", "#2b9c6b", "#d6569b", "#9d7a2f", "#1797a8", "#a06cf0", "#e5534b", "#6d8a2b", "#7f8894")
GREY = "#797979"

_LETTER = 5.8  # pixels of a digit at the font size of 10
_LOG_RATIO = 1000.0


@dataclass(frozen=True, slots=True)
class Stroke:
    """One curve: its unbroken lines, of shape (n, 2) each, single points, the last point, and infinities as (x, upwards)."""

    color: str
    pieces: tuple[NDArray[np.float64], ...]
    dots: tuple[tuple[float, float], ...]
    end: tuple[float, float] | None
    infinities: tuple[tuple[float, bool], ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart: its frame, the ticks of the vertical axis, the ends of the horizontal one, and its curves."""

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    ticks: tuple[tuple[float, str], ...]
    ends: tuple[str, str]
    strokes: tuple[Stroke, ...]
    message: str = ""


@dataclass(frozen=True, slots=True)
class _Axis:
    """The vertical axis: its range as log10 if it is logarithmic, else divided by 4, so that no difference overflows."""

    low: float
    high: float
    log: bool = False

    def place(self, values: NDArray[np.float64], top: float, bottom: float) -> NDArray[np.float64]:
        scaled = np.log10(values) if self.log else values / 4
        return bottom - (scaled - self.low) / (self.high - self.low) * (bottom - top)


def plot(curves: Sequence[tuple[Curve, str]], width: int, height: int) -> Plot:
    """Lay out curves with their colours in one chart.

    NaN breaks the line; an infinity is marked at the edge. The axis is logarithmic if all values are positive and the highest
    is at least 1,000 times the lowest decile.
    """
    values = np.concatenate([curve.values for curve, _ in curves]) if curves else np.empty(0)
    steps = np.concatenate([curve.steps for curve, _ in curves]).astype(np.float64) if curves else np.empty(0)
    finite = values[np.isfinite(values)]
    top, bottom, right = 6.0, height - 16.0, width - 8.0
    if not len(finite):
        message = ("all NaN" if np.isnan(values).all() else "no finite value") if len(values) else "no values"
        return Plot(width, height, 8.0, right, top, bottom, (), _ends(steps), (), message)
    axis, marks = _axis(finite)
    left = max(len(label) for _, label in marks) * _LETTER + 8
    heights = axis.place(np.array([value for value, _ in marks]), top, bottom)
    ticks = tuple((float(y), label) for y, (_, label) in zip(heights, marks, strict=True))
    span = (float(steps.min()), float(steps.max()))
    strokes = tuple(_stroke(curve, color, axis, span, (left, right - 2, top, bottom)) for curve, color in curves)
    return Plot(width, height, left, right, top, bottom, ticks, _ends(steps), strokes)


def _ends(steps: NDArray[np.float64]) -> tuple[str, str]:
    if not len(steps):
        return "", ""
    low, high = float(steps.min()), float(steps.max())
    return (short_number(low), short_number(high)) if high > low else ("", f"step {short_number(low)}")


def _axis(values: NDArray[np.float64]) -> tuple[_Axis, list[tuple[float, str]]]:
    """Return an axis for these values, and its ticks with their labels."""
    low, high = float(values.min()), float(values.max())
    if low / 4 == high / 4:
        room = abs(low) / 8 or 1.0
        return _Axis(low / 4 - room, low / 4 + room), [(low, number(low, 4))]
    if low > 0 and high / np.quantile(values, 0.1) >= _LOG_RATIO:
        axis = _Axis(math.log10(low) - 0.1, math.log10(high) + 0.1, log=True)
        return axis, _decades(low, high)
    room = (high / 4 - low / 4) * 0.06
    return _Axis(low / 4 - room, high / 4 + room), _marks(low, high)


def _marks(low: float, high: float) -> list[tuple[float, str]]:
    """Return two to five round values in a range, with labels of enough digits to differ."""
    raw = high / 4 - low / 4
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    values = [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]
    largest = max(abs(low), abs(high))
    digits = max(2, math.floor(math.log10(largest)) - math.floor(math.log10(step)) + 2)
    return [(value, short_number(value) if digits <= 3 else number(value, min(digits, 12))) for value in values]


def _decades(low: float, high: float) -> list[tuple[float, str]]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    stride = max(1, -(-(last - first) // 3))
    return [(10.0**power, short_number(10.0**power)) for power in range(first, last + 1, stride)]


def _stroke(curve: Curve, color: str, axis: _Axis, span: tuple[float, float], frame: tuple[float, float, float, float]) -> Stroke:
    left, right, top, bottom = frame
    steps = curve.steps.astype(np.float64)
    share = (steps - span[0]) / (span[1] - span[0]) if span[1] > span[0] else np.full(len(steps), 0.5)
    xs = left + share * (right - left)
    finite = np.isfinite(curve.values)
    ys = axis.place(np.where(finite, curve.values, curve.values[finite][0] if finite.any() else 1.0), top, bottom)
    pieces = [np.column_stack([xs[part], ys[part]]) for part in _unbroken(finite)]
    infinities = tuple((float(x), bool(v > 0)) for x, v in zip(xs, curve.values, strict=True) if math.isinf(v))
    lone = tuple((float(p[0, 0]), float(p[0, 1])) for p in pieces if len(p) == 1)
    end = (float(pieces[-1][-1, 0]), float(pieces[-1][-1, 1])) if pieces else None
    return Stroke(color, tuple(p for p in pieces if len(p) > 1), lone, end, infinities)


def _unbroken(finite: NDArray[np.bool_]) -> Iterator[slice]:
    """Yield each stretch of finite values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], finite, [False]]).astype(np.int8)))
    for start, stop in edges.reshape(-1, 2):
        yield slice(int(start), int(stop))
