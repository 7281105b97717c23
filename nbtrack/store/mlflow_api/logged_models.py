"""Messages and endpoints of logged models."""

from __future__ import annotations

from typing import Final

from .artifacts import ArtifactsResponse
from .endpoint import AJAX, Endpoint
from .message import Empty, KeyValue, Message, RunRequest
from .runs import ModelOutput

__all__ = [
    "CREATE_LOGGED_MODEL",
    "DELETE_LOGGED_MODEL",
    "DELETE_LOGGED_MODEL_TAG",
    "ENDPOINTS",
    "FINALIZE_LOGGED_MODEL",
    "GET_LOGGED_MODEL",
    "LIST_LOGGED_MODEL_ARTIFACTS",
    "LOG_LOGGED_MODEL_PARAMS",
    "LOG_MODEL",
    "LOG_OUTPUTS",
    "SEARCH_LOGGED_MODELS",
    "SET_LOGGED_MODEL_TAGS",
    "CreateLoggedModel",
    "DatasetFilter",
    "DeleteLoggedModelTag",
    "Finalize",
    "GetModelArtifact",
    "ListModelArtifacts",
    "LogModel",
    "LogOutputs",
    "LoggedModel",
    "LoggedModelData",
    "LoggedModelInfo",
    "LoggedModelRequest",
    "LoggedModelResponse",
    "LoggedModelsResponse",
    "ModelMetric",
    "ModelParams",
    "ModelTags",
    "OrderBy",
    "Registration",
    "SearchLoggedModels",
]


class ModelMetric(Message):
    """A point of a logged model's metric."""

    key: str
    value: float
    timestamp: int
    step: int
    dataset_name: str = ""
    dataset_digest: str = ""
    model_id: str = ""
    run_id: str = ""


class Registration(Message):
    """A model version that was registered from this logged model."""

    name: str
    version: str


class LoggedModelInfo(Message):
    """The attributes of a logged model, and its tags."""

    model_id: str
    experiment_id: str
    name: str
    creation_timestamp_ms: int
    last_updated_timestamp_ms: int
    artifact_uri: str
    status: str
    model_type: str = ""
    source_run_id: str = ""
    status_message: str = ""
    tags: list[KeyValue] = []
    registrations: list[Registration] = []


class LoggedModelData(Message):
    """The params and metrics of a logged model."""

    params: list[KeyValue] = []
    metrics: list[ModelMetric] = []


class LoggedModel(Message):
    """A logged model."""

    info: LoggedModelInfo
    data: LoggedModelData | None = None


class LoggedModelResponse(Message):
    """One logged model; MLflow leaves it out of some answers."""

    model: LoggedModel | None = None


class LoggedModelsResponse(Message):
    """A page of logged models; the last page has no token."""

    models: list[LoggedModel] = []
    next_page_token: str = ""


class LoggedModelRequest(Message):
    """A request about a logged model."""

    model_id: str = ""


class CreateLoggedModel(Message):
    """Create a logged model."""

    experiment_id: str = ""
    name: str = ""
    model_type: str = ""
    source_run_id: str = ""
    params: list[KeyValue] = []
    tags: list[KeyValue] = []


class Finalize(LoggedModelRequest):
    """Set whether the model's files were uploaded."""

    status: str | int | None = None


class ModelTags(LoggedModelRequest):
    """Set tags of a logged model."""

    tags: list[KeyValue] = []


class ModelParams(LoggedModelRequest):
    """Log params of a logged model."""

    params: list[KeyValue] = []


class DeleteLoggedModelTag(LoggedModelRequest):
    """Delete a tag of a logged model."""

    tag_key: str = ""


class DatasetFilter(Message):
    """Restrict a search to models with metrics on this dataset."""

    dataset_name: str = ""
    dataset_digest: str = ""


class OrderBy(Message):
    """One key of an order; a metric may be restricted to a dataset."""

    field_name: str = ""
    ascending: bool = True
    dataset_name: str = ""
    dataset_digest: str = ""


class SearchLoggedModels(Message):
    """Search logged models."""

    experiment_ids: list[str] = []
    filter: str = ""
    datasets: list[DatasetFilter] = []
    max_results: int = 100
    order_by: list[OrderBy] = []
    page_token: str = ""


class ListModelArtifacts(LoggedModelRequest):
    """List a folder of a logged model."""

    artifact_directory_path: str = ""
    page_token: str = ""


class GetModelArtifact(LoggedModelRequest):
    """Download a file of a logged model."""

    artifact_file_path: str = ""


class LogOutputs(RunRequest):
    """Log the models that a run made."""

    models: list[ModelOutput] = []


class LogModel(RunRequest):
    """Log a model as MLflow 2 does, by its MLmodel file as JSON."""

    model_json: str = ""


_MODEL: Final = "mlflow/logged-models/{model_id}"
_ID: Final = ("model_id",)

CREATE_LOGGED_MODEL: Final = Endpoint(
    "create_logged_model",
    "POST",
    "mlflow/logged-models",
    CreateLoggedModel,
    LoggedModelResponse,
    ("experiment_id",),
    is_repeatable=False,
)
SEARCH_LOGGED_MODELS: Final = Endpoint(
    "search_logged_models", "POST", "mlflow/logged-models/search", SearchLoggedModels, LoggedModelsResponse
)
GET_LOGGED_MODEL: Final = Endpoint("get_logged_model", "GET", _MODEL, LoggedModelRequest, LoggedModelResponse, _ID)
FINALIZE_LOGGED_MODEL: Final = Endpoint("finalize_logged_model", "PATCH", _MODEL, Finalize, LoggedModelResponse, (*_ID, "status"))
DELETE_LOGGED_MODEL: Final = Endpoint(
    "delete_logged_model", "DELETE", _MODEL, LoggedModelRequest, Empty, _ID, is_repeatable=False
)
SET_LOGGED_MODEL_TAGS: Final = Endpoint("set_logged_model_tags", "PATCH", f"{_MODEL}/tags", ModelTags, Empty, _ID)
DELETE_LOGGED_MODEL_TAG: Final = Endpoint(
    "delete_logged_model_tag", "DELETE", f"{_MODEL}/tags/{{tag_key}}", DeleteLoggedModelTag, Empty, (*_ID, "tag_key")
)
LOG_LOGGED_MODEL_PARAMS: Final = Endpoint("log_logged_model_params", "POST", f"{_MODEL}/params", ModelParams, Empty, _ID)
LIST_LOGGED_MODEL_ARTIFACTS: Final = Endpoint(
    "list_logged_model_artifacts", "GET", f"{_MODEL}/artifacts/directories", ListModelArtifacts, ArtifactsResponse, _ID
)
# MLflow's web pages read a model's files by this endpoint.
GET_LOGGED_MODEL_ARTIFACT: Final = Endpoint(
    "get_logged_model_artifact", "GET", f"{_MODEL}/artifacts/files", GetModelArtifact, Empty, bases=AJAX, raw=True
)
LOG_OUTPUTS: Final = Endpoint("log_outputs", "POST", "mlflow/runs/outputs", LogOutputs, Empty, ("run_id",))
LOG_MODEL: Final = Endpoint("log_model", "POST", "mlflow/runs/log-model", LogModel, Empty, ("run_id", "model_json"))

ENDPOINTS: Final = (
    CREATE_LOGGED_MODEL,
    SEARCH_LOGGED_MODELS,
    GET_LOGGED_MODEL,
    FINALIZE_LOGGED_MODEL,
    DELETE_LOGGED_MODEL,
    SET_LOGGED_MODEL_TAGS,
    DELETE_LOGGED_MODEL_TAG,
    LOG_LOGGED_MODEL_PARAMS,
    LIST_LOGGED_MODEL_ARTIFACTS,
    GET_LOGGED_MODEL_ARTIFACT,
    LOG_OUTPUTS,
    LOG_MODEL,
)
