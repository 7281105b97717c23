"""Messages and endpoints of model versions, the versions of registered models."""

from __future__ import annotations

from typing import Final

from .endpoint import Endpoint
from .message import Empty, KeyValue, Message

__all__ = [
    "CREATE_MODEL_VERSION",
    "DELETE_MODEL_VERSION",
    "DELETE_MODEL_VERSION_TAG",
    "ENDPOINTS",
    "GET_MODEL_VERSION",
    "GET_MODEL_VERSION_DOWNLOAD_URI",
    "SEARCH_MODEL_VERSIONS",
    "SET_MODEL_VERSION_TAG",
    "TRANSITION_MODEL_VERSION_STAGE",
    "UPDATE_MODEL_VERSION",
    "CreateVersion",
    "DeleteVersionTag",
    "DownloadUri",
    "ModelVersion",
    "ModelVersionRequest",
    "ModelVersionResponse",
    "ModelVersionsResponse",
    "SearchVersions",
    "SetVersionTag",
    "TransitionStage",
    "UpdateVersion",
]


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


class CreateVersion(Message):
    """Create a model version."""

    name: str = ""
    source: str = ""
    run_id: str = ""
    tags: list[KeyValue] = []
    run_link: str = ""
    description: str = ""
    model_id: str = ""


class ModelVersionRequest(Message):
    """A request about a model version."""

    name: str = ""
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


_VERSIONS: Final = "mlflow/model-versions/"

_VERSION: Final = ("name", "version")


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
