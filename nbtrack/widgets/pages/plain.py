"""Runs, lists of them and comparisons as plain text, for terminals and viewers without HTML."""

from __future__ import annotations

from collections.abc import Sequence

from ..data.format import clip, columns, duration, isolate, moment, number, one_line
from .charts import by_interest, sparkline
from .contents import ComparisonContent, MetricContent, RunContent, RunsContent
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


def run_line(content: RunContent) -> str:
    """Return a run in one line: its name, status, duration and id."""
    facts = (_text(content.name, 60), status_word(content), duration(content.duration), one_line(content.id)[:8])
    return " · ".join(fact for fact in facts if fact)


def run_text(content: RunContent) -> str:
    """Return a run as a few lines of about 4 KB at most: its facts, its metrics with small curves, its params."""
    shown = list(content.params)[:_PARAMS]
    params = ", ".join(f"{_text(key, 24)} = {_text(param_text(content, key), 24)}" for key in shown)
    more = f" and {len(content.params) - len(shown):,} more" if len(content.params) > len(shown) else ""
    blocks = [run_line(content), _facts(content), _text(content.note, 160), _text(content.error, 160), *_metrics(content)]
    return "\n".join(block for block in [*blocks, f"params: {params}{more}" if params else ""] if block)


def runs_text(content: RunsContent) -> str:
    """Return the first runs as a table of text, with the params that differ and the metrics."""
    runs = content.runs[:_RUNS]
    line = summary_line(content, len(runs))
    if not runs:
        return line
    whole = content.whole or of_part(content.runs, content.total)
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


def comparison_text(content: ComparisonContent) -> str:
    """Return a comparison as a table of text with a column a run: the params that differ, then the metrics."""
    runs = content.runs[:_COMPARED]
    if not runs:
        return "No runs to compare"
    whole = content.whole or of_part(content.runs, content.count)
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
        (content.count - len(runs), "runs"),
        (len(differing) - _ROWS, "differing params"),
        (len(metrics) - _ROWS, "metrics"),
    )
    left_out = " and ".join(f"{count:,} more {what}" for count, what in counts if count > 0)
    below = [f"and {left_out} not shown"] if left_out else []
    if whole.same:
        below.append(f"same in all: {same_params(whole.same, 12, lambda text: _text(text, 40))}")
    return "\n".join([*_aligned(rows, left=1), *below])


def _facts(content: RunContent) -> str:
    branch = f" on {_text(content.branch, 24)}" if content.branch else ""
    facts = [
        moment(content.started) if content.started else "",
        f"in {_text(content.experiment, 32)}" if content.experiment else "",
        f"{one_line(content.commit)[:7]}{branch}{' + changes' * content.dirty}" if content.commit else "",
        f"child of {_text(content.parent, 24)}" if content.parent else "",
        counted(content.artifacts, "artifact") if content.artifacts else "",
    ]
    return " · ".join(fact for fact in facts if fact)


def _metrics(content: RunContent) -> list[str]:
    names = by_interest(content.metrics)
    rows = [["metric", "last", "min", "max", "points", ""]]
    rows += [_metric_row(key, content.metrics[key]) for key in names[:_METRICS]]
    more = [f"and {len(names) - _METRICS:,} more metrics"] if len(names) > _METRICS else []
    return _aligned(rows, left=1) + more if names else []


def _metric_row(key: str, metric: MetricContent) -> list[str]:
    s = metric.summary
    told = s.count > 1 and s.count > s.nan_count
    extremes = [f"{number(s.min)} at {s.min_step}", f"{number(s.max)} at {s.max_step}"] if told else ["", ""]
    bars = sparkline(metric.curve, _BARS) if metric.curve and s.count > 1 else ""
    return [_text(key, 32), number(s.last), *extremes, f"{s.count:,}", bars.ljust(_BARS)]


def _last(run: RunContent, key: str) -> str:
    return number(run.metrics[key].summary.last) if key in run.metrics else ""


def _aligned(rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """Return rows as aligned lines: the first ``left`` columns to the left, the others to the right."""
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_padded(cell, widths[i], i < left) for i, cell in enumerate(row)).rstrip() for row in rows]


def _padded(cell: str, width: int, left: bool) -> str:
    padding = " " * (width - columns(cell))
    return cell + padding if left else padding + cell


def _text(text: str, length: int) -> str:
    return isolate(clip(text, length))
