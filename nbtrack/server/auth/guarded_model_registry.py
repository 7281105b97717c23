"""The model registry as one user may use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...entities.model import ModelStage, ModelVersionInfo, RegisteredModelInfo
from ...store.filter import And, Comparison, Identifier, Node
from ...store.protocol.model_registry import Registry
from ...store.protocol.search import Page, Query
from .access import Access
from .permissions import MODEL, Permission

__all__ = ["GuardedModelRegistry"]

READ, EDIT, MANAGE = Permission.READ, Permission.EDIT, Permission.MANAGE
_NAME = Identifier("attribute", "name")


class GuardedModelRegistry:
    """A registry for one user; what each method does is told in ``store.registry``."""

    def __init__(self, registry: Registry, access: Access) -> None:
        self._registry, self._access = registry, access

    def create_model(self, name: str, *, description: str = "", tags: Mapping[str, str] | None = None) -> RegisteredModelInfo:
        """Make a name, which is then the user's to manage."""
        made = self._registry.create_model(name, description=description, tags=tags)
        self._access.accounts.grants.revoke_all(MODEL, name)
        self._access.grant_to_creator(MODEL, name)
        return made

    def get_model(self, name: str) -> RegisteredModelInfo:
        """Return a model that the user may read."""
        self._access.model(name, READ)
        return self._registry.get_model(name)

    def rename_model(self, name: str, new_name: str) -> RegisteredModelInfo:
        """Rename a model that the user may edit; what was granted goes with it."""
        self._access.model(name, EDIT)
        renamed = self._registry.rename_model(name, new_name)
        if name != new_name:
            self._access.rename(MODEL, name, new_name)
        return renamed

    def update_model(self, name: str, *, description: str) -> RegisteredModelInfo:
        """Describe a model that the user may edit."""
        self._access.model(name, EDIT)
        return self._registry.update_model(name, description=description)

    def delete_model(self, name: str) -> None:
        """Delete a model that the user manages, and what was granted."""
        self._access.model(name, MANAGE)
        self._registry.delete_model(name)
        self._access.accounts.grants.revoke_all(MODEL, name)

    def search_models(self, search: Query) -> Page[RegisteredModelInfo]:
        """Return those that match and may be read."""
        return self._registry.search_models(self._readable(search))

    def _readable(self, search: Query) -> Query:
        """Return a search for what the user may read alone: its pages are as full as any."""
        rights = self._access.rights
        if rights.reads_all(MODEL):
            return search
        shown = rights.default >= READ
        # Those by which the rule differs from the default; no name is empty.
        names = tuple(name for name, each in rights.granted[MODEL].items() if (each >= READ) is not shown) or ("",)
        condition: Node = Comparison(_NAME, "IN", names, negated=shown)
        return replace(search, filter=condition if search.filter is None else And((search.filter, condition)))

    def set_model_tag(self, name: str, key: str, value: str) -> None:
        """Set a tag."""
        self._access.model(name, EDIT)
        self._registry.set_model_tag(name, key, value)

    def delete_model_tag(self, name: str, key: str) -> None:
        """Take a tag away."""
        self._access.model(name, EDIT)
        self._registry.delete_model_tag(name, key)

    def set_alias(self, name: str, alias: str, version: int) -> None:
        """Let an alias stand for a version."""
        self._access.model(name, EDIT)
        self._registry.set_alias(name, alias, version)

    def delete_alias(self, name: str, alias: str) -> None:
        """Take an alias away."""
        self._access.model(name, MANAGE)
        self._registry.delete_alias(name, alias)

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
        """Add a version to a model that the user may edit, from a run or logged model that may be read."""
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

    def get_version(self, name: str, version: int) -> ModelVersionInfo:
        """Return a version of a model that the user may read."""
        self._access.model(name, READ)
        return self._registry.get_version(name, version)

    def version_by_alias(self, name: str, alias: str) -> ModelVersionInfo:
        """Return the version that an alias stands for."""
        self._access.model(name, READ)
        return self._registry.version_by_alias(name, alias)

    def latest_versions(self, names: Sequence[str]) -> dict[str, list[ModelVersionInfo]]:
        """Return the newest versions of models that the user may read."""
        for name in names:
            self._access.model(name, READ)
        return self._registry.latest_versions(names)

    def update_version(self, name: str, version: int, *, description: str) -> ModelVersionInfo:
        """Describe a version."""
        self._access.model(name, EDIT)
        return self._registry.update_version(name, version, description=description)

    def transition(self, name: str, version: int, stage: ModelStage, *, archive_existing: bool = False) -> ModelVersionInfo:
        """Move a version to a stage."""
        self._access.model(name, EDIT)
        return self._registry.transition(name, version, stage, archive_existing=archive_existing)

    def delete_version(self, name: str, version: int) -> None:
        """Delete a version of a model that the user manages."""
        self._access.model(name, MANAGE)
        self._registry.delete_version(name, version)

    def search_versions(self, search: Query) -> Page[ModelVersionInfo]:
        """Return versions of the models that the user may read."""
        return self._registry.search_versions(self._readable(search))

    def set_version_tag(self, name: str, version: int, key: str, value: str) -> None:
        """Set a tag of a version."""
        self._access.model(name, EDIT)
        self._registry.set_version_tag(name, version, key, value)

    def delete_version_tag(self, name: str, version: int, key: str) -> None:
        """Take a tag from a version."""
        self._access.model(name, MANAGE)
        self._registry.delete_version_tag(name, version, key)
