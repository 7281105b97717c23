"""Completion of what a magic's line may name: runs, metrics, params."""

from __future__ import annotations

from typing import Any

from ..errors import NbtrackError

__all__ = ["complete_filter", "complete_run"]

_RECENT = 50


def complete_run(shell: Any, event: Any) -> list[str]:
    """Complete ``%compare`` with the names of recent runs."""
    return sorted({_worded(run.name) for run in _recent()})


def complete_filter(shell: Any, event: Any) -> list[str]:
    """Complete ``%runs`` with the metrics and params of recent runs, and the attributes of any."""
    runs = _recent()
    metrics = {f"metrics.{key}" for run in runs for key in run.metrics}
    params = {f"params.{key}" for run in runs for key in run.params}
    return [*sorted(metrics), *sorted(params), "status", "run_name", "start_time", "duration"]


def _recent() -> Any:
    from ..api import runs

    try:
        return runs(limit=_RECENT)
    except NbtrackError:
        return []


def _worded(name: str) -> str:
    return f'"{name}"' if " " in name else name
