"""Batches into MLflow: what comes again changes nothing, and what breaks off goes on.

Everything is sent before the tag that counts it, and MLflow writes the tags of a request after its metrics. So a count
is never ahead of what is there; where it is behind, what is sent again is there already, and equal to what was sent.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ...entities.events import Batch, Event, LaneRows, Progress, RunEnded, RunStarted
from ...entities.model import ModelMetric
from ...entities.run import LifecycleStage, Status
from ...entities.tags import PARAM_REPLACED, RUN_NAME, TAG_HEARTBEAT, TAG_OWNER, TAG_RUN_ID
from ...errors import Deleted, InvalidInput, NotFound, ParamConflict, RunNotFound, StoreError
from ..filter import param_text
from ..mlflow_api import runs as wire
from ..mlflow_api.codec import number_out
from ..mlflow_api.datasets import input_of
from ..mlflow_api.logged_models import LOG_OUTPUTS, LogOutputs
from ..mlflow_api.message import KeyValue, RunRequest
from ..stages import refuse_deleted
from ..text import storable
from .api import MlflowApi
from .documents import Documents
from .experiments import Experiments
from .log_batches import Piece, pieces
from .name_escapes import mlflow_name
from .params import type_tags, value_tags
from .reserved_tags import progress_in, progress_text, writer_mark
from .run_changes import Changes, changes_of
from .runs import MlflowRun, Runs

__all__ = ["Writes"]

# After so long the caller is told how far it is, and comes again with the rest.
_SECONDS = 5.0
_LONGEST_PARAM = 6000
_LONGEST_TAG = 8000
_MOST_MEASURED = 1000

_log = logging.getLogger("nbtrack")


class Writes:
    """Applies batches.

    Args:
        api: The server.
        runs: Its runs.
        experiments: Its experiments.
        documents: Where texts go.
    """

    def __init__(self, api: MlflowApi, runs: Runs, experiments: Experiments, documents: Documents) -> None:
        self._api, self._runs, self._experiments, self._documents = api, runs, experiments, documents
        self._said: set[str] = set()

    def apply(self, batch: Batch) -> Progress:
        """Apply a batch; a deleted run takes what its writer says all the same."""
        try:
            return self._apply(batch)
        except ParamConflict:
            raise
        except InvalidInput as error:
            run = self._runs.find(batch.run_id, fresh=True)
            if run is not None and run.info.stage is LifecycleStage.DELETED:
                return self._into_deleted(run, batch)
            if batch.writer:
                raise StoreError(str(error)) from error
            raise

    def _into_deleted(self, run: MlflowRun, batch: Batch) -> Progress:
        if not batch.writer:
            raise Deleted(f"the run {run.info.id} or its experiment is deleted; restore it before changing it")
        self._api.call(wire.RESTORE_RUN, RunRequest(run_id=run.own_id))
        try:
            return self._apply(batch)
        finally:
            self._api.call(wire.DELETE_RUN, RunRequest(run_id=run.own_id))
            self._runs.forget(run.own_id)

    def start(self, event: RunStarted, run_id: str = "") -> MlflowRun:
        """Start a run, under MLflow's own id unless it has one already, which is then kept in a tag.

        Raises:
            Deleted: The experiment is deleted.
        """
        event = storable(event)
        experiment = (
            self._experiments.get(event.experiment_id) if event.experiment_id else self._experiments.made(event.experiment)
        )
        refuse_deleted(experiment)
        name = event.name or event.tags.get(RUN_NAME, "")
        own = {TAG_RUN_ID: run_id} if run_id else {}
        own |= {TAG_OWNER: event.owner, TAG_HEARTBEAT: str(self._api.now())}
        tags = {mlflow_name(key): value for key, value in event.tags.items() if key != RUN_NAME} | own
        request = wire.CreateRun(
            experiment_id=experiment.id,
            user_id=event.user,
            run_name=name,
            start_time=event.start_time,
            tags=[KeyValue(key=key, value=self._fitting(value, _LONGEST_TAG, f"tag {key}")) for key, value in tags.items()],
        )
        return self._runs.keep(self._api.call(wire.CREATE_RUN, request).run)

    def beat(self, run_ids: Sequence[str]) -> None:
        """Note that the owner of runs is alive; unknown ones are passed over."""
        for run_id in run_ids:
            run = self._runs.find(run_id)
            if run is not None:
                with suppress(NotFound, InvalidInput):
                    self._api.call(wire.SET_TAG, wire.SetTag(run_id=run.own_id, key=TAG_HEARTBEAT, value=str(self._api.now())))
                self._runs.forget(run.own_id)

    # One batch.

    def _apply(self, batch: Batch) -> Progress:
        batch = _storable(batch)
        run = self._run(batch)
        if run.info.stage is LifecycleStage.DELETED:
            raise InvalidInput("the run is deleted")
        try:
            return self._as_writer(run, batch) if batch.writer else self._directly(run, batch)
        finally:
            self._runs.forget(run.own_id)

    def _run(self, batch: Batch) -> MlflowRun:
        """Return the run of a batch, begun if it begins here."""
        found = self._runs.find(batch.run_id, fresh=True)
        if found is not None:
            return found
        for event in batch.events:
            if isinstance(event, RunStarted):
                return self._started(batch, event)
        raise RunNotFound(f"there is no run with the id {batch.run_id!r}")

    def _started(self, batch: Batch, event: RunStarted) -> MlflowRun:
        begun = self.start(event, batch.run_id)
        # Another process may be delivering the same journal just now; then one of the two runs remains.
        self._runs.forget_id(batch.run_id)
        chosen = self._runs.find(batch.run_id) or begun
        if chosen.own_id != begun.own_id:
            self._api.call(wire.DELETE_RUN, RunRequest(run_id=begun.own_id))
        return chosen

    def _directly(self, run: MlflowRun, batch: Batch) -> Progress:
        changes = changes_of(batch.events, run.params, self._api.now())
        for conflict in changes.conflicts:
            raise ParamConflict(conflict.key, conflict.kept, conflict.refused)
        self._change(run, changes)
        for piece in pieces(*self._texts(run, changes), batch.lanes, {}):
            self._send(run, piece)
        self._set_status(run, changes)
        return Progress()

    def _as_writer(self, run: MlflowRun, batch: Batch) -> Progress:
        """Apply what is new in a batch, and count it."""
        reached = progress_in(run.marks, batch.writer)
        if batch.closes and run.info.status is not Status.RUNNING:
            return reached
        events = batch.events if batch.first_event >= reached.events else ()
        lanes, everything = _new_lanes(batch.lanes, reached.lanes)
        if not events and not lanes:
            return reached
        changes = changes_of(events, run.params, self._api.now())
        counted = batch.first_event + len(events) if events else reached.events
        end = next((at for at, event in enumerate(events) if isinstance(event, RunEnded)), None)
        before = counted if end is None else batch.first_event + end
        self._change(run, changes)
        if end is None:
            self._set_status(run, changes)
        rows: Mapping[int, int] = reached.lanes
        began = time.monotonic()
        for piece in pieces(*self._texts(run, changes), lanes, reached.lanes):
            rows = piece.lanes
            so_far = before if piece.has_all_texts else reached.events
            self._send(run, piece, {writer_mark(batch.writer): progress_text(so_far, rows)})
            if time.monotonic() - began > _SECONDS and rows not in (reached.lanes, everything):
                return Progress(before, rows, tuple(changes.conflicts))
        if end is not None:
            self._set_status(run, changes)
            self._send(run, Piece(), {writer_mark(batch.writer): progress_text(counted, rows)})
        return Progress(counted, rows, tuple(changes.conflicts))

    # What it consists of.

    def _change(self, run: MlflowRun, changes: Changes) -> None:
        """Send what has endpoints of its own."""
        for key in sorted(changes.untagged & run.marks.keys()):
            with suppress(NotFound):
                self._api.call(wire.DELETE_TAG, wire.DeleteTag(run_id=run.own_id, key=key))
        datasets = [input_of(each) for each in changes.datasets if (each.name, each.digest) not in run.datasets]
        models = [wire.ModelInput(model_id=model_id) for model_id in changes.used if model_id not in run.used]
        if datasets or models:
            self._api.call(wire.LOG_INPUTS, wire.LogInputs(run_id=run.own_id, datasets=datasets, models=models))
        if changes.made:
            outputs = [wire.ModelOutput(model_id=model_id, step=step) for model_id, step in changes.made.items()]
            self._api.call(LOG_OUTPUTS, LogOutputs(run_id=run.own_id, models=outputs))
        for start in range(0, len(changes.measured), _MOST_MEASURED):
            points = [_measured(*each) for each in changes.measured[start : start + _MOST_MEASURED]]
            self._send(run, Piece(points=points))
        changes.tags |= self._documents.put(run, changes.documents)

    def _texts(self, run: MlflowRun, changes: Changes) -> tuple[dict[str, str], dict[str, str]]:
        """Return the params and the tags to be sent."""
        if changes.replaced:
            self._say("params", "a param that gets another value has it in nbtrack only; MLflow shows the first")
        params = {
            mlflow_name(key): self._fitting(param_text(value), _LONGEST_PARAM, f"param {key}")
            for key, value in changes.params.items()
        }
        replaced = {**value_tags(changes.replaced), PARAM_REPLACED: "true"} if changes.replaced else {}
        tags = changes.tags | type_tags(changes.params) | replaced
        return params, {key: self._fitting(value, _LONGEST_TAG, f"tag {key}") for key, value in tags.items()}

    def _send(self, run: MlflowRun, piece: Piece, marks: Mapping[str, str] | None = None) -> None:
        tags = piece.tags + [{"key": key, "value": value} for key, value in (marks or {}).items()]
        if piece.params or piece.points or tags:
            body = {"run_id": run.own_id, "params": piece.params, "metrics": piece.points, "tags": tags}
            self._api.send(wire.LOG_BATCH, body)

    def _set_status(self, run: MlflowRun, changes: Changes) -> None:
        if changes.status is not None or changes.end_time is not None:
            status = None if changes.status is None else changes.status.value
            self._api.call(wire.UPDATE_RUN, wire.UpdateRun(run_id=run.own_id, status=status, end_time=changes.end_time))

    def _fitting(self, text: str, most: int, what: str) -> str:
        """Return a text as long as MLflow takes it; what it cuts off is said once."""
        if len(text) > most:
            self._say("length", f"{what} has {len(text)} characters, of which MLflow keeps {most}")
        return text[:most]

    def _say(self, about: str, message: str) -> None:
        if about not in self._said:
            self._said.add(about)
            _log.warning("nbtrack: %s (said once)", message)


def _measured(model_id: str, metric: ModelMetric) -> dict[str, Any]:
    return {
        "key": mlflow_name(metric.key),
        "value": number_out(metric.value),
        "timestamp": max(0, metric.timestamp),
        "step": metric.step,
        "model_id": model_id,
        "dataset_name": metric.dataset_name,
        "dataset_digest": metric.dataset_digest,
    }


def _storable(batch: Batch) -> Batch:
    events: tuple[Event, ...] = storable(batch.events)
    return batch if events is batch.events else replace(batch, events=events)


def _new_lanes(lanes: Sequence[LaneRows], reached: Mapping[int, int]) -> tuple[list[LaneRows], dict[int, int]]:
    """Return the lanes that go on where a writer was, and how many rows there are with them."""
    rows = dict(reached)
    new = []
    for lane in lanes:
        if lane.first >= rows.get(lane.lane, 0):
            rows[lane.lane] = lane.first + lane.count
            new.append(lane)
    return new, rows
