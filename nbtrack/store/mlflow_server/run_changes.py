"""Folds the events of a batch into what changes in a run, in the terms of MLflow's API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ...entities.events import (
    Conflict,
    DatasetLogged,
    DocumentLogged,
    DocumentNamed,
    Event,
    ModelMade,
    ModelMeasured,
    ModelRead,
    ParamsLogged,
    RunEnded,
    RunResumed,
    RunUpdated,
    TagsDeleted,
    TagsSet,
)
from ...entities.model import ModelMetric
from ...entities.run import Dataset, ParamValue, Status
from ...entities.tags import RUN_NAME, TAG_DOCUMENT, TAG_HEARTBEAT, TAG_OWNER
from ..filter import param_text
from .name_escapes import mlflow_name

__all__ = ["RunChanges", "changes_of"]


@dataclass(slots=True)
class RunChanges:
    """Everything that changes in a run, except its points.

    Attributes:
        params: New params.
        replaced: Params that get another value, which MLflow does not permit.
        conflicts: Params that keep their value although another one was logged.
        tags: Tags by MLflow's names, reserved ones too.
        deleted_tags: Tags by MLflow's names.
        documents: Pairs of kind and text.
        datasets: Datasets that the run read.
        model_outputs: Logged models that the run made, with the step.
        model_inputs: Logged models that the run read.
        model_metrics: Metrics of logged models.
        status: The new status; None if it does not change.
        end_time: The new end; None if it does not change.
    """

    params: dict[str, ParamValue] = field(default_factory=dict)
    replaced: dict[str, ParamValue] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    deleted_tags: set[str] = field(default_factory=set)
    documents: list[tuple[str, str]] = field(default_factory=list)
    datasets: list[Dataset] = field(default_factory=list)
    model_outputs: dict[str, int] = field(default_factory=dict)
    model_inputs: list[str] = field(default_factory=list)
    model_metrics: list[tuple[str, ModelMetric]] = field(default_factory=list)
    status: Status | None = None
    end_time: int | None = None


def changes_of(events: Iterable[Event], known: Mapping[str, ParamValue], now: int) -> RunChanges:
    """Return what events change in a run.

    Args:
        events: The events, in their order.
        known: The run's params.
        now: The server's time in milliseconds.
    """
    changes = RunChanges()
    params = dict(known)
    for event in events:
        if isinstance(event, ParamsLogged):
            _log_params(changes, event, params, known)
        else:
            _change(changes, event, now)
    return changes


def _log_params(changes: RunChanges, event: ParamsLogged, params: dict[str, ParamValue], known: Mapping[str, ParamValue]) -> None:
    for key, value in event.params.items():
        if key not in params:
            changes.params[key] = value
        elif param_text(params[key]) == param_text(value):
            continue
        elif not event.replaces:
            changes.conflicts.append(Conflict(key, params[key], value))
            continue
        elif key in known:
            changes.replaced[key] = value
        else:
            changes.params[key] = value
        params[key] = value


def _change(changes: RunChanges, event: Event, now: int) -> None:
    match event:
        case TagsSet(tags):
            _set_tags(changes, tags)
        case TagsDeleted(keys):
            names = {mlflow_name(key) for key in keys} - {RUN_NAME}
            changes.deleted_tags |= names
            changes.tags = {key: value for key, value in changes.tags.items() if key not in names}
        case DocumentLogged(kind, text):
            changes.documents.append((kind, text))
        case DocumentNamed(kind, sha256):
            changes.tags[TAG_DOCUMENT + mlflow_name(kind)] = sha256
        case DatasetLogged(dataset):
            changes.datasets.append(dataset)
        case ModelMade(model_id, step):
            changes.model_outputs[model_id] = step
        case ModelRead(model_id):
            changes.model_inputs.append(model_id)
        case ModelMeasured(model_id, metrics):
            changes.model_metrics += [(model_id, metric) for metric in metrics]
        case _:
            _change_facts(changes, event, now)


def _change_facts(changes: RunChanges, event: Event, now: int) -> None:
    match event:
        case RunResumed(owner):
            changes.tags |= {TAG_OWNER: owner, TAG_HEARTBEAT: str(now)}
            changes.status, changes.end_time = Status.RUNNING, None
        case RunEnded(status, end_time):
            changes.status, changes.end_time = status, end_time
        case RunUpdated(status, end_time):
            changes.status = status or changes.status
            changes.end_time = changes.end_time if end_time is None else end_time


def _set_tags(changes: RunChanges, tags: Mapping[str, str]) -> None:
    # An empty name would erase the run's name, which every run has.
    named = {mlflow_name(key): value for key, value in tags.items() if key != RUN_NAME or value}
    changes.tags |= named
    changes.deleted_tags -= named.keys()
