"""A list of runs as a page: one row each, with what tells them apart."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ...entities.run import ParamValue
from ..data.format import ago, clip, duration, moment, number, value_text
from .charts import by_interest
from .contents import RunContent, RunsContent, Whole
from .markup import code, counted, dim, display_html, escaped, first_that_fits, name, table
from .params import param_text
from .run import status_markup
from .whole import of_part, shown_first

__all__ = ["metric_cell", "runs_html", "same_params", "summary_line"]


@dataclass(frozen=True, slots=True)
class _RunsLevel:
    """How much of a list of runs is shown."""

    runs: int
    params: int
    metrics: int
    text: int


_LEVELS = (
    _RunsLevel(50, 8, 8, 36),
    _RunsLevel(30, 6, 6, 28),
    _RunsLevel(20, 4, 4, 24),
    _RunsLevel(10, 3, 3, 16),
    _RunsLevel(4, 2, 2, 12),
)
_EVERYTHING = _RunsLevel(sys.maxsize, sys.maxsize, sys.maxsize, 80)


def runs_html(content: RunsContent, limit: int | None = 40_000) -> str:
    """Return a list of runs as self-contained HTML without script, of at most ``limit`` bytes in a notebook file.

    Params that differ and metrics are columns, the best value of a metric among all runs, shown or not, is bold; params
    that are the same in all are named below. Without a limit everything is shown.
    """
    return first_that_fits(_LEVELS, lambda level: _html(content, level), limit) if limit else _html(content, _EVERYTHING)


def summary_line(content: RunsContent, shown: int) -> str:
    """Return how many runs there are, and how many of them are shown."""
    title = f" · {clip(content.title, 120)}" if content.title else ""
    return f"{counted(content.total, 'run')}{title}{f' · first {shown:,} shown' if shown < content.total else ''}"


def same_params(same: Mapping[str, ParamValue], length: int, write: Callable[[str], str]) -> str:
    """Return the params that are the same in all runs, as many as there is room for."""
    shown = [write(f"{key} = {value_text(value)}") for key, value in list(same.items())[:length]]
    return ", ".join(shown) + (f" and {len(same) - length:,} more" if len(same) > length else "")


def metric_cell(run: RunContent, key: str, whole: Whole) -> str:
    """Return a run's last value of a metric, bold where it is the best of all runs."""
    if key not in run.metrics:
        return dim("–")
    last, best = run.metrics[key].summary.last, whole.best.get(key)
    return f"<b>{number(last)}</b>" if best and last == best.value else number(last)


def _html(content: RunsContent, level: _RunsLevel) -> str:
    runs = content.runs[: level.runs]
    line = f"<p><b>{escaped(summary_line(content, len(runs)))}</b></p>"
    if not runs:
        return display_html(content.key, line)
    whole = content.whole or of_part(content.runs, content.total)
    shown = f'<div class="w">{_table(runs, whole, level, content.now)}</div>'
    return display_html(content.key, line, shown, _below(content, runs, whole, level))


def _table(runs: Sequence[RunContent], whole: Whole, level: _RunsLevel, now: int) -> str:
    params, metrics = _param_names(runs, whole)[: level.params], _metric_names(runs, whole)[: level.metrics]
    keys = [name(key, level.text) for key in (*params, *metrics)]
    head = [dim(column) for column in ("run", "status", "duration", *keys, "started", "id")]
    rows = (
        [
            *_outcome(run, level),
            *_params(run, params, level),
            *(metric_cell(run, key, whole) for key in metrics),
            *_origin(run, now),
        ]
        for run in runs
    )
    return table(head, rows, left=2)


def _outcome(run: RunContent, level: _RunsLevel) -> list[str]:
    return [f"<b>{name(run.name, level.text)}</b>", status_markup(run), duration(run.duration)]


def _origin(run: RunContent, now: int) -> list[str]:
    """Return when a run started, how long before now as a title, since a saved page grows old; and its id."""
    then = f' title="{ago(run.started, now)} when this was shown"' if now else ""
    started = dim(f"<span{then}>{moment(run.started)}</span>") if run.started else ""
    return [started, code(run.id)]


def _params(run: RunContent, params: Sequence[str], level: _RunsLevel) -> list[str]:
    return [name(param_text(run, key), level.text) if key in run.params else dim("–") for key in params]


def _param_names(runs: Sequence[RunContent], whole: Whole) -> list[str]:
    return shown_first(whole.differing, (run.params for run in runs))


def _metric_names(runs: Sequence[RunContent], whole: Whole) -> list[str]:
    return by_interest(shown_first(whole.metrics, (run.metrics for run in runs)))


def _below(content: RunsContent, runs: Sequence[RunContent], whole: Whole, level: _RunsLevel) -> str:
    left_out = [
        _more(len(whole.differing) - level.params, "param that differs", "params that differ"),
        _more(len(whole.metrics) - level.metrics, "metric", "metrics"),
    ]
    lines = [f"and {' and '.join(said)} not shown"] if (said := [text for text in left_out if text]) else []
    lines += _said_of_best(content, runs, whole, _metric_names(runs, whole)[: level.metrics])
    if whole.same and content.total > 1:
        lines.append(f"same in all: {same_params(whole.same, 12, lambda text: name(text, level.text * 2))}")
    return "".join(f"<p>{dim(line)}</p>" for line in lines)


def _said_of_best(content: RunsContent, runs: Sequence[RunContent], whole: Whole, metrics: Sequence[str]) -> list[str]:
    """Say, where not all runs are shown, of which ones the best is marked, and which best ones are not among them."""
    if len(runs) == content.total or not metrics:
        return []
    if not whole.best:
        return [] if content.whole else ["no best values are marked, as not all runs were read"]
    shown = {(key, metric.summary.last) for run in runs for key, metric in run.metrics.items()}
    hidden = [key for key in metrics if (best := whole.best.get(key)) and (key, best.value) not in shown]
    elsewhere = [f"{name(key, 36)} {number(whole.best[key].value)} of {name(whole.best[key].run, 36)}" for key in hidden]
    return [f"bold is the best of all {content.total:,} runs" + (f"; not shown: {', '.join(elsewhere)}" if elsewhere else "")]


def _more(count: int, one: str, many: str) -> str:
    return f"{count:,} more {one if count == 1 else many}" if count > 0 else ""
