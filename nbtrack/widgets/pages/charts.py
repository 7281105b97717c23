"""Which curves are drawn, and which of them together."""

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
    """One curve of a chart."""

    label: str
    metric: MetricContent
    curve: Curve
    color: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Curves drawn in one chart."""

    title: str
    lines: tuple[Line, ...]


def by_interest(names: Iterable[str]) -> list[str]:
    """Return metric names with losses and scores before what tells less, else in their order."""
    return sorted(names, key=lambda name: better(name) == 0)


def charts_of_run(content: RunContent) -> list[Chart]:
    """Return the charts of a run's metrics, a metric's splits together, the telling ones first.

    A metric of a single point has none: its value says it all.
    """
    curves = {name: metric for name, metric in content.metrics.items() if metric.curve and metric.summary.count > 1}
    groups = [group[i : i + _TOGETHER] for group in families(by_interest(curves)) for i in range(0, len(group), _TOGETHER)]
    return [_chart(group, curves) for group in groups]


def _chart(names: Sequence[str], metrics: Mapping[str, MetricContent]) -> Chart:
    """Draw several names in one chart, the plain or training one first."""
    order = sorted(names, key=lambda name: ("", "train", "val", "test").index(split_of(name)[1]))
    lines = [
        Line(name, metric, metric.curve, PALETTE[i])
        for i, name in enumerate(order)
        if (metric := metrics[name]).curve is not None
    ]
    return Chart(names[0] if len(names) == 1 else split_of(names[0])[0], tuple(lines))


def charts_of_runs(runs: Sequence[RunContent]) -> list[Chart]:
    """Return a chart a metric with a curve of every run that has one; colours and labels go by the run's place."""
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
    """Lay charts out, large where they are few, with ``points`` points shared among all of their curves."""
    width, height = {0: (0, 0), 1: (480, 168), 2: (400, 152)}.get(len(charts), (264, 120))
    each = max(8, min(200, points // max(1, sum(len(chart.lines) for chart in charts))))
    return [(c, plot([(s.curve.thinned(each), s.color) for s in c.lines], width, height)) for c in charts]


def sparkline(curve: Curve, length: int = 16) -> str:
    """Return a curve as a row of at most ``length`` bars in a text, a space where a value is not finite."""
    values = curve.values.tolist()
    if len(values) > length:
        values = [values[i * (len(values) - 1) // (length - 1)] for i in range(length)]
    finite = [v / 2 for v in values if math.isfinite(v)]  # halved, as a span may be more than a float holds
    if not finite:
        return ""
    low, span = min(finite), max(finite) - min(finite)
    return "".join(_BARS[round((v / 2 - low) / span * 7) if span else 3] if math.isfinite(v) else " " for v in values)


def in_words(chart: Chart) -> str:
    """Return what a chart shows in words, for readers and viewers without pictures."""
    return "; ".join(
        f"{s.label} {sparkline(s.curve)} {number(s.metric.summary.first)} to {number(s.metric.summary.last)}" for s in chart.lines
    )
