"""The model registry guarded by one user's permissions on registered models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from typing_extensions import override

from ...entities.model import ModelStage, ModelVersionInfo, RegisteredModelInfo
from ...store.filter import And, Comparison, Identifier, Node
from ...store.protocol.model_registry import Registry
from ...store.protocol.search import Page, Query
from .access import Access
from .permissions import MODEL, Permission

__all__ = ["GuardedModelRegistry"]

READ, EDIT, MANAGE = Permission.READ, Permission.EDIT, Permission.MANAGE
_NAME = Identifier("attribute", "name")


class GuardedModelRegistry(Registry):
    """The model registry of a store as one user may use it."""

    def __init__(self, registry: Registry, access: Access) -> None:
        self._registry, self._access = registry, access

    @override
    def create_model(self, name: str, *, description: str = "", tags: Mapping[str, str] | None = None) -> RegisteredModelInfo:
        made = self._registry.create_model(name, description=description, tags=tags)
        self._access.accounts.grants.revoke_all(MODEL, name)  # of a deleted model of this name
        self._access.grant_to_creator(MODEL, name)
        return made

    @override
    def get_model(self, name: str) -> RegisteredModelInfo:
        self._access.model(name, READ)
        return self._registry.get_model(name)

    @override
    def rename_model(self, name: str, new_name: str) -> RegisteredModelInfo:
        self._access.model(name, EDIT)
        renamed = self._registry.rename_model(name, new_name)
        if name != new_name:
            self._access.rename(MODEL, name, new_name)
        return renamed

    @override
    def update_model(self, name: str, *, description: str) -> RegisteredModelInfo:
        self._access.model(name, EDIT)
        return self._registry.update_model(name, description=description)

    @override
    def delete_model(self, name: str) -> None:
        self._access.model(name, MANAGE)
        self._registry.delete_model(name)
        self._access.accounts.grants.revoke_all(MODEL, name)

    @override
    def search_models(self, search: Query) -> Page[RegisteredModelInfo]:
        return self._registry.search_models(self._readable(search))

    def _readable(self, search: Query) -> Query:
        """Return a search for readable models only; a condition in the query, not a filter of results, keeps pages full."""
        rights = self._access.rights
        if rights.reads_all(MODEL):
            return search
        shown = rights.default >= READ
        # The models whose grant differs from the default; the empty string, which is no model's name, if there are none.
        names = tuple(name for name, each in rights.granted[MODEL].items() if (each >= READ) is not shown) or ("",)
        condition: Node = Comparison(_NAME, "IN", names, negated=shown)
        return replace(search, filter=condition if search.filter is None else And((search.filter, condition)))

    @override
    def set_model_tag(self, name: str, key: str, value: str) -> None:
        self._access.model(name, EDIT)
        self._registry.set_model_tag(name, key, value)

    @override
    def delete_model_tag(self, name: str, key: str) -> None:
        self._access.model(name, EDIT)
        self._registry.delete_model_tag(name, key)

    @override
    def set_alias(self, name: str, alias: str, version: int) -> None:
        self._access.model(name, EDIT)
        self._registry.set_alias(name, alias, version)

    @override
    def delete_alias(self, name: str, alias: str) -> None:
        self._access.model(name, MANAGE)
        self._registry.delete_alias(name, alias)

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
        self._access.model(name, EDIT)
        if run_id:
            self._access.runs([run_id])
        if model_id:
            self._access.logged_models([model_id], READ)
        return self._registry.create_version(
            name,
            source,
            location=location,
            run_id=run_id,
            run_link=run_link,
            model_id=model_id,
            user=user,
            description=description,
            tags=tags,
        )

    @override
    def get_version(self, name: str, version: int) -> ModelVersionInfo:
        self._access.model(name, READ)
        return self._registry.get_version(name, version)

    @override
    def version_by_alias(self, name: str, alias: str) -> ModelVersionInfo:
        self._access.model(name, READ)
        return self._registry.version_by_alias(name, alias)

    @override
    def latest_versions(self, names: Sequence[str]) -> dict[str, list[ModelVersionInfo]]:
        for name in names:
            self._access.model(name, READ)
        return self._registry.latest_versions(names)

    @override
    def update_version(self, name: str, version: int, *, description: str) -> ModelVersionInfo:
        self._access.model(name, EDIT)
        return self._registry.update_version(name, version, description=description)

    @override
    def transition(self, name: str, version: int, stage: ModelStage, *, archive_existing: bool = False) -> ModelVersionInfo:
        self._access.model(name, EDIT)
        return self._registry.transition(name, version, stage, archive_existing=archive_existing)

    @override
    def delete_version(self, name: str, version: int) -> None:
        self._access.model(name, MANAGE)
        self._registry.delete_version(name, version)

    @override
    def search_versions(self, search: Query) -> Page[ModelVersionInfo]:
        return self._registry.search_versions(self._readable(search))

    @override
    def set_version_tag(self, name: str, version: int, key: str, value: str) -> None:
        self._access.model(name, EDIT)
        self._registry.set_version_tag(name, version, key, value)

    @override
    def delete_version_tag(self, name: str, version: int, key: str) -> None:
        self._access.model(name, MANAGE)
        self._registry.delete_version_tag(name, version, key)
