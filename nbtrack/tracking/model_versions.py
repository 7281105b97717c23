"""Versions of registered models: which run made them, their files, their aliases and their stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from typing_extensions import override

from ..delivery.connection import Connection
from ..entities.model import ModelStage, ModelVersionInfo
from ..errors import ModelNotFound
from ..store.protocol.model_registry import canonical_stage, without_prompts
from ..store.protocol.search import Query
from ..store.registration import version_at
from .artifacts import RunArtifacts
from .registry_entry import RegistryEntry
from .run import Run

__all__ = ["ModelVersion", "find_version", "find_versions"]


class ModelVersion(RegistryEntry[ModelVersionInfo]):
    """One version of a registered model as it was when it was read; what is set goes to the store at once.

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
        """What was registered: ``runs:/RUN_ID/FOLDER``, ``models:/…`` or the URI of a folder."""
        return self._info.source

    @property
    def run(self) -> Run | None:
        """The run that made it, None where that is unknown."""
        return Run(self._connection, self._info.run_id) if self._info.run_id else None

    @property
    def stage(self) -> ModelStage:
        """None, Staging, Production or Archived, as in MLflow; aliases do the same with names of your own."""
        return self._info.stage

    @property
    def aliases(self) -> tuple[str, ...]:
        """The aliases that stand for this version."""
        return self._info.aliases

    @property
    def artifacts(self) -> RunArtifacts:
        """The folder of its files: ``list()``, ``open(path)``, ``load(path)``, ``download(target="folder")``."""
        return _VersionArtifacts(self._connection, self._info.run_id, self._info.location)

    def set_alias(self, alias: str) -> None:
        """Have an alias stand for this version, and no longer for another one."""
        self._registry.set_alias(self.name, alias, self.version)
        self._info = self._read()

    def delete_alias(self, alias: str) -> None:
        """Delete an alias of this version; ModelNotFound where it has no such alias."""
        if alias not in self.aliases:
            raise ModelNotFound(
                f"{alias!r} is no alias of {self.name}/{self.version}; it has {', '.join(self.aliases) or 'none'}"
            )
        self._registry.delete_alias(self.name, alias)
        self._info = self._read()

    def transition(self, stage: ModelStage | str, *, archive_existing: bool = False) -> None:
        """Move it to a stage.

        Args:
            stage: None, Staging, Production or Archived.
            archive_existing: Whether the versions that are in this stage move to Archived.
        """
        wanted = canonical_stage(stage)
        self._info = self._registry.transition(self.name, self.version, wanted, archive_existing=archive_existing)

    def delete(self) -> None:
        """Delete the version and its aliases; its files stay where they are."""
        self._registry.delete_version(self.name, self.version)

    @override
    def _read(self) -> ModelVersionInfo:
        return self._registry.get_version(self.name, self.version)

    @override
    def _describe(self, text: str) -> ModelVersionInfo:
        return self._registry.update_version(self.name, self.version, description=text)

    @override
    def _set_tag(self, key: str, value: str) -> None:
        self._registry.set_version_tag(self.name, self.version, key, value)

    @override
    def _delete_tag(self, key: str) -> None:
        self._registry.delete_version_tag(self.name, self.version, key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelVersion) and (other.name, other.version) == (self.name, self.version)

    def __hash__(self) -> int:
        return hash((self.name, self.version))

    def __repr__(self) -> str:
        words = [f"{self.name}/{self.version}", *(f"@{alias}" for alias in self.aliases)]
        return f"<ModelVersion {' '.join([*words, *([] if self.stage is ModelStage.NONE else [self.stage.value])])}>"


class _VersionArtifacts(RunArtifacts):
    """The files of a version, which may be a folder among a run's: a cell shows them as text."""

    @override
    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/plain": repr(self)}


def find_versions(
    connection: Connection, text: str | None, order_by: str | Sequence[str] | None = None, limit: int | None = None
) -> list[ModelVersion]:
    """Return the versions that match a filter; MLflow's prompts only where the filter asks for them."""
    from ..store.filter import VERSIONS, parse, parse_order

    condition = without_prompts(parse(text, names=VERSIONS))
    search = Query(None, condition, parse_order(order_by, names=VERSIONS), limit=limit)
    return [ModelVersion(connection, info) for info in connection.store().registry.search_versions(search).items]


def find_version(connection: Connection, which: str) -> ModelVersion:
    """Return one version; see ``nbtrack.get_model``."""
    return ModelVersion(connection, version_at(connection.store(), which.removeprefix("models:").lstrip("/")))
