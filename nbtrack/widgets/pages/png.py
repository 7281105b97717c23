"""A run as one PNG picture, for viewers that show neither HTML nor SVG.

Only matplotlib's objects are used, never pyplot or rcParams, so that a user's figures and settings do not change.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

import numpy as np

from ..data.format import clip, duration, moment, number, one_line
from .charts import Chart, by_interest, charts_of_run, laid_out
from .contents import RunContent
from .plot import GREY, Plot, Stroke
from .run import STATUS_COLORS, status_word

__all__ = ["run_png"]

_WIDTH = 840
_GAP = 16
_HEADER = 34
_CAPTION = 20
_ROW = 18
_SHARP = 4  # that many charts are painted with more pixels
_LEVELS = ((4, 1.5), (9, 1.0), (6, 1.0), (3, 1.0), (1, 0.75))  # charts, pixels a point
_COLORS = 16
_FONT = "DejaVu Sans"


def run_png(content: RunContent, limit: int = 20_000) -> bytes:
    """Return a picture of a run's header and curves, of at most ``limit`` bytes unless even the smallest one is larger.

    It is transparent, in colours that are legible on white and on black.
    """
    charts = charts_of_run(content)
    for count, scale in _LEVELS[len(charts) > _SHARP :]:
        picture = _Canvas(content, charts[:count], scale).painter.png()
        if len(picture) <= limit:
            break
    return picture


class _Canvas:
    """Draws one picture; places are in points from the top left."""

    def __init__(self, content: RunContent, charts: Sequence[Chart], scale: float) -> None:
        drawn = laid_out(charts)
        places = list(_places([plot for _, plot in drawn]))
        lines = [] if drawn else _metric_lines(content)
        bottoms = [y + plot.height for (_, y), (_, plot) in zip(places, drawn, strict=True)]
        self.painter = _Painter(_WIDTH, max([_HEADER + len(lines) * _ROW, *bottoms]) + 6, scale)
        self.header(content)
        for i, line in enumerate(lines):
            self.painter.text(4, _HEADER + i * _ROW + 8, line, size=12)
        for (x, y), (chart, plot) in zip(places, drawn, strict=True):
            self.chart(chart, plot, x, y)

    def header(self, content: RunContent) -> None:
        """Write the run's status, its name and when it ran."""
        facts = (
            status_word(content),
            one_line(content.id)[:8],
            duration(content.duration),
            moment(content.started) if content.started else "",
        )
        self.painter.text(4, 20, "●", STATUS_COLORS[content.status], 13)
        end = self.painter.text(22, 20, clip(content.name, 48), size=13, weight="bold")
        self.painter.text(end + 12, 20, " · ".join(fact for fact in facts if fact), size=12)

    def chart(self, chart: Chart, plot: Plot, x: float, y: float) -> None:
        """Draw one chart with its caption above it."""
        painter = self.painter
        at = x + 4
        for line in chart.lines:
            at = 10 + painter.text(at, y - 5, f"{clip(line.label, 20)} {number(line.metric.summary.last)}", line.color, 11)
        for tick, label in plot.ticks:
            painter.line([(x + plot.left, y + tick), (x + plot.right, y + tick)], GREY, 0.8, 0.35)
            painter.text(x + plot.left - 5, y + tick + 3.5, label, align=1)
        painter.text(x + plot.left, y + plot.height - 3, plot.ends[0])
        painter.text(x + plot.right, y + plot.height - 3, plot.ends[1], align=1)
        painter.text(x + plot.width / 2, y + plot.height / 2, plot.message, align=0.5)
        for stroke in plot.strokes:
            self.stroke(stroke, plot, x, y)

    def stroke(self, stroke: Stroke, plot: Plot, x: float, y: float) -> None:
        """Draw one curve."""
        for piece in stroke.pieces:
            self.painter.line(piece + np.array([x, y]), stroke.color, 1.5)
        for dot in (*stroke.dots, *([stroke.end] if stroke.end else [])):
            self.painter.marker(x + dot[0], y + dot[1], stroke.color, "o")
        for at, up in stroke.infinities:
            self.painter.marker(x + at, y + (plot.top if up else plot.bottom), stroke.color, "^" if up else "v")


class _Painter:
    """Draws lines, markers and text on a transparent background by matplotlib's Agg renderer."""

    def __init__(self, width: float, height: float, scale: float) -> None:
        from matplotlib.backends.backend_agg import RendererAgg
        from matplotlib.transforms import Affine2D

        self.renderer = RendererAgg(round(width * scale), round(height * scale), 72 * scale)
        # Agg's background is transparent black; the origin of its lines is at the bottom, of its text at the top.
        self.place = Affine2D().scale(scale, -scale).translate(0, round(height * scale))
        self.scale = scale

    def png(self) -> bytes:
        """Return the picture as a PNG file of few colours."""
        from PIL import Image

        pixels = Image.fromarray(np.asarray(self.renderer.buffer_rgba()))
        buffer = BytesIO()
        pixels.quantize(_COLORS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(buffer, "PNG", compress_level=7)
        return buffer.getvalue()

    def line(self, points: Any, color: str, width: float, alpha: float = 1) -> None:
        """Draw a line through points, shape (n, 2)."""
        from matplotlib.path import Path

        pen = self._pen(color, alpha)
        pen.set_linewidth(width * self.scale)
        pen.set_joinstyle("round")
        self.renderer.draw_path(pen, Path(points), self.place)

    def marker(self, x: float, y: float, color: str, shape: str) -> None:
        """Draw a small filled marker."""
        from matplotlib.colors import to_rgba
        from matplotlib.markers import MarkerStyle
        from matplotlib.transforms import Affine2D

        style = MarkerStyle(shape)
        pen = self._pen(color, 1)
        pen.set_linewidth(0)
        place = style.get_transform() + Affine2D().scale(5 * self.scale).translate(*self.place.transform((x, y)))
        self.renderer.draw_path(pen, style.get_path(), place, to_rgba(color))

    def text(
        self, x: float, y: float, words: str, color: str = GREY, size: float = 10, align: float = 0, weight: str = "normal"
    ) -> float:
        """Write text and return where it ends; ``align`` is the share of its width that lies before ``x``."""
        from matplotlib.font_manager import FontProperties

        font = FontProperties(family=_FONT, size=size, weight=weight)
        known = _known_characters()
        shown = "".join(c if ord(c) in known else "□" for c in words)
        if not shown:
            return x
        width: float = self.renderer.get_text_width_height_descent(shown, font, False)[0] / self.scale
        start = x - align * width
        self.renderer.draw_text(self._pen(color, 1), start * self.scale, y * self.scale, shown, font, 0)
        return start + width

    def _pen(self, color: str, alpha: float) -> Any:
        pen = self.renderer.new_gc()
        pen.set_foreground(color)
        pen.set_alpha(alpha)
        return pen


def _places(plots: Sequence[Plot]) -> Iterator[tuple[float, float]]:
    """Yield the place of each chart, row by row."""
    x, y = 0, _HEADER + _CAPTION
    for plot in plots:
        if x + plot.width > _WIDTH:
            x, y = 0, y + plot.height + _CAPTION + 8
        yield x, y
        x += plot.width + _GAP


def _metric_lines(content: RunContent) -> list[str]:
    """Return the last values of a run's metrics, a line each."""
    names = by_interest(content.metrics)[:12]
    return [f"{clip(key, 40)}   {number(content.metrics[key].summary.last)}" for key in names]


@functools.cache
def _known_characters() -> frozenset[int]:
    from matplotlib.font_manager import FontProperties, fontManager, get_font

    return frozenset(get_font(fontManager.findfont(FontProperties(family=_FONT))).get_charmap())
