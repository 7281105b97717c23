"""The model registry over a SQL database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from typing_extensions import override

from ....entities.model import ModelStage, ModelVersionInfo, RegisteredModelInfo
from ...protocol.model_registry import Registry, check_alias, check_tag
from ...protocol.search import Page, Query
from ...text import storable
from ..database import Database
from . import registered_rows, version_rows

__all__ = ["SqlModelRegistry"]

T = TypeVar("T")


class SqlModelRegistry(Registry):
    """A model registry in a SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Registered models.

    @override
    def create_model(self, name: str, *, description: str = "", tags: Mapping[str, str] | None = None) -> RegisteredModelInfo:
        return self._write(registered_rows.add_model, storable(name), storable(description), _checked(tags))

    @override
    def get_model(self, name: str) -> RegisteredModelInfo:
        return self._read(registered_rows.model_named, storable(name))

    @override
    def rename_model(self, name: str, new_name: str) -> RegisteredModelInfo:
        return self._write(registered_rows.rename_model, storable(name), storable(new_name))

    @override
    def update_model(self, name: str, *, description: str) -> RegisteredModelInfo:
        return self._write(registered_rows.update_model, storable(name), storable(description))

    @override
    def delete_model(self, name: str) -> None:
        self._write(registered_rows.drop_model, storable(name))

    @override
    def search_models(self, search: Query) -> Page[RegisteredModelInfo]:
        return self._read(registered_rows.search_models, search)

    @override
    def set_model_tag(self, name: str, key: str, value: str) -> None:
        tags = _checked({key: value})
        self._write(lambda c: registered_rows.TAGS.put(c, registered_rows.model_key(c, storable(name)), tags))

    @override
    def delete_model_tag(self, name: str, key: str) -> None:
        self._write(lambda c: registered_rows.TAGS.drop(c, registered_rows.model_key(c, storable(name)), storable(key)))

    @override
    def set_alias(self, name: str, alias: str, version: int) -> None:
        self._write(version_rows.set_alias, storable(name), check_alias(alias), version)

    @override
    def delete_alias(self, name: str, alias: str) -> None:
        self._write(lambda c: registered_rows.ALIASES.drop(c, registered_rows.model_key(c, storable(name)), storable(alias)))

    # Versions.

    @override
    def create_version(
        self,
        name: str,
        source: str,
        *,
        location: str = "",
        run_id: str = "",
        run_link: str = "",
        model_id: str = "",
        user: str = "",
        description: str = "",
        tags: Mapping[str, str] | None = None,
    ) -> ModelVersionInfo:
        new = ModelVersionInfo(
            name,
            version=0,
            created=0,
            updated=0,
            source=source,
            location=location or source,
            description=description,
            run_id=run_id,
            run_link=run_link,
            model_id=model_id,
            user=user,
            tags=_checked(tags),
        )
        return self._write(version_rows.add_version, storable(new))

    @override
    def get_version(self, name: str, version: int) -> ModelVersionInfo:
        return self._read(version_rows.version_of, storable(name), version)

    @override
    def version_by_alias(self, name: str, alias: str) -> ModelVersionInfo:
        return self._read(version_rows.version_by_alias, storable(name), storable(alias))

    @override
    def latest_versions(self, names: Sequence[str]) -> dict[str, list[ModelVersionInfo]]:
        return self._read(version_rows.latest_versions, storable(list(names)))

    @override
    def update_version(self, name: str, version: int, *, description: str) -> ModelVersionInfo:
        return self._write(version_rows.update_version, storable(name), version, storable(description))

    @override
    def transition(self, name: str, version: int, stage: ModelStage, *, archive_existing: bool = False) -> ModelVersionInfo:
        return self._write(
            lambda c: version_rows.transition(c, storable(name), version, stage, archive_existing=archive_existing)
        )

    @override
    def delete_version(self, name: str, version: int) -> None:
        self._write(version_rows.drop_version, storable(name), version)

    @override
    def search_versions(self, search: Query) -> Page[ModelVersionInfo]:
        return self._read(version_rows.search_versions, search)

    @override
    def set_version_tag(self, name: str, version: int, key: str, value: str) -> None:
        tags = _checked({key: value})
        self._write(lambda c: version_rows.TAGS.put(c, version_rows.version_key(c, storable(name), version), tags))

    @override
    def delete_version_tag(self, name: str, version: int, key: str) -> None:
        self._write(lambda c: version_rows.TAGS.drop(c, version_rows.version_key(c, storable(name), version), storable(key)))

    def _read(self, read: Callable[..., T], *arguments: Any) -> T:
        return self._database.ask(read, *arguments)

    def _write(self, write: Callable[..., T], *arguments: Any) -> T:
        return self._database.write(lambda connection: write(connection, *arguments))


def _checked(tags: Mapping[str, str] | None) -> dict[str, str]:
    return dict(check_tag(*item) for item in storable(dict(tags or {})).items())
