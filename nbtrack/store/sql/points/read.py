"""Reads of points: of one run or many, whole histories or ranges."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from ....entities.run import Points
from ...protocol.store import Axis
from ..connection import SqlConnection
from ..dialects.base import among, listed
from ..rows import run_key
from ..schema.tables import axes, columns, runs
from .history import StoredAxes, StoredPoints

__all__ = ["read_histories", "read_history", "read_stretches"]

_PLACE, _LISTED = listed(runs.c.id, "ids")
_CHUNKS = (
    sa.select(_PLACE, columns.c.key, columns.c.axis_key, axes.c.count, axes.c.steps, axes.c.timestamps, columns.c.data)
    .select_from(_LISTED)
    .join(columns, columns.c.run_key == runs.c.key)
    .join(axes, axes.c.key == columns.c.axis_key)
)
_CHUNKS_OF_KEYS = _CHUNKS.where(among(columns.c.key, "keys"))

_CHUNKS_OF_METRIC = (
    sa.select(axes.c.count, axes.c.steps, axes.c.timestamps, columns.c.data)
    .join_from(columns, axes, axes.c.key == columns.c.axis_key)
    .where(columns.c.run_key == sa.bindparam("run"), columns.c.key == sa.bindparam("metric"))
    .order_by(columns.c.axis_key)
)
_CHUNKS_OF_METRICS = (
    sa.select(columns.c.key, columns.c.axis_key, axes.c.count, axes.c.steps, axes.c.timestamps, columns.c.data)
    .join_from(columns, axes, axes.c.key == columns.c.axis_key)
    .where(columns.c.run_key == sa.bindparam("run"), among(columns.c.key, "keys"))
)
_CHUNKS_BETWEEN = {
    "step": _CHUNKS_OF_METRICS.where(axes.c.max_step >= sa.bindparam("low"), axes.c.min_step <= sa.bindparam("high")),
    "time": _CHUNKS_OF_METRICS.where(axes.c.max_timestamp >= sa.bindparam("low"), axes.c.min_timestamp <= sa.bindparam("high")),
}


def read_histories(
    connection: SqlConnection, run_ids: Sequence[str], keys: Sequence[str] | None
) -> list[tuple[str, str, Points]]:
    """Return (run id, key, points) of metrics of these runs, None for all of them."""
    if keys is None:
        rows = connection.rows(_CHUNKS, ids=json.dumps(list(run_ids)))
    else:
        rows = connection.rows(_CHUNKS_OF_KEYS, ids=json.dumps(list(run_ids)), keys=json.dumps(list(keys)))
    return _histories((run_ids[place], *row) for place, *row in sorted(rows, key=itemgetter(0, 1, 2)))


def _histories(rows: Iterable[Sequence[Any]]) -> list[tuple[str, str, Points]]:
    """Return points from rows of run, metric, axis and chunk, in order; metrics of the same axes decode them once."""
    chunks: dict[tuple[str, str], list[Any]] = {}
    places: dict[tuple[str, str], list[int]] = {}
    for run_id, key, axis, *chunk in rows:
        chunks.setdefault((run_id, key), []).append(chunk)
        places.setdefault((run_id, key), []).append(axis)
    shared: dict[tuple[int, ...], StoredAxes] = {}
    return [
        (*name, StoredPoints(found, shared.setdefault(tuple(places[name]), StoredAxes(found)))) for name, found in chunks.items()
    ]


def read_history(connection: SqlConnection, run_id: str, key: str) -> StoredPoints:
    """Return all points of a metric; none if the run has no such metric."""
    return StoredPoints(connection.rows(_CHUNKS_OF_METRIC, run=run_key(connection, run_id), metric=key))


def read_stretches(
    connection: SqlConnection, run_id: str, keys: Sequence[str], axis: Axis, low: int, high: int
) -> list[tuple[str, str, Points]]:
    """Return (run id, key, points) of metrics in the chunks that touch a range."""
    where = {"run": run_key(connection, run_id), "keys": json.dumps(keys), "low": low, "high": high}
    return _histories((run_id, *row) for row in sorted(connection.rows(_CHUNKS_BETWEEN[axis], **where), key=itemgetter(0, 1)))
