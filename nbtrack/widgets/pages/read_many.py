"""What a notebook shows of many runs: tables and comparisons as static content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...entities.run import MetricSummary, RunInfo, now_ms
from ...entities.tags import ENDED, GIT_BRANCH, GIT_COMMIT, GIT_DIRTY, NOTE, PARENT_ID, RESERVED
from ..data.many_runs import ManyRuns
from .charts import by_interest
from .contents import CURVE_POINTS, ComparisonContent, Curve, MetricContent, RunContent, RunsContent, Whole
from .whole import of_all

__all__ = ["MOST_CURVES", "comparison_content", "runs_content"]

MOST_CURVES = 24  # of a run
_TABLE_RUNS = 200
_COMPARED_RUNS = 20
_MOST_READ = 5000  # runs whose params and last values are read for what a page says of all

_NAN = float("nan")
_UNREAD = MetricSummary(_NAN, 0, 0, _NAN, 0, 0, _NAN, 0, _NAN, 0, _NAN, 1, 0)


def runs_content(runs: ManyRuns, key: str = "", *, most: int | None = _TABLE_RUNS) -> RunsContent:
    """Return a table of the first runs, and what differs among all of them.

    Args:
        runs: The runs.
        key: Names the slot in which a live view finds the table.
        most: How many runs the table has; None for all.
    """
    count = len(runs.infos) if most is None else most
    is_read = len(runs.infos) <= max(_MOST_READ, count)
    whole = _whole(runs) if is_read and count < len(runs.infos) else None
    first = runs.first(count)
    shown = tuple(_run_content(first, info, {}) for info in first.infos)
    return RunsContent(shown, len(runs.infos), now=now_ms(), key=key, whole=whole)


def comparison_content(runs: ManyRuns, key: str = "", *, has_curves: bool = True) -> ComparisonContent:
    """Return the first runs side by side, and what differs among all of them.

    Args:
        runs: The runs.
        key: Names the slot in which a live view finds the comparison.
        has_curves: Whether the points of metrics are read.
    """
    is_read = len(runs.infos) <= _MOST_READ
    whole = _whole(runs) if is_read and len(runs.infos) > _COMPARED_RUNS else None
    # Of very many runs only those that are shown are read.
    read = runs if is_read else runs.first(_COMPARED_RUNS)
    infos = read.infos[:_COMPARED_RUNS]
    curves = _curves(read, infos) if has_curves else {}
    shown = tuple(_run_content(read, info, curves) for info in infos)
    return ComparisonContent(shown, key=key, total=len(runs.infos), whole=whole)


def _whole(runs: ManyRuns) -> Whole:
    """Return what differs among all runs, shown or not, and the best last value of each metric."""
    names = {info.id: info.name for info in runs.infos}
    last = 2 + runs.stats.index("last")
    return of_all(len(names), runs.details.params, ((names[row[0]], row[1], row[last]) for row in runs.details.metrics))


def _curves(runs: ManyRuns, infos: tuple[RunInfo, ...]) -> Mapping[tuple[str, str], Curve]:
    """Return the curves of the first metrics of runs; a metric of a single point has none."""
    drawn = {info.id: _drawn_metrics(runs, info.id) for info in infos}
    keys = dict.fromkeys(key for own in drawn.values() for key in own)
    read = runs.curves(infos, list(keys), CURVE_POINTS)
    wanted = [(run_id, key) for run_id, own in drawn.items() for key in own if (run_id, key) in read]
    return {name: Curve(read[name]["x"], read[name]["y"], read[name]["total"]).thinned(CURVE_POINTS) for name in wanted}


def _drawn_metrics(runs: ManyRuns, run_id: str) -> list[str]:
    return by_interest(key for key in runs.metrics[run_id] if runs.count(run_id, [key]) > 1)[:MOST_CURVES]


def _run_content(runs: ManyRuns, info: RunInfo, curves: Mapping[tuple[str, str], Curve]) -> RunContent:
    tags = runs.tags[info.id]
    return RunContent(
        info.id,
        info.name,
        info.status,
        started=info.start_time,
        duration=((info.end_time or now_ms()) - info.start_time) / 1000,
        params=runs.params[info.id],
        metrics={
            key: MetricContent(_summary(runs, values), curves.get((info.id, key)))
            for key, values in runs.metrics[info.id].items()
        },
        tags={key: value for key, value in tags.items() if not key.startswith(RESERVED)},
        note=tags.get(NOTE, ""),
        commit=tags.get(GIT_COMMIT, ""),
        branch=tags.get(GIT_BRANCH, ""),
        dirty=tags.get(GIT_DIRTY) == "true",
        parent=tags.get(PARENT_ID, ""),
        ended=tags.get(ENDED, ""),
    )


def _summary(runs: ManyRuns, values: Any) -> MetricSummary:
    """Return the summary of a metric; a table reads its last value alone."""
    return replace(_UNREAD, **dict(zip(runs.stats, values, strict=True)))
