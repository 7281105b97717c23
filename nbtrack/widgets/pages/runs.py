"""A table of runs as static HTML: a row a run, with the params that differ and the metrics."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from ...entities.run import ParamValue
from ..data.format import ago, clip, duration, moment, number, value_text
from .charts import by_interest
from .contents import RunContent, RunsContent, Whole
from .levels import Level, first_that_fits
from .markup import code, counted, dim, display_html, escaped, name, table
from .params import param_text
from .run import status_markup
from .whole import of_part, shown_first

__all__ = ["metric_cell", "runs_html", "same_params", "summary_line"]


_LEVELS = (
    Level(runs=50, params=8, metrics=8, text=36),
    Level(runs=30, params=6, metrics=6, text=28),
    Level(runs=20, params=4, metrics=4, text=24),
    Level(runs=10, params=3, metrics=3, text=16),
    Level(runs=4, params=2, metrics=2, text=12),
)
_EVERYTHING = Level(runs=sys.maxsize, params=sys.maxsize, metrics=sys.maxsize, text=80)


def runs_html(content: RunsContent, limit: int | None = 40_000) -> str:
    """Return a table of runs as self-contained HTML without script, of at most ``limit`` bytes in a notebook file.

    The columns are params that differ and metrics. The best value of each metric among all runs, shown or not, is bold. Params
    that are equal in all runs are named below. Without a limit everything is shown.
    """
    return first_that_fits(_LEVELS, lambda level: _html(content, level), limit) if limit else _html(content, _EVERYTHING)


def summary_line(content: RunsContent, shown: int) -> str:
    """Return the number of runs, and how many of them are shown."""
    title = f" · {clip(content.title, 120)}" if content.title else ""
    return f"{counted(content.total, 'run')}{title}{f' · first {shown:,} shown' if shown < content.total else ''}"


def same_params(same: Mapping[str, ParamValue], length: int, write: Callable[[str], str]) -> str:
    """Return the first params that are equal in all runs, and the number of the others."""
    shown = [write(f"{key} = {value_text(value)}") for key, value in list(same.items())[:length]]
    return ", ".join(shown) + (f" and {len(same) - length:,} more" if len(same) > length else "")


def metric_cell(run: RunContent, key: str, whole: Whole) -> str:
    """Return a run's last value of a metric, bold if it is the best of all runs."""
    if key not in run.metrics:
        return dim("–")
    last, best = run.metrics[key].summary.last, whole.best.get(key)
    return f"<b>{number(last)}</b>" if best and last == best.value else number(last)


def _html(content: RunsContent, level: Level) -> str:
    runs = content.runs[: level.runs]
    line = f"<p><b>{escaped(summary_line(content, len(runs)))}</b></p>"
    if not runs:
        return display_html(content.key, line)
    whole = content.whole or of_part(content.runs, content.total)
    shown = f'<div class="w">{_table(runs, whole, level, content.now)}</div>'
    return display_html(content.key, line, shown, _below(content, runs, whole, level))


def _table(runs: Sequence[RunContent], whole: Whole, level: Level, now: int) -> str:
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


def _outcome(run: RunContent, level: Level) -> list[str]:
    return [f"<b>{name(run.name, level.text)}</b>", status_markup(run), duration(run.duration)]


def _origin(run: RunContent, now: int) -> list[str]:
    """Return when a run started, with how long ago that was as the title, and its id."""
    then = f' title="{ago(run.started, now)} when this was shown"' if now else ""
    started = dim(f"<span{then}>{moment(run.started)}</span>") if run.started else ""
    return [started, code(run.id)]


def _params(run: RunContent, params: Sequence[str], level: Level) -> list[str]:
    return [name(param_text(run, key), level.text) if key in run.params else dim("–") for key in params]


def _param_names(runs: Sequence[RunContent], whole: Whole) -> list[str]:
    return shown_first(whole.differing, (run.params for run in runs))


def _metric_names(runs: Sequence[RunContent], whole: Whole) -> list[str]:
    return by_interest(shown_first(whole.metrics, (run.metrics for run in runs)))


def _below(content: RunsContent, runs: Sequence[RunContent], whole: Whole, level: Level) -> str:
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
    """Return, if not all runs are shown, what bold means and which best values are not shown."""
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
