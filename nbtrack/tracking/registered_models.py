"""Registered models: names for the models that runs made, each with numbered versions, aliases and tags."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from typing_extensions import override

from ..entities.model import RegisteredModelInfo
from .model_versions import ModelVersion, find_version, find_versions
from .registry_entry import RegistryEntry

__all__ = ["RegisteredModel"]


class RegisteredModel(RegistryEntry[RegisteredModelInfo]):
    """A name for a model, and the versions registered under it.

    ``model[3]`` is a version by its number, ``model["champion"]`` by its alias.

    Example:
        >>> import nbtrack
        >>> with nbtrack.start_run() as run:
        ...     run.log_text("0.5", "model/weights.txt")
        >>> for _ in range(2):
        ...     version = nbtrack.register_model(f"runs:/{run.id}/model", "letters")
        >>> model = nbtrack.get_registered_model("letters")
        >>> model.set_alias("champion", 1)
        >>> model["champion"].version, model.latest.version, [version.version for version in model.versions]
        (1, 2, [2, 1])
    """

    @property
    def aliases(self) -> Mapping[str, int]:
        """The number of the version that each alias stands for, read-only."""
        return MappingProxyType(dict(self._info.aliases))

    @property
    def versions(self) -> list[ModelVersion]:
        """All versions, the newest first."""
        quoted = self.name.replace("'", "''")
        return find_versions(self._connection, f"name = '{quoted}'", "version_number DESC")

    @property
    def latest(self) -> ModelVersion | None:
        """The version with the highest number, None where there is none yet."""
        found = self.versions
        return found[0] if found else None

    def __getitem__(self, which: int | str) -> ModelVersion:
        """Return the version of a number or an alias; ModelNotFound."""
        path = f"{self.name}@{which}" if isinstance(which, str) else f"{self.name}/{which}"
        return find_version(self._connection, path)

    def set_alias(self, alias: str, version: int | ModelVersion) -> None:
        """Have an alias stand for a version, and no longer for another one."""
        self._registry.set_alias(self.name, alias, version.version if isinstance(version, ModelVersion) else version)
        self._info = self._read()

    def delete_alias(self, alias: str) -> None:
        """Delete an alias."""
        self._registry.delete_alias(self.name, alias)
        self._info = self._read()

    def rename(self, name: str) -> None:
        """Give it another name, with all its versions."""
        self._info = self._registry.rename_model(self.name, name)

    def delete(self) -> None:
        """Delete the name with all its versions; their files stay where they are."""
        self._registry.delete_model(self.name)

    @override
    def _read(self) -> RegisteredModelInfo:
        return self._registry.get_model(self.name)

    @override
    def _describe(self, text: str) -> RegisteredModelInfo:
        return self._registry.update_model(self.name, description=text)

    @override
    def _set_tag(self, key: str, value: str) -> None:
        self._registry.set_model_tag(self.name, key, value)

    @override
    def _delete_tag(self, key: str) -> None:
        self._registry.delete_model_tag(self.name, key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RegisteredModel) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        aliases = ", ".join(f"@{alias} {version}" for alias, version in self.aliases.items())
        return f"<RegisteredModel {self.name}{': ' if aliases else ''}{aliases}>"
