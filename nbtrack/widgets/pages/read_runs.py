"""What a notebook shows of one run, as static content."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...entities.run import now_ms
from ...entities.tags import ENDED, GIT_BRANCH, GIT_COMMIT, GIT_DIRTY, NOTE, PARENT_ID, RESERVED
from ..shown import ShownRun, shown_session
from .bundles import run_bundle as run_of
from .charts import by_interest
from .contents import Curve, MetricContent, RunContent
from .read_many import MOST_CURVES

__all__ = ["run_bundle", "run_static_html"]


def run_bundle(run: ShownRun) -> dict[str, Any]:
    """Read a run, and return its MIME bundle with curves."""
    return run_of(_run_content(run, curves=MOST_CURVES))


def run_static_html(run: ShownRun) -> str:
    """Read a run, and return it as HTML without script."""
    return run_of(_run_content(run, curves=MOST_CURVES), picture=False)["text/html"]


def _run_content(run: ShownRun, *, curves: int = 0) -> RunContent:
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
        metrics=dict(_metric_contents(run, curves)),
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


def _metric_contents(run: ShownRun, curves: int) -> Iterable[tuple[str, MetricContent]]:
    metrics = run.metrics
    drawn = frozenset(by_interest([key for key in metrics if metrics[key].count > 1])[:curves])
    for key, history in metrics.items():
        curve = Curve.of(history.steps, history.values) if key in drawn else None
        yield key, MetricContent(history.summary, curve)


def _last_line(traceback: str | None) -> str:
    lines = (traceback or "").strip().splitlines()
    return lines[-1] if lines else ""
