"""Batches applied to an MLflow server: one that comes again changes nothing, one that breaks off is continued.

Everything is sent before the tag that counts it, and MLflow writes the tags of a request after its points. So the count is never
ahead of what the server has. Where it is behind, points are sent again, and the server stores equal points once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...entities.events import Batch, Event, LaneRows, Progress, RunEnded, RunStarted
from ...entities.run import LifecycleStage, Status
from ...errors import Deleted, InvalidInput, ParamConflict, RunNotFound, StoreError
from ..mlflow_api import runs as wire
from ..mlflow_api.message import RunRequest
from ..text import storable
from .api import MlflowApi
from .log_batches import LogBatch, log_batches
from .mlflow_run import MlflowRun
from .reserved_tags import progress_in, progress_value, writer_tag
from .run_changes import changes_of
from .runs import MlflowRuns
from .sending import RunSender

__all__ = ["BatchApplier"]

# A longer batch is left unfinished: the caller learns the progress and comes again with the rest.
_SECONDS = 5.0


class BatchApplier:
    """Applies batches.

    Args:
        api: The server.
        runs: Its runs.
        sender: Sends what a batch consists of.
    """

    def __init__(self, api: MlflowApi, runs: MlflowRuns, sender: RunSender) -> None:
        self._api, self._runs, self._sender = api, runs, sender

    def apply(self, batch: Batch) -> Progress:
        """Apply a batch; a deleted run accepts a writer's batches, as a run may be deleted while it is logged."""
        try:
            return self._apply(batch)
        except ParamConflict:
            raise
        except InvalidInput as error:
            run = self._runs.find(batch.run_id, fresh=True)
            if run is not None and run.info.stage is LifecycleStage.DELETED:
                return self._apply_to_deleted(run, batch)
            if batch.writer:
                raise StoreError(str(error)) from error  # delivery sets the event aside; the user made no mistake
            raise

    def _apply_to_deleted(self, run: MlflowRun, batch: Batch) -> Progress:
        if not batch.writer:
            raise Deleted(f"the run {run.info.id} or its experiment is deleted; restore it before changing it")
        self._api.call(wire.RESTORE_RUN, RunRequest(run_id=run.mlflow_id))
        try:
            return self._apply(batch)
        finally:
            self._api.call(wire.DELETE_RUN, RunRequest(run_id=run.mlflow_id))
            self._runs.forget(run.mlflow_id)

    def _apply(self, batch: Batch) -> Progress:
        events: tuple[Event, ...] = storable(batch.events)
        batch = batch if events is batch.events else replace(batch, events=events)
        run = self._run_of(batch)
        if run.info.stage is LifecycleStage.DELETED:
            raise InvalidInput("the run is deleted")
        try:
            return self._apply_counted(run, batch) if batch.writer else self._apply_uncounted(run, batch)
        finally:
            self._runs.forget(run.mlflow_id)

    def _run_of(self, batch: Batch) -> MlflowRun:
        """Return the run of a batch, started if the batch starts it."""
        found = self._runs.find(batch.run_id, fresh=True)
        if found is not None:
            return found
        start = next((event for event in batch.events if isinstance(event, RunStarted)), None)
        if start is None:
            raise RunNotFound(f"there is no run with the id {batch.run_id!r}")
        started = self._sender.start(start, batch.run_id)
        # Another process may have delivered the same start meanwhile; all processes keep the same one of the two runs.
        self._runs.forget_id(batch.run_id)
        chosen = self._runs.find(batch.run_id) or started
        if chosen.mlflow_id != started.mlflow_id:
            self._api.call(wire.DELETE_RUN, RunRequest(run_id=started.mlflow_id))
        return chosen

    def _apply_uncounted(self, run: MlflowRun, batch: Batch) -> Progress:
        changes = changes_of(batch.events, run.params, self._api.now())
        for conflict in changes.conflicts:
            raise ParamConflict(conflict.key, conflict.kept, conflict.refused)
        self._sender.send_changes(run, changes)
        for content in log_batches(*self._sender.params_and_tags(changes), batch.lanes, {}):
            self._sender.send(run, content)
        self._sender.send_status(run, changes)
        return Progress()

    def _apply_counted(self, run: MlflowRun, batch: Batch) -> Progress:
        """Apply the part of a writer's batch that is new, and store the progress."""
        reached = progress_in(run.all_tags, batch.writer)
        if batch.closes and run.info.status is not Status.RUNNING:
            return reached
        events = batch.events if batch.first_event >= reached.events else ()
        lanes, all_rows = _new_lanes(batch.lanes, reached.lanes)
        if not events and not lanes:
            return reached
        changes = changes_of(events, run.params, self._api.now())
        counted = batch.first_event + len(events) if events else reached.events
        # The end is sent last, so that no reader sees an ended run with points missing.
        end = next((at for at, event in enumerate(events) if isinstance(event, RunEnded)), None)
        before_end = counted if end is None else batch.first_event + end
        self._sender.send_changes(run, changes)
        if end is None:
            self._sender.send_status(run, changes)
        rows: Mapping[int, int] = reached.lanes
        began = time.monotonic()
        for content in log_batches(*self._sender.params_and_tags(changes), lanes, reached.lanes):
            rows = content.lanes
            events_so_far = before_end if content.has_all_params_and_tags else reached.events
            self._sender.send(run, content, {writer_tag(batch.writer): progress_value(events_so_far, rows)})
            if time.monotonic() - began > _SECONDS and rows not in (reached.lanes, all_rows):
                return Progress(before_end, rows, tuple(changes.conflicts))
        if end is not None:
            self._sender.send_status(run, changes)
            self._sender.send(run, LogBatch(), {writer_tag(batch.writer): progress_value(counted, rows)})
        return Progress(counted, rows, tuple(changes.conflicts))


def _new_lanes(lanes: Sequence[LaneRows], reached: Mapping[int, int]) -> tuple[list[LaneRows], dict[int, int]]:
    """Return the lanes with rows beyond what the server has, and the rows of each lane once they are sent."""
    rows = dict(reached)
    new = []
    for lane in lanes:
        if lane.first >= rows.get(lane.lane, 0):
            rows[lane.lane] = lane.first + lane.count
            new.append(lane)
    return new, rows
