"""The model registry: what each endpoint does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ...entities.model import ModelVersionInfo, RegisteredModelInfo
from ...entities.tags import IS_PROMPT
from ...errors import AlreadyExists
from ...store.filter import REGISTERED_MODELS, VERSIONS, parse, parse_order
from ...store.mlflow_api import model_registry as wire
from ...store.mlflow_api.errors import ApiError, invalid, missing_value
from ...store.mlflow_api.limits import MAX_KEY, check_key, check_length, check_max_results
from ...store.mlflow_api.message import Empty, KeyValue
from ...store.mlflow_api.page_tokens import read_token, token_at
from ...store.protocol.model_registry import Registry, canonical_stage, without_prompts
from ...store.protocol.search import Query
from ...store.registration import register
from ..route import Route
from ..service import Service
from .version_sources import checked_origin, origin_anyway

__all__ = ["ROUTES", "tags_of", "version_of"]

_MOST_MODELS: Final = 1000
_MOST_VERSIONS: Final = 200_000
# What MLflow's clients give as the source of a prompt, whose text is in its tags: it names no folder.
_PROMPT_SOURCES: Final = ("prompt-template", "dummy-source")


# Registered models.


def create_registered_model(service: Service, request: wire.CreateModel) -> wire.RegisteredModelResponse:
    """Make a registered model."""
    registry = service.store.registry
    try:
        made = registry.create_model(request.name, description=request.description, tags=_checked(request.tags))
    except AlreadyExists as error:
        raise _taken(error) from error
    return wire.RegisteredModelResponse(_model(made, ()))


def rename_registered_model(service: Service, request: wire.RenameModel) -> wire.RegisteredModelResponse:
    """Give a registered model another name."""
    if not request.new_name.strip():
        raise missing_value("new_name")
    registry = service.store.registry
    try:
        return _answer(registry, registry.rename_model(request.name, request.new_name))
    except AlreadyExists as error:
        raise _taken(error) from error


def update_registered_model(service: Service, request: wire.UpdateModel) -> wire.RegisteredModelResponse:
    """Describe a registered model."""
    registry = service.store.registry
    return _answer(registry, registry.update_model(request.name, description=request.description))


def delete_registered_model(service: Service, request: wire.RegisteredModelRequest) -> Empty:
    """Delete a registered model with its versions."""
    service.store.registry.delete_model(request.name)
    return Empty()


def get_registered_model(service: Service, request: wire.RegisteredModelRequest) -> wire.RegisteredModelResponse:
    """Describe a registered model."""
    registry = service.store.registry
    return _answer(registry, registry.get_model(request.name))


def search_registered_models(service: Service, request: wire.SearchModels) -> wire.RegisteredModelsResponse:
    """Return a page of registered models, prompts left out unless asked for."""
    offset = _page(request.max_results, _MOST_MODELS, request.page_token)
    order = parse_order(request.order_by, names=REGISTERED_MODELS)
    condition = without_prompts(parse(request.filter, names=REGISTERED_MODELS))
    registry = service.store.registry
    page = registry.search_models(Query(None, condition, order, limit=request.max_results, offset=offset))
    latest = registry.latest_versions([info.name for info in page.items])
    token = token_at(offset + request.max_results) if page.more else ""
    return wire.RegisteredModelsResponse([_model(info, latest[info.name]) for info in page.items], token)


def get_latest_versions(service: Service, request: wire.GetLatestVersions) -> wire.ModelVersionsResponse:
    """Return the newest version in each of some stages."""
    registry = service.store.registry
    registry.get_model(request.name)
    stages = {canonical_stage(stage) for stage in request.stages}
    found = registry.latest_versions([request.name])[request.name]
    return wire.ModelVersionsResponse([_version(each) for each in found if not stages or each.stage in stages])


def set_registered_model_tag(service: Service, request: wire.SetModelTag) -> Empty:
    """Set a tag of a registered model."""
    _check_key(request.key, "key")
    service.store.registry.set_model_tag(request.name, request.key, _value(request.value))
    return Empty()


def delete_registered_model_tag(service: Service, request: wire.DeleteModelTag) -> Empty:
    """Take a tag from a registered model."""
    service.store.registry.delete_model_tag(request.name, request.key)
    return Empty()


def set_registered_model_alias(service: Service, request: wire.SetAlias) -> Empty:
    """Let an alias stand for a version."""
    service.store.registry.set_alias(request.name, request.alias, _number(request.version))
    return Empty()


def delete_registered_model_alias(service: Service, request: wire.AliasRequest) -> Empty:
    """Take an alias away."""
    service.store.registry.delete_alias(request.name, request.alias)
    return Empty()


def get_model_version_by_alias(service: Service, request: wire.AliasRequest) -> wire.ModelVersionResponse:
    """Describe the version that an alias stands for."""
    registry = service.store.registry
    model = registry.get_model(request.name)
    if request.alias not in model.aliases and request.alias.lower() != "latest":
        raise invalid(f"Registered model alias {request.alias} not found.")
    return wire.ModelVersionResponse(_version(registry.version_by_alias(request.name, request.alias)))


# Versions.


def create_model_version(service: Service, request: wire.CreateVersion) -> wire.ModelVersionResponse:
    """Make a version of a registered model."""
    tags = _checked(request.tags)
    is_prompt = tags.get(IS_PROMPT, "").lower() == "true"
    find = origin_anyway if is_prompt and request.source in _PROMPT_SOURCES else checked_origin
    origin = find(service.store, request.source, request.run_id, request.model_id)
    more = {"run_link": request.run_link, "description": request.description}
    return wire.ModelVersionResponse(
        _version(register(service.store, request.name, request.source, origin=origin, tags=tags, **more))
    )


def update_model_version(service: Service, request: wire.UpdateVersion) -> wire.ModelVersionResponse:
    """Describe a version."""
    registry = service.store.registry
    changed = registry.update_version(request.name, _number(request.version), description=request.description)
    return wire.ModelVersionResponse(_version(changed))


def transition_model_version_stage(service: Service, request: wire.TransitionStage) -> wire.ModelVersionResponse:
    """Move a version to a stage."""
    moved = service.store.registry.transition(
        request.name,
        _number(request.version),
        canonical_stage(request.stage),
        archive_existing=bool(request.archive_existing_versions),
    )
    return wire.ModelVersionResponse(_version(moved))


def delete_model_version(service: Service, request: wire.ModelVersionRequest) -> Empty:
    """Delete a version, and the aliases for it."""
    service.store.registry.delete_version(request.name, _number(request.version))
    return Empty()


def get_model_version(service: Service, request: wire.ModelVersionRequest) -> wire.ModelVersionResponse:
    """Describe a version."""
    return wire.ModelVersionResponse(_version(_of(service, request)))


def search_model_versions(service: Service, request: wire.SearchVersions) -> wire.ModelVersionsResponse:
    """Return a page of versions, those of prompts left out unless asked for."""
    offset = _page(request.max_results, _MOST_VERSIONS, request.page_token)
    order = parse_order(request.order_by, names=VERSIONS)
    condition = without_prompts(parse(request.filter, names=VERSIONS))
    page = service.store.registry.search_versions(Query(None, condition, order, limit=request.max_results, offset=offset))
    return wire.ModelVersionsResponse(
        list(map(_version, page.items)), token_at(offset + request.max_results) if page.more else ""
    )


def get_model_version_download_uri(service: Service, request: wire.ModelVersionRequest) -> wire.DownloadUri:
    """Say where a version's files are."""
    return wire.DownloadUri(_of(service, request).location)


def set_model_version_tag(service: Service, request: wire.SetVersionTag) -> Empty:
    """Set a tag of a version."""
    _check_key(request.key, "key")
    number, value = _number(request.version), _value(request.value)
    service.store.registry.set_version_tag(request.name, number, request.key, value)
    return Empty()


def delete_model_version_tag(service: Service, request: wire.DeleteVersionTag) -> Empty:
    """Take a tag from a version."""
    service.store.registry.delete_version_tag(request.name, _number(request.version), request.key)
    return Empty()


# What several of these do.


def tags_of(tags: Sequence[KeyValue]) -> dict[str, str]:
    """Return tags as a mapping, the last of a key winning."""
    return {tag.key: tag.value for tag in tags}


def _checked(tags: Sequence[KeyValue]) -> dict[str, str]:
    """Return tags as a mapping; refuse keys that MLflow refuses."""
    for index, tag in enumerate(tags):
        _check_key(tag.key, f"tags[{index}].key")
    return tags_of(tags)


def _check_key(key: str, path: str) -> None:
    check_key(key, path)
    check_length(path, MAX_KEY, key)


def _taken(error: AlreadyExists) -> ApiError:
    return ApiError("RESOURCE_ALREADY_EXISTS", str(error))


def version_of(service: Service, name: str, version: str) -> ModelVersionInfo:
    """Return a version of a model; an error of MLflow's where there is none."""
    return service.store.registry.get_version(name, _number(version))


def _of(service: Service, request: wire.ModelVersionRequest) -> ModelVersionInfo:
    return version_of(service, request.name, request.version)


def _value(value: str | None) -> str:
    if value is None:
        raise missing_value("value")
    return value


def _number(version: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", version):
        raise invalid(f"Parameter 'version' must be an integer, got '{version}'.")
    return int(version)


def _page(max_results: int, most: int, token: str) -> int:
    """Return where a page begins; refuse one that is too long, or of nothing."""
    check_max_results(max_results, most)
    return read_token(token)


def _answer(registry: Registry, info: RegisteredModelInfo) -> wire.RegisteredModelResponse:
    return wire.RegisteredModelResponse(_model(info, registry.latest_versions([info.name])[info.name]))


def _model(info: RegisteredModelInfo, latest: Sequence[ModelVersionInfo]) -> wire.RegisteredModel:
    return wire.RegisteredModel(
        info.name,
        info.created,
        info.updated,
        info.description,
        list(map(_version, latest)),
        [KeyValue(*tag) for tag in info.tags.items()],
        [wire.Alias(alias, str(version)) for alias, version in info.aliases.items()],
    )


def _version(info: ModelVersionInfo) -> wire.ModelVersion:
    return wire.ModelVersion(
        info.name,
        str(info.version),
        info.created,
        info.updated,
        info.user,
        info.stage.value,
        info.description,
        info.source,
        info.run_id,
        info.status.value,
        [KeyValue(*tag) for tag in info.tags.items()],
        info.run_link,
        list(info.aliases),
        info.model_id,
    )


ROUTES: Final = (
    Route(wire.CREATE_REGISTERED_MODEL, create_registered_model, "SIGNED_IN"),
    Route(wire.RENAME_REGISTERED_MODEL, rename_registered_model, "EDIT"),
    Route(wire.UPDATE_REGISTERED_MODEL, update_registered_model, "EDIT"),
    Route(wire.DELETE_REGISTERED_MODEL, delete_registered_model, "MANAGE"),
    Route(wire.GET_REGISTERED_MODEL, get_registered_model, "READ"),
    Route(wire.SEARCH_REGISTERED_MODELS, search_registered_models, "SEARCH"),
    Route(wire.GET_LATEST_VERSIONS, get_latest_versions, "READ"),
    Route(wire.GET_LATEST_VERSIONS_BY_GET, get_latest_versions, "READ"),
    Route(wire.SET_REGISTERED_MODEL_TAG, set_registered_model_tag, "EDIT"),
    Route(wire.DELETE_REGISTERED_MODEL_TAG, delete_registered_model_tag, "EDIT"),
    Route(wire.SET_REGISTERED_MODEL_ALIAS, set_registered_model_alias, "EDIT"),
    Route(wire.DELETE_REGISTERED_MODEL_ALIAS, delete_registered_model_alias, "MANAGE"),
    Route(wire.GET_MODEL_VERSION_BY_ALIAS, get_model_version_by_alias, "READ"),
    Route(wire.CREATE_MODEL_VERSION, create_model_version, "EDIT"),
    Route(wire.UPDATE_MODEL_VERSION, update_model_version, "EDIT"),
    Route(wire.TRANSITION_MODEL_VERSION_STAGE, transition_model_version_stage, "EDIT"),
    Route(wire.DELETE_MODEL_VERSION, delete_model_version, "MANAGE"),
    Route(wire.GET_MODEL_VERSION, get_model_version, "READ"),
    Route(wire.SEARCH_MODEL_VERSIONS, search_model_versions, "SEARCH"),
    Route(wire.GET_MODEL_VERSION_DOWNLOAD_URI, get_model_version_download_uri, "READ"),
    Route(wire.SET_MODEL_VERSION_TAG, set_model_version_tag, "EDIT"),
    Route(wire.DELETE_MODEL_VERSION_TAG, delete_model_version_tag, "MANAGE"),
)
