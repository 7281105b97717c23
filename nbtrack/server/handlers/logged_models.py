"""Endpoints of logged models."""

from __future__ import annotations

import json
from typing import Final

from ...entities.events import Batch, ModelMade, TagsSet
from ...entities.model import LoggedModelInfo, LoggedModelStatus
from ...entities.random_name import random_name
from ...entities.tags import MODEL_VERSIONS
from ...store.filter import LOGGED_MODELS, parse, parse_order
from ...store.mlflow_api import logged_models as wire
from ...store.mlflow_api.artifacts import ArtifactsResponse
from ...store.mlflow_api.codec import number_out
from ...store.mlflow_api.errors import invalid, missing_value
from ...store.mlflow_api.limits import check_max_results, invalid_value
from ...store.mlflow_api.message import Empty, KeyValue
from ...store.mlflow_api.page_tokens import read_token, token_at
from ...store.protocol.logged_models import ModelOrder, ModelQuery, OnDataset
from ..route import Route
from ..service import Service
from .artifact_paths import inside
from .artifacts import files_below
from .registry_messages import tags_of

__all__ = ["ROUTES"]

_HISTORY_TAG: Final = "mlflow.log-model.history"
_OLD_FIELDS: Final = {"artifact_path", "flavors", "utc_time_created", "run_id"}
_SUMMARY: Final = ("run_id", "artifact_path", "utc_time_created", "flavors", "model_uuid", "mlflow_version", "model_id")
_STATUSES: Final[dict[str, LoggedModelStatus]] = {
    "LOGGED_MODEL_STATUS_UNSPECIFIED": LoggedModelStatus.UNSPECIFIED,
    "LOGGED_MODEL_PENDING": LoggedModelStatus.PENDING,
    "LOGGED_MODEL_READY": LoggedModelStatus.READY,
    "LOGGED_MODEL_UPLOAD_FAILED": LoggedModelStatus.FAILED,
}
_WORDS: Final = {status: word for word, status in _STATUSES.items()}
_NUMBERS: Final = {str(number): status for number, status in enumerate(_STATUSES.values())}
_MOST: Final = 50_000


def create_logged_model(service: Service, request: wire.CreateLoggedModel) -> wire.LoggedModelResponse:
    """Create a logged model, with a random name if it has none."""
    made = service.store.models.create(
        request.experiment_id,
        name=request.name or random_name(),
        model_type=request.model_type,
        source_run_id=request.source_run_id,
        params=tags_of(request.params),
        tags=tags_of(request.tags),
    )
    return _answer(made)


def get_logged_model(service: Service, request: wire.LoggedModelRequest) -> wire.LoggedModelResponse:
    """Describe a logged model."""
    return _answer(service.store.models.get(request.model_id))


def finalize_logged_model(service: Service, request: wire.Finalize) -> wire.LoggedModelResponse:
    """Set the final status of a model: whether its files were uploaded."""
    status = _STATUSES.get(str(request.status)) or _NUMBERS.get(str(request.status))
    if status is None:
        raise invalid_value("status", request.status, f"It must be one of {', '.join(_STATUSES)}.")
    return _answer(service.store.models.finalize(request.model_id, status))


def delete_logged_model(service: Service, request: wire.LoggedModelRequest) -> Empty:
    """Delete a logged model."""
    service.store.models.delete(request.model_id)
    return Empty()


def set_logged_model_tags(service: Service, request: wire.ModelTags) -> Empty:
    """Set tags of a logged model."""
    service.store.models.set_tags(request.model_id, tags_of(request.tags))
    return Empty()


def delete_logged_model_tag(service: Service, request: wire.DeleteLoggedModelTag) -> Empty:
    """Delete a tag of a logged model."""
    service.store.models.delete_tag(request.model_id, request.tag_key)
    return Empty()


def log_logged_model_params(service: Service, request: wire.ModelParams) -> Empty:
    """Add params to a logged model."""
    service.store.models.log_params(request.model_id, tags_of(request.params))
    return Empty()


def search_logged_models(service: Service, request: wire.SearchLoggedModels) -> wire.LoggedModelsResponse:
    """Return a page of logged models."""
    check_max_results(request.max_results, _MOST)
    if any(not dataset.dataset_name for dataset in request.datasets):
        raise invalid("`dataset_name` in the `datasets` clause must be specified.")
    offset = read_token(request.page_token)
    search = ModelQuery(
        tuple(request.experiment_ids),
        parse(request.filter, names=LOGGED_MODELS),
        tuple(map(_order, request.order_by)),
        limit=request.max_results,
        offset=offset,
        datasets=tuple(OnDataset(each.dataset_name, each.dataset_digest) for each in request.datasets),
    )
    page = service.store.models.search(search)
    return wire.LoggedModelsResponse(list(map(_model, page.items)), token_at(offset + request.max_results) if page.more else "")


def _order(item: wire.OrderBy) -> ModelOrder:
    if not item.field_name:
        raise missing_value("order_by.field_name")
    (order,) = parse_order([_quoted(item.field_name)], names=LOGGED_MODELS)
    dataset = OnDataset(item.dataset_name, item.dataset_digest) if item.dataset_name else None
    return ModelOrder(order.left, not item.ascending, dataset)


def _quoted(name: str) -> str:
    """Quote the key of a field such as ``metrics.a.b`` for the filter language, which reads a key up to the next dot."""
    entity, dot, key = name.partition(".")
    return name if not dot or "`" in key else f"{entity}.`{key}`"


def list_logged_model_artifacts(service: Service, request: wire.ListModelArtifacts) -> ArtifactsResponse:
    """List a folder of a logged model, with paths relative to the model's artifacts."""
    path = inside(request.artifact_directory_path)
    return files_below(service, service.store.models.get(request.model_id).artifact_uri, path)


def log_outputs(service: Service, request: wire.LogOutputs) -> Empty:
    """Record models that a run has created."""
    events = tuple(ModelMade(each.model_id, each.step) for each in request.models)
    service.store.apply([Batch(request.run, "", events=events)])
    return Empty()


def log_model(service: Service, request: wire.LogModel) -> Empty:
    """Record a model in the form of MLflow 2, in a tag of its run."""
    try:
        model = json.loads(request.model_json)
    except ValueError as error:
        raise invalid(f"Malformed model info. \n {request.model_json[:200]} \n is not a valid JSON.") from error
    missing = _OLD_FIELDS - set(model) if isinstance(model, dict) else _OLD_FIELDS
    if missing:
        raise invalid(f"Model json is missing mandatory fields: {missing}")
    tags = {key: value for _, key, value in service.store.tags([request.run])}
    history = [*json.loads(tags.get(_HISTORY_TAG, "[]")), {name: model[name] for name in _SUMMARY if name in model}]
    service.store.apply([Batch(request.run, "", events=(TagsSet({_HISTORY_TAG: json.dumps(history)}),))])
    return Empty()


# Messages.


def _answer(info: LoggedModelInfo) -> wire.LoggedModelResponse:
    return wire.LoggedModelResponse(_model(info))


def _model(info: LoggedModelInfo) -> wire.LoggedModel:
    metrics = [
        wire.ModelMetric(
            each.key,
            number_out(each.value),
            each.timestamp,
            each.step,
            each.dataset_name,
            each.dataset_digest,
            info.id,
            each.run_id,
        )
        for each in info.metrics
    ]
    facts = wire.LoggedModelInfo(
        info.id,
        info.experiment_id,
        info.name,
        info.created,
        info.updated,
        info.artifact_uri,
        _WORDS[info.status],
        info.model_type,
        info.source_run_id,
        info.status_message,
        [KeyValue(*tag) for tag in info.tags.items()],
        _registrations(info.tags.get(MODEL_VERSIONS, "")),
    )
    return wire.LoggedModel(facts, wire.LoggedModelData([KeyValue(*param) for param in info.params.items()], metrics))


def _registrations(text: str) -> list[wire.Registration]:
    """Return the model versions created from a model, which its tag lists."""
    try:
        found = json.loads(text or "[]")
        named = dict.fromkeys((str(each["name"]), str(each["version"])) for each in found)
        return [wire.Registration(*each) for each in named]
    except (ValueError, TypeError, KeyError):
        return []


ROUTES: Final = (
    Route(wire.CREATE_LOGGED_MODEL, create_logged_model, "EDIT"),
    Route(wire.SEARCH_LOGGED_MODELS, search_logged_models, "SEARCH"),
    Route(wire.GET_LOGGED_MODEL, get_logged_model, "READ"),
    Route(wire.FINALIZE_LOGGED_MODEL, finalize_logged_model, "EDIT"),
    Route(wire.DELETE_LOGGED_MODEL, delete_logged_model, "MANAGE"),
    Route(wire.SET_LOGGED_MODEL_TAGS, set_logged_model_tags, "EDIT"),
    Route(wire.DELETE_LOGGED_MODEL_TAG, delete_logged_model_tag, "MANAGE"),
    Route(wire.LOG_LOGGED_MODEL_PARAMS, log_logged_model_params, "EDIT"),
    Route(wire.LIST_LOGGED_MODEL_ARTIFACTS, list_logged_model_artifacts, "READ"),
    Route(wire.LOG_OUTPUTS, log_outputs, "EDIT"),
    Route(wire.LOG_MODEL, log_model, "EDIT"),
)
