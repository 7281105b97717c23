"""The protocol for logged models: what runs made with ``log_model``, with params, tags and metrics.

The guarantees of ``protocol.store`` on threads, processes, durability and errors hold here too. What a run records of models
(that it made or read one, and metrics) arrives as the run's events, by ``Store.apply``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ...entities.model import LoggedModelInfo, LoggedModelStatus, RunModel
from ...entities.run import Experiment
from ...errors import InvalidInput, ParamConflict
from ..filter import And, Comparison, Node, Not, Or, Order, Present
from ..text import storable
from .search import Page, Query

__all__ = [
    "LoggedModels",
    "ModelOrder",
    "ModelQuery",
    "OnDataset",
    "adopted",
    "check_logged_name",
    "check_params",
    "datasets_of_order",
    "names_metric",
]

_ID = re.compile(r"[A-Za-z0-9][\w\-]{0,255}", re.ASCII)
_BAD = ("/", ":", ".", "%", '"', "'")


@dataclass(frozen=True, slots=True)
class OnDataset:
    """Metrics measured on the dataset of this name and digest; an empty digest means any."""

    name: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class ModelOrder(Order):
    """One key to sort logged models by; a metric may be the one measured on a dataset."""

    dataset: OnDataset | None = None


@dataclass(frozen=True, slots=True)
class ModelQuery(Query):
    """A query for logged models, whose metrics may be measured on datasets.

    A condition on a metric is true if it is true of one of the measured values, on one of ``datasets`` if there are any. With
    datasets and no condition on a metric, a model matches if anything was measured of it on one of them. An order by a metric
    sorts by what was measured last: at the greatest (timestamp, step).

    Attributes:
        order: Each key an ``Order`` or a ``ModelOrder``.
    """

    datasets: tuple[OnDataset, ...] = ()


class LoggedModels(Protocol):
    """Logged models; methods raise ModelNotFound for an unknown id and for a deleted model."""

    def create(
        self,
        experiment_id: str,
        *,
        name: str,
        model_type: str = "",
        source_run_id: str = "",
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> LoggedModelInfo:
        """Create a model, which is PENDING until its files are stored; ExperimentNotFound, Deleted."""

    def adopt(self, model: LoggedModelInfo) -> LoggedModelInfo:
        """Record a model of another store under its own id in the experiment that it names; its files are stored here later.

        A model that exists here, deleted or not, stays as it is. Metrics arrive with runs, not with this.

        Raises:
            InvalidInput: This store assigns ids itself.
        """

    def get(self, model_id: str) -> LoggedModelInfo:
        """Return a model with its params, tags and metrics."""

    def finalize(self, model_id: str, status: LoggedModelStatus) -> LoggedModelInfo:
        """Record whether the model's files were stored."""

    def delete(self, model_id: str) -> None:
        """Mark a model deleted."""

    def log_params(self, model_id: str, params: Mapping[str, str]) -> None:
        """Add params; ParamConflict if one has another value already, and then none is added."""

    def set_tags(self, model_id: str, tags: Mapping[str, str]) -> None:
        """Set tags, or overwrite them."""

    def delete_tag(self, model_id: str, key: str) -> None:
        """Delete a tag; NotFound if the model does not have it."""

    def search(self, search: ModelQuery) -> Page[LoggedModelInfo]:
        """Return the models that match and are not deleted: the newest first, then by id."""

    def outputs(self, run_ids: Sequence[str]) -> list[RunModel]:
        """Return the models that these runs made, in the order of the runs asked for, then by id."""

    def inputs(self, run_ids: Sequence[str]) -> list[RunModel]:
        """Return the models that these runs read, in the same order."""


def adopted(model: LoggedModelInfo, experiment: Experiment) -> LoggedModelInfo:
    """Return another store's model as it is recorded in an experiment here."""
    check_logged_name(model.name)
    if not _ID.fullmatch(model.id):  # it becomes the name of a folder
        raise InvalidInput(f"{model.id[:100]!r} is not the id of a logged model")
    uri = f"{experiment.artifact_location}/models/{model.id}/artifacts"
    return storable(replace(model, experiment_id=experiment.id, artifact_uri=uri, metrics=()))


def datasets_of_order(order: Order) -> tuple[OnDataset, ...]:
    """Return the dataset that an order by a metric is about; empty where it is about any measurement."""
    return (order.dataset,) if isinstance(order, ModelOrder) and order.dataset else ()


def names_metric(node: Node | None) -> bool:
    """Return whether a filter has a condition on a metric."""
    match node:
        case And(operands) | Or(operands):
            return any(map(names_metric, operands))
        case Not(operand):
            return names_metric(operand)
        case Comparison(left) | Present(left):
            return left.entity == "metric"
    return False


def check_params(known: Mapping[str, str], new: Mapping[str, str]) -> None:
    """Raise ParamConflict for params that have another value already."""
    for key, value in new.items():
        if known.get(key, value) != value:
            raise ParamConflict(key, known[key], value)


def check_logged_name(name: str) -> str:
    """Return a valid name of a logged model unchanged; InvalidInput."""
    if not name or any(character in name for character in _BAD):
        raise InvalidInput(
            f"Invalid model name ({name!r}) provided. Model name must be a non-empty string and cannot contain the following "
            f"characters: {_BAD}"
        )
    return name
