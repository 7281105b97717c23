"""Messages and endpoints of the model registry."""

from __future__ import annotations

from typing import Final

from .endpoint import Endpoint
from .message import Empty, KeyValue, Message

__all__ = [
    "CREATE_MODEL_VERSION",
    "CREATE_REGISTERED_MODEL",
    "DELETE_MODEL_VERSION",
    "DELETE_MODEL_VERSION_TAG",
    "DELETE_REGISTERED_MODEL",
    "DELETE_REGISTERED_MODEL_ALIAS",
    "DELETE_REGISTERED_MODEL_TAG",
    "ENDPOINTS",
    "GET_LATEST_VERSIONS",
    "GET_LATEST_VERSIONS_BY_GET",
    "GET_MODEL_VERSION",
    "GET_MODEL_VERSION_BY_ALIAS",
    "GET_MODEL_VERSION_DOWNLOAD_URI",
    "GET_REGISTERED_MODEL",
    "RENAME_REGISTERED_MODEL",
    "SEARCH_MODEL_VERSIONS",
    "SEARCH_REGISTERED_MODELS",
    "SET_MODEL_VERSION_TAG",
    "SET_REGISTERED_MODEL_ALIAS",
    "SET_REGISTERED_MODEL_TAG",
    "TRANSITION_MODEL_VERSION_STAGE",
    "UPDATE_MODEL_VERSION",
    "UPDATE_REGISTERED_MODEL",
    "Alias",
    "AliasRequest",
    "CreateModel",
    "CreateVersion",
    "DeleteModelTag",
    "DeleteVersionTag",
    "DownloadUri",
    "GetLatestVersions",
    "ModelVersion",
    "ModelVersionRequest",
    "ModelVersionResponse",
    "ModelVersionsResponse",
    "RegisteredModel",
    "RegisteredModelRequest",
    "RegisteredModelResponse",
    "RegisteredModelsResponse",
    "RenameModel",
    "SearchModels",
    "SearchVersions",
    "SetAlias",
    "SetModelTag",
    "SetVersionTag",
    "TransitionStage",
    "UpdateModel",
    "UpdateVersion",
]


class Alias(Message):
    """An alias of a model version."""

    alias: str
    version: str


class ModelVersion(Message):
    """A version of a registered model."""

    name: str
    version: str
    creation_timestamp: int
    last_updated_timestamp: int
    user_id: str = ""
    current_stage: str = ""
    description: str = ""
    source: str = ""
    run_id: str = ""
    status: str = ""
    tags: list[KeyValue] = []
    run_link: str = ""
    aliases: list[str] = []
    model_id: str = ""


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


class ModelVersionResponse(Message):
    """One model version."""

    model_version: ModelVersion


class ModelVersionsResponse(Message):
    """A page of model versions; the last page has no token."""

    model_versions: list[ModelVersion] = []
    next_page_token: str = ""


class DownloadUri(Message):
    """The URI of a model version's files."""

    artifact_uri: str


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


class CreateVersion(RegisteredModelRequest):
    """Create a model version."""

    source: str = ""
    run_id: str = ""
    tags: list[KeyValue] = []
    run_link: str = ""
    description: str = ""
    model_id: str = ""


class ModelVersionRequest(RegisteredModelRequest):
    """A request about a model version."""

    version: str = ""


class UpdateVersion(ModelVersionRequest):
    """Describe a model version."""

    description: str = ""


class TransitionStage(ModelVersionRequest):
    """Move a model version to a stage, and optionally those in it to Archived."""

    stage: str = ""
    archive_existing_versions: bool | None = None


class SearchVersions(Message):
    """Search model versions."""

    filter: str = ""
    max_results: int = 200_000
    order_by: list[str] = []
    page_token: str = ""


class SetVersionTag(ModelVersionRequest):
    """Set a tag of a model version."""

    key: str = ""
    value: str | None = None


class DeleteVersionTag(ModelVersionRequest):
    """Delete a tag of a model version."""

    key: str = ""


_MODELS: Final = "mlflow/registered-models/"
_VERSIONS: Final = "mlflow/model-versions/"
_NAME: Final = ("name",)
_VERSION: Final = ("name", "version")

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
CREATE_MODEL_VERSION: Final = Endpoint(
    "create_model_version",
    "POST",
    f"{_VERSIONS}create",
    CreateVersion,
    ModelVersionResponse,
    ("name", "source"),
    is_repeatable=False,
)
UPDATE_MODEL_VERSION: Final = Endpoint(
    "update_model_version", "PATCH", f"{_VERSIONS}update", UpdateVersion, ModelVersionResponse, _VERSION
)
TRANSITION_MODEL_VERSION_STAGE: Final = Endpoint(
    "transition_model_version_stage",
    "POST",
    f"{_VERSIONS}transition-stage",
    TransitionStage,
    ModelVersionResponse,
    (*_VERSION, "stage", "archive_existing_versions"),
)
DELETE_MODEL_VERSION: Final = Endpoint(
    "delete_model_version", "DELETE", f"{_VERSIONS}delete", ModelVersionRequest, Empty, _VERSION, is_repeatable=False
)
GET_MODEL_VERSION: Final = Endpoint(
    "get_model_version", "GET", f"{_VERSIONS}get", ModelVersionRequest, ModelVersionResponse, _VERSION
)
SEARCH_MODEL_VERSIONS: Final = Endpoint(
    "search_model_versions", "GET", f"{_VERSIONS}search", SearchVersions, ModelVersionsResponse
)
GET_MODEL_VERSION_DOWNLOAD_URI: Final = Endpoint(
    "get_model_version_download_uri", "GET", f"{_VERSIONS}get-download-uri", ModelVersionRequest, DownloadUri, _VERSION
)
SET_MODEL_VERSION_TAG: Final = Endpoint(
    "set_model_version_tag", "POST", f"{_VERSIONS}set-tag", SetVersionTag, Empty, (*_VERSION, "key")
)
DELETE_MODEL_VERSION_TAG: Final = Endpoint(
    "delete_model_version_tag", "DELETE", f"{_VERSIONS}delete-tag", DeleteVersionTag, Empty, (*_VERSION, "key")
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
    CREATE_MODEL_VERSION,
    UPDATE_MODEL_VERSION,
    TRANSITION_MODEL_VERSION_STAGE,
    DELETE_MODEL_VERSION,
    GET_MODEL_VERSION,
    SEARCH_MODEL_VERSIONS,
    GET_MODEL_VERSION_DOWNLOAD_URI,
    SET_MODEL_VERSION_TAG,
    DELETE_MODEL_VERSION_TAG,
)
