"""Endpoints of the versions of registered models."""

from __future__ import annotations

from typing import Final

from ...entities.model import ModelVersionInfo
from ...entities.tags import IS_PROMPT
from ...store.filter import VERSIONS, parse, parse_order
from ...store.mlflow_api import model_versions
from ...store.mlflow_api.message import Empty
from ...store.mlflow_api.page_tokens import token_at
from ...store.protocol.model_registry import canonical_stage, without_prompts
from ...store.protocol.search import Query
from ...store.registration import register
from ..route import Route
from ..service import Service
from .registry_messages import (
    check_tag_key,
    checked_tags,
    page_offset,
    required_value,
    version_message,
    version_number,
)
from .version_sources import checked_origin, origin_anyway

__all__ = ["ROUTES", "version_of"]

_MOST_VERSIONS: Final = 200_000
# What MLflow's clients send as the source of a prompt; its template is in a tag, and there is no folder.
_PROMPT_SOURCES: Final = ("prompt-template", "dummy-source")


def create_model_version(service: Service, request: model_versions.CreateVersion) -> model_versions.ModelVersionResponse:
    """Create a version of a registered model."""
    tags = checked_tags(request.tags)
    is_prompt = tags.get(IS_PROMPT, "").lower() == "true"
    find = origin_anyway if is_prompt and request.source in _PROMPT_SOURCES else checked_origin
    origin = find(service.store, request.source, request.run_id, request.model_id)
    more = {"run_link": request.run_link, "description": request.description}
    return model_versions.ModelVersionResponse(
        version_message(register(service.store, request.name, request.source, origin=origin, tags=tags, **more))
    )


def update_model_version(service: Service, request: model_versions.UpdateVersion) -> model_versions.ModelVersionResponse:
    """Set a version's description."""
    registry = service.store.registry
    changed = registry.update_version(request.name, version_number(request.version), description=request.description)
    return model_versions.ModelVersionResponse(version_message(changed))


def transition_model_version_stage(
    service: Service, request: model_versions.TransitionStage
) -> model_versions.ModelVersionResponse:
    """Move a version to a stage."""
    moved = service.store.registry.transition(
        request.name,
        version_number(request.version),
        canonical_stage(request.stage),
        archive_existing=bool(request.archive_existing_versions),
    )
    return model_versions.ModelVersionResponse(version_message(moved))


def delete_model_version(service: Service, request: model_versions.ModelVersionRequest) -> Empty:
    """Delete a version with its aliases."""
    service.store.registry.delete_version(request.name, version_number(request.version))
    return Empty()


def get_model_version(service: Service, request: model_versions.ModelVersionRequest) -> model_versions.ModelVersionResponse:
    """Describe a version."""
    return model_versions.ModelVersionResponse(version_message(_of(service, request)))


def search_model_versions(service: Service, request: model_versions.SearchVersions) -> model_versions.ModelVersionsResponse:
    """Return a page of versions; those of prompts only if the filter asks for them."""
    offset = page_offset(request.max_results, _MOST_VERSIONS, request.page_token)
    order = parse_order(request.order_by, names=VERSIONS)
    condition = without_prompts(parse(request.filter, names=VERSIONS))
    page = service.store.registry.search_versions(Query(None, condition, order, limit=request.max_results, offset=offset))
    return model_versions.ModelVersionsResponse(
        list(map(version_message, page.items)), token_at(offset + request.max_results) if page.more else ""
    )


def get_model_version_download_uri(service: Service, request: model_versions.ModelVersionRequest) -> model_versions.DownloadUri:
    """Return the URI of a version's files."""
    return model_versions.DownloadUri(_of(service, request).location)


def set_model_version_tag(service: Service, request: model_versions.SetVersionTag) -> Empty:
    """Set a tag of a version."""
    check_tag_key(request.key, "key")
    number, value = version_number(request.version), required_value(request.value)
    service.store.registry.set_version_tag(request.name, number, request.key, value)
    return Empty()


def delete_model_version_tag(service: Service, request: model_versions.DeleteVersionTag) -> Empty:
    """Delete a tag of a version."""
    service.store.registry.delete_version_tag(request.name, version_number(request.version), request.key)
    return Empty()


def version_of(service: Service, name: str, version: str) -> ModelVersionInfo:
    """Return a version of a model; NotFound."""
    return service.store.registry.get_version(name, version_number(version))


def _of(service: Service, request: model_versions.ModelVersionRequest) -> ModelVersionInfo:
    return version_of(service, request.name, request.version)


ROUTES: Final = (
    Route(model_versions.CREATE_MODEL_VERSION, create_model_version, "EDIT"),
    Route(model_versions.UPDATE_MODEL_VERSION, update_model_version, "EDIT"),
    Route(model_versions.TRANSITION_MODEL_VERSION_STAGE, transition_model_version_stage, "EDIT"),
    Route(model_versions.DELETE_MODEL_VERSION, delete_model_version, "MANAGE"),
    Route(model_versions.GET_MODEL_VERSION, get_model_version, "READ"),
    Route(model_versions.SEARCH_MODEL_VERSIONS, search_model_versions, "SEARCH"),
    Route(model_versions.GET_MODEL_VERSION_DOWNLOAD_URI, get_model_version_download_uri, "READ"),
    Route(model_versions.SET_MODEL_VERSION_TAG, set_model_version_tag, "EDIT"),
    Route(model_versions.DELETE_MODEL_VERSION_TAG, delete_model_version_tag, "MANAGE"),
)
