"""The runs drawn underneath a run: the previous run of the same cell, and the one that is pinned."""

from __future__ import annotations

from typing import Any

from ...entities.run import RunInfo
from ...entities.tags import CELL_ID, PINNED
from ...errors import RunNotFound
from ...store.filter import parse
from ...store.protocol.search import Query
from ...store.protocol.store import Store
from ..data.curves import seconds_of
from ..data.overview import Overview

__all__ = ["under"]


_MOST_METRICS = 40
_POINTS = 500


def under(store: Store, run_id: str, experiment: str, cell_id: str) -> dict[str, Any]:
    """Return the curves that are drawn underneath a run, and the id of the pinned run of its experiment.

    Args:
        store: The store.
        run_id: The run.
        experiment: The name of its experiment.
        cell_id: The notebook cell whose run it is; empty for other runs.
    """
    found = store.find_experiment(experiment)
    if found is None:
        return {"under": [], "pinned": None}
    pinned = _newest(store, found.id, PINNED, "true")
    previous = _newest(store, found.id, CELL_ID, cell_id, but=run_id) if cell_id else None
    roles = {"pinned": pinned, "previous": previous}
    shown = {run.id: (role, run) for role, run in roles.items() if run is not None and run.id != run_id}
    drawn = [{"id": run.id, "name": run.name, "role": role, "metrics": _curves(store, run)} for role, run in shown.values()]
    return {"under": drawn, "pinned": None if pinned is None else pinned.id}


def _newest(store: Store, experiment_id: str, tag: str, value: str, but: str = "") -> RunInfo | None:
    """Return the newest run with a tag that started before the run ``but``, and is another one."""
    began = store.get_run(but).start_time if but and _is_there(store, but) else None
    condition = f"tags.`{tag}` = '{value.replace(chr(39), '')}'"
    runs = store.search_runs(Query((experiment_id,), parse(condition), limit=20)).items
    return next((run for run in runs if run.id != but and (began is None or run.start_time <= began)), None)


def _is_there(store: Store, run_id: str) -> bool:
    try:
        store.get_run(run_id)
    except RunNotFound:
        return False
    return True


def _curves(store: Store, run: RunInfo) -> list[dict[str, Any]]:
    keys = [key for _, key, count in store.metrics([run.id], ["count"]) if count > 1][:_MOST_METRICS]
    drawn = []
    for key in keys:
        points = store.history(run.id, key)
        overview = Overview.of(points.steps, seconds_of(points.timestamps, run.start_time), points.values, _POINTS)
        drawn.append({"key": key, **overview.curve()})
    return drawn
