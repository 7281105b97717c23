"""What runs have, many runs at a time."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from ...entities.run import ArtifactRecord, Dataset, ParamValue, Points, RunInfo
from ...errors import RunNotFound
from ..protocol.store import Axis, OpenRun, RunPage, RunQuery
from .damage import Unreadable, shown
from .database import Connection, SelectText, text_of
from .dialects.base import Dialect, Mean, among, listed
from .params import TypedParams
from .places import Places
from .points.history import StoredAxes, StoredPoints
from .rows import RUN_INFO, run_info, run_infos, run_key
from .schema.tables import (
    artifacts,
    axes,
    columns,
    datasets,
    documents,
    metrics,
    params,
    run_dataset_tags,
    run_datasets,
    run_documents,
    runs,
    tags,
)
from .search import is_experiment_id, search, search_first

__all__ = [
    "read_artifacts",
    "read_datasets",
    "read_datasets_in",
    "read_datasets_of",
    "read_document",
    "read_documents",
    "read_histories",
    "read_history",
    "read_metrics",
    "read_open_runs",
    "read_params",
    "read_run",
    "read_stretches",
    "read_tags",
    "search_runs",
]

_RUN = sa.select(*RUN_INFO).where(runs.c.id == sa.bindparam("id"))
# Of many runs: the place of each run in the list asked for, and what it has.
_PLACE, _LISTED = listed(runs.c.id, "ids")
_PARAMS = (
    sa.select(_PLACE, params.c.key, params.c.text, params.c.json)
    .select_from(_LISTED)
    .join(params, params.c.run_key == runs.c.key)
)
_TAGS = sa.select(_PLACE, tags.c.key, tags.c.value).select_from(_LISTED).join(tags, tags.c.run_key == runs.c.key)
_CHUNKS = (
    sa.select(_PLACE, columns.c.key, columns.c.axis_key, axes.c.count, axes.c.steps, axes.c.timestamps, columns.c.data)
    .select_from(_LISTED)
    .join(columns, columns.c.run_key == runs.c.key)
    .join(axes, axes.c.key == columns.c.axis_key)
)
_CHUNKS_OF_KEYS = _CHUNKS.where(among(columns.c.key, "keys"))

# The status is written out, because only so is the index of open runs used.
_OPEN = sa.select(runs.c.id, runs.c.owner, runs.c.heartbeat).where(runs.c.status == sa.literal_column("'RUNNING'"))
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
_DOCUMENTS = (
    sa.select(run_documents.c.kind, run_documents.c.sha256)
    .where(run_documents.c.run_key == sa.bindparam("run"))
    .order_by(run_documents.c.kind)
)
_DOCUMENT = sa.select(documents.c.body).where(documents.c.sha256 == sa.bindparam("sha256"))
_ARTIFACTS = (
    sa.select(artifacts.c.path, artifacts.c.size, artifacts.c.sha256)
    .where(artifacts.c.run_key == sa.bindparam("run"))
    .order_by(artifacts.c.path)
)
_DATASET = (
    datasets.c.name,
    datasets.c.digest,
    datasets.c.source_type,
    datasets.c.source,
    datasets.c.schema,
    datasets.c.profile,
    run_datasets.c.context,
)
_DATASETS_OF_RUNS = (
    sa.select(_PLACE, *_DATASET)
    .select_from(_LISTED)
    .join(run_datasets, run_datasets.c.run_key == runs.c.key)
    .join(datasets, datasets.c.id == run_datasets.c.dataset_id)
)
_DATASET_TAGS = (
    sa.select(_PLACE, datasets.c.name, datasets.c.digest, run_dataset_tags.c.key, run_dataset_tags.c.value)
    .select_from(_LISTED)
    .join(run_dataset_tags, run_dataset_tags.c.run_key == runs.c.key)
    .join(datasets, datasets.c.id == run_dataset_tags.c.dataset_id)
)
_DATASETS_IN = (
    sa.select(datasets.c.experiment_id, *_DATASET)
    .distinct()
    .join_from(run_datasets, datasets, datasets.c.id == run_datasets.c.dataset_id)
    .where(datasets.c.experiment_id == sa.bindparam("experiment"))
    .order_by(datasets.c.name, datasets.c.digest, run_datasets.c.context)
)


# Runs.


def read_run(connection: Connection, run_id: str) -> RunInfo:
    """Return one run; RunNotFound."""
    row = connection.first(_RUN, id=run_id)
    if row is None:
        raise RunNotFound(f"there is no run with the id {run_id!r}")
    return run_info(connection, row)


def search_runs(connection: Connection, query: RunQuery) -> RunPage:
    """Return a page of the runs that match."""
    first = _search_first(query, connection.dialect, connection.places)
    rows = [] if first is None else connection.found(first)
    if query.limit is None or len(rows) <= query.limit:
        rows = connection.found(_search(query, connection.dialect, connection.places))
    page = rows if query.limit is None else rows[: query.limit]
    return RunPage(tuple(run_infos(connection, page)), more=len(page) < len(rows))


@lru_cache(maxsize=256)
def _search(query: RunQuery, dialect: Dialect, places: Places) -> SelectText:
    return text_of(search(query, dialect, places), dialect)


@lru_cache(maxsize=256)
def _search_first(query: RunQuery, dialect: Dialect, places: Places) -> SelectText | None:
    statement = search_first(query, dialect, places)
    return None if statement is None else text_of(statement, dialect)


def read_open_runs(connection: Connection) -> list[OpenRun]:
    """Return every run in status RUNNING."""
    rows = connection.rows(_OPEN)
    now = connection.now() if rows else None
    found = {
        run_id: OpenRun(run_id, owner, heartbeat, silent=None if now is None else now - heartbeat)
        for run_id, owner, heartbeat in rows
    }
    for run_id, key, value in read_tags(connection, list(found)):
        found[run_id].tags[key] = value
    return list(found.values())


# What they have.


def read_params(connection: Connection, run_ids: Sequence[str]) -> list[tuple[str, str, ParamValue]]:
    """Return (run id, key, value) of every param of these runs."""
    typed = TypedParams(connection.dialect.label)
    return [
        (run_ids[place], key, text if encoded is None else typed[encoded])
        for place, key, text, encoded in _in_order(connection, _PARAMS, run_ids)
    ]


def read_tags(connection: Connection, run_ids: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return (run id, key, value) of every tag of these runs."""
    return [(run_ids[place], key, value) for place, key, value in _in_order(connection, _TAGS, run_ids)]


def read_metrics(connection: Connection, run_ids: Sequence[str], stats: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return (run id, key, …) with the named statistics of every metric of these runs."""
    rows = _in_order(connection, _metrics(tuple(stats)), run_ids)
    return [(run_ids[row[0]], *(_known(row) if None in row else row)[1:]) for row in rows]


def _known(row: Sequence[Any]) -> list[Any]:
    return [math.nan if fact is None else fact for fact in row]


@lru_cache(maxsize=64)
def _metrics(stats: tuple[str, ...]) -> sa.Select[Any]:
    asked = [Mean(metrics) if stat == "mean" else metrics.c[stat] for stat in stats]
    return sa.select(_PLACE, metrics.c.key, *asked).select_from(_LISTED).join(metrics, metrics.c.run_key == runs.c.key)


def read_histories(connection: Connection, run_ids: Sequence[str], keys: Sequence[str] | None) -> list[tuple[str, str, Points]]:
    """Return (run id, key, points) of metrics of these runs, None for all of them."""
    if keys is None:
        rows = _in_order(connection, _CHUNKS, run_ids)
    else:
        rows = _in_order(connection, _CHUNKS_OF_KEYS, run_ids, keys=json.dumps(list(keys)))
    return _histories((run_ids[place], *row) for place, *row in rows)


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


def _in_order(connection: Connection, statement: sa.Select[Any], run_ids: Sequence[str], **more: str) -> list[Any]:
    """Return rows in the order of the runs asked for, those of a run by key.

    They come so from SQLite, and from elsewhere nearly so: sorting them here takes no time then, and a sort in the
    database does.
    """
    return sorted(connection.rows(statement, ids=json.dumps(list(run_ids)), **more))


# What one run has.


def read_history(connection: Connection, run_id: str, key: str) -> StoredPoints:
    """Return all points of a metric; of none where the run has no such metric."""
    return StoredPoints(connection.rows(_CHUNKS_OF_METRIC, run=run_key(connection, run_id), metric=key))


def read_stretches(
    connection: Connection, run_id: str, keys: Sequence[str], axis: Axis, low: int, high: int
) -> list[tuple[str, str, Points]]:
    """Return (run id, key, points) of metrics in the chunks that touch a range."""
    where = {"run": run_key(connection, run_id), "keys": json.dumps(keys), "low": low, "high": high}
    return _histories((run_id, *row) for row in sorted(connection.rows(_CHUNKS_BETWEEN[axis], **where), key=itemgetter(0, 1)))


def _of_run(statement: sa.Select[Any], connection: Connection, run_id: str) -> Sequence[Any]:
    return connection.rows(statement, run=run_key(connection, run_id))


def read_documents(connection: Connection, run_id: str) -> dict[str, str]:
    """Return the sha256 of each document of a run, by its kind."""
    return dict(_of_run(_DOCUMENTS, connection, run_id))


def read_document(connection: Connection, sha256: str) -> str | None:
    """Return a document's text, None where there is none."""
    row = connection.row(_DOCUMENT, sha256=sha256)
    try:
        return None if row is None else zlib.decompress(row[0]).decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise Unreadable(connection.dialect.label, f"a document {shown(sha256)}", str(error)) from error


def read_artifacts(connection: Connection, run_id: str) -> list[ArtifactRecord]:
    """Return what was recorded of a run's files, by path."""
    return [ArtifactRecord(*row) for row in _of_run(_ARTIFACTS, connection, run_id)]


def read_datasets(connection: Connection, run_id: str) -> list[Dataset]:
    """Return the datasets that a run read, by name."""
    run_key(connection, run_id)
    return [dataset for _, dataset in read_datasets_of(connection, [run_id])]


def read_datasets_of(connection: Connection, run_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
    """Return (run id, dataset) of what these runs read."""
    rows = _in_order(connection, _DATASETS_OF_RUNS, run_ids)
    marks: dict[tuple[int, str, str], list[tuple[str, str]]] = {}
    for place, name, digest, *tag in _in_order(connection, _DATASET_TAGS, run_ids) if rows else ():
        marks.setdefault((place, name, digest), []).append((tag[0], tag[1]))
    return [
        (run_ids[place], Dataset(*[name, digest, *facts, tuple(marks.get((place, name, digest), ()))]))
        for place, name, digest, *facts in rows
    ]


def read_datasets_in(connection: Connection, experiment_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
    """Return (experiment id, dataset) of what the runs of these experiments read."""
    numbers = sorted({int(each) for each in experiment_ids if is_experiment_id(each)})
    rows = [row for number in numbers for row in connection.rows(_DATASETS_IN, experiment=number)]
    return [(str(number), Dataset(*facts)) for number, *facts in rows]
