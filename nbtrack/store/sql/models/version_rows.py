"""The versions of registered models."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from ....entities.model import ModelStage, ModelVersionInfo, VersionStatus
from ....entities.run import now_ms
from ....errors import InvalidInput, ModelNotFound
from ...protocol.model_registry import latest_of
from ...protocol.search import Page, Query
from ..conditions import Conditions, SideTable, Subject, arrange
from ..connection import SqlConnection
from ..damage import member
from ..dialects.base import listed
from ..keyvalues import KeyValues
from ..places import Places
from ..schema.model_tables import model_aliases, model_versions, registered_models, version_tags
from .registered_rows import ALIASES, model_key, model_named, touch_model

__all__ = [
    "TAGS",
    "add_version",
    "drop_version",
    "latest_versions",
    "search_versions",
    "set_alias",
    "transition",
    "update_version",
    "version_by_alias",
    "version_key",
    "version_of",
]

TAGS = KeyValues(version_tags)

_V, _M = model_versions.c, registered_models.c
_FACTS = (
    _V.key,
    _V.model_key,
    _M.name,
    _V.version,
    _V.created,
    _V.updated,
    _V.source,
    _V.location,
    _V.description,
    _V.stage,
    _V.status,
    _V.run_id,
    _V.run_link,
    _V.model_id,
    _V.user,
)
_JOINED = model_versions.join(registered_models, _V.model_key == _M.key)
_SUBJECT = Subject(
    _V.key,
    {
        "name": _M.name,
        "version_number": _V.version,
        "run_id": _V.run_id,
        "model_id": _V.model_id,
        "source_path": _V.source,
        "stage": _V.stage,
        "status": _V.status,
        "creation_timestamp": _V.created,
        "last_updated_timestamp": _V.updated,
    },
    {"tag": SideTable.of(version_tags)},
    frozenset({"run_id", "model_id"}),
)
_ALL = sa.select(*_FACTS).select_from(_JOINED)
_ONE = _ALL.where(_M.name == sa.bindparam("which"), _V.version == sa.bindparam("number"))
_BY_ALIAS = (
    sa.select(model_aliases.c.version)
    .join_from(model_aliases, registered_models, model_aliases.c.model_key == _M.key)
    .where(_M.name == sa.bindparam("which"), model_aliases.c.alias == sa.bindparam("alias_name"))
)
_LAST = sa.select(sa.func.max(_V.version)).select_from(_JOINED).where(_M.name == sa.bindparam("which"))
_NEWEST = (
    sa.select(_V.model_key.label("model"), sa.func.max(_V.version).label("number")).group_by(_V.model_key, _V.stage).subquery()
)
_LATEST = sa.select(*_FACTS).select_from(
    listed(_M.name, "names")[1]
    .join(model_versions, _V.model_key == _M.key)
    .join(_NEWEST, sa.and_(_NEWEST.c.model == _M.key, _NEWEST.c.number == _V.version))
)
_COUNT = (
    sa.update(registered_models)
    .where(_M.key == sa.bindparam("which"))
    .values(versions=_M.versions + sa.literal_column("1"), updated=sa.bindparam("time"))
)
_COUNTED = sa.select(_M.versions).where(_M.key == sa.bindparam("which"))
_BY_KEY = sa.update(model_versions).where(_V.key == sa.bindparam("which"))
_DESCRIBE = _BY_KEY.values(description=sa.bindparam("text"), updated=sa.bindparam("time"))
_MOVE = _BY_KEY.values(stage=sa.bindparam("new_stage"), updated=sa.bindparam("time"))
_ARCHIVE = (
    sa.update(model_versions)
    .where(_V.model_key == sa.bindparam("which"), _V.stage == sa.bindparam("old_stage"), _V.version != sa.bindparam("number"))
    .values(stage=sa.bindparam("new_stage"), updated=sa.bindparam("time"))
)
_DROP = sa.delete(model_versions).where(_V.key == sa.bindparam("which"))
_DROP_ALIASES = sa.delete(model_aliases).where(
    model_aliases.c.model_key == sa.bindparam("which"), model_aliases.c.version == sa.bindparam("number")
)


# Reading.


def version_of(connection: SqlConnection, name: str, version: int) -> ModelVersionInfo:
    """Return one version; ModelNotFound."""
    row = _row(connection, name, version)
    aliases = ALIASES.of_one(connection, row[1])
    return _info(connection, row, TAGS.of_one(connection, row[0]), aliases)


def version_key(connection: SqlConnection, name: str, version: int) -> int:
    """Return the key of a version; ModelNotFound."""
    return int(_row(connection, name, version)[0])


def version_by_alias(connection: SqlConnection, name: str, alias: str) -> ModelVersionInfo:
    """Return the version of an alias; ModelNotFound."""
    if alias.lower() == "latest":
        return _latest(connection, name)
    row = connection.row(_BY_ALIAS, which=name, alias_name=alias)
    if row is None:
        aliases = ", ".join(model_named(connection, name).aliases) or "none"
        raise ModelNotFound(f"Registered model alias {alias} not found; {name!r} has {aliases}")
    return version_of(connection, name, row[0])


def latest_versions(connection: SqlConnection, names: Sequence[str]) -> dict[str, list[ModelVersionInfo]]:
    """Return the newest version in each stage, by name."""
    found: dict[str, list[ModelVersionInfo]] = {name: [] for name in names}
    for version in _infos(connection, connection.rows(_LATEST, names=json.dumps(list(found)))):
        found[version.name].append(version)
    return {name: latest_of(versions) for name, versions in found.items()}


def search_versions(connection: SqlConnection, search: Query) -> Page[ModelVersionInfo]:
    """Return a page of the versions that match."""
    subject = _subject(connection.places)
    found, keys = arrange(_JOINED, subject, search.order)
    default = [] if search.order else [_V.updated.desc()]
    statement = sa.select(*_FACTS).select_from(found).order_by(*keys, *default, _M.name, _V.version.desc())
    if search.filter is not None:
        statement = statement.where(Conditions(subject, connection.dialect).compile(search.filter))
    rows, more = connection.page(statement, search)
    return Page(_infos(connection, rows), more)


# Writing.


def add_version(connection: SqlConnection, version: ModelVersionInfo) -> ModelVersionInfo:
    """Add a version under the next number of its model; ModelNotFound."""
    key, now = model_key(connection, version.name), now_ms()
    connection.run(_COUNT, which=key, time=now)
    new = replace(version, version=connection.row(_COUNTED, which=key)[0], created=now, updated=now)
    places = (connection.places.kept(new.source), connection.places.kept(new.location))
    facts = (new.version, now, now, *places, new.description, new.stage.value, new.status.value)
    origin = (new.run_id, new.run_link, new.model_id, new.user)
    TAGS.put(connection, connection.insert_one(model_versions, (key, *facts, *origin)), new.tags)
    return new


def update_version(connection: SqlConnection, name: str, version: int, description: str) -> ModelVersionInfo:
    """Change a version's description; ModelNotFound."""
    connection.run(_DESCRIBE, which=version_key(connection, name, version), text=description, time=now_ms())
    return version_of(connection, name, version)


def transition(
    connection: SqlConnection, name: str, version: int, stage: ModelStage, *, archive_existing: bool
) -> ModelVersionInfo:
    """Move a version to a stage, and those that were in it to Archived if asked; ModelNotFound."""
    if archive_existing and not stage.is_active:
        raise InvalidInput(
            f"Model version transition cannot archive existing model versions because {stage.value!r} is not an Active stage. "
            "Valid stages are ['Staging', 'Production']"
        )
    row, now = _row(connection, name, version), now_ms()
    if archive_existing:
        connection.run(
            _ARCHIVE, which=row[1], old_stage=stage.value, new_stage=ModelStage.ARCHIVED.value, number=version, time=now
        )
    connection.run(_MOVE, which=row[0], new_stage=stage.value, time=now)
    touch_model(connection, row[1], now)
    return version_of(connection, name, version)


def set_alias(connection: SqlConnection, name: str, alias: str, version: int) -> None:
    """Set an alias to a version; ModelNotFound."""
    ALIASES.put(connection, _row(connection, name, version)[1], {alias: version})


def drop_version(connection: SqlConnection, name: str, version: int) -> None:
    """Delete a version and its aliases; ModelNotFound."""
    row = _row(connection, name, version)
    connection.run(_DROP_ALIASES, which=row[1], number=version)
    connection.run(_DROP, which=row[0])
    touch_model(connection, row[1], now_ms())


# Shared.


def _subject(places: Places) -> Subject:
    """Return the subject of searches, with sources as readers see them."""
    return replace(_SUBJECT, attributes={**_SUBJECT.attributes, "source_path": places.shown_column(_V.source)})


def _row(connection: SqlConnection, name: str, version: int) -> Any:
    row = connection.row(_ONE, which=name, number=version)
    if row is None:
        raise ModelNotFound(f"Model Version (name={name}, version={version}) not found")
    return row


def _latest(connection: SqlConnection, name: str) -> ModelVersionInfo:
    model_key(connection, name)
    number = connection.row(_LAST, which=name)[0]
    if number is None:
        raise ModelNotFound(f"Latest version not found for model {name}.")
    return version_of(connection, name, number)


def _infos(connection: SqlConnection, rows: Sequence[Any]) -> tuple[ModelVersionInfo, ...]:
    tags = TAGS.of_many(connection, [row[0] for row in rows])
    aliases = ALIASES.of_many(connection, sorted({row[1] for row in rows}))
    return tuple(_info(connection, row, tags[row[0]], aliases[row[1]]) for row in rows)


def _info(connection: SqlConnection, row: Any, tags: Mapping[str, str], aliases: Mapping[str, int]) -> ModelVersionInfo:
    _, _, name, version, created, updated, source, location, description, stage, status, run_id, run_link, model_id, user = row
    return ModelVersionInfo(
        name,
        version,
        created,
        updated,
        connection.places.shown(source),
        connection.places.shown(location),
        description,
        member(connection.dialect.label, ModelStage, stage, "model_versions.stage"),
        member(connection.dialect.label, VersionStatus, status, "model_versions.status"),
        run_id,
        run_link,
        model_id,
        user,
        tags,
        tuple(alias for alias, number in aliases.items() if number == version),
    )
