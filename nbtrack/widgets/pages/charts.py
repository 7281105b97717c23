"""Chooses which curves are drawn, and which share a chart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..data.format import number
from ..data.metric_names import better, families, split_of
from .contents import Curve, MetricContent, RunContent
from .plot import PALETTE, Plot, plot

__all__ = ["Chart", "Line", "by_interest", "charts_of_run", "charts_of_runs", "in_words", "laid_out", "sparkline"]

MOST_POINTS = 1500  # of all charts of one display together
_TOGETHER = 4
_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Line:
    """A curve of a chart, with its label and colour."""

    label: str
    metric: MetricContent
    curve: Curve
    color: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Curves that are drawn in one chart."""

    title: str
    lines: tuple[Line, ...]


def by_interest(names: Iterable[str]) -> list[str]:
    """Return metric names with losses and scores first, otherwise in their order."""
    return sorted(names, key=lambda name: better(name) == 0)


def charts_of_run(content: RunContent) -> list[Chart]:
    """Return the charts of a run's metrics, losses and scores first; the splits of a metric share a chart.

    A metric of a single point has no chart.
    """
    curves = {name: metric for name, metric in content.metrics.items() if metric.curve and metric.summary.count > 1}
    groups = [group[i : i + _TOGETHER] for group in families(by_interest(curves)) for i in range(0, len(group), _TOGETHER)]
    return [_chart(group, curves) for group in groups]


def _chart(names: Sequence[str], metrics: Mapping[str, MetricContent]) -> Chart:
    """Return the chart of several metrics, the training or unsplit one first."""
    order = sorted(names, key=lambda name: ("", "train", "val", "test").index(split_of(name)[1]))
    lines = [
        Line(name, metric, metric.curve, PALETTE[i])
        for i, name in enumerate(order)
        if (metric := metrics[name]).curve is not None
    ]
    return Chart(names[0] if len(names) == 1 else split_of(names[0])[0], tuple(lines))


def charts_of_runs(runs: Sequence[RunContent]) -> list[Chart]:
    """Return a chart for each metric, with the curves of all runs; a run's place gives its colour and label."""
    names = by_interest(dict.fromkeys(name for run in runs for name in run.metrics))
    charts = []
    for name in names:
        lines = tuple(
            Line(str(i + 1), metric, metric.curve, PALETTE[i % len(PALETTE)])
            for i, run in enumerate(runs)
            if (metric := run.metrics.get(name)) and metric.curve and metric.summary.count > 1
        )
        if lines:
            charts.append(Chart(name, lines))
    return charts


def laid_out(charts: Sequence[Chart], points: int = MOST_POINTS) -> list[tuple[Chart, Plot]]:
    """Return charts with their plots, large if there are few; all curves share ``points`` points."""
    width, height = {0: (0, 0), 1: (480, 168), 2: (400, 152)}.get(len(charts), (264, 120))
    each = max(8, min(200, points // max(1, sum(len(chart.lines) for chart in charts))))
    return [(c, plot([(s.curve.thinned(each), s.color) for s in c.lines], width, height)) for c in charts]


def sparkline(curve: Curve, length: int = 16) -> str:
    """Return a curve as a string of at most ``length`` bars, with a space where a value is not finite."""
    values = curve.values.tolist()
    if len(values) > length:
        values = [values[i * (len(values) - 1) // (length - 1)] for i in range(length)]
    finite = [v / 2 for v in values if math.isfinite(v)]  # halved, for the span of two floats may overflow
    if not finite:
        return ""
    low, span = min(finite), max(finite) - min(finite)
    return "".join(_BARS[round((v / 2 - low) / span * 7) if span else 3] if math.isfinite(v) else " " for v in values)


def in_words(chart: Chart) -> str:
    """Return a description of a chart, for screen readers and viewers without pictures."""
    return "; ".join(
        f"{s.label} {sparkline(s.curve)} {number(s.metric.summary.first)} to {number(s.metric.summary.last)}" for s in chart.lines
    )
