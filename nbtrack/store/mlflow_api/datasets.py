"""Conversion of datasets between MLflow's messages and entities; MLflow stores a dataset's context as a tag of the input."""

from __future__ import annotations

from collections.abc import Mapping

from ...entities.run import Dataset
from ...entities.tags import DATASET_CONTEXT
from .message import KeyValue
from .runs import DatasetInput, DatasetMessage

__all__ = ["context_and_tags", "dataset_of", "input_of"]


def dataset_of(given: DatasetInput) -> Dataset:
    """Return the dataset of an input."""
    found = given.dataset
    context = context_and_tags({tag.key: tag.value for tag in given.tags})
    return Dataset(found.name, found.digest, found.source_type, found.source, found.schema, found.profile, *context)


def context_and_tags(tags: Mapping[str, str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the context of an input and its other tags, sorted by key."""
    return tags.get(DATASET_CONTEXT, ""), tuple(sorted((key, value) for key, value in tags.items() if key != DATASET_CONTEXT))


def input_of(dataset: Dataset) -> DatasetInput:
    """Return a dataset as an input."""
    message = DatasetMessage(dataset.name, dataset.digest, dataset.source_type, dataset.source, dataset.schema, dataset.profile)
    tags = sorted([*dataset.tags, *([(DATASET_CONTEXT, dataset.context)] if dataset.context else [])])
    return DatasetInput(message, [KeyValue(*tag) for tag in tags])
