"""Checks of requests to the model registry, and its entities as messages."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...entities.model import ModelVersionInfo, RegisteredModelInfo
from ...store.mlflow_api import model_versions, registered_models
from ...store.mlflow_api.errors import invalid, missing_value
from ...store.mlflow_api.limits import MAX_KEY, check_key, check_length, check_max_results
from ...store.mlflow_api.message import KeyValue
from ...store.mlflow_api.page_tokens import read_token

__all__ = [
    "check_tag_key",
    "checked_tags",
    "model_message",
    "page_offset",
    "required_value",
    "tags_of",
    "version_message",
    "version_number",
]


def tags_of(tags: Sequence[KeyValue]) -> dict[str, str]:
    """Return tags as a mapping; the last of several with one key wins."""
    return {tag.key: tag.value for tag in tags}


def checked_tags(tags: Sequence[KeyValue]) -> dict[str, str]:
    """Return tags as a mapping; ApiError for keys that MLflow refuses."""
    for index, tag in enumerate(tags):
        check_tag_key(tag.key, f"tags[{index}].key")
    return tags_of(tags)


def check_tag_key(key: str, path: str) -> None:
    """Raise ApiError for a tag's key that MLflow refuses; ``path`` names its field."""
    check_key(key, path)
    check_length(path, MAX_KEY, key)


def required_value(value: str | None) -> str:
    """Return a tag's value; ApiError if it is missing."""
    if value is None:
        raise missing_value("value")
    return value


def version_number(version: str) -> int:
    """Return the number of a version; ApiError if it is not an integer."""
    if not re.fullmatch(r"[0-9]{1,9}", version):
        raise invalid(f"Parameter 'version' must be an integer, got '{version}'.")
    return int(version)


def page_offset(max_results: int, most: int, token: str) -> int:
    """Return the offset of a page; ApiError if its size is not allowed."""
    check_max_results(max_results, most)
    return read_token(token)


def model_message(info: RegisteredModelInfo, latest: Sequence[ModelVersionInfo]) -> registered_models.RegisteredModel:
    """Return the message of a registered model with its newest versions."""
    return registered_models.RegisteredModel(
        info.name,
        info.created,
        info.updated,
        info.description,
        list(map(version_message, latest)),
        [KeyValue(*tag) for tag in info.tags.items()],
        [registered_models.Alias(alias, str(version)) for alias, version in info.aliases.items()],
    )


def version_message(info: ModelVersionInfo) -> model_versions.ModelVersion:
    """Return the message of a model version."""
    return model_versions.ModelVersion(
        info.name,
        str(info.version),
        info.created,
        info.updated,
        info.user,
        info.stage.value,
        info.description,
        info.source,
        info.run_id,
        info.status.value,
        [KeyValue(*tag) for tag in info.tags.items()],
        info.run_link,
        list(info.aliases),
        info.model_id,
    )
