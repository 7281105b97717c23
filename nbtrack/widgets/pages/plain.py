"""Runs, lists of them and comparisons as plain text, for terminals and viewers without HTML."""

from __future__ import annotations

from collections.abc import Sequence

from ..data.format import clip, columns, duration, isolate, moment, number, one_line
from .charts import by_interest, sparkline
from .contents import ComparisonView, MetricView, RunsView, RunView
from .markup import counted
from .params import param_text
from .run import status_word
from .runs import same_params, summary_line
from .whole import of_part, shown_first

__all__ = ["comparison_text", "run_line", "run_text", "runs_text"]

_METRICS = 12
_PARAMS = 20
_RUNS = 20
_COLUMNS = 4
_COMPARED = 6
_ROWS = 30
_BARS = 16


def run_line(view: RunView) -> str:
    """Return a run in one line: its name, status, duration and id."""
    facts = (_text(view.name, 60), status_word(view), duration(view.duration), one_line(view.id)[:8])
    return " · ".join(fact for fact in facts if fact)


def run_text(view: RunView) -> str:
    """Return a run as a few lines: what it was, its metrics with their curves, its params; at most 4 KB or so."""
    shown = list(view.params)[:_PARAMS]
    params = ", ".join(f"{_text(key, 24)} = {_text(param_text(view, key), 24)}" for key in shown)
    more = f" and {len(view.params) - len(shown):,} more" if len(view.params) > len(shown) else ""
    blocks = [run_line(view), _facts(view), _text(view.note, 160), _text(view.error, 160), *_metrics(view)]
    return "\n".join(block for block in [*blocks, f"params: {params}{more}" if params else ""] if block)


def runs_text(view: RunsView) -> str:
    """Return a list of runs as a table of text: the first of them, with the params that differ and the metrics."""
    runs = view.runs[:_RUNS]
    line = summary_line(view, len(runs))
    if not runs:
        return line
    whole = view.whole or of_part(view.runs, view.total)
    params = shown_first(whole.differing, (run.params for run in runs))[:_COLUMNS]
    metrics = by_interest(shown_first(whole.metrics, (run.metrics for run in runs)))[:_COLUMNS]
    head = ["run", "status", "id", "duration", *(_text(key, 20) for key in (*params, *metrics))]
    rows = [
        [
            _text(run.name, 32),
            status_word(run),
            one_line(run.id)[:8],
            duration(run.duration),
            *(_text(param_text(run, key), 20) for key in params),
            *(_last(run, key) for key in metrics),
        ]
        for run in runs
    ]
    return "\n".join([line, *_aligned([head, *rows], left=3)])


def comparison_text(view: ComparisonView) -> str:
    """Return a comparison as a table of text, a column a run: first the params that differ, then the metrics."""
    runs = view.runs[:_COMPARED]
    if not runs:
        return "No runs to compare"
    whole = view.whole or of_part(view.runs, view.count)
    differing = shown_first(whole.differing, (run.params for run in runs))
    metrics = by_interest(shown_first(whole.metrics, (run.metrics for run in runs)))
    rows = [
        ["", *(_text(run.name, 20) for run in runs)],
        ["status", *(status_word(run) for run in runs)],
        ["duration", *(duration(run.duration) for run in runs)],
        *([f"≠ {_text(key, 24)}", *(_text(param_text(run, key), 20) for run in runs)] for key in differing[:_ROWS]),
        *([_text(key, 24), *(_last(run, key) for run in runs)] for key in metrics[:_ROWS]),
    ]
    counts = (
        (view.count - len(runs), "runs"),
        (len(differing) - _ROWS, "differing params"),
        (len(metrics) - _ROWS, "metrics"),
    )
    left_out = " and ".join(f"{count:,} more {what}" for count, what in counts if count > 0)
    below = [f"and {left_out} not shown"] if left_out else []
    if whole.same:
        below.append(f"same in all: {same_params(whole.same, 12, lambda text: _text(text, 40))}")
    return "\n".join([*_aligned(rows, left=1), *below])


def _facts(view: RunView) -> str:
    branch = f" on {_text(view.branch, 24)}" if view.branch else ""
    facts = [
        moment(view.started) if view.started else "",
        f"in {_text(view.experiment, 32)}" if view.experiment else "",
        f"{one_line(view.commit)[:7]}{branch}{' + changes' * view.dirty}" if view.commit else "",
        f"child of {_text(view.parent, 24)}" if view.parent else "",
        counted(view.artifacts, "artifact") if view.artifacts else "",
    ]
    return " · ".join(fact for fact in facts if fact)


def _metrics(view: RunView) -> list[str]:
    names = by_interest(view.metrics)
    rows = [["metric", "last", "min", "max", "points", ""]]
    rows += [_metric_row(key, view.metrics[key]) for key in names[:_METRICS]]
    more = [f"and {len(names) - _METRICS:,} more metrics"] if len(names) > _METRICS else []
    return _aligned(rows, left=1) + more if names else []


def _metric_row(key: str, metric: MetricView) -> list[str]:
    s = metric.summary
    told = s.count > 1 and s.count > s.nan_count
    extremes = [f"{number(s.min)} at {s.min_step}", f"{number(s.max)} at {s.max_step}"] if told else ["", ""]
    bars = sparkline(metric.curve, _BARS) if metric.curve and s.count > 1 else ""
    return [_text(key, 32), number(s.last), *extremes, f"{s.count:,}", bars.ljust(_BARS)]


def _last(run: RunView, key: str) -> str:
    return number(run.metrics[key].summary.last) if key in run.metrics else ""


def _aligned(rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """Return rows as lines: the first columns to the left, the others to the right."""
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_padded(cell, widths[i], i < left) for i, cell in enumerate(row)).rstrip() for row in rows]


def _padded(cell: str, width: int, left: bool) -> str:
    padding = " " * (width - columns(cell))
    return cell + padding if left else padding + cell


def _text(text: str, length: int) -> str:
    return isolate(clip(text, length))
