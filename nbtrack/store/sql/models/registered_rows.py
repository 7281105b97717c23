"""Registered models: names, their tags and aliases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from ....entities.model import RegisteredModelInfo
from ....entities.run import now_ms
from ....errors import AlreadyExists, ModelNotFound
from ...protocol.model_registry import check_model_name
from ...protocol.search import Page, Query
from ..conditions import Conditions, SideTable, Subject, arrange
from ..connection import SqlConnection
from ..keyvalues import KeyValues
from ..schema.model_tables import model_aliases, model_tags, registered_models

__all__ = [
    "ALIASES",
    "TAGS",
    "add_model",
    "drop_model",
    "model_key",
    "model_named",
    "rename_model",
    "search_models",
    "touch_model",
    "update_model",
]

TAGS = KeyValues(model_tags)
ALIASES = KeyValues(model_aliases, key="alias", value="version")

_FACTS = (
    registered_models.c.key,
    registered_models.c.name,
    registered_models.c.created,
    registered_models.c.updated,
    registered_models.c.description,
)
_SUBJECT = Subject(
    registered_models.c.key,
    {
        "name": registered_models.c.name,
        "creation_timestamp": registered_models.c.created,
        "last_updated_timestamp": registered_models.c.updated,
    },
    {"tag": SideTable.of(model_tags)},
)
_NAMED = registered_models.c.name == sa.bindparam("which")
_BY_NAME = sa.select(*_FACTS).where(_NAMED)
_KEY = sa.select(registered_models.c.key).where(_NAMED)
_RENAME = sa.update(registered_models).where(_NAMED).values(name=sa.bindparam("new_name"), updated=sa.bindparam("time"))
_DESCRIBE = sa.update(registered_models).where(_NAMED).values(description=sa.bindparam("text"), updated=sa.bindparam("time"))
_TOUCH = sa.update(registered_models).where(registered_models.c.key == sa.bindparam("which")).values(updated=sa.bindparam("time"))
_DROP = sa.delete(registered_models).where(_NAMED)


def model_named(connection: SqlConnection, name: str) -> RegisteredModelInfo:
    """Return a model; ModelNotFound."""
    row = connection.row(_BY_NAME, which=name)
    if row is None:
        raise _not_found(name)
    return _info(row, TAGS.of_one(connection, row[0]), ALIASES.of_one(connection, row[0]))


def model_key(connection: SqlConnection, name: str) -> int:
    """Return the key of a model; ModelNotFound."""
    row = connection.row(_KEY, which=name)
    if row is None:
        raise _not_found(name)
    return int(row[0])


def add_model(connection: SqlConnection, name: str, description: str, tags: Mapping[str, str]) -> RegisteredModelInfo:
    """Insert a model; AlreadyExists."""
    _refuse_taken(connection, check_model_name(name))
    now = now_ms()
    key = connection.insert_one(registered_models, (name, now, now, description, 0))
    TAGS.put(connection, key, tags)
    return RegisteredModelInfo(name, now, now, description, dict(tags))


def rename_model(connection: SqlConnection, name: str, new_name: str) -> RegisteredModelInfo:
    """Rename a model; ModelNotFound, AlreadyExists."""
    model_key(connection, name)
    if check_model_name(new_name) != name:
        _refuse_taken(connection, new_name)
    connection.run(_RENAME, which=name, new_name=new_name, time=now_ms())
    return model_named(connection, new_name)


def update_model(connection: SqlConnection, name: str, description: str) -> RegisteredModelInfo:
    """Change a model's description; ModelNotFound."""
    connection.run(_DESCRIBE, which=name, text=description, time=now_ms())
    return model_named(connection, name)


def touch_model(connection: SqlConnection, key: int, time: int) -> None:
    """Set the time of a model's last change."""
    connection.run(_TOUCH, which=key, time=time)


def drop_model(connection: SqlConnection, name: str) -> None:
    """Delete a model with all that belongs to it; ModelNotFound."""
    if not connection.run(_DROP, which=name):
        raise _not_found(name)


def search_models(connection: SqlConnection, search: Query) -> Page[RegisteredModelInfo]:
    """Return a page of the models that match."""
    found, keys = arrange(registered_models, _SUBJECT, search.order)
    statement = sa.select(*_FACTS).select_from(found).order_by(*keys, registered_models.c.name)
    if search.filter is not None:
        statement = statement.where(Conditions(_SUBJECT, connection.dialect).compile(search.filter))
    rows, more = connection.page(statement, search)
    owners = [row[0] for row in rows]
    tags, aliases = TAGS.of_many(connection, owners), ALIASES.of_many(connection, owners)
    return Page(tuple(_info(row, tags[row[0]], aliases[row[0]]) for row in rows), more)


def _info(row: Any, tags: Mapping[str, str], aliases: Mapping[str, int]) -> RegisteredModelInfo:
    _, name, created, updated, description = row
    return RegisteredModelInfo(name, created, updated, description, tags, aliases)


def _not_found(name: str) -> ModelNotFound:
    return ModelNotFound(f"Registered Model with name={name} not found")


def _refuse_taken(connection: SqlConnection, name: str) -> None:
    if connection.row(_KEY, which=name) is not None:
        raise AlreadyExists(f"Registered Model (name={name}) already exists; take another name")
