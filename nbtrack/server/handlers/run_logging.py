"""Endpoints that log metrics, params, tags and datasets into runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ...entities.events import (
    Batch,
    DatasetLogged,
    Event,
    LaneRows,
    ModelMeasured,
    ModelRead,
    ParamsLogged,
    Series,
    TagsDeleted,
    TagsSet,
)
from ...entities.model import ModelMetric
from ...entities.run import LifecycleStage
from ...errors import Deleted, NotFound
from ...store.mlflow_api import runs as wire
from ...store.mlflow_api.datasets import dataset_of
from ...store.mlflow_api.errors import missing_value
from ...store.mlflow_api.limits import check_batch_sizes, check_dataset, check_params, check_run_id, check_tags
from ...store.mlflow_api.message import Empty, KeyValue
from ..route import Route
from ..service import Service
from .metric_series import series_of

__all__ = ["ROUTES"]


def log_metric(service: Service, request: wire.LogMetric) -> Empty:
    """Log a point of a metric."""
    metric = wire.LoggedMetric(
        request.key,
        request.value,
        request.timestamp,
        request.step,
        request.model_id,
        request.dataset_name,
        request.dataset_digest,
    )
    series = series_of([metric], path="")
    return _apply(service, request.run, *_measured([metric]), series=series)


def log_param(service: Service, request: wire.LogParam) -> Empty:
    """Log a param."""
    params = check_params([KeyValue(request.key, request.value)], path="")
    return _apply(service, request.run, ParamsLogged(dict(params)))


def set_tag(service: Service, request: wire.SetTag) -> Empty:
    """Set a tag."""
    return _apply(service, request.run, TagsSet(check_tags([KeyValue(request.key, request.value)], path="")))


def delete_tag(service: Service, request: wire.DeleteTag) -> Empty:
    """Delete a tag; NotFound."""
    check_run_id(request.run)
    if service.store.get_run(request.run).stage is LifecycleStage.DELETED:
        raise Deleted(request.run)
    if not any(key == request.key for _, key, _ in service.store.tags([request.run])):
        raise NotFound(f"No tag with name: {request.key} in run with id {request.run}")
    return _apply(service, request.run, TagsDeleted((request.key,)))


def log_batch(service: Service, request: wire.LogBatch) -> Empty:
    """Log metrics, params and tags: all of them, or none if one is refused."""
    for what, pairs in (("params", request.params), ("tags", request.tags)):
        _check_keys(what, pairs)
    check_batch_sizes(len(request.metrics), len(request.params), len(request.tags))
    events: list[Event] = []
    series = series_of(request.metrics) if request.metrics else []
    if request.params:
        events.append(ParamsLogged(dict(check_params(request.params))))
    if request.tags:
        events.append(TagsSet(check_tags(request.tags)))
    events += _measured(request.metrics)
    return _apply(service, request.run, *events, series=series)


def _measured(metrics: Sequence[wire.LoggedMetric]) -> list[ModelMeasured]:
    """Return the events that record valid points on logged models."""
    by_model: dict[str, list[ModelMetric]] = {}
    for point in metrics:
        if point.model_id and point.value is not None and point.timestamp is not None:
            on = point.dataset_name, point.dataset_digest
            measured = ModelMetric(point.key, point.value, point.timestamp, point.step, "", *on)
            by_model.setdefault(point.model_id, []).append(measured)
    return [ModelMeasured(model_id, tuple(found)) for model_id, found in by_model.items()]


def _check_keys(what: str, pairs: Sequence[KeyValue]) -> None:
    for index, pair in enumerate(pairs):
        if not pair.key:
            raise missing_value(f"{what}[{index}].key")


def log_inputs(service: Service, request: wire.LogInputs) -> Empty:
    """Record datasets and models that a run has read."""
    for given in request.datasets:
        check_dataset(given)
    datasets = [DatasetLogged(dataset_of(given)) for given in request.datasets]
    return _apply(service, request.run, *datasets, *[ModelRead(given.model_id) for given in request.models])


def _apply(service: Service, run_id: str, *events: Event, series: Sequence[Series] = ()) -> Empty:
    check_run_id(run_id)
    lanes = (LaneRows(0, 0, sum(len(each.steps) for each in series), tuple(series)),) if series else ()
    service.store.apply([Batch(run_id, "", events=events, lanes=lanes)])
    return Empty()


ROUTES: Final = (
    Route(wire.LOG_METRIC, log_metric, "EDIT"),
    Route(wire.LOG_PARAM, log_param, "EDIT"),
    Route(wire.SET_TAG, set_tag, "EDIT"),
    Route(wire.DELETE_TAG, delete_tag, "EDIT"),
    Route(wire.LOG_BATCH, log_batch, "EDIT"),
    Route(wire.LOG_INPUTS, log_inputs, "EDIT"),
)
