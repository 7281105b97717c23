"""What a registered model and one of its versions share: description, tags and times, in the registry of a store."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from ..delivery.connection import Connection
from ..entities.model import ModelVersionInfo, RegisteredModelInfo
from ..entities.run import moment
from ..store.protocol.model_registry import Registry

__all__ = ["RegistryEntry"]

Info = TypeVar("Info", bound=ModelVersionInfo | RegisteredModelInfo)


class RegistryEntry(ABC, Generic[Info]):
    """An entry of the registry as it was when it was read; what is set goes to the store at once."""

    def __init__(self, connection: Connection, info: Info) -> None:
        self._connection = connection
        self._info: Info = info

    @property
    def name(self) -> str:
        """The model's name."""
        return self._info.name

    @property
    def description(self) -> str:
        """What a person wrote about it; assign to change it."""
        return self._info.description

    @description.setter
    def description(self, text: str) -> None:
        self._info = self._describe(text)

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags, read-only; ``set_tag`` sets one."""
        return MappingProxyType(dict(self._info.tags))

    @property
    def created(self) -> datetime:
        """When it was registered."""
        return moment(self._info.created)

    @property
    def updated(self) -> datetime:
        """When it last changed."""
        return moment(self._info.updated)

    def set_tag(self, key: str, value: Any) -> None:
        """Set a tag, or overwrite it."""
        self._set_tag(key, str(value))
        self._info = self._read()

    def delete_tag(self, key: str) -> None:
        """Delete a tag; one that is not there is ignored."""
        self._delete_tag(key)
        self._info = self._read()

    @property
    def _registry(self) -> Registry:
        return self._connection.store().registry

    @abstractmethod
    def _read(self) -> Info: ...

    @abstractmethod
    def _describe(self, text: str) -> Info: ...

    @abstractmethod
    def _set_tag(self, key: str, value: str) -> None: ...

    @abstractmethod
    def _delete_tag(self, key: str) -> None: ...
