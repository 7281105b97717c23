"""Reads of what was logged into runs, many runs at a time: two statements for all of it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

import sqlalchemy as sa

from ...entities.model import RunModel
from ...entities.run import Dataset, ParamValue
from ..protocol.store import Logged, RunDetails
from .connection import SqlConnection
from .damage import DamagedRow, Wanted, check_rows, shown, wanted_of
from .dialects.base import Mean, listed
from .params import TypedParams
from .rows import run_key
from .schema.model_tables import run_models
from .schema.tables import datasets, metrics, params, run_dataset_tags, run_datasets, runs, tags
from .search import is_experiment_id

__all__ = [
    "read_datasets",
    "read_datasets_in",
    "read_datasets_of",
    "read_details",
    "read_links",
    "read_logged",
    "read_metrics",
    "read_params",
    "read_tags",
]

Kind: TypeAlias = Literal["dataset", "dataset tag", "param", "tag", "model"]
Rows: TypeAlias = list[tuple[Any, ...]]

# The runs asked for: the position of each in the list, and its key.
_PLACE, _LISTED = listed(runs.c.id, "ids")
_ASKED = sa.select(_PLACE.label("place"), runs.c.key.label("run_key")).select_from(_LISTED).cte("asked")
_ASKED_PLACE = _ASKED.c.place


def _of_asked(table: sa.Table, *facts: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return sa.select(_ASKED_PLACE, *facts).join_from(_ASKED, table, table.c.run_key == _ASKED.c.run_key)


_DATASET = (
    datasets.c.name,
    datasets.c.digest,
    datasets.c.source_type,
    datasets.c.source,
    datasets.c.schema,
    datasets.c.profile,
    run_datasets.c.context,
)
_TAG_OF_DATASET = (datasets.c.name, datasets.c.digest, run_dataset_tags.c.key, run_dataset_tags.c.value)
# The widest select is first: PostgreSQL takes the types of a union's columns from it.
_SELECTS: Final[dict[Kind, sa.Select[Any]]] = {
    "dataset": _of_asked(run_datasets, *_DATASET).join(datasets, datasets.c.id == run_datasets.c.dataset_id),
    "dataset tag": _of_asked(run_dataset_tags, *_TAG_OF_DATASET).join(datasets, datasets.c.id == run_dataset_tags.c.dataset_id),
    "param": _of_asked(params, params.c.key, params.c.text, params.c.json),
    "tag": _of_asked(tags, tags.c.key, tags.c.value),
    "model": _of_asked(run_models, run_models.c.role, run_models.c.model_id, sa.cast(run_models.c.step, sa.Text)),
}
_KINDS: Final[tuple[Kind, ...]] = tuple(_SELECTS)
_WIDTH = 1 + len(_DATASET)
_DATASETS_IN = (
    sa.select(datasets.c.experiment_id, *_DATASET)
    .distinct()
    .join_from(run_datasets, datasets, datasets.c.id == run_datasets.c.dataset_id)
    .where(datasets.c.experiment_id == sa.bindparam("experiment"))
    .order_by(datasets.c.name, datasets.c.digest, run_datasets.c.context)
)


def read_logged(connection: SqlConnection, run_ids: Sequence[str], stats: Sequence[str]) -> Logged:
    """Return everything logged into these runs except points, with the named statistics of metrics, by two statements."""
    rows = _read(connection, _KINDS, run_ids)
    label = connection.dialect.label
    return Logged(
        _params(label, run_ids, rows["param"]),
        _tags(run_ids, rows["tag"]),
        read_metrics(connection, run_ids, stats),
        _datasets(run_ids, rows["dataset"], rows["dataset tag"]),
        _links(label, run_ids, rows["model"], "input"),
        _links(label, run_ids, rows["model"], "output"),
    )


def read_details(connection: SqlConnection, run_ids: Sequence[str], stats: Sequence[str]) -> RunDetails:
    """Return the params, the tags and the named statistics of the metrics of these runs."""
    # A union of params and tags saves a statement, and takes a tenth longer for 10,000 runs.
    params_, tags_ = read_params(connection, run_ids), read_tags(connection, run_ids)
    return RunDetails(params_, tags_, read_metrics(connection, run_ids, stats))


def read_params(connection: SqlConnection, run_ids: Sequence[str]) -> list[tuple[str, str, ParamValue]]:
    """Return (run id, key, value) of every param of these runs."""
    return _params(connection.dialect.label, run_ids, _read(connection, ("param",), run_ids)["param"])


def read_tags(connection: SqlConnection, run_ids: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return (run id, key, value) of every tag of these runs."""
    return _tags(run_ids, _read(connection, ("tag",), run_ids)["tag"])


def read_metrics(connection: SqlConnection, run_ids: Sequence[str], stats: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return (run id, key, …) with the named statistics of every metric of these runs."""
    rows = sorted(connection.rows(_metrics(tuple(stats)), ids=_as_json(run_ids)))
    return [(run_ids[row[0]], *(_nan_for_null(row) if None in row else row)[1:]) for row in rows]


def read_datasets(connection: SqlConnection, run_id: str) -> list[Dataset]:
    """Return the datasets that a run read, by name."""
    run_key(connection, run_id)
    return [dataset for _, dataset in read_datasets_of(connection, [run_id])]


def read_datasets_of(connection: SqlConnection, run_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
    """Return (run id, dataset) of what these runs read."""
    rows = _read(connection, ("dataset", "dataset tag"), run_ids)
    return _datasets(run_ids, rows["dataset"], rows["dataset tag"])


def read_datasets_in(connection: SqlConnection, experiment_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
    """Return (experiment id, dataset) of what the runs of these experiments read."""
    numbers = sorted({int(each) for each in experiment_ids if is_experiment_id(each)})
    rows = [row for number in numbers for row in connection.rows(_DATASETS_IN, experiment=number)]
    return [(str(number), Dataset(*facts)) for number, *facts in rows]


def read_links(connection: SqlConnection, run_ids: Sequence[str], role: Literal["input", "output"]) -> list[RunModel]:
    """Return the models that these runs read, or made."""
    return _links(connection.dialect.label, run_ids, _read(connection, ("model",), run_ids)["model"], role)


# Rows.


def _read(connection: SqlConnection, kinds: tuple[Kind, ...], run_ids: Sequence[str]) -> dict[Kind, Rows]:
    """Return the rows of each kind (number of the kind, position of the run, facts), by run, then by key.

    Databases return them nearly sorted, so sorting here takes no time, and in the database it does.
    """
    found: list[Rows] = [[] for _ in _KINDS]
    for row in connection.raw_rows(_statement(kinds), ids=_as_json(run_ids)):
        found[row[0]].append(row)
    if not connection.dialect.is_typed:
        for kind in kinds:
            check_rows(connection.dialect.label, _WANTED[kind], found[_KINDS.index(kind)])
    return {kind: sorted(found[_KINDS.index(kind)]) for kind in kinds}


@lru_cache(maxsize=64)
def _statement(kinds: tuple[Kind, ...]) -> sa.Select[Any] | sa.CompoundSelect[Any]:
    selects = [_numbered(kind, _WIDTH if len(kinds) > 1 else 0) for kind in kinds]
    return sa.union_all(*selects) if len(kinds) > 1 else selects[0]


def _numbered(kind: Kind, width: int) -> sa.Select[Any]:
    """Return the select of a kind with its number in front, padded with NULLs to the width of a union."""
    facts = list(_SELECTS[kind].selected_columns)
    number = sa.literal_column(str(_KINDS.index(kind)), sa.Integer).label("kind")
    return _SELECTS[kind].with_only_columns(number, *facts, *[sa.null()] * (width - len(facts)))


_WANTED: Final = {kind: (Wanted("kind", "", None), *wanted_of(select)) for kind, select in _SELECTS.items()}


@lru_cache(maxsize=64)
def _metrics(stats: tuple[str, ...]) -> sa.Select[Any]:
    return _of_asked(metrics, metrics.c.key, *[Mean(metrics) if stat == "mean" else metrics.c[stat] for stat in stats])


def _as_json(run_ids: Sequence[str]) -> str:
    return json.dumps(list(run_ids))


# From rows to results.


def _params(label: str, run_ids: Sequence[str], rows: Rows) -> list[tuple[str, str, ParamValue]]:
    typed = TypedParams(label)
    return [(run_ids[row[1]], row[2], row[3] if row[4] is None else typed[row[4]]) for row in rows]


def _tags(run_ids: Sequence[str], rows: Rows) -> list[tuple[str, str, str]]:
    return [(run_ids[row[1]], row[2], row[3]) for row in rows]


def _datasets(run_ids: Sequence[str], rows: Rows, tag_rows: Rows) -> list[tuple[str, Dataset]]:
    marks: dict[tuple[Any, ...], list[tuple[str, str]]] = {}
    for row in tag_rows:
        marks.setdefault(row[1:4], []).append((row[4], row[5]))
    return [(run_ids[row[1]], Dataset(*[*row[2 : 2 + len(_DATASET)], tuple(marks.get(row[1:4], ()))])) for row in rows]


def _links(label: str, run_ids: Sequence[str], rows: Rows, role: str) -> list[RunModel]:
    return [RunModel(run_ids[row[1]], row[3], _step(label, row[4])) for row in rows if row[2] == role]


def _step(label: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise DamagedRow(label, "a value in run_models.step", f"{shown(text)} is not a whole number") from error


def _nan_for_null(row: Sequence[Any]) -> list[Any]:
    return [math.nan if fact is None else fact for fact in row]
