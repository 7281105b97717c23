"""One run as static HTML: its facts, curves, metrics and params."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...entities.run import Status
from ..data.format import clip, duration, moment, number, value_text
from ..data.metric_names import better, families
from .charts import Chart, by_interest, charts_of_run, laid_out
from .contents import MetricContent, RunContent
from .levels import Level, first_that_fits
from .markup import chart_box, code, counted, dim, display_html, escaped, name, not_drawn, table

__all__ = ["STATUS_COLORS", "run_html", "status_markup", "status_word"]

STATUS_COLORS = {
    Status.RUNNING: "#3b82f6",
    Status.SCHEDULED: "#7f8894",
    Status.FINISHED: "#2b9c6b",
    Status.FAILED: "#e5534b",
    Status.KILLED: "#c98a1a",
}
_PER_COLUMN = 12


_LEVELS = (
    Level(charts=12, points=1500, metrics=24, params=36, text=44),
    Level(charts=12, points=1000, metrics=20, params=24, text=32),
    Level(charts=12, points=700, metrics=16, params=16, text=24),
    Level(charts=9, points=500, metrics=12, params=12, text=20),
    Level(charts=6, points=300, metrics=8, params=8, text=16),
    Level(charts=0, points=0, metrics=4, params=4, text=12),
)


def run_html(content: RunContent, limit: int = 20_000) -> str:
    """Return a run as self-contained HTML without script, of at most ``limit`` bytes in a notebook file.

    It shows fewer points, charts and rows until it fits, and says how many are left out.
    """
    charts = charts_of_run(content)
    return first_that_fits(_LEVELS, lambda level: _html(content, charts, level), limit)


def status_word(content: RunContent) -> str:
    """Return a run's status in words: ``Finished``, ``Failed (crashed)``."""
    word = content.status.value.capitalize()
    return f"{word} ({clip(content.ended, 20)})" if content.ended else word


def status_markup(content: RunContent) -> str:
    """Return a run's status with a dot in its colour."""
    return f'<span style="color:{STATUS_COLORS[content.status]}">●</span> {escaped(status_word(content))}'


def _html(content: RunContent, charts: Sequence[Chart], level: Level) -> str:
    parts = (_header(content), _note(content), _error(content), _charts(content, charts, level), _tables(content, level))
    return display_html(content.id, *parts)


def _header(content: RunContent) -> str:
    when = moment(content.started) if content.started else ""
    facts = [
        code(content.id),
        duration(content.duration),
        when,
        f"in {name(content.experiment, 32)}" if content.experiment else "",
        _commit(content),
        f"child of {name(content.parent, 24)}" if content.parent else "",
        counted(content.artifacts, "artifact") if content.artifacts else "",
    ]
    line = " · ".join(fact for fact in facts if fact)
    return f"<p>{status_markup(content)} <b>{name(content.name, 60)}</b> {dim(line)}</p>"


def _commit(content: RunContent) -> str:
    if not content.commit:
        return ""
    branch = f" on {name(content.branch, 24)}" if content.branch else ""
    return f"{code(content.commit, 7)}{branch}{' + changes' * content.dirty}"


def _note(content: RunContent) -> str:
    tags = " · ".join(f"{name(key, 24)} = {name(value, 32)}" for key, value in list(content.tags.items())[:6])
    more = f" · and {len(content.tags) - 6} more tags" if len(content.tags) > 6 else ""
    note = f"<p>{name(content.note, 240)}</p>" if content.note else ""
    return note + (f"<p>{dim(tags + more)}</p>" if tags else "")


def _error(content: RunContent) -> str:
    return f'<p class="e">{name(content.error, 240)}</p>' if content.error else ""


def _charts(content: RunContent, charts: Sequence[Chart], level: Level) -> str:
    boxes = [chart_box(c, plot, _caption(c)) for c, plot in laid_out(charts[: level.charts], level.points)]
    curves = families(key for key, metric in content.metrics.items() if metric.summary.count > 1)
    return f"<div>{''.join(boxes)}</div>{not_drawn(max(len(charts), len(curves)) - len(boxes))}" if charts else ""


def _caption(chart: Chart) -> str:
    """Return a chart's name and last value, or where it has several curves a legend of them."""
    if len(chart.lines) == 1:
        return f"<b>{name(chart.title, 32)}</b> {number(chart.lines[0].metric.summary.last)}"
    return " ".join(
        f'<span style="color:{s.color}">●</span>&nbsp;<b>{name(s.label, 20)}</b> {number(s.metric.summary.last)}'
        for s in chart.lines
    )


def _tables(content: RunContent, level: Level) -> str:
    metrics = _metrics(content, level)
    params = _params(content, level)
    if not metrics and not params:
        return f"<p>{dim('Nothing was logged.' if not content.status.is_open else 'Nothing logged yet.')}</p>"
    return f'<div class="w">{metrics}{params}</div>' + _left_out(content, level)


def _left_out(content: RunContent, level: Level) -> str:
    counts = [
        counted(len(content.metrics) - level.metrics, "more metric") if len(content.metrics) > level.metrics else "",
        counted(len(content.params) - level.params, "more param") if len(content.params) > level.params else "",
    ]
    said = " and ".join(count for count in counts if count)
    return f"<p>{dim(f'{said} not shown')}</p>" if said else ""


def _metrics(content: RunContent, level: Level) -> str:
    if not content.metrics:
        return ""
    names = by_interest(content.metrics)[: level.metrics]
    return table(
        [dim(head) for head in ("metric", "last", "min", "max", "points")],
        (_metric_row(n, content.metrics[n], level) for n in names),
    )


def _metric_row(key: str, metric: MetricContent, level: Level) -> Sequence[str]:
    s = metric.summary
    points = f"{s.count:,} {dim(f'({s.nan_count:,} NaN)')}" if s.nan_count else f"{s.count:,}"
    if s.count == 1 or s.count == s.nan_count:
        return name(key, level.text), number(s.last), "", "", points
    low, high = (f"{number(v)} {dim(f'at {at}')}" for v, at in ((s.min, s.min_step), (s.max, s.max_step)))
    direction = better(key)
    low, high = (f"<b>{low}</b>" if direction < 0 else low), (f"<b>{high}</b>" if direction > 0 else high)
    return name(key, level.text), number(s.last), low, high, points


def _params(content: RunContent, level: Level) -> str:
    items = list(content.params.items())[: level.params]
    rows = [(name(key, level.text), name(value_text(value), level.text)) for key, value in items]
    return "".join(table((dim("param"), dim("value")), column, left=2) for column in _columns(rows))


def _columns(rows: list[tuple[str, str]]) -> Iterable[list[tuple[str, str]]]:
    """Split many rows into columns of about the same height."""
    count = -(-len(rows) // _PER_COLUMN)
    height = -(-len(rows) // count) if count else 1
    return (rows[i : i + height] for i in range(0, len(rows), height))
