"""Params with their types."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from ...entities.events import Conflict
from ...entities.run import ParamValue
from ..filter import param_number, param_text
from .connection import SqlConnection
from .damage import DamagedRow, shown
from .dialects.base import among
from .schema.tables import params

__all__ = ["TypedParams", "write_params"]

_encode = json.JSONEncoder(separators=(",", ":")).encode  # NaN and infinities as Python reads them

_DROP = sa.delete(params).where(params.c.run_key == sa.bindparam("run"), params.c.key == sa.bindparam("key"))
_KNOWN = sa.select(params.c.key, params.c.text, params.c.json).where(
    params.c.run_key == sa.bindparam("run"), among(params.c.key, "keys")
)


class TypedParams(dict[str, Any]):
    """The values of params by their JSON, decoded once each; lists and dicts every time, for callers may change them."""

    def __init__(self, label: str) -> None:
        super().__init__()
        self._label = label

    def __missing__(self, text: str) -> ParamValue:
        try:
            value: ParamValue = json.loads(text)
        except ValueError as error:
            raise DamagedRow(self._label, "a value in params.json", f"{shown(text)} is no JSON") from error
        if not isinstance(value, (list, dict)):
            self[text] = value
        return value


def write_params(
    connection: SqlConnection, run_key: int, new: list[tuple[str, ParamValue, bool]], *, is_new_run: bool
) -> tuple[Conflict, ...]:
    """Write params that are new or replace others, and return conflicts with existing ones.

    Params are equal if their strings are, so that one which comes back through MLflow's protocol is no conflict.
    """
    stored = {} if is_new_run or not new else _known(connection, run_key, (key for key, *_ in new))
    known = dict(stored)
    rows: dict[str, tuple[Any, ...]] = {}
    conflicts = []
    for key, value, replaces in new:
        text = param_text(value)
        if replaces or key not in known:
            known[key] = (text, value)
            rows[key] = (run_key, key, text, param_number(text), None if isinstance(value, str) else _encode(value))
        elif known[key][0] != text:
            conflicts.append(Conflict(key, known[key][1], value))
    for key in rows.keys() & stored.keys():
        connection.run(_DROP, run=run_key, key=key)
    connection.insert(params, list(rows.values()))
    return tuple(conflicts)


def _known(connection: SqlConnection, run_key: int, keys: Iterable[str]) -> dict[str, tuple[str, ParamValue]]:
    typed = TypedParams(connection.dialect.label)
    rows = connection.rows(_KNOWN, run=run_key, keys=json.dumps(list(keys)))
    return {key: (text, text if encoded is None else typed[encoded]) for key, text, encoded in rows}
