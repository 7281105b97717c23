"""Messages and endpoints of registered models and their aliases."""

from __future__ import annotations

from typing import Final

from .endpoint import Endpoint
from .message import Empty, KeyValue, Message
from .model_versions import ModelVersion, ModelVersionResponse, ModelVersionsResponse

__all__ = [
    "CREATE_REGISTERED_MODEL",
    "DELETE_REGISTERED_MODEL",
    "DELETE_REGISTERED_MODEL_ALIAS",
    "DELETE_REGISTERED_MODEL_TAG",
    "ENDPOINTS",
    "GET_LATEST_VERSIONS",
    "GET_LATEST_VERSIONS_BY_GET",
    "GET_MODEL_VERSION_BY_ALIAS",
    "GET_REGISTERED_MODEL",
    "RENAME_REGISTERED_MODEL",
    "SEARCH_REGISTERED_MODELS",
    "SET_REGISTERED_MODEL_ALIAS",
    "SET_REGISTERED_MODEL_TAG",
    "UPDATE_REGISTERED_MODEL",
    "Alias",
    "AliasRequest",
    "CreateModel",
    "DeleteModelTag",
    "GetLatestVersions",
    "RegisteredModel",
    "RegisteredModelRequest",
    "RegisteredModelResponse",
    "RegisteredModelsResponse",
    "RenameModel",
    "SearchModels",
    "SetAlias",
    "SetModelTag",
    "UpdateModel",
]


class Alias(Message):
    """An alias of a model version."""

    alias: str
    version: str


class RegisteredModel(Message):
    """A registered model, with the newest version in each stage."""

    name: str
    creation_timestamp: int
    last_updated_timestamp: int
    description: str = ""
    latest_versions: list[ModelVersion] = []
    tags: list[KeyValue] = []
    aliases: list[Alias] = []


class RegisteredModelResponse(Message):
    """One registered model."""

    registered_model: RegisteredModel


class RegisteredModelsResponse(Message):
    """A page of registered models; the last page has no token."""

    registered_models: list[RegisteredModel] = []
    next_page_token: str = ""


class RegisteredModelRequest(Message):
    """A request about a registered model."""

    name: str = ""


class CreateModel(RegisteredModelRequest):
    """Create a registered model."""

    tags: list[KeyValue] = []
    description: str = ""


class RenameModel(RegisteredModelRequest):
    """Rename a registered model."""

    new_name: str = ""


class UpdateModel(RegisteredModelRequest):
    """Describe a registered model."""

    description: str = ""


class SearchModels(Message):
    """Search registered models."""

    filter: str = ""
    max_results: int = 100
    order_by: list[str] = []
    page_token: str = ""


class GetLatestVersions(RegisteredModelRequest):
    """Get the newest version in each of these stages, or in all if none is named."""

    stages: list[str] = []


class SetModelTag(RegisteredModelRequest):
    """Set a tag of a registered model."""

    key: str = ""
    value: str | None = None


class DeleteModelTag(RegisteredModelRequest):
    """Delete a tag of a registered model."""

    key: str = ""


class SetAlias(RegisteredModelRequest):
    """Point an alias to a model version."""

    alias: str = ""
    version: str = ""


class AliasRequest(RegisteredModelRequest):
    """A request about an alias."""

    alias: str = ""


_MODELS: Final = "mlflow/registered-models/"

_NAME: Final = ("name",)


CREATE_REGISTERED_MODEL: Final = Endpoint(
    "create_registered_model", "POST", f"{_MODELS}create", CreateModel, RegisteredModelResponse, _NAME, is_repeatable=False
)

RENAME_REGISTERED_MODEL: Final = Endpoint(
    "rename_registered_model", "POST", f"{_MODELS}rename", RenameModel, RegisteredModelResponse, _NAME, is_repeatable=False
)

UPDATE_REGISTERED_MODEL: Final = Endpoint(
    "update_registered_model", "PATCH", f"{_MODELS}update", UpdateModel, RegisteredModelResponse, _NAME
)

DELETE_REGISTERED_MODEL: Final = Endpoint(
    "delete_registered_model", "DELETE", f"{_MODELS}delete", RegisteredModelRequest, Empty, _NAME, is_repeatable=False
)

GET_REGISTERED_MODEL: Final = Endpoint(
    "get_registered_model", "GET", f"{_MODELS}get", RegisteredModelRequest, RegisteredModelResponse, _NAME
)

SEARCH_REGISTERED_MODELS: Final = Endpoint(
    "search_registered_models", "GET", f"{_MODELS}search", SearchModels, RegisteredModelsResponse
)

GET_LATEST_VERSIONS: Final = Endpoint(
    "get_latest_versions", "POST", f"{_MODELS}get-latest-versions", GetLatestVersions, ModelVersionsResponse, _NAME
)

GET_LATEST_VERSIONS_BY_GET: Final = Endpoint(
    "get_latest_versions", "GET", f"{_MODELS}get-latest-versions", GetLatestVersions, ModelVersionsResponse, _NAME
)

SET_REGISTERED_MODEL_TAG: Final = Endpoint(
    "set_registered_model_tag", "POST", f"{_MODELS}set-tag", SetModelTag, Empty, (*_NAME, "key")
)

DELETE_REGISTERED_MODEL_TAG: Final = Endpoint(
    "delete_registered_model_tag", "DELETE", f"{_MODELS}delete-tag", DeleteModelTag, Empty, (*_NAME, "key")
)

SET_REGISTERED_MODEL_ALIAS: Final = Endpoint(
    "set_registered_model_alias", "POST", f"{_MODELS}alias", SetAlias, Empty, (*_NAME, "alias", "version")
)

DELETE_REGISTERED_MODEL_ALIAS: Final = Endpoint(
    "delete_registered_model_alias", "DELETE", f"{_MODELS}alias", AliasRequest, Empty, (*_NAME, "alias")
)

GET_MODEL_VERSION_BY_ALIAS: Final = Endpoint(
    "get_model_version_by_alias", "GET", f"{_MODELS}alias", AliasRequest, ModelVersionResponse, (*_NAME, "alias")
)


ENDPOINTS: Final = (
    CREATE_REGISTERED_MODEL,
    RENAME_REGISTERED_MODEL,
    UPDATE_REGISTERED_MODEL,
    DELETE_REGISTERED_MODEL,
    GET_REGISTERED_MODEL,
    SEARCH_REGISTERED_MODELS,
    GET_LATEST_VERSIONS,
    GET_LATEST_VERSIONS_BY_GET,
    SET_REGISTERED_MODEL_TAG,
    DELETE_REGISTERED_MODEL_TAG,
    SET_REGISTERED_MODEL_ALIAS,
    DELETE_REGISTERED_MODEL_ALIAS,
    GET_MODEL_VERSION_BY_ALIAS,
)
