"""Runs side by side: their curves in common charts, and a column each for what they were and reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...entities.run import ParamValue
from ..data.format import duration, moment
from ..data.metric_names import better
from .charts import by_interest, charts_of_runs, laid_out
from .contents import ComparisonView, RunView, Whole
from .markup import chart_box, code, counted, dim, first_that_fits, name, not_drawn, page, table
from .params import param_text
from .plot import PALETTE
from .run import status_markup
from .runs import metric_cell, same_params
from .whole import of_part, shown_first

__all__ = ["comparison_html"]


@dataclass(frozen=True, slots=True)
class _Detail:
    """How much of a comparison is shown."""

    runs: int
    charts: int
    points: int
    rows: int
    text: int


_LEVELS = (
    _Detail(10, 12, 1800, 40, 32),
    _Detail(10, 9, 1200, 24, 24),
    _Detail(8, 6, 800, 16, 20),
    _Detail(6, 3, 400, 8, 16),
    _Detail(4, 0, 0, 4, 12),
)


def comparison_html(view: ComparisonView, limit: int = 40_000) -> str:
    """Return a comparison as self-contained HTML without script, of at most ``limit`` bytes in a notebook file.

    Params that differ come first, marked ≠; the best value of a metric among all runs, shown or not, is bold.
    """
    return first_that_fits(_LEVELS, lambda detail: _page(view, detail), limit)


def _page(view: ComparisonView, detail: _Detail) -> str:
    runs = view.runs[: detail.runs]
    if not runs:
        return page("", "<p><b>No runs to compare</b></p>")
    left_out = f" · first {len(runs)} shown, bold is the best of all" if len(runs) < view.count else ""
    line = f"<p><b>{counted(view.count, 'run')} compared{left_out}</b></p>"
    whole = view.whole or of_part(view.runs, view.count)
    parts = (_charts(runs, detail), f'<div class="w">{_table(runs, whole, detail)}</div>', _same(whole.same, detail))
    return page(view.key, line, _legend(runs, detail), *parts)


def _same(same: Mapping[str, ParamValue], detail: _Detail) -> str:
    said = same_params(same, detail.rows, lambda text: name(text, detail.text * 2))
    return f"<p>{dim(f'same in all: {said}')}</p>" if same else ""


def _legend(runs: Sequence[RunView], detail: _Detail) -> str:
    return f"<p>{' &nbsp; '.join(f'{_mark(i)} {name(run.name, detail.text)}' for i, run in enumerate(runs))}</p>"


def _mark(place: int) -> str:
    """Return the number that stands for a run, with a dot in the colour of its curves."""
    return f'<span style="color:{PALETTE[place % len(PALETTE)]}">●</span>&nbsp;{place + 1}'


def _charts(runs: Sequence[RunView], detail: _Detail) -> str:
    charts = charts_of_runs(runs)
    drawn = laid_out(charts[: detail.charts], detail.points)
    boxes = "".join(chart_box(chart, plot, f"<b>{name(chart.title, 36)}</b>") for chart, plot in drawn)
    return f"<div>{boxes}</div>{not_drawn(len(charts) - len(drawn))}"


def _table(runs: Sequence[RunView], whole: Whole, detail: _Detail) -> str:
    differing = shown_first(whole.differing, (run.params for run in runs))
    metrics = by_interest(shown_first(whole.metrics, (run.metrics for run in runs)))
    return table(
        ["", *(f"{_mark(i)} <b>{name(run.name, detail.text)}</b>" for i, run in enumerate(runs))],
        _facts(runs),
        _rows("differing params", [_param_row(runs, key, detail) for key in differing], len(runs), detail),
        _rows("metrics", [_metric_row(runs, key, whole, detail) for key in metrics], len(runs), detail),
    )


def _rows(what: str, rows: list[list[str]], runs: int, detail: _Detail) -> list[list[str]]:
    """Return as many rows as there is room for, and one that says how many are left out."""
    left_out = len(rows) - detail.rows
    return [*rows[: detail.rows], [dim(f"and {left_out:,} more {what}"), *[""] * runs]] if left_out > 0 else rows


def _facts(runs: Sequence[RunView]) -> list[list[str]]:
    return [
        ["status", *(status_markup(run) for run in runs)],
        ["id", *(code(run.id) for run in runs)],
        ["started", *(dim(moment(run.started)) if run.started else "" for run in runs)],
        ["duration", *(duration(run.duration) for run in runs)],
        ["commit", *(_commit(run) for run in runs)],
    ]


def _commit(run: RunView) -> str:
    return f"{code(run.commit, 7)}{' + changes' * run.dirty}" if run.commit else dim("–")


def _param_row(runs: Sequence[RunView], key: str, detail: _Detail) -> list[str]:
    cells = [name(param_text(run, key), detail.text) if key in run.params else dim("–") for run in runs]
    return [f"≠ {name(key, detail.text)}", *cells]


def _metric_row(runs: Sequence[RunView], key: str, whole: Whole, detail: _Detail) -> list[str]:
    direction = {-1: " ↓", 1: " ↑"}.get(better(key), "")
    return [name(key, detail.text) + dim(direction), *(metric_cell(run, key, whole) for run in runs)]
