"""Registering models and finding them: what nbtrack's module functions do with the registry of one store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..delivery.connection import Connection
from ..errors import AlreadyExists, ArtifactNotFound, InvalidInput, ModelNotFound
from ..settings import user_name
from ..store.protocol.model_registry import check_alias, without_prompts
from ..store.protocol.search import Query
from ..store.protocol.store import Store
from ..store.registration import origin_of, register
from ..validation import amount, mapping, shown, text
from .artifacts import Artifact
from .model_versions import ModelVersion, find_version, find_versions
from .registered_models import RegisteredModel

__all__ = ["ModelRegistry"]

_LONGEST = 1000
_LONGEST_SOURCE = 10_000


class ModelRegistry:
    """The registered models of one store, as a person uses them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def register(
        self,
        model: str | Artifact,
        name: str,
        *,
        tags: Mapping[str, Any] | None = None,
        description: str = "",
        alias: str | None = None,
    ) -> ModelVersion:
        """Register a model; see ``nbtrack.register_model``."""
        name, description = text(name, "the name of a model", most=_LONGEST), text(description, "a description")
        if alias is not None:
            check_alias(text(alias, "an alias"))
        store, source = self._connection.read(), _source(model)
        registry, origin = store.registry, origin_of(store, source)
        if source.startswith("runs:"):
            _check_folder(self._connection, store, source, origin.location)
        self._ensure(name)
        strings = {key: str(value) for key, value in mapping(tags, "tags").items()}
        made = register(store, name, source, origin=origin, user=user_name(), description=description, tags=strings)
        if alias is not None:
            registry.set_alias(name, alias, made.version)
        return ModelVersion(self._connection, registry.get_version(name, made.version))

    def _ensure(self, name: str) -> None:
        """Create a registered model unless it exists, or another process creates it at the same moment."""
        registry = self._connection.store().registry
        try:
            registry.get_model(name)
        except ModelNotFound:
            try:
                registry.create_model(name)
            except AlreadyExists:
                return

    def model(self, name: str) -> RegisteredModel:
        """Return a registered model; ModelNotFound."""
        found = self._connection.store().registry.get_model(text(name, "the name of a model", most=_LONGEST))
        return RegisteredModel(self._connection, found)

    def get(self, which: str) -> ModelVersion:
        """Return a version; see ``nbtrack.get_model``."""
        return find_version(self._connection, text(which, "a model", most=_LONGEST))

    def models(self, condition: str | None, order_by: str | Sequence[str] | None, limit: int | None) -> list[RegisteredModel]:
        """Return the registered models that match a filter; see ``nbtrack.registered_models``."""
        from ..store.filter import REGISTERED_MODELS, parse, parse_order

        wanted = without_prompts(parse(condition, names=REGISTERED_MODELS))
        search = Query(None, wanted, parse_order(order_by, names=REGISTERED_MODELS), limit=amount(limit, "limit"))
        found = self._connection.store().registry.search_models(search)
        return [RegisteredModel(self._connection, info) for info in found.items]

    def versions(self, condition: str | None, order_by: str | Sequence[str] | None, limit: int | None) -> list[ModelVersion]:
        """Return the versions that match a filter; see ``nbtrack.model_versions``."""
        return find_versions(self._connection, condition, order_by, amount(limit, "limit"))


def _source(model: str | Artifact) -> str:
    if isinstance(model, Artifact):
        return f"runs:/{model.run_id}/{model.path}"
    if ":" not in text(model, "a model", most=_LONGEST_SOURCE):
        raise InvalidInput(
            f"{shown(model)} does not say where a model is: write runs:/RUN_ID/FOLDER or models:/NAME/VERSION, or give an "
            "artifact of a run, such as run.artifacts.list()[0]"
        )
    return model


def _check_folder(connection: Connection, store: Store, source: str, location: str) -> None:
    """Check that a folder of a run exists and is no file: a model is a folder."""
    if connection.artifacts(location).list():
        return
    run_id, _, path = source.partition(":")[2].strip("/").partition("/")
    folder, _, name = path.rpartition("/")
    there = connection.artifacts(store.get_run(run_id).artifact_uri).list(folder)
    if any(entry.name == name and not entry.is_dir for entry in there):
        raise InvalidInput(f"{source} is a file, and a model is a folder: log it with log_artifact({name!r}, 'model')")
    have = ", ".join(entry.name for entry in there if entry.is_dir) or "none"
    raise ArtifactNotFound(f"there is nothing at {source}; the folders beside it: {have}")
