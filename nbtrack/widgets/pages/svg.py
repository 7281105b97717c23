"""A chart as an SVG image in a ``data:`` URI, for sanitizers remove inline SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .plot import GREY, Plot, Stroke

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["svg", "svg_uri"]

# Only these need escaping in a URI in a double-quoted attribute; the result is half the size of base64.
_ESCAPES = str.maketrans({"%": "%25", "<": "%3C", ">": "%3E", "#": "%23", '"': "%22", " ": "%20", "\n": "%0A"})


def svg_uri(picture: str) -> str:
    """Return an SVG document as a ``data:`` URI, ready for a double-quoted attribute."""
    return "data:image/svg+xml," + picture.translate(_ESCAPES)


def svg(plot: Plot) -> str:
    """Return a chart as an SVG document; it contains numbers and no user-supplied text."""
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0,0,{plot.width},{plot.height}' width='{plot.width}'"
        f" height='{plot.height}' font-family='system-ui,sans-serif' font-size='10' fill='{GREY}'>"
        f"{_ticks(plot)}{_ends(plot)}{_message(plot)}"
        f"<g transform='scale(.5)' stroke-width='3' stroke-linejoin='round' stroke-linecap='round'>"
        f"{''.join(_stroke(stroke, plot) for stroke in plot.strokes)}</g></svg>"
    )


def _ticks(plot: Plot) -> str:
    lines = "".join(f"M{plot.left:.0f},{y:.1f}H{plot.right:.0f}" for y, _ in plot.ticks)
    labels = "".join(
        f"<text x='{plot.left - 5:.0f}' y='{y + 3.5:.1f}' text-anchor='end'>{label}</text>" for y, label in plot.ticks
    )
    return f"<path d='{lines}' stroke='{GREY}' stroke-opacity='.28'/>{labels}" if lines else ""


def _ends(plot: Plot) -> str:
    first, last = plot.ends
    y = plot.height - 3
    left = f"<text x='{plot.left:.0f}' y='{y}'>{first}</text>" if first else ""
    return left + (f"<text x='{plot.right:.0f}' y='{y}' text-anchor='end'>{last}</text>" if last else "")


def _message(plot: Plot) -> str:
    if not plot.message:
        return ""
    return f"<text x='{plot.width / 2:.0f}' y='{(plot.top + plot.bottom) / 2:.0f}' text-anchor='middle'>{plot.message}</text>"


def _stroke(stroke: Stroke, plot: Plot) -> str:
    """Return one curve, in half pixels."""
    lines = "".join(_path(piece) for piece in stroke.pieces)
    dots = "".join(_circle(x, y, 3) for x, y in stroke.dots) + (_circle(*stroke.end, 5) if stroke.end else "")
    marks = "".join(_triangle(x, plot.top if up else plot.bottom, up) for x, up in stroke.infinities)
    line = f"<path d='{lines}' stroke='{stroke.color}' fill='none'/>" if lines else ""
    return line + (f"<path d='{dots}{marks}' fill='{stroke.color}'/>" if dots or marks else "")


def _path(piece: NDArray[np.float64]) -> str:
    """Return a line as relative moves between whole numbers, the shortest notation."""
    points = np.rint(piece * 2).astype(np.int64)
    moves = np.diff(points, axis=0).ravel()
    return f"M{points[0, 0]},{points[0, 1]}l" + ",".join(map(str, moves.tolist())).replace(",-", "-")


def _circle(x: float, y: float, radius: int) -> str:
    return f"M{2 * x - radius:.0f},{2 * y:.0f}a{radius},{radius},0,1,1,{2 * radius},0a{radius},{radius},0,1,1,-{2 * radius},0"


def _triangle(x: float, y: float, up: bool) -> str:
    tip = 12 if up else -12
    return f"M{2 * x - 7:.0f},{2 * y + tip:.0f}h14l-7,{-tip}z"
