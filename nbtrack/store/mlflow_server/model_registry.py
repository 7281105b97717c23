"""The model registry of an MLflow server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from typing_extensions import override

from ...entities.model import ModelStage, ModelVersionInfo, RegisteredModelInfo, VersionStatus
from ...errors import InvalidInput, ModelNotFound, NotFound
from ..matching.model_registry import page_of_registered, page_of_versions
from ..mlflow_api import model_versions as versions
from ..mlflow_api import registered_models as models
from ..mlflow_api.endpoint import Endpoint
from ..mlflow_api.message import KeyValue
from ..protocol.model_registry import Registry, check_alias, check_model_name, check_tag, latest_of
from ..protocol.search import Page, Query
from ..text import storable
from .api import MlflowApi

__all__ = ["MlflowModelRegistry"]

_PAGE = 1000
# MLflow returns prompts only if the filter asks for them, so all models and prompts take two searches.
_FILTERS = ("", "tags.`mlflow.prompt.is_prompt` = 'true'")


class MlflowModelRegistry(Registry):
    """The model registry of a server.

    Args:
        api: The server.
    """

    def __init__(self, api: MlflowApi) -> None:
        self._api = api

    def _call(self, endpoint: Endpoint[Any, Any], request: Any) -> Any:
        try:
            return self._api.call(endpoint, request)
        except NotFound as error:
            raise ModelNotFound(str(error)) from error

    # Registered models.

    @override
    def create_model(self, name: str, *, description: str = "", tags: Mapping[str, str] | None = None) -> RegisteredModelInfo:
        request = models.CreateModel(name=check_model_name(storable(name)), description=description, tags=_tags(tags))
        return _model(self._call(models.CREATE_REGISTERED_MODEL, request).registered_model)

    @override
    def get_model(self, name: str) -> RegisteredModelInfo:
        if not name:
            raise ModelNotFound("there is no model without a name")
        return _model(self._call(models.GET_REGISTERED_MODEL, models.RegisteredModelRequest(name=name)).registered_model)

    @override
    def rename_model(self, name: str, new_name: str) -> RegisteredModelInfo:
        request = models.RenameModel(name=name, new_name=check_model_name(storable(new_name)))
        return _model(self._call(models.RENAME_REGISTERED_MODEL, request).registered_model)

    @override
    def update_model(self, name: str, *, description: str) -> RegisteredModelInfo:
        request = models.UpdateModel(name=name, description=storable(description))
        return _model(self._call(models.UPDATE_REGISTERED_MODEL, request).registered_model)

    @override
    def delete_model(self, name: str) -> None:
        self._call(models.DELETE_REGISTERED_MODEL, models.RegisteredModelRequest(name=name))

    @override
    def search_models(self, search: Query) -> Page[RegisteredModelInfo]:
        found: dict[str, RegisteredModelInfo] = {}
        for filter_ in _FILTERS:
            request = models.SearchModels(filter=filter_, max_results=_PAGE)
            for page in self._api.pages(models.SEARCH_REGISTERED_MODELS, request):
                found |= {each.name: _model(each) for each in page.registered_models}
        return page_of_registered(list(found.values()), search)

    @override
    def set_model_tag(self, name: str, key: str, value: str) -> None:
        key, value = check_tag(storable(key), storable(value))
        self._call(models.SET_REGISTERED_MODEL_TAG, models.SetModelTag(name=name, key=key, value=value))

    @override
    def delete_model_tag(self, name: str, key: str) -> None:
        if key in self.get_model(name).tags:
            self._call(models.DELETE_REGISTERED_MODEL_TAG, models.DeleteModelTag(name=name, key=key))

    @override
    def set_alias(self, name: str, alias: str, version: int) -> None:
        self._call(
            models.SET_REGISTERED_MODEL_ALIAS,
            models.SetAlias(name=name, alias=check_alias(alias), version=str(version)),
        )

    @override
    def delete_alias(self, name: str, alias: str) -> None:
        if alias in self.get_model(name).aliases:
            self._call(models.DELETE_REGISTERED_MODEL_ALIAS, models.AliasRequest(name=name, alias=alias))

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
        # MLflow stores the location as the source, and ignores the user.
        request = versions.CreateVersion(
            name=name,
            source=f"models:/{model_id}" if model_id else location or source,
            run_id=run_id,
            run_link=run_link,
            model_id=model_id,
            description=storable(description),
            tags=_tags(tags),
        )
        return self._located(_version(self._call(versions.CREATE_MODEL_VERSION, request).model_version))

    @override
    def get_version(self, name: str, version: int) -> ModelVersionInfo:
        request = versions.ModelVersionRequest(name=name, version=str(version))
        return self._located(_version(self._call(versions.GET_MODEL_VERSION, request).model_version))

    @override
    def version_by_alias(self, name: str, alias: str) -> ModelVersionInfo:
        if alias.lower() == "latest":
            found = self.latest_versions([name])[name]
            if not found:
                raise ModelNotFound(f"the model {name!r} has no version")
            return self.get_version(name, max(each.version for each in found))
        try:
            request = models.AliasRequest(name=name, alias=alias)
            return self._located(_version(self._call(models.GET_MODEL_VERSION_BY_ALIAS, request).model_version))
        except InvalidInput as error:  # MLflow's error for an alias that does not exist
            raise ModelNotFound(f"the model {name!r} has no alias {alias!r}") from error

    @override
    def latest_versions(self, names: Sequence[str]) -> dict[str, list[ModelVersionInfo]]:
        found: dict[str, list[ModelVersionInfo]] = {}
        for name in names:
            with suppress(NotFound):
                answer = self._call(models.GET_LATEST_VERSIONS, models.GetLatestVersions(name=name))
                found[name] = latest_of(_version(each) for each in answer.model_versions)
        return {name: found.get(name, []) for name in names}

    @override
    def update_version(self, name: str, version: int, *, description: str) -> ModelVersionInfo:
        request = versions.UpdateVersion(name=name, version=str(version), description=storable(description))
        return _version(self._call(versions.UPDATE_MODEL_VERSION, request).model_version)

    @override
    def transition(self, name: str, version: int, stage: ModelStage, *, archive_existing: bool = False) -> ModelVersionInfo:
        request = versions.TransitionStage(
            name=name, version=str(version), stage=stage.value, archive_existing_versions=archive_existing
        )
        return _version(self._call(versions.TRANSITION_MODEL_VERSION_STAGE, request).model_version)

    @override
    def delete_version(self, name: str, version: int) -> None:
        # MLflow leaves aliases that point to the deleted version.
        for alias in self.get_version(name, version).aliases:
            self.delete_alias(name, alias)
        self._call(versions.DELETE_MODEL_VERSION, versions.ModelVersionRequest(name=name, version=str(version)))

    @override
    def search_versions(self, search: Query) -> Page[ModelVersionInfo]:
        found: dict[tuple[str, str], ModelVersionInfo] = {}
        for filter_ in _FILTERS:
            request = versions.SearchVersions(filter=filter_, max_results=_PAGE)
            for page in self._api.pages(versions.SEARCH_MODEL_VERSIONS, request):
                found |= {(each.name, each.version): _version(each) for each in page.model_versions}
        return page_of_versions(list(found.values()), search)

    @override
    def set_version_tag(self, name: str, version: int, key: str, value: str) -> None:
        key, value = check_tag(storable(key), storable(value))
        self._call(
            versions.SET_MODEL_VERSION_TAG,
            versions.SetVersionTag(name=name, version=str(version), key=key, value=value),
        )

    @override
    def delete_version_tag(self, name: str, version: int, key: str) -> None:
        if key in self.get_version(name, version).tags:
            request = versions.DeleteVersionTag(name=name, version=str(version), key=key)
            self._call(versions.DELETE_MODEL_VERSION_TAG, request)

    def _located(self, found: ModelVersionInfo) -> ModelVersionInfo:
        """Return a version with the folder of its files; if its source is a ``models:`` or ``runs:`` URI, the server knows it."""
        if not found.source.startswith(("models:", "runs:")):
            return found
        request = versions.ModelVersionRequest(name=found.name, version=str(found.version))
        return replace(found, location=self._call(versions.GET_MODEL_VERSION_DOWNLOAD_URI, request).artifact_uri)


def _tags(tags: Mapping[str, str] | None) -> list[KeyValue]:
    checked = [check_tag(storable(key), storable(value)) for key, value in (tags or {}).items()]
    return [KeyValue(key=key, value=value) for key, value in checked]


def _model(found: models.RegisteredModel) -> RegisteredModelInfo:
    return RegisteredModelInfo(
        found.name,
        found.creation_timestamp,
        found.last_updated_timestamp,
        found.description,
        {tag.key: tag.value for tag in found.tags},
        {each.alias: int(each.version) for each in found.aliases},
    )


def _version(found: versions.ModelVersion) -> ModelVersionInfo:
    is_known = found.status in VersionStatus.__members__
    return ModelVersionInfo(
        name=found.name,
        version=int(found.version),
        created=found.creation_timestamp,
        updated=found.last_updated_timestamp,
        source=found.source,
        location=found.source,
        description=found.description,
        stage=ModelStage(found.current_stage or "None"),
        status=VersionStatus(found.status) if is_known else VersionStatus.READY,
        run_id=found.run_id,
        run_link=found.run_link,
        model_id=found.model_id,
        user=found.user_id,
        tags={tag.key: tag.value for tag in found.tags},
        aliases=tuple(sorted(found.aliases)),
    )
