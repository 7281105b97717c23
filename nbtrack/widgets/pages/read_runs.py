"""What a notebook shows of runs, read from the store for the static pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...entities.run import now_ms
from ...entities.tags import ENDED, GIT_BRANCH, GIT_COMMIT, GIT_DIRTY, NOTE, PARENT_ID, RESERVED
from ..shown import ShownComparison, ShownRun, ShownRuns, shown_session
from .bundles import comparison_bundle as comparison_of
from .bundles import comparison_text, runs_html, runs_text
from .bundles import run_bundle as run_of
from .bundles import runs_bundle as runs_of
from .charts import by_interest
from .contents import ComparisonContent, Curve, MetricContent, RunContent, RunsContent, Whole

__all__ = [
    "comparison_bundle",
    "comparison_summary",
    "run_bundle",
    "run_static_html",
    "runs_bundle",
    "runs_static_html",
    "runs_summary",
]

_CURVES = 24
_TABLE_RUNS = 200
_COMPARED_RUNS = 20
_MOST_READ = 5000  # runs of which params and last values are read to say something of all


def run_bundle(run: ShownRun) -> dict[str, Any]:
    """Return a run as a notebook shows it, with its curves."""
    return run_of(_run_view(run, curves=_CURVES))


def run_static_html(run: ShownRun) -> str:
    """Return a run as a page without script."""
    return run_of(_run_view(run, curves=_CURVES), picture=False)["text/html"]


def runs_bundle(runs: ShownRuns, key: str = "") -> dict[str, Any]:
    """Return runs as a notebook shows them: a table of the first ones, in the slot of a living view with that key."""
    return runs_of(_runs_view(runs, key))


def runs_summary(runs: ShownRuns) -> str:
    """Return runs as a terminal shows them."""
    return runs_text(_runs_view(runs))


def runs_static_html(runs: ShownRuns, key: str) -> str:
    """Return the whole table of runs as a page without script, in the slot of a living view with that key."""
    return runs_html(RunsContent(tuple(_run_view(run) for run in runs), len(runs), now=now_ms(), key=key), None)


def comparison_bundle(comparison: ShownComparison, key: str = "") -> dict[str, Any]:
    """Return a comparison as a notebook shows it, in the slot of a living view with that key."""
    return comparison_of(_comparison_view(comparison, curves=_CURVES, key=key))


def comparison_summary(comparison: ShownComparison) -> str:
    """Return a comparison as a terminal shows it."""
    return comparison_text(_comparison_view(comparison, curves=0))


def _runs_view(runs: ShownRuns, key: str = "") -> RunsContent:
    views = tuple(_run_view(run) for run in runs[:_TABLE_RUNS])
    return RunsContent(views, len(runs), now=now_ms(), key=key, whole=_whole(runs, len(views)))


def _comparison_view(comparison: ShownComparison, *, curves: int, key: str = "") -> ComparisonContent:
    runs = comparison.runs
    views = tuple(_run_view(run, curves=curves) for run in runs[:_COMPARED_RUNS])
    return ComparisonContent(views, key=key, total=len(runs), whole=_whole(runs, len(views)))


def _whole(runs: ShownRuns, shown: int) -> Whole | None:
    """Return what is said of all runs; None where those that are shown tell it, and where there are too many to read."""
    return runs.whole() if shown < len(runs) <= _MOST_READ else None


def _run_view(run: ShownRun, *, curves: int = 0) -> RunContent:
    """Read a run for display, with the curves of its first metrics."""
    tags = run.tags
    end = run.end_time.timestamp() if run.end_time else now_ms() / 1000
    return RunContent(
        run.id,
        run.name,
        run.status,
        experiment=run.experiment,
        started=int(run.start_time.timestamp() * 1000),
        duration=end - run.start_time.timestamp(),
        params=run.params,
        metrics=dict(_metric_views(run, curves)),
        tags={key: value for key, value in tags.items() if not key.startswith(RESERVED)},
        note=tags.get(NOTE, ""),
        commit=tags.get(GIT_COMMIT, ""),
        branch=tags.get(GIT_BRANCH, ""),
        dirty=tags.get(GIT_DIRTY) == "true",
        parent=tags.get(PARENT_ID, ""),
        artifacts=shown_session(run).artifact_count() if curves else 0,
        error=_last_line(run.traceback) if curves and run.status.name == "FAILED" else "",
        ended=tags.get(ENDED, ""),
    )


def _metric_views(run: ShownRun, curves: int) -> Iterable[tuple[str, MetricContent]]:
    metrics = run.metrics
    drawn = frozenset(by_interest([key for key in metrics if metrics[key].count > 1])[:curves])
    for key, history in metrics.items():
        curve = Curve.of(history.steps, history.values) if key in drawn else None
        yield key, MetricContent(history.summary, curve)


def _last_line(traceback: str | None) -> str:
    lines = (traceback or "").strip().splitlines()
    return lines[-1] if lines else ""
