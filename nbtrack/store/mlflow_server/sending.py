"""Requests that start a run and change it, within the limits of MLflow."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from ...entities.events import RunStarted
from ...entities.model import ModelMetric
from ...entities.tags import PARAM_REPLACED, RUN_NAME, TAG_HEARTBEAT, TAG_OWNER, TAG_RUN_ID
from ...errors import InvalidInput, NotFound
from ..filter import param_text
from ..mlflow_api import runs as wire
from ..mlflow_api.codec import number_out
from ..mlflow_api.datasets import input_of
from ..mlflow_api.logged_models import LOG_OUTPUTS, LogOutputs
from ..mlflow_api.message import KeyValue
from ..stages import refuse_deleted
from ..text import storable
from .api import MlflowApi
from .documents import Documents
from .experiments import MlflowExperiments
from .log_batches import LogBatch
from .mlflow_run import MlflowRun
from .name_escapes import mlflow_name
from .params import type_tags, value_tags
from .run_changes import RunChanges
from .runs import MlflowRuns

__all__ = ["RunSender"]

_LONGEST_PARAM = 6000
_LONGEST_TAG = 8000
_MOST_MODEL_METRICS = 1000

_log = logging.getLogger("nbtrack")


class RunSender:
    """Sends the start of a run, its changes, its rows and its heartbeat.

    Args:
        api: The server.
        runs: Its runs.
        experiments: Its experiments.
        documents: Its documents.
    """

    def __init__(self, api: MlflowApi, runs: MlflowRuns, experiments: MlflowExperiments, documents: Documents) -> None:
        self._api, self._runs, self._experiments, self._documents = api, runs, experiments, documents
        self._warned: set[str] = set()

    def start(self, event: RunStarted, run_id: str = "") -> MlflowRun:
        """Create a run.

        Args:
            event: The run's start; its experiment is created if it does not exist.
            run_id: An id that the run already has, to be kept in a tag; empty to use MLflow's id.

        Raises:
            Deleted: The experiment is deleted.
        """
        event = storable(event)
        experiment = (
            self._experiments.get(event.experiment_id)
            if event.experiment_id
            else self._experiments.find_or_create(event.experiment)
        )
        refuse_deleted(experiment)
        reserved = {TAG_RUN_ID: run_id} if run_id else {}
        reserved |= {TAG_OWNER: event.owner, TAG_HEARTBEAT: str(self._api.now())}
        tags = {mlflow_name(key): value for key, value in event.tags.items() if key != RUN_NAME} | reserved
        request = wire.CreateRun(
            experiment_id=experiment.id,
            user_id=event.user,
            run_name=event.name or event.tags.get(RUN_NAME, ""),
            start_time=event.start_time,
            tags=[KeyValue(key=key, value=self._cut(value, _LONGEST_TAG, f"tag {key}")) for key, value in tags.items()],
        )
        return self._runs.keep(self._api.call(wire.CREATE_RUN, request).run)

    def heartbeat(self, run_ids: Sequence[str]) -> None:
        """Record that the owner of these runs is alive; unknown runs are ignored."""
        for run_id in run_ids:
            run = self._runs.find(run_id)
            if run is not None:
                now = str(self._api.now())  # a time of the server, by which open_runs measures the silence
                with suppress(NotFound, InvalidInput):
                    self._api.call(wire.SET_TAG, wire.SetTag(run_id=run.mlflow_id, key=TAG_HEARTBEAT, value=now))
                self._runs.forget(run.mlflow_id)

    def send_changes(self, run: MlflowRun, changes: RunChanges) -> None:
        """Send the changes that have requests of their own: all but params, tags, rows and the status."""
        for key in sorted(changes.deleted_tags & run.all_tags.keys()):
            with suppress(NotFound):  # a request that is repeated finds it deleted
                self._api.call(wire.DELETE_TAG, wire.DeleteTag(run_id=run.mlflow_id, key=key))
        datasets = [input_of(each) for each in changes.datasets if (each.name, each.digest) not in run.datasets]
        models = [wire.ModelInput(model_id=each) for each in changes.model_inputs if each not in run.model_inputs]
        if datasets or models:
            self._api.call(wire.LOG_INPUTS, wire.LogInputs(run_id=run.mlflow_id, datasets=datasets, models=models))
        if changes.model_outputs:
            outputs = [wire.ModelOutput(model_id=model_id, step=step) for model_id, step in changes.model_outputs.items()]
            self._api.call(LOG_OUTPUTS, LogOutputs(run_id=run.mlflow_id, models=outputs))
        for start in range(0, len(changes.model_metrics), _MOST_MODEL_METRICS):
            points = [_model_point(*each) for each in changes.model_metrics[start : start + _MOST_MODEL_METRICS]]
            self.send(run, LogBatch(points=points))
        changes.tags |= self._documents.put(run, changes.documents)

    def params_and_tags(self, changes: RunChanges) -> tuple[dict[str, str], dict[str, str]]:
        """Return the params and the tags that changes need, as strings by MLflow's names."""
        if changes.replaced:
            self._warn_once("params", "a param that gets another value has it in nbtrack only; MLflow shows the first")
        params = {
            mlflow_name(key): self._cut(param_text(value), _LONGEST_PARAM, f"param {key}")
            for key, value in changes.params.items()
        }
        replaced = {**value_tags(changes.replaced), PARAM_REPLACED: "true"} if changes.replaced else {}
        tags = changes.tags | type_tags(changes.params) | replaced
        return params, {key: self._cut(value, _LONGEST_TAG, f"tag {key}") for key, value in tags.items()}

    def send(self, run: MlflowRun, content: LogBatch, reserved: Mapping[str, str] | None = None) -> None:
        """Send params, tags and points in one request, with reserved tags beside them."""
        tags = content.tags + [{"key": key, "value": value} for key, value in (reserved or {}).items()]
        if content.params or content.points or tags:
            body = {"run_id": run.mlflow_id, "params": content.params, "metrics": content.points, "tags": tags}
            self._api.send(wire.LOG_BATCH, body)

    def send_status(self, run: MlflowRun, changes: RunChanges) -> None:
        """Send the run's status and end, if they changed."""
        if changes.status is not None or changes.end_time is not None:
            status = None if changes.status is None else changes.status.value
            self._api.call(wire.UPDATE_RUN, wire.UpdateRun(run_id=run.mlflow_id, status=status, end_time=changes.end_time))

    def _cut(self, text: str, most: int, what: str) -> str:
        if len(text) > most:
            self._warn_once("length", f"{what} has {len(text)} characters, of which MLflow keeps {most}")
        return text[:most]

    def _warn_once(self, about: str, message: str) -> None:
        if about not in self._warned:
            self._warned.add(about)
            _log.warning("nbtrack: %s (shown once)", message)


def _model_point(model_id: str, metric: ModelMetric) -> dict[str, Any]:
    return {
        "key": mlflow_name(metric.key),
        "value": number_out(metric.value),
        "timestamp": max(0, metric.timestamp),
        "step": metric.step,
        "model_id": model_id,
        "dataset_name": metric.dataset_name,
        "dataset_digest": metric.dataset_digest,
    }
