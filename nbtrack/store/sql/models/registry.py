"""The model registry over a SQL database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ....entities.model import ModelStage, ModelVersionInfo, RegisteredModelInfo
from ...protocol.model_registry import check_alias, check_tag
from ...protocol.search import Page, Query
from ...text import storable
from ..database import Database
from . import registered_rows, version_rows

if TYPE_CHECKING:
    from ...protocol.model_registry import Registry

__all__ = ["SqlRegistry"]

T = TypeVar("T")


class SqlRegistry:
    """Registered models in a SQL database; see ``store.registry.Registry`` for each method."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Names.

    def create_model(self, name: str, *, description: str = "", tags: Mapping[str, str] | None = None) -> RegisteredModelInfo:
        """See ``Registry.create_model``."""
        return self._write(registered_rows.add_model, storable(name), storable(description), _checked(tags))

    def get_model(self, name: str) -> RegisteredModelInfo:
        """See ``Registry.get_model``."""
        return self._read(registered_rows.model_named, storable(name))

    def rename_model(self, name: str, new_name: str) -> RegisteredModelInfo:
        """See ``Registry.rename_model``."""
        return self._write(registered_rows.rename_model, storable(name), storable(new_name))

    def update_model(self, name: str, *, description: str) -> RegisteredModelInfo:
        """See ``Registry.update_model``."""
        return self._write(registered_rows.update_model, storable(name), storable(description))

    def delete_model(self, name: str) -> None:
        """See ``Registry.delete_model``."""
        self._write(registered_rows.drop_model, storable(name))

    def search_models(self, search: Query) -> Page[RegisteredModelInfo]:
        """See ``Registry.search_models``."""
        return self._read(registered_rows.search_models, search)

    def set_model_tag(self, name: str, key: str, value: str) -> None:
        """See ``Registry.set_model_tag``."""
        tags = _checked({key: value})
        self._write(lambda c: registered_rows.TAGS.put(c, registered_rows.model_key(c, storable(name)), tags))

    def delete_model_tag(self, name: str, key: str) -> None:
        """See ``Registry.delete_model_tag``."""
        self._write(lambda c: registered_rows.TAGS.drop(c, registered_rows.model_key(c, storable(name)), storable(key)))

    def set_alias(self, name: str, alias: str, version: int) -> None:
        """See ``Registry.set_alias``."""
        self._write(version_rows.set_alias, storable(name), check_alias(alias), version)

    def delete_alias(self, name: str, alias: str) -> None:
        """See ``Registry.delete_alias``."""
        self._write(lambda c: registered_rows.ALIASES.drop(c, registered_rows.model_key(c, storable(name)), storable(alias)))

    # Versions.

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
        """See ``Registry.create_version``."""
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

    def get_version(self, name: str, version: int) -> ModelVersionInfo:
        """See ``Registry.get_version``."""
        return self._read(version_rows.version_of, storable(name), version)

    def version_by_alias(self, name: str, alias: str) -> ModelVersionInfo:
        """See ``Registry.version_by_alias``."""
        return self._read(version_rows.version_by_alias, storable(name), storable(alias))

    def latest_versions(self, names: Sequence[str]) -> dict[str, list[ModelVersionInfo]]:
        """See ``Registry.latest_versions``."""
        return self._read(version_rows.latest_versions, storable(list(names)))

    def update_version(self, name: str, version: int, *, description: str) -> ModelVersionInfo:
        """See ``Registry.update_version``."""
        return self._write(version_rows.update_version, storable(name), version, storable(description))

    def transition(self, name: str, version: int, stage: ModelStage, *, archive_existing: bool = False) -> ModelVersionInfo:
        """See ``Registry.transition``."""
        return self._write(
            lambda c: version_rows.transition(c, storable(name), version, stage, archive_existing=archive_existing)
        )

    def delete_version(self, name: str, version: int) -> None:
        """See ``Registry.delete_version``."""
        self._write(version_rows.drop_version, storable(name), version)

    def search_versions(self, search: Query) -> Page[ModelVersionInfo]:
        """See ``Registry.search_versions``."""
        return self._read(version_rows.search_versions, search)

    def set_version_tag(self, name: str, version: int, key: str, value: str) -> None:
        """See ``Registry.set_version_tag``."""
        tags = _checked({key: value})
        self._write(lambda c: version_rows.TAGS.put(c, version_rows.version_key(c, storable(name), version), tags))

    def delete_version_tag(self, name: str, version: int, key: str) -> None:
        """See ``Registry.delete_version_tag``."""
        self._write(lambda c: version_rows.TAGS.drop(c, version_rows.version_key(c, storable(name), version), storable(key)))

    def _read(self, read: Callable[..., T], *arguments: Any) -> T:
        return self._database.ask(read, *arguments)

    def _write(self, write: Callable[..., T], *arguments: Any) -> T:
        return self._database.write(lambda connection: write(connection, *arguments))


def _checked(tags: Mapping[str, str] | None) -> dict[str, str]:
    return dict(check_tag(*item) for item in storable(dict(tags or {})).items())


if TYPE_CHECKING:

    def _proof(registry: SqlRegistry) -> Registry:
        return registry
