"""Runs side by side: their curves in common charts, and a column each for what they were and reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...entities.run import ParamValue
from ..data.format import duration, moment
from ..data.metric_names import better
from .charts import by_interest, charts_of_runs, laid_out
from .contents import ComparisonContent, RunContent, Whole
from .markup import chart_box, code, counted, dim, display_html, first_that_fits, name, not_drawn, table
from .params import param_text
from .plot import PALETTE
from .run import status_markup
from .runs import metric_cell, same_params
from .whole import of_part, shown_first

__all__ = ["comparison_html"]


@dataclass(frozen=True, slots=True)
class _ComparisonLevel:
    """How much of a comparison is shown."""

    runs: int
    charts: int
    points: int
    rows: int
    text: int


_LEVELS = (
    _ComparisonLevel(10, 12, 1800, 40, 32),
    _ComparisonLevel(10, 9, 1200, 24, 24),
    _ComparisonLevel(8, 6, 800, 16, 20),
    _ComparisonLevel(6, 3, 400, 8, 16),
    _ComparisonLevel(4, 0, 0, 4, 12),
)


def comparison_html(content: ComparisonContent, limit: int = 40_000) -> str:
    """Return a comparison as self-contained HTML without script, of at most ``limit`` bytes in a notebook file.

    Params that differ come first, marked ≠; the best value of a metric among all runs, shown or not, is bold.
    """
    return first_that_fits(_LEVELS, lambda level: _html(content, level), limit)


def _html(content: ComparisonContent, level: _ComparisonLevel) -> str:
    runs = content.runs[: level.runs]
    if not runs:
        return display_html("", "<p><b>No runs to compare</b></p>")
    left_out = f" · first {len(runs)} shown, bold is the best of all" if len(runs) < content.count else ""
    line = f"<p><b>{counted(content.count, 'run')} compared{left_out}</b></p>"
    whole = content.whole or of_part(content.runs, content.count)
    parts = (_charts(runs, level), f'<div class="w">{_table(runs, whole, level)}</div>', _same(whole.same, level))
    return display_html(content.key, line, _legend(runs, level), *parts)


def _same(same: Mapping[str, ParamValue], level: _ComparisonLevel) -> str:
    said = same_params(same, level.rows, lambda text: name(text, level.text * 2))
    return f"<p>{dim(f'same in all: {said}')}</p>" if same else ""


def _legend(runs: Sequence[RunContent], level: _ComparisonLevel) -> str:
    return f"<p>{' &nbsp; '.join(f'{_mark(i)} {name(run.name, level.text)}' for i, run in enumerate(runs))}</p>"


def _mark(place: int) -> str:
    """Return the number that stands for a run, with a dot in the colour of its curves."""
    return f'<span style="color:{PALETTE[place % len(PALETTE)]}">●</span>&nbsp;{place + 1}'


def _charts(runs: Sequence[RunContent], level: _ComparisonLevel) -> str:
    charts = charts_of_runs(runs)
    drawn = laid_out(charts[: level.charts], level.points)
    boxes = "".join(chart_box(chart, plot, f"<b>{name(chart.title, 36)}</b>") for chart, plot in drawn)
    return f"<div>{boxes}</div>{not_drawn(len(charts) - len(drawn))}"


def _table(runs: Sequence[RunContent], whole: Whole, level: _ComparisonLevel) -> str:
    differing = shown_first(whole.differing, (run.params for run in runs))
    metrics = by_interest(shown_first(whole.metrics, (run.metrics for run in runs)))
    return table(
        ["", *(f"{_mark(i)} <b>{name(run.name, level.text)}</b>" for i, run in enumerate(runs))],
        _facts(runs),
        _rows("differing params", [_param_row(runs, key, level) for key in differing], len(runs), level),
        _rows("metrics", [_metric_row(runs, key, whole, level) for key in metrics], len(runs), level),
    )


def _rows(what: str, rows: list[list[str]], runs: int, level: _ComparisonLevel) -> list[list[str]]:
    """Return as many rows as there is room for, and one that says how many are left out."""
    left_out = len(rows) - level.rows
    return [*rows[: level.rows], [dim(f"and {left_out:,} more {what}"), *[""] * runs]] if left_out > 0 else rows


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


def _param_row(runs: Sequence[RunContent], key: str, level: _ComparisonLevel) -> list[str]:
    cells = [name(param_text(run, key), level.text) if key in run.params else dim("–") for run in runs]
    return [f"≠ {name(key, level.text)}", *cells]


def _metric_row(runs: Sequence[RunContent], key: str, whole: Whole, level: _ComparisonLevel) -> list[str]:
    direction = {-1: " ↓", 1: " ↑"}.get(better(key), "")
    return [name(key, level.text) + dim(direction), *(metric_cell(run, key, whole) for run in runs)]
