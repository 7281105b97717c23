"""A comparison as static HTML: curves in common charts, and a table with a column a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...entities.run import ParamValue
from ..data.format import duration, moment
from ..data.metric_names import better
from .charts import by_interest, charts_of_runs, laid_out
from .contents import ComparisonContent, RunContent, Whole
from .levels import Level, first_that_fits
from .markup import chart_box, code, counted, dim, display_html, name, not_drawn, table
from .params import param_text
from .plot import PALETTE
from .run import status_markup
from .runs import metric_cell, same_params
from .whole import of_part, shown_first

__all__ = ["comparison_html"]


_LEVELS = (
    Level(runs=10, charts=12, points=1800, metrics=40, text=32),
    Level(runs=10, charts=9, points=1200, metrics=24, text=24),
    Level(runs=8, charts=6, points=800, metrics=16, text=20),
    Level(runs=6, charts=3, points=400, metrics=8, text=16),
    Level(runs=4, charts=0, points=0, metrics=4, text=12),
)


def comparison_html(content: ComparisonContent, limit: int = 40_000) -> str:
    """Return a comparison as self-contained HTML without script, of at most ``limit`` bytes in a notebook file.

    Params that differ come first, marked with ≠; the best value of each metric among all runs, shown or not, is bold.
    """
    return first_that_fits(_LEVELS, lambda level: _html(content, level), limit)


def _html(content: ComparisonContent, level: Level) -> str:
    runs = content.runs[: level.runs]
    if not runs:
        return display_html("", "<p><b>No runs to compare</b></p>")
    left_out = f" · first {len(runs)} shown, bold is the best of all" if len(runs) < content.count else ""
    line = f"<p><b>{counted(content.count, 'run')} compared{left_out}</b></p>"
    whole = content.whole or of_part(content.runs, content.count)
    parts = (_charts(runs, level), f'<div class="w">{_table(runs, whole, level)}</div>', _same(whole.same, level))
    return display_html(content.key, line, _legend(runs, level), *parts)


def _same(same: Mapping[str, ParamValue], level: Level) -> str:
    said = same_params(same, level.metrics, lambda text: name(text, level.text * 2))
    return f"<p>{dim(f'same in all: {said}')}</p>" if same else ""


def _legend(runs: Sequence[RunContent], level: Level) -> str:
    return f"<p>{' &nbsp; '.join(f'{_mark(i)} {name(run.name, level.text)}' for i, run in enumerate(runs))}</p>"


def _mark(place: int) -> str:
    """Return the number of a run in the charts, with a dot in the colour of its curves."""
    return f'<span style="color:{PALETTE[place % len(PALETTE)]}">●</span>&nbsp;{place + 1}'


def _charts(runs: Sequence[RunContent], level: Level) -> str:
    charts = charts_of_runs(runs)
    drawn = laid_out(charts[: level.charts], level.points)
    boxes = "".join(chart_box(chart, plot, f"<b>{name(chart.title, 36)}</b>") for chart, plot in drawn)
    return f"<div>{boxes}</div>{not_drawn(len(charts) - len(drawn))}"


def _table(runs: Sequence[RunContent], whole: Whole, level: Level) -> str:
    differing = shown_first(whole.differing, (run.params for run in runs))
    metrics = by_interest(shown_first(whole.metrics, (run.metrics for run in runs)))
    return table(
        ["", *(f"{_mark(i)} <b>{name(run.name, level.text)}</b>" for i, run in enumerate(runs))],
        _facts(runs),
        _rows("differing params", [_param_row(runs, key, level) for key in differing], len(runs), level),
        _rows("metrics", [_metric_row(runs, key, whole, level) for key in metrics], len(runs), level),
    )


def _rows(what: str, rows: list[list[str]], runs: int, level: Level) -> list[list[str]]:
    """Return the first rows, and one that says how many are left out."""
    left_out = len(rows) - level.metrics
    return [*rows[: level.metrics], [dim(f"and {left_out:,} more {what}"), *[""] * runs]] if left_out > 0 else rows


def _facts(runs: Sequence[RunContent]) -> list[list[str]]:
    return [
        ["status", *(status_markup(run) for run in runs)],
        ["id", *(code(run.id) for run in runs)],
        ["started", *(dim(moment(run.started)) if run.started else "" for run in runs)],
        ["duration", *(duration(run.duration) for run in runs)],
        ["commit", *(_commit(run) for run in runs)],
    ]


def _commit(run: RunContent) -> str:
    return f"{code(run.commit, 7)}{' + changes' * run.dirty}" if run.commit else dim("–")


def _param_row(runs: Sequence[RunContent], key: str, level: Level) -> list[str]:
    cells = [name(param_text(run, key), level.text) if key in run.params else dim("–") for run in runs]
    return [f"≠ {name(key, level.text)}", *cells]


def _metric_row(runs: Sequence[RunContent], key: str, whole: Whole, level: Level) -> list[str]:
    direction = {-1: " ↓", 1: " ↑"}.get(better(key), "")
    return [name(key, level.text) + dim(direction), *(metric_cell(run, key, whole) for run in runs)]
