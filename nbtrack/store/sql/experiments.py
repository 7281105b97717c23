"""Experiments and their tags."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from ...entities.run import Experiment, LifecycleStage, ViewType, now_ms
from ...errors import AlreadyExists, Deleted, ExperimentNotFound, NotFound
from .connection import SqlConnection
from .damage import member
from .schema.tables import experiment_tags, experiments, runs

__all__ = [
    "add_experiment",
    "delete_tag",
    "ensure_experiment",
    "experiment_named",
    "experiment_number",
    "experiment_of",
    "held",
    "list_experiments",
    "locations",
    "new_place",
    "set_stage",
    "update_experiment",
]

_LARGEST_ID = (1 << 31) - 1
_MOVABLE = ("name", "stage", "updated")

_ALL = sa.select(*experiments.columns).order_by(experiments.c.created.desc(), experiments.c.id)
_BY_ID = sa.select(*experiments.columns).where(experiments.c.id == sa.bindparam("number"))
_BY_NAME = sa.select(*experiments.columns).where(experiments.c.name == sa.bindparam("name"))
_LOCK = sa.select(experiments.c.stage).where(experiments.c.id == sa.bindparam("number")).with_for_update(read=True)
_LOCATIONS = sa.select(experiments.c.id, experiments.c.artifact_location).order_by(experiments.c.id)
_LOCATION = sa.select(experiments.c.artifact_location).where(experiments.c.id == sa.bindparam("number"))
_TAGS = sa.select(*experiment_tags.columns).order_by(experiment_tags.c.key)
_TAGS_OF_ONE = _TAGS.where(experiment_tags.c.experiment_id == sa.bindparam("number"))
_SAVE = sa.update(experiments).where(experiments.c.id == sa.bindparam("number"))
_SAVE = _SAVE.values({name: sa.bindparam(f"new_{name}") for name in _MOVABLE})
_LOCATE = (
    sa.update(experiments).where(experiments.c.id == sa.bindparam("number")).values(artifact_location=sa.bindparam("location"))
)
_DROP_TAG = sa.delete(experiment_tags).where(
    experiment_tags.c.experiment_id == sa.bindparam("number"), experiment_tags.c.key == sa.bindparam("tag")
)
_STAGE_RUNS = (
    sa.update(runs)
    .where(runs.c.experiment_id == sa.bindparam("number"))
    .values(stage=sa.bindparam("new_stage"), deleted_time=sa.bindparam("time"))
)


def experiment_number(experiment_id: str) -> int:
    """Return an experiment's id as a number; ExperimentNotFound if it is not one."""
    if experiment_id.isascii() and experiment_id.isdecimal() and int(experiment_id) <= _LARGEST_ID:
        return int(experiment_id)
    raise _not_found(experiment_id)


def experiment_of(connection: SqlConnection, experiment_id: str) -> Experiment:
    """Return an experiment; ExperimentNotFound."""
    row = connection.row(_BY_ID, number=experiment_number(experiment_id))
    if row is None or str(row[0]) != experiment_id:
        raise _not_found(experiment_id)
    return _experiment(connection, row, _tags_of(connection, row[0]))


def experiment_named(connection: SqlConnection, name: str) -> Experiment | None:
    """Return the experiment of that name."""
    row = connection.row(_BY_NAME, name=name)
    return None if row is None else _experiment(connection, row, _tags_of(connection, row[0]))


def list_experiments(connection: SqlConnection, view: ViewType) -> list[Experiment]:
    """Return all experiments of a view, newest first."""
    tags: dict[int, dict[str, str]] = {}
    for number, key, value in connection.rows(_TAGS):
        tags.setdefault(number, {})[key] = value
    found = [_experiment(connection, row, tags.get(row[0], {})) for row in connection.rows(_ALL)]
    return [experiment for experiment in found if view in ("all", experiment.stage)]


def add_experiment(
    connection: SqlConnection, name: str, location: str | None = None, tags: dict[str, str] | None = None
) -> Experiment:
    """Add an experiment; its artifacts are below the store's root by its id unless a location is given; AlreadyExists."""
    _refuse_taken(connection, name)
    return _add(connection, name, location, tags)


def ensure_experiment(connection: SqlConnection, name: str) -> Experiment:
    """Return the experiment of that name, created if need be; if another process creates it meanwhile, the work is retried."""
    return experiment_named(connection, name) or _add(connection, name)


def held(connection: SqlConnection, experiment: Experiment) -> Experiment:
    """Return an experiment with its current stage, locked against deletion and restoring until the transaction ends."""
    (stage,) = connection.row(_LOCK, number=int(experiment.id))
    return replace(experiment, stage=member(connection.dialect.label, LifecycleStage, stage, "experiments.stage"))


def _add(connection: SqlConnection, name: str, location: str | None = None, tags: dict[str, str] | None = None) -> Experiment:
    now, places = now_ms(), connection.places
    number = connection.insert_one(experiments, (name, location or "", LifecycleStage.ACTIVE.value, now, now))
    kept = places.kept(location) if location else f"{places.root}/{number}"
    connection.run(_LOCATE, number=number, location=kept)
    connection.insert(experiment_tags, [(number, key, value) for key, value in (tags or {}).items()])
    return Experiment(str(number), name, places.shown(kept), created=now, updated=now, tags=dict(tags or {}))


def locations(connection: SqlConnection) -> list[tuple[int, str]]:
    """Return the key and the stored location of each experiment."""
    return [(row[0], row[1]) for row in connection.rows(_LOCATIONS)]


def new_place(connection: SqlConnection, experiment: Experiment, path: str) -> str:
    """Return the location of something new in an experiment, as rows store it."""
    (kept,) = connection.row(_LOCATION, number=int(experiment.id))
    return connection.places.below(kept, path)


def update_experiment(connection: SqlConnection, experiment_id: str, name: str | None, tags: dict[str, str] | None) -> None:
    """Rename an experiment and set tags on it; Deleted, AlreadyExists."""
    old = _changeable(connection, experiment_id)
    if name is not None and name != old.name:
        _refuse_taken(connection, name)
    _touch(connection, old, old.name if name is None else name)
    connection.upsert(experiment_tags, [(int(old.id), key, value) for key, value in (tags or {}).items()])


def delete_tag(connection: SqlConnection, experiment_id: str, key: str) -> None:
    """Delete a tag of an experiment; Deleted, NotFound."""
    old = _changeable(connection, experiment_id)
    if not connection.run(_DROP_TAG, number=int(old.id), tag=key):
        raise NotFound(f"the experiment {old.name!r} has no tag {key!r}")
    _touch(connection, old, old.name)


def _changeable(connection: SqlConnection, experiment_id: str) -> Experiment:
    found = experiment_of(connection, experiment_id)
    if found.stage is LifecycleStage.DELETED:
        raise Deleted(f"the experiment {found.name!r} is deleted; restore it before changing it")
    return found


def _touch(connection: SqlConnection, old: Experiment, name: str) -> None:
    connection.run(_SAVE, number=int(old.id), new_name=name, new_stage=old.stage.value, new_updated=now_ms())


def set_stage(connection: SqlConnection, experiment_id: str, stage: LifecycleStage) -> None:
    """Delete or restore an experiment with all its runs."""
    old = experiment_of(connection, experiment_id)
    number, now = int(old.id), now_ms()
    connection.run(_SAVE, number=number, new_name=old.name, new_stage=stage.value, new_updated=now)
    time = now if stage is LifecycleStage.DELETED else None
    connection.run(_STAGE_RUNS, number=number, new_stage=stage.value, time=time)


def _not_found(experiment_id: str) -> ExperimentNotFound:
    return ExperimentNotFound(f"there is no experiment with the id {experiment_id!r}")


def _refuse_taken(connection: SqlConnection, name: str) -> None:
    if (taken := connection.row(_BY_NAME, name=name)) is not None:
        state = "" if taken[3] == LifecycleStage.ACTIVE else " It is deleted: restore it, or take another name."
        raise AlreadyExists(f"there is an experiment called {name!r} already.{state}")


def _tags_of(connection: SqlConnection, number: int) -> dict[str, str]:
    return {key: value for _, key, value in connection.rows(_TAGS_OF_ONE, number=number)}


def _experiment(connection: SqlConnection, row: Any, tags: dict[str, str]) -> Experiment:
    number, name, location, stage, created, updated = row
    known = member(connection.dialect.label, LifecycleStage, stage, "experiments.stage")
    return Experiment(str(number), name, connection.places.shown(location), known, created, updated, tags)
