"""Searches for registered models, versions and logged models in Python."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final, TypeVar

from ...entities.model import LoggedModelInfo, ModelMetric, ModelVersionInfo, RegisteredModelInfo
from ..filter import Identifier, Order, Scalar
from ..protocol.logged_models import ModelQuery, OnDataset, datasets_of_order, names_metric
from ..protocol.search import Page, Query
from .match import arranged, meets

__all__ = ["page", "page_of_logged", "page_of_registered", "page_of_versions"]

T = TypeVar("T")

_FIELDS: Final = {
    "model_id": "id",
    "version_number": "version",
    "source_path": "source",
    "creation_timestamp": "created",
    "last_updated_timestamp": "updated",
}


def page_of_registered(infos: Iterable[RegisteredModelInfo], search: Query) -> Page[RegisteredModelInfo]:
    """Return a page of registered models; ties by name."""
    found = [info for info in infos if meets(search.filter, partial(_of_model, info=info))]
    found.sort(key=lambda info: info.name)
    return page(arranged(found, search.order, _of_model), search.limit, search.offset)


def page_of_versions(versions: Iterable[ModelVersionInfo], search: Query) -> Page[ModelVersionInfo]:
    """Return a page of versions: the last changed first; ties by name, then the greatest number first."""
    found = [each for each in versions if meets(search.filter, partial(_of_version, each=each))]
    found.sort(key=lambda each: (each.name, -each.version))
    if not search.order:
        found.sort(key=lambda each: -each.updated)
    return page(arranged(found, search.order, _of_version), search.limit, search.offset)


def page_of_logged(models: Iterable[LoggedModelInfo], search: ModelQuery) -> Page[LoggedModelInfo]:
    """Return a page of logged models of the query's experiments; ties: the newest first, then by id."""
    found = [each for each in models if _matches(search, each)]
    found.sort(key=lambda each: (-each.created, each.id))
    for item in reversed(search.order):
        found = arranged(found, (Order(item.left, item.descending),), partial(_of_latest, order=item))
    return page(found, search.limit, search.offset)


def page(things: list[T], limit: int | None, offset: int) -> Page[T]:
    """Return one page of things."""
    end = len(things) if limit is None else offset + limit
    return Page(tuple(things[offset:end]), more=end < len(things))


def _of_model(left: Identifier, info: RegisteredModelInfo) -> Sequence[Scalar]:
    if left.entity == "tag":
        return [info.tags[left.key]] if left.key in info.tags else []
    value: Scalar = getattr(info, _FIELDS.get(left.key, left.key))
    return [value]


def _of_version(left: Identifier, each: ModelVersionInfo) -> Sequence[Scalar]:
    if left.entity == "tag":
        return [each.tags[left.key]] if left.key in each.tags else []
    value: Scalar = getattr(each, left.key if left.key == "model_id" else _FIELDS.get(left.key, left.key))
    return _present(value)


def _matches(search: ModelQuery, info: LoggedModelInfo) -> bool:
    if search.datasets and not names_metric(search.filter) and not _measured(info, search.datasets):
        return False
    return meets(search.filter, partial(_values, info=info, datasets=search.datasets))


def _measured(info: LoggedModelInfo, datasets: Sequence[OnDataset]) -> list[ModelMetric]:
    """Return the metrics measured on one of these datasets; all metrics without datasets."""
    return [metric for metric in info.metrics if not datasets or any(_is_on(metric, dataset) for dataset in datasets)]


def _is_on(metric: ModelMetric, dataset: OnDataset) -> bool:
    return metric.dataset_name == dataset.name and dataset.digest in ("", metric.dataset_digest)


def _values(left: Identifier, info: LoggedModelInfo, datasets: Sequence[OnDataset] = ()) -> Sequence[Scalar]:
    match left.entity:
        case "metric":
            return [metric.value for metric in _measured(info, datasets) if metric.key == left.key]
        case "param":
            return [info.params[left.key]] if left.key in info.params else []
        case "tag":
            return [info.tags[left.key]] if left.key in info.tags else []
    value: Scalar = getattr(info, _FIELDS.get(left.key, left.key))
    return _present(value)


def _of_latest(left: Identifier, info: LoggedModelInfo, order: Order) -> Sequence[Scalar]:
    """Return the value to sort a model by: of a metric, the one measured last."""
    if left.entity != "metric":
        return _values(left, info)
    found = [each for each in _measured(info, datasets_of_order(order)) if each.key == left.key]
    return [min(found, key=lambda each: (-each.timestamp, -each.step, each.run_id)).value] if found else []


def _present(value: Scalar) -> Sequence[Scalar]:
    """Return an attribute as a string or number; an empty string counts as missing."""
    return [str(value) if isinstance(value, str) else value] if value != "" else []
