"""Logged models in tables: their own rows, links to runs and metrics."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from ....entities.model import LoggedModelInfo, LoggedModelStatus, ModelMetric
from ....entities.run import Experiment, LifecycleStage
from ....errors import ModelNotFound
from ...filter import Order
from ...protocol.logged_models import ModelQuery, OnDataset, check_params, datasets_of_order, names_metric
from ...protocol.search import Page
from ..compiler import directed
from ..conditions import Conditions, SideTable, Subject, arrange
from ..connection import SqlConnection
from ..damage import member
from ..experiments import new_place
from ..keyvalues import AT_ONCE, KeyValues
from ..schema.model_tables import logged_model_metrics, logged_model_params, logged_model_tags, logged_models, run_models
from ..schema.tables import runs

__all__ = [
    "PARAMS",
    "TAGS",
    "add_measured",
    "add_params",
    "insert_model",
    "link_models",
    "model_of",
    "model_row_key",
    "search_logged",
    "set_stage",
    "set_status",
]

PARAMS, TAGS = KeyValues(logged_model_params), KeyValues(logged_model_tags)

_L, _MEASURED = logged_models.c, logged_model_metrics.c
_SUBJECT = Subject(
    _L.key,
    {
        "model_id": _L.id,
        "name": _L.name,
        "model_type": _L.model_type,
        "status": _L.status,
        "source_run_id": _L.source_run_id,
        "experiment_id": sa.cast(_L.experiment_id, sa.String),
        "creation_timestamp": _L.created,
        "last_updated_timestamp": _L.updated,
    },
    {"param": SideTable.of(logged_model_params), "tag": SideTable.of(logged_model_tags)},
    frozenset({"model_type", "source_run_id"}),
)
_ALL = sa.select(*logged_models.columns)
_ANY = _ALL.where(_L.id == sa.bindparam("which"))
_ONE = _ALL.where(_L.id == sa.bindparam("which"), _L.stage == sa.bindparam("active"))
_BY_KEY = sa.update(logged_models).where(_L.key == sa.bindparam("which"))
_SET_STATUS = _BY_KEY.values(status=sa.bindparam("new"), updated=sa.bindparam("time"))
_SET_STAGE = _BY_KEY.values(stage=sa.bindparam("new"), updated=sa.bindparam("time"))
_KEY = sa.select(_L.key).where(_L.id == sa.bindparam("which"))
_METRICS = (
    sa.select(
        _MEASURED.model_key,
        _MEASURED.key,
        _MEASURED.value,
        _MEASURED.timestamp,
        _MEASURED.step,
        runs.c.id,
        _MEASURED.dataset_name,
        _MEASURED.dataset_digest,
    )
    .join_from(logged_model_metrics, runs, runs.c.key == _MEASURED.run_key)
    .order_by(_MEASURED.key, _MEASURED.timestamp, _MEASURED.step, runs.c.id, _MEASURED.dataset_digest)
)


# Models.


def model_of(connection: SqlConnection, model_id: str) -> LoggedModelInfo:
    """Return a model; ModelNotFound."""
    return _infos(connection, [_row(connection, model_id)])[0]


def find_model(connection: SqlConnection, model_id: str) -> LoggedModelInfo | None:
    """Return a model, deleted or not; None if it does not exist."""
    row = connection.row(_ANY, which=model_id)
    return None if row is None else _infos(connection, [row])[0]


def model_row_key(connection: SqlConnection, model_id: str) -> int:
    """Return the key of a model; ModelNotFound."""
    return int(_row(connection, model_id)[0])


def insert_model(connection: SqlConnection, info: LoggedModelInfo, experiment: Experiment) -> LoggedModelInfo:
    """Insert a model, and return it with the location of its files in the experiment."""
    where = new_place(connection, experiment, f"models/{info.id}/artifacts")
    place = (info.id, int(experiment.id), info.name, where, info.created, info.updated)
    facts = (info.status.value, info.status_message, info.model_type, info.source_run_id, info.stage.value)
    key = connection.insert_one(logged_models, (*place, *facts))
    PARAMS.put(connection, key, info.params)
    TAGS.put(connection, key, info.tags)
    return replace(info, artifact_uri=connection.places.shown(where))


def add_params(connection: SqlConnection, model_id: str, params: Mapping[str, str]) -> None:
    """Add params; ModelNotFound, ParamConflict."""
    key = model_row_key(connection, model_id)
    check_params(PARAMS.of_one(connection, key), params)
    PARAMS.add(connection, key, params)


def set_status(connection: SqlConnection, model_id: str, status: LoggedModelStatus, time: int) -> None:
    """Change a model's status; ModelNotFound."""
    connection.run(_SET_STATUS, which=model_row_key(connection, model_id), new=status.value, time=time)


def set_stage(connection: SqlConnection, model_id: str, stage: LifecycleStage, time: int) -> None:
    """Change a model's stage; ModelNotFound."""
    connection.run(_SET_STAGE, which=model_row_key(connection, model_id), new=stage.value, time=time)


def search_logged(connection: SqlConnection, search: ModelQuery) -> Page[LoggedModelInfo]:
    """Return a page of the models that match."""
    numbers = [int(text) for text in search.experiment_ids or () if text.isascii() and text.isdecimal() and len(text) < 10]
    on_dataset = _on_any(search.datasets)
    subject = replace(_SUBJECT, side_tables={**_SUBJECT.side_tables, "metric": _metric_part(on_dataset)})
    found, keys = _arranged(subject, search.order)
    statement = sa.select(*logged_models.columns).select_from(found)
    statement = statement.where(_L.stage == LifecycleStage.ACTIVE.value, _L.experiment_id.in_(numbers) if numbers else sa.false())
    if search.filter is not None:
        statement = statement.where(Conditions(subject, connection.dialect).compile(search.filter))
    if on_dataset and not names_metric(search.filter):
        any_metric = sa.select(sa.literal(1)).where(_MEASURED.model_key == _L.key, *on_dataset).correlate(logged_models)
        statement = statement.where(sa.exists(any_metric))
    statement = statement.order_by(*keys, _L.created.desc(), _L.id)
    rows, more = connection.page(statement, search)
    return Page(tuple(_infos(connection, rows)), more)


def _metric_part(only: tuple[sa.ColumnElement[bool], ...] = ()) -> SideTable:
    return SideTable(_MEASURED.model_key, _MEASURED.key, _MEASURED.value, only)


def _on_any(datasets: Sequence[OnDataset]) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the condition that a metric was measured on one of these datasets; empty without datasets."""
    each = [
        sa.and_(_MEASURED.dataset_name == dataset.name, *([_MEASURED.dataset_digest == dataset.digest] if dataset.digest else []))
        for dataset in datasets
    ]
    return (sa.or_(*each),) if each else ()


def _arranged(subject: Subject, order: Sequence[Order]) -> tuple[sa.FromClause, list[Any]]:
    found: sa.FromClause = logged_models
    keys: list[Any] = []
    for item in order:
        if item.left.entity != "metric":
            found, more = arrange(found, subject, [Order(item.left, item.descending)])
        else:
            latest = _latest(item)
            found = found.outerjoin(latest, latest.c.model_key == _L.key)
            rank = sa.case((latest.c.value.is_not(None), 0), (latest.c.model_key.is_not(None), 1), else_=2)
            more = [rank, directed(latest.c.value, descending=item.descending)]
        keys += more
    return found, keys


def _latest(item: Order) -> sa.Subquery:
    """Return the last value of a metric of every model, on a dataset if one is given."""
    newest = (_MEASURED.timestamp.desc(), _MEASURED.step.desc(), runs.c.id)
    place = sa.func.row_number().over(partition_by=_MEASURED.model_key, order_by=newest).label("place")
    on_dataset = _on_any(datasets_of_order(item))
    ranked = (
        sa.select(_MEASURED.model_key, _MEASURED.value, place)
        .join_from(logged_model_metrics, runs, runs.c.key == _MEASURED.run_key)
        .where(_MEASURED.key == item.left.key, *on_dataset)
        .subquery()
    )
    return sa.select(ranked.c.model_key, ranked.c.value).where(ranked.c.place == 1).subquery()


# What runs record of them.


def link_models(connection: SqlConnection, run_key: int, outputs: Mapping[str, int], inputs: Iterable[str]) -> None:
    """Record which models a run made, and which it read."""
    connection.upsert(run_models, [(run_key, "output", *output) for output in outputs.items()])
    connection.insert_or_pass(run_models, [(run_key, "input", model_id, 0) for model_id in inputs])


def add_measured(connection: SqlConnection, run_key: int, model_id: str, metrics: Sequence[ModelMetric]) -> bool:
    """Record metrics that a run measured of a model, and return whether the model exists."""
    found = connection.row(_KEY, which=model_id)
    if found is None:
        return False
    rows = [
        (found[0], each.key, each.timestamp, each.step, run_key, each.dataset_digest, each.dataset_name, _storable(each.value))
        for each in metrics
    ]
    connection.insert_or_pass(logged_model_metrics, rows)
    return True


def _storable(value: float) -> float | None:
    return None if math.isnan(value) else value


# Shared.


def _row(connection: SqlConnection, model_id: str) -> Any:
    row = connection.row(_ONE, which=model_id, active=LifecycleStage.ACTIVE.value)
    if row is None:
        raise ModelNotFound(f"Logged model with ID {model_id!r} not found.")
    return row


def _infos(connection: SqlConnection, rows: Sequence[Any]) -> list[LoggedModelInfo]:
    keys = [row[0] for row in rows]
    params, tags, metrics = PARAMS.of_many(connection, keys), TAGS.of_many(connection, keys), _metrics(connection, keys)
    return [_info(connection, row, params[row[0]], tags[row[0]], tuple(metrics[row[0]])) for row in rows]


def _metrics(connection: SqlConnection, keys: Sequence[int]) -> dict[int, list[ModelMetric]]:
    found: dict[int, list[ModelMetric]] = {key: [] for key in keys}
    for start in range(0, len(keys), AT_ONCE):
        some = _METRICS.where(_MEASURED.model_key.in_(keys[start : start + AT_ONCE]))
        for model_key, key, value, *moment in connection.selected(some):
            found[model_key].append(ModelMetric(key, math.nan if value is None else value, *moment))
    return found


def _info(
    connection: SqlConnection, row: Any, params: Mapping[str, str], tags: Mapping[str, str], metrics: tuple[ModelMetric, ...]
) -> LoggedModelInfo:
    _, model_id, experiment_id, name, kept, created, updated, status, message, model_type, source_run_id, stage = row
    return LoggedModelInfo(
        model_id,
        str(experiment_id),
        name,
        connection.places.shown(kept),
        created,
        updated,
        member(connection.dialect.label, LoggedModelStatus, status, "logged_models.status"),
        message,
        model_type,
        source_run_id,
        member(connection.dialect.label, LifecycleStage, stage, "logged_models.stage"),
        params,
        tags,
        metrics,
    )
