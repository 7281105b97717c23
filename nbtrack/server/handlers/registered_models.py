"""Endpoints of registered models, their tags and aliases."""

from __future__ import annotations

from typing import Final

from ...entities.model import RegisteredModelInfo
from ...errors import AlreadyExists
from ...store.filter import REGISTERED_MODELS, parse, parse_order
from ...store.mlflow_api import model_versions, registered_models
from ...store.mlflow_api.errors import ApiError, invalid, missing_value
from ...store.mlflow_api.message import Empty
from ...store.mlflow_api.page_tokens import token_at
from ...store.protocol.model_registry import Registry, canonical_stage, without_prompts
from ...store.protocol.search import Query
from ..route import Route
from ..service import Service
from .registry_messages import (
    check_tag_key,
    checked_tags,
    model_message,
    page_offset,
    required_value,
    version_message,
    version_number,
)

__all__ = ["ROUTES"]

_MOST_MODELS: Final = 1000


def create_registered_model(
    service: Service, request: registered_models.CreateModel
) -> registered_models.RegisteredModelResponse:
    """Create a registered model."""
    registry = service.store.registry
    try:
        made = registry.create_model(request.name, description=request.description, tags=checked_tags(request.tags))
    except AlreadyExists as error:
        raise _taken(error) from error
    return registered_models.RegisteredModelResponse(model_message(made, ()))


def rename_registered_model(
    service: Service, request: registered_models.RenameModel
) -> registered_models.RegisteredModelResponse:
    """Rename a registered model."""
    if not request.new_name.strip():
        raise missing_value("new_name")
    registry = service.store.registry
    try:
        return _answer(registry, registry.rename_model(request.name, request.new_name))
    except AlreadyExists as error:
        raise _taken(error) from error


def update_registered_model(
    service: Service, request: registered_models.UpdateModel
) -> registered_models.RegisteredModelResponse:
    """Set a registered model's description."""
    registry = service.store.registry
    return _answer(registry, registry.update_model(request.name, description=request.description))


def delete_registered_model(service: Service, request: registered_models.RegisteredModelRequest) -> Empty:
    """Delete a registered model with its versions."""
    service.store.registry.delete_model(request.name)
    return Empty()


def get_registered_model(
    service: Service, request: registered_models.RegisteredModelRequest
) -> registered_models.RegisteredModelResponse:
    """Describe a registered model."""
    registry = service.store.registry
    return _answer(registry, registry.get_model(request.name))


def search_registered_models(
    service: Service, request: registered_models.SearchModels
) -> registered_models.RegisteredModelsResponse:
    """Return a page of registered models; prompts only if the filter asks for them."""
    offset = page_offset(request.max_results, _MOST_MODELS, request.page_token)
    order = parse_order(request.order_by, names=REGISTERED_MODELS)
    condition = without_prompts(parse(request.filter, names=REGISTERED_MODELS))
    registry = service.store.registry
    page = registry.search_models(Query(None, condition, order, limit=request.max_results, offset=offset))
    latest = registry.latest_versions([info.name for info in page.items])
    token = token_at(offset + request.max_results) if page.more else ""
    return registered_models.RegisteredModelsResponse([model_message(info, latest[info.name]) for info in page.items], token)


def get_latest_versions(service: Service, request: registered_models.GetLatestVersions) -> model_versions.ModelVersionsResponse:
    """Return the newest version in each of some stages."""
    registry = service.store.registry
    registry.get_model(request.name)
    stages = {canonical_stage(stage) for stage in request.stages}
    found = registry.latest_versions([request.name])[request.name]
    return model_versions.ModelVersionsResponse([version_message(each) for each in found if not stages or each.stage in stages])


def set_registered_model_tag(service: Service, request: registered_models.SetModelTag) -> Empty:
    """Set a tag of a registered model."""
    check_tag_key(request.key, "key")
    service.store.registry.set_model_tag(request.name, request.key, required_value(request.value))
    return Empty()


def delete_registered_model_tag(service: Service, request: registered_models.DeleteModelTag) -> Empty:
    """Delete a tag of a registered model."""
    service.store.registry.delete_model_tag(request.name, request.key)
    return Empty()


def set_registered_model_alias(service: Service, request: registered_models.SetAlias) -> Empty:
    """Set an alias for a version."""
    service.store.registry.set_alias(request.name, request.alias, version_number(request.version))
    return Empty()


def delete_registered_model_alias(service: Service, request: registered_models.AliasRequest) -> Empty:
    """Delete an alias."""
    service.store.registry.delete_alias(request.name, request.alias)
    return Empty()


def get_model_version_by_alias(service: Service, request: registered_models.AliasRequest) -> model_versions.ModelVersionResponse:
    """Describe the version that an alias names."""
    registry = service.store.registry
    model = registry.get_model(request.name)
    if request.alias not in model.aliases and request.alias.lower() != "latest":
        raise invalid(f"Registered model alias {request.alias} not found.")
    return model_versions.ModelVersionResponse(version_message(registry.version_by_alias(request.name, request.alias)))


def _taken(error: AlreadyExists) -> ApiError:
    return ApiError("RESOURCE_ALREADY_EXISTS", str(error))


def _answer(registry: Registry, info: RegisteredModelInfo) -> registered_models.RegisteredModelResponse:
    return registered_models.RegisteredModelResponse(model_message(info, registry.latest_versions([info.name])[info.name]))


ROUTES: Final = (
    Route(registered_models.CREATE_REGISTERED_MODEL, create_registered_model, "SIGNED_IN"),
    Route(registered_models.RENAME_REGISTERED_MODEL, rename_registered_model, "EDIT"),
    Route(registered_models.UPDATE_REGISTERED_MODEL, update_registered_model, "EDIT"),
    Route(registered_models.DELETE_REGISTERED_MODEL, delete_registered_model, "MANAGE"),
    Route(registered_models.GET_REGISTERED_MODEL, get_registered_model, "READ"),
    Route(registered_models.SEARCH_REGISTERED_MODELS, search_registered_models, "SEARCH"),
    Route(registered_models.GET_LATEST_VERSIONS, get_latest_versions, "READ"),
    Route(registered_models.GET_LATEST_VERSIONS_BY_GET, get_latest_versions, "READ"),
    Route(registered_models.SET_REGISTERED_MODEL_TAG, set_registered_model_tag, "EDIT"),
    Route(registered_models.DELETE_REGISTERED_MODEL_TAG, delete_registered_model_tag, "EDIT"),
    Route(registered_models.SET_REGISTERED_MODEL_ALIAS, set_registered_model_alias, "EDIT"),
    Route(registered_models.DELETE_REGISTERED_MODEL_ALIAS, delete_registered_model_alias, "MANAGE"),
    Route(registered_models.GET_MODEL_VERSION_BY_ALIAS, get_model_version_by_alias, "READ"),
)
