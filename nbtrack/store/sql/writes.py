"""Writes batches to tables, within one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from ...entities.events import Batch, Conflict, Event, LaneRows, Progress, RunStarted
from ...entities.run import LifecycleStage, Status, now_ms
from ...entities.tags import RUN_NAME
from ...errors import Deleted, ParamConflict, RunNotFound
from ..stages import refuse_deleted
from ..text import storable
from .batch_writes import BatchWrites
from .connection import SqlConnection
from .experiments import ensure_experiment, experiment_of, held, new_place
from .points.points import PointWriter
from .rows import RunRow, lock_runs
from .schema.tables import EVENTS_LANE, watermarks

__all__ = ["apply"]

_WATERMARKS = sa.select(watermarks.c.lane, watermarks.c.applied).where(
    watermarks.c.run_key == sa.bindparam("run"), watermarks.c.writer == sa.bindparam("writer")
)


def apply(connection: SqlConnection, batches: Sequence[Batch]) -> list[Progress]:
    """Apply batches in order, and return the progress of each writer."""
    runs = lock_runs(connection, {batch.run_id for batch in batches})
    return [_apply_batch(connection, runs, batch) for batch in batches]


def _apply_batch(connection: SqlConnection, runs: dict[str, RunRow], batch: Batch) -> Progress:
    events = storable(batch.events)
    is_new_run = batch.run_id not in runs
    if is_new_run:
        runs[batch.run_id] = _started(connection, batch.run_id, events)
    run = runs[batch.run_id]
    if batch.writer:
        return _apply_numbered(connection, run, batch, events, is_new_run=is_new_run)
    if run.stage == LifecycleStage.DELETED:
        raise Deleted(f"the run {run.id} or its experiment is deleted; restore it before changing it")
    for conflict in _write(connection, run, events, batch.lanes, is_new_run=is_new_run, is_direct=True):
        raise ParamConflict(conflict.key, conflict.kept, conflict.refused)
    return Progress()


def _apply_numbered(
    connection: SqlConnection, run: RunRow, batch: Batch, events: tuple[Event, ...], *, is_new_run: bool
) -> Progress:
    """Apply the part of a writer's batch beyond its watermarks, and advance them."""
    if batch.closes and run.status != Status.RUNNING.value:
        return Progress()
    marks: dict[int, int] = {}
    if not is_new_run:
        marks = dict(connection.rows(_WATERMARKS, run=run.key, writer=batch.writer))
    if batch.first_event < marks.get(EVENTS_LANE, 0):
        events = ()
    moved = {EVENTS_LANE: batch.first_event + len(events)} if events else {}
    lanes = []
    for lane in batch.lanes:
        if lane.first >= (marks | moved).get(lane.lane, 0):
            lanes.append(lane)
            moved[lane.lane] = lane.first + lane.count
    conflicts = _write(connection, run, events, lanes, is_new_run=is_new_run)
    connection.upsert(watermarks, [(run.key, batch.writer, *mark) for mark in moved.items()])
    return _progress(marks | moved, conflicts)


def _progress(marks: Mapping[int, int], conflicts: tuple[Conflict, ...]) -> Progress:
    lanes = dict(marks)
    return Progress(lanes.pop(EVENTS_LANE, 0), lanes, conflicts)


def _write(
    connection: SqlConnection,
    run: RunRow,
    events: Sequence[Event],
    lanes: Sequence[LaneRows],
    *,
    is_new_run: bool,
    is_direct: bool = False,
) -> tuple[Conflict, ...]:
    """Write events and rows that are known to be new, and return conflicts of params."""
    changes = BatchWrites()
    if is_new_run and (start := _start(events)):
        changes.tags = {**start.tags, RUN_NAME: run.name}
    changes.gather(events)
    if is_new_run or "heartbeat" in changes.run:
        run.heartbeat = changes.run["heartbeat"] = connection.now() or now_ms()
    if changes.run or is_new_run:
        _save(connection, run, changes.run)
    conflicts = changes.write(connection, run, is_new_run=is_new_run, is_direct=is_direct)
    if lanes or changes.has_ended:
        _write_points(connection, run, lanes, is_new_run=is_new_run, has_ended=changes.has_ended)
    return conflicts


def _save(connection: SqlConnection, run: RunRow, changed: Mapping[str, Any]) -> None:
    for column, value in changed.items():
        setattr(run, column, value)
    if run.key:
        run.save(connection)
    else:
        run.insert(connection)


def _write_points(
    connection: SqlConnection, run: RunRow, lanes: Sequence[LaneRows], *, is_new_run: bool, has_ended: bool
) -> None:
    series = [each for lane in lanes for each in lane.series]
    points = PointWriter(connection, run.key, () if is_new_run else {key for each in series for key in each.keys})
    for each in series:
        points.add(each)
    points.finish()
    if has_ended and not is_new_run:
        points.compact()


def _start(events: Sequence[Event]) -> RunStarted | None:
    return next((event for event in events if isinstance(event, RunStarted)), None)


def _started(connection: SqlConnection, run_id: str, events: Sequence[Event]) -> RunRow:
    """Return the row of a run that starts in these events; Deleted if its experiment is deleted."""
    start = _start(events)
    if start is None:
        raise RunNotFound(f"there is no run with the id {run_id!r}")
    if start.experiment_id:
        experiment = experiment_of(connection, start.experiment_id)
    else:
        experiment = ensure_experiment(connection, start.experiment)
    refuse_deleted(held(connection, experiment))  # locked, because a concurrent deletion would miss the new run
    return RunRow(
        key=0,
        id=run_id,
        experiment_id=int(experiment.id),
        name=start.name or start.tags.get(RUN_NAME, ""),
        status=Status.RUNNING.value,
        start_time=start.start_time,
        end_time=None,
        artifact_uri=new_place(connection, experiment, f"{run_id}/artifacts"),
        user=start.user,
        stage=experiment.stage.value,
        deleted_time=None,
        owner=start.owner,
        heartbeat=0,  # by the database's clock, when it is written
    )
