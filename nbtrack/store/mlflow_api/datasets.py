"""Datasets that a run read, between the wire and what the stores know; what one was read for is a tag in MLflow."""

from __future__ import annotations

from collections.abc import Mapping

from ...entities.run import Dataset
from ...entities.tags import DATASET_CONTEXT
from .message import KeyValue
from .runs import DatasetInput, DatasetMessage

__all__ = ["context_and_tags", "dataset_of", "input_of"]


def dataset_of(given: DatasetInput) -> Dataset:
    """Return the dataset that an input is."""
    of = given.dataset
    marks = context_and_tags({tag.key: tag.value for tag in given.tags})
    return Dataset(of.name, of.digest, of.source_type, of.source, of.schema, of.profile, *marks)


def context_and_tags(tags: Mapping[str, str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return what an input was read for, and its other tags by key."""
    return tags.get(DATASET_CONTEXT, ""), tuple(sorted((key, value) for key, value in tags.items() if key != DATASET_CONTEXT))


def input_of(dataset: Dataset) -> DatasetInput:
    """Return the input that a dataset is."""
    message = DatasetMessage(dataset.name, dataset.digest, dataset.source_type, dataset.source, dataset.schema, dataset.profile)
    tags = sorted([*dataset.tags, *([(DATASET_CONTEXT, dataset.context)] if dataset.context else [])])
    return DatasetInput(message, [KeyValue(*tag) for tag in tags])
