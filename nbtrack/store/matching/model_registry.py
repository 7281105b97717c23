"""Searches for registered models and their versions in Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Final

from ...entities.model import ModelVersionInfo, RegisteredModelInfo
from ..filter import Identifier, Scalar
from ..protocol.search import Page, Query
from .match import arranged, attribute, meets

__all__ = ["page_of_registered", "page_of_versions"]

# Attributes in filters whose fields have other names.
_MODEL_FIELDS: Final = {"creation_timestamp": "created", "last_updated_timestamp": "updated"}
_VERSION_FIELDS: Final = {**_MODEL_FIELDS, "version_number": "version", "source_path": "source"}


def page_of_registered(infos: Iterable[RegisteredModelInfo], search: Query) -> Page[RegisteredModelInfo]:
    """Return a page of registered models; ties by name."""
    found = [info for info in infos if meets(search.filter, partial(_of_model, info=info))]
    found.sort(key=lambda info: info.name)
    return Page.of(arranged(found, search.order, _of_model), search)


def page_of_versions(versions: Iterable[ModelVersionInfo], search: Query) -> Page[ModelVersionInfo]:
    """Return a page of versions: the last changed first; ties by name, then the greatest number first."""
    found = [each for each in versions if meets(search.filter, partial(_of_version, info=each))]
    found.sort(key=lambda each: (each.name, -each.version))
    if not search.order:
        found.sort(key=lambda each: -each.updated)
    return Page.of(arranged(found, search.order, _of_version), search)


def _values(left: Identifier, info: RegisteredModelInfo | ModelVersionInfo, fields: Mapping[str, str]) -> Sequence[Scalar]:
    if left.entity == "tag":
        return [info.tags[left.key]] if left.key in info.tags else []
    return attribute(info, fields.get(left.key, left.key))


_of_model = partial(_values, fields=_MODEL_FIELDS)
_of_version = partial(_values, fields=_VERSION_FIELDS)
