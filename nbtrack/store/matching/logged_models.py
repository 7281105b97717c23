"""Searches for logged models in Python."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from ...entities.model import LoggedModelInfo, ModelMetric
from ..filter import Identifier, Order, Scalar
from ..protocol.logged_models import ModelQuery, OnDataset, datasets_of_order, names_metric
from ..protocol.search import Page
from .match import arranged, attribute, meets

__all__ = ["page_of_logged"]

# Attributes in filters whose fields have other names.
_FIELDS: Final = {"model_id": "id", "creation_timestamp": "created", "last_updated_timestamp": "updated"}


def page_of_logged(models: Iterable[LoggedModelInfo], search: ModelQuery) -> Page[LoggedModelInfo]:
    """Return a page of logged models of the query's experiments; ties: the newest first, then by id."""
    found = [each for each in models if _matches(search, each)]
    found.sort(key=lambda each: (-each.created, each.id))
    for item in reversed(search.order):
        found = arranged(found, (Order(item.left, item.descending),), partial(_of_latest, order=item))
    return Page.of(found, search)


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
    return attribute(info, _FIELDS.get(left.key, left.key))


def _of_latest(left: Identifier, info: LoggedModelInfo, order: Order) -> Sequence[Scalar]:
    """Return the value to sort a model by: of a metric, the one measured last."""
    if left.entity != "metric":
        return _values(left, info)
    found = [each for each in _measured(info, datasets_of_order(order)) if each.key == left.key]
    return [min(found, key=lambda each: (-each.timestamp, -each.step, each.run_id)).value] if found else []
