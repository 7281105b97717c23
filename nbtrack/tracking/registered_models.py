"""Registered models: names for the models that runs made, with numbered versions, stages, aliases and tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from ..delivery.connection import Connection
from ..entities.model import ModelStage, ModelVersionInfo, RegisteredModelInfo
from ..entities.run import moment
from ..errors import ModelNotFound
from ..store.protocol.model_registry import canonical_stage, without_prompts
from ..store.protocol.search import Query
from ..store.registration import version_at
from .artifacts import RunArtifacts
from .run import Run

__all__ = ["ModelVersion", "RegisteredModel", "find_version", "find_versions"]


class ModelVersion:
    """One version of a registered model: what was true of it when it was asked for; changes go to the store at once.

    Example:
        >>> import nbtrack
        >>> with nbtrack.start_run() as run:
        ...     run.log_text("0.5", "model/weights.txt")
        >>> version = nbtrack.register_model(f"runs:/{run.id}/model", "digits", alias="champion")
        >>> version
        <ModelVersion digits/1 @champion>
        >>> version.artifacts.read_text("weights.txt")
        '0.5'
    """

    def __init__(self, connection: Connection, info: ModelVersionInfo) -> None:
        self._connection, self._info = connection, info

    # What it is.

    @property
    def name(self) -> str:
        """The model's name."""
        return self._info.name

    @property
    def version(self) -> int:
        """Its number, from 1."""
        return self._info.version

    @property
    def uri(self) -> str:
        """The version as MLflow names it, ``models:/digits/3``."""
        return f"models:/{self.name}/{self.version}"

    @property
    def source(self) -> str:
        """Where it came from, as it was said when it was registered."""
        return self._info.source

    @property
    def run(self) -> Run | None:
        """The run that made it, None where that is not known or no longer there."""
        return Run(self._connection, self._info.run_id) if self._info.run_id else None

    @property
    def stage(self) -> ModelStage:
        """None, Staging, Production or Archived; aliases say the same with your own words."""
        return self._info.stage

    @property
    def description(self) -> str:
        """What a person has to say about it; may be set."""
        return self._info.description

    @description.setter
    def description(self, text: str) -> None:
        self._info = self._registry.update_version(self.name, self.version, description=text)

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags, to be read; ``set_tag`` sets one."""
        return MappingProxyType(dict(self._info.tags))

    @property
    def aliases(self) -> tuple[str, ...]:
        """The aliases that stand for this version."""
        return self._info.aliases

    @property
    def created(self) -> datetime:
        """When it was registered."""
        return moment(self._info.created)

    @property
    def updated(self) -> datetime:
        """When something of it last changed."""
        return moment(self._info.updated)

    @property
    def artifacts(self) -> RunArtifacts:
        """The folder of its files: ``list()``, ``open(path)``, ``load(path)``, ``download(target="folder")``."""
        return _VersionArtifacts(self._connection, self._info.run_id, self._info.location)

    # What is done to it.

    def set_tag(self, key: str, value: Any) -> None:
        """Set a tag, or overwrite it."""
        self._registry.set_version_tag(self.name, self.version, key, str(value))
        self._refresh()

    def delete_tag(self, key: str) -> None:
        """Take a tag away."""
        self._registry.delete_version_tag(self.name, self.version, key)
        self._refresh()

    def set_alias(self, alias: str) -> None:
        """Let an alias stand for this version, wherever it stood before."""
        self._registry.set_alias(self.name, alias, self.version)
        self._refresh()

    def delete_alias(self, alias: str) -> None:
        """Take an alias of this version away."""
        if alias not in self.aliases:
            raise ModelNotFound(
                f"{alias!r} is no alias of {self.name}/{self.version}; it has {', '.join(self.aliases) or 'none'}"
            )
        self._registry.delete_alias(self.name, alias)
        self._refresh()

    def transition(self, stage: ModelStage | str, *, archive_existing: bool = False) -> None:
        """Move it to a stage, and with ``archive_existing`` the versions that were there to Archived."""
        wanted = canonical_stage(stage)
        self._info = self._registry.transition(self.name, self.version, wanted, archive_existing=archive_existing)

    def delete(self) -> None:
        """Delete the version and the aliases for it; its files stay where they are."""
        self._registry.delete_version(self.name, self.version)

    @property
    def _registry(self) -> Any:
        return self._connection.store().registry

    def _refresh(self) -> None:
        self._info = self._registry.get_version(self.name, self.version)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelVersion) and (other.name, other.version) == (self.name, self.version)

    def __hash__(self) -> int:
        return hash((self.name, self.version))

    def __repr__(self) -> str:
        words = [f"{self.name}/{self.version}", *(f"@{alias}" for alias in self.aliases)]
        return f"<ModelVersion {' '.join([*words, *([] if self.stage is ModelStage.NONE else [self.stage.value])])}>"


class _VersionArtifacts(RunArtifacts):
    """The files of a version: a folder that may be part of a run's."""

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/plain": repr(self)}


class RegisteredModel:
    """A name for a model, with all that is registered under it.

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

    def __init__(self, connection: Connection, info: RegisteredModelInfo) -> None:
        self._connection, self._info = connection, info

    @property
    def name(self) -> str:
        """Its name."""
        return self._info.name

    @property
    def description(self) -> str:
        """What a person has to say about it; may be set."""
        return self._info.description

    @description.setter
    def description(self, text: str) -> None:
        self._info = self._registry.update_model(self.name, description=text)

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags, to be read; ``set_tag`` sets one."""
        return MappingProxyType(dict(self._info.tags))

    @property
    def aliases(self) -> Mapping[str, int]:
        """The number of the version that each alias stands for."""
        return MappingProxyType(dict(self._info.aliases))

    @property
    def created(self) -> datetime:
        """When it was made."""
        return moment(self._info.created)

    @property
    def updated(self) -> datetime:
        """When it, or which versions it has, last changed."""
        return moment(self._info.updated)

    @property
    def versions(self) -> list[ModelVersion]:
        """All versions, the newest first."""
        return find_versions(self._connection, f"name = {_quoted(self.name)}", "version_number DESC")

    @property
    def latest(self) -> ModelVersion | None:
        """The version of the greatest number, None where there is none yet."""
        found = self.versions
        return found[0] if found else None

    def __getitem__(self, which: int | str) -> ModelVersion:
        """Return the version of a number or an alias; ModelNotFound."""
        path = f"{self.name}@{which}" if isinstance(which, str) else f"{self.name}/{which}"
        return find_version(self._connection, path)

    def set_tag(self, key: str, value: Any) -> None:
        """Set a tag, or overwrite it."""
        self._registry.set_model_tag(self.name, key, str(value))
        self._refresh()

    def delete_tag(self, key: str) -> None:
        """Take a tag away."""
        self._registry.delete_model_tag(self.name, key)
        self._refresh()

    def set_alias(self, alias: str, version: int | ModelVersion) -> None:
        """Let an alias stand for a version, wherever it stood before."""
        self._registry.set_alias(self.name, alias, version.version if isinstance(version, ModelVersion) else version)
        self._refresh()

    def delete_alias(self, alias: str) -> None:
        """Take an alias away."""
        self._registry.delete_alias(self.name, alias)
        self._refresh()

    def rename(self, name: str) -> None:
        """Give it another name, with all its versions."""
        self._info = self._registry.rename_model(self.name, name)

    def delete(self) -> None:
        """Delete the name with all its versions; their files stay where they are."""
        self._registry.delete_model(self.name)

    @property
    def _registry(self) -> Any:
        return self._connection.store().registry

    def _refresh(self) -> None:
        self._info = self._registry.get_model(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RegisteredModel) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        aliases = ", ".join(f"@{alias} {version}" for alias, version in self.aliases.items())
        return f"<RegisteredModel {self.name}{': ' if aliases else ''}{aliases}>"


def find_versions(
    connection: Connection, text: str | None, order_by: str | Sequence[str] | None = None, limit: int | None = None
) -> list[ModelVersion]:
    """Return the versions that match a filter, prompts left out unless it asks for them."""
    from ..store.filter import VERSIONS, parse, parse_order

    condition = without_prompts(parse(text, names=VERSIONS))
    search = Query(None, condition, parse_order(order_by, names=VERSIONS), limit=limit)
    return [ModelVersion(connection, info) for info in connection.store().registry.search_versions(search).items]


def find_version(connection: Connection, which: str) -> ModelVersion:
    """Return one version; see ``nbtrack.get_model``."""
    return ModelVersion(connection, version_at(connection.store(), which.removeprefix("models:").lstrip("/")))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
