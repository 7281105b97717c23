"""What the events of a batch come to, as MLflow is to be told it."""

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

__all__ = ["Changes", "changes_of"]


@dataclass(slots=True)
class Changes:
    """All that changes in a run but its points.

    Attributes:
        params: The new ones; those that MLflow keeps another value of are in ``replaced``.
        replaced: The params that get another value.
        conflicts: The params that keep the value they had.
        tags: Tags by their names there, ours too.
        untagged: The tags that go away.
        documents: Texts with their kind.
        datasets: What was read.
        made: The logged models that the run made, with the steps.
        used: The logged models that it read.
        measured: What it measured of logged models.
        status: How the run stands now; None where that has not changed.
        end_time: When it ended.
    """

    params: dict[str, ParamValue] = field(default_factory=dict)
    replaced: dict[str, ParamValue] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    untagged: set[str] = field(default_factory=set)
    documents: list[tuple[str, str]] = field(default_factory=list)
    datasets: list[Dataset] = field(default_factory=list)
    made: dict[str, int] = field(default_factory=dict)
    used: list[str] = field(default_factory=list)
    measured: list[tuple[str, ModelMetric]] = field(default_factory=list)
    status: Status | None = None
    end_time: int | None = None


def changes_of(events: Iterable[Event], known: Mapping[str, ParamValue], now: int) -> Changes:
    """Return what events come to, in their order, for a run that has these params; ``now`` is the server's time."""
    changes = Changes()
    params = dict(known)
    for event in events:
        if isinstance(event, ParamsLogged):
            _log_params(changes, event, params, known)
        else:
            _change(changes, event, now)
    return changes


def _log_params(changes: Changes, event: ParamsLogged, params: dict[str, ParamValue], known: Mapping[str, ParamValue]) -> None:
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


def _change(changes: Changes, event: Event, now: int) -> None:
    match event:
        case TagsSet(tags):
            _set_tags(changes, tags)
        case TagsDeleted(keys):
            names = {mlflow_name(key) for key in keys} - {RUN_NAME}
            changes.untagged |= names
            changes.tags = {key: value for key, value in changes.tags.items() if key not in names}
        case DocumentLogged(kind, text):
            changes.documents.append((kind, text))
        case DocumentNamed(kind, sha256):
            changes.tags[TAG_DOCUMENT + mlflow_name(kind)] = sha256
        case DatasetLogged(dataset):
            changes.datasets.append(dataset)
        case ModelMade(model_id, step):
            changes.made[model_id] = step
        case ModelRead(model_id):
            changes.used.append(model_id)
        case ModelMeasured(model_id, metrics):
            changes.measured += [(model_id, metric) for metric in metrics]
        case _:
            _change_facts(changes, event, now)


def _change_facts(changes: Changes, event: Event, now: int) -> None:
    match event:
        case RunResumed(owner):
            changes.tags |= {TAG_OWNER: owner, TAG_HEARTBEAT: str(now)}
            changes.status, changes.end_time = Status.RUNNING, None
        case RunEnded(status, end_time):
            changes.status, changes.end_time = status, end_time
        case RunUpdated(status, end_time):
            changes.status = status or changes.status
            changes.end_time = changes.end_time if end_time is None else end_time


def _set_tags(changes: Changes, tags: Mapping[str, str]) -> None:
    """Set tags; nothing erases a name."""
    named = {mlflow_name(key): value for key, value in tags.items() if key != RUN_NAME or value}
    changes.tags |= named
    changes.untagged -= named.keys()
