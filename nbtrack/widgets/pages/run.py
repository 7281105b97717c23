"""One run as a page: what it was, its curves, its metrics and its params."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...entities.run import Status
from ..data.format import clip, duration, moment, number, value_text
from ..data.metric_names import better, families
from .charts import Chart, by_interest, charts_of_run, laid_out
from .contents import MetricView, RunView
from .markup import chart_box, code, counted, dim, escaped, first_that_fits, name, not_drawn, page, table

__all__ = ["STATUS_COLORS", "run_html", "status_markup", "status_word"]

STATUS_COLORS = {
    Status.RUNNING: "#3b82f6",
    Status.SCHEDULED: "#7f8894",
    Status.FINISHED: "#2b9c6b",
    Status.FAILED: "#e5534b",
    Status.KILLED: "#c98a1a",
}
_PER_COLUMN = 12


@dataclass(frozen=True, slots=True)
class _Detail:
    """How much of a run is shown."""

    charts: int
    points: int
    metrics: int
    params: int
    text: int


_LEVELS = (
    _Detail(12, 1500, 24, 36, 44),
    _Detail(12, 1000, 20, 24, 32),
    _Detail(12, 700, 16, 16, 24),
    _Detail(9, 500, 12, 12, 20),
    _Detail(6, 300, 8, 8, 16),
    _Detail(0, 0, 4, 4, 12),
)


def run_html(view: RunView, limit: int = 20_000) -> str:
    """Return a run as self-contained HTML without script, of at most ``limit`` bytes in a notebook file.

    It shows fewer points, charts and rows until it fits, and says how many it leaves out.
    """
    charts = charts_of_run(view)
    return first_that_fits(_LEVELS, lambda detail: _page(view, charts, detail), limit)


def status_word(view: RunView) -> str:
    """Return how a run stands in words: ``Finished``, ``Failed (crashed)``."""
    word = view.status.value.capitalize()
    return f"{word} ({clip(view.ended, 20)})" if view.ended else word


def status_markup(view: RunView) -> str:
    """Return how a run stands, with a dot in its colour."""
    return f'<span style="color:{STATUS_COLORS[view.status]}">●</span> {escaped(status_word(view))}'


def _page(view: RunView, charts: Sequence[Chart], detail: _Detail) -> str:
    parts = (_header(view), _note(view), _error(view), _charts(view, charts, detail), _tables(view, detail))
    return page(view.id, *parts)


def _header(view: RunView) -> str:
    when = moment(view.started) if view.started else ""
    facts = [
        code(view.id),
        duration(view.duration),
        when,
        f"in {name(view.experiment, 32)}" if view.experiment else "",
        _commit(view),
        f"child of {name(view.parent, 24)}" if view.parent else "",
        counted(view.artifacts, "artifact") if view.artifacts else "",
    ]
    line = " · ".join(fact for fact in facts if fact)
    return f"<p>{status_markup(view)} <b>{name(view.name, 60)}</b> {dim(line)}</p>"


def _commit(view: RunView) -> str:
    if not view.commit:
        return ""
    branch = f" on {name(view.branch, 24)}" if view.branch else ""
    return f"{code(view.commit, 7)}{branch}{' + changes' * view.dirty}"


def _note(view: RunView) -> str:
    tags = " · ".join(f"{name(key, 24)} = {name(value, 32)}" for key, value in list(view.tags.items())[:6])
    more = f" · and {len(view.tags) - 6} more tags" if len(view.tags) > 6 else ""
    note = f"<p>{name(view.note, 240)}</p>" if view.note else ""
    return note + (f"<p>{dim(tags + more)}</p>" if tags else "")


def _error(view: RunView) -> str:
    return f'<p class="e">{name(view.error, 240)}</p>' if view.error else ""


def _charts(view: RunView, charts: Sequence[Chart], detail: _Detail) -> str:
    boxes = [chart_box(c, plot, _caption(c)) for c, plot in laid_out(charts[: detail.charts], detail.points)]
    curves = families(key for key, metric in view.metrics.items() if metric.summary.count > 1)
    return f"<div>{''.join(boxes)}</div>{not_drawn(max(len(charts), len(curves)) - len(boxes))}" if charts else ""


def _caption(chart: Chart) -> str:
    """Return a chart's name and last value, or where it has several curves a legend of them."""
    if len(chart.series) == 1:
        return f"<b>{name(chart.title, 32)}</b> {number(chart.series[0].metric.summary.last)}"
    return " ".join(
        f'<span style="color:{s.color}">●</span>&nbsp;<b>{name(s.label, 20)}</b> {number(s.metric.summary.last)}'
        for s in chart.series
    )


def _tables(view: RunView, detail: _Detail) -> str:
    metrics = _metrics(view, detail)
    params = _params(view, detail)
    if not metrics and not params:
        return f"<p>{dim('Nothing was logged.' if not view.status.is_open else 'Nothing logged yet.')}</p>"
    return f'<div class="w">{metrics}{params}</div>' + _left_out(view, detail)


def _left_out(view: RunView, detail: _Detail) -> str:
    counts = [
        counted(len(view.metrics) - detail.metrics, "more metric") if len(view.metrics) > detail.metrics else "",
        counted(len(view.params) - detail.params, "more param") if len(view.params) > detail.params else "",
    ]
    said = " and ".join(count for count in counts if count)
    return f"<p>{dim(f'{said} not shown')}</p>" if said else ""


def _metrics(view: RunView, detail: _Detail) -> str:
    if not view.metrics:
        return ""
    names = by_interest(view.metrics)[: detail.metrics]
    return table(
        [dim(head) for head in ("metric", "last", "min", "max", "points")],
        (_metric_row(n, view.metrics[n], detail) for n in names),
    )


def _metric_row(key: str, metric: MetricView, detail: _Detail) -> Sequence[str]:
    s = metric.summary
    points = f"{s.count:,} {dim(f'({s.nan_count:,} NaN)')}" if s.nan_count else f"{s.count:,}"
    if s.count == 1 or s.count == s.nan_count:
        return name(key, detail.text), number(s.last), "", "", points
    low, high = (f"{number(v)} {dim(f'at {at}')}" for v, at in ((s.min, s.min_step), (s.max, s.max_step)))
    direction = better(key)
    low, high = (f"<b>{low}</b>" if direction < 0 else low), (f"<b>{high}</b>" if direction > 0 else high)
    return name(key, detail.text), number(s.last), low, high, points


def _params(view: RunView, detail: _Detail) -> str:
    items = list(view.params.items())[: detail.params]
    rows = [(name(key, detail.text), name(value_text(value), detail.text)) for key, value in items]
    return "".join(table((dim("param"), dim("value")), column, left=2) for column in _columns(rows))


def _columns(rows: list[tuple[str, str]]) -> Iterable[list[tuple[str, str]]]:
    """Split many rows into columns of about equal height."""
    count = -(-len(rows) // _PER_COLUMN)
    height = -(-len(rows) // count) if count else 1
    return (rows[i : i + height] for i in range(0, len(rows), height))
