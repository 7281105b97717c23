"""The logged models of an MLflow server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from typing_extensions import override

from ...entities.model import LoggedModelInfo, LoggedModelStatus, ModelMetric, RunModel
from ...entities.run import LifecycleStage
from ...errors import InvalidInput, ModelNotFound, NotFound, ParamConflict
from ..matching.logged_models import page_of_logged
from ..mlflow_api import logged_models as wire
from ..mlflow_api.endpoint import Endpoint
from ..mlflow_api.message import KeyValue
from ..protocol.logged_models import LoggedModels, ModelQuery
from ..protocol.search import Page
from ..text import storable
from .api import MlflowApi
from .mlflow_run import MlflowRun
from .runs import MlflowRuns
from .summaries import value_in

__all__ = ["MlflowLoggedModels"]

_PAGE = 50
_PREFIX = "LOGGED_MODEL_"
_STATUSES = {"UPLOAD_FAILED": "FAILED", "STATUS_UNSPECIFIED": "UNSPECIFIED"}


class MlflowLoggedModels(LoggedModels):
    """The logged models of a server.

    Args:
        api: The server.
        runs: Its runs.
    """

    def __init__(self, api: MlflowApi, runs: MlflowRuns) -> None:
        self._api, self._runs = api, runs

    def _call(self, endpoint: Endpoint[Any, Any], request: Any) -> Any:
        try:
            return self._api.call(endpoint, request)
        except NotFound as error:
            raise ModelNotFound(str(error)) from error

    @override
    def create(
        self,
        experiment_id: str,
        *,
        name: str,
        model_type: str = "",
        source_run_id: str = "",
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> LoggedModelInfo:
        request = wire.CreateLoggedModel(
            experiment_id=experiment_id,
            name=storable(name),
            model_type=storable(model_type),
            source_run_id=self._runs.get(source_run_id).mlflow_id if source_run_id else "",
            params=_pairs(params or {}),
            tags=_pairs(tags or {}),
        )
        answer: Any = self._api.call(wire.CREATE_LOGGED_MODEL, request)
        return _model(answer.model)

    @override
    def adopt(self, model: LoggedModelInfo) -> LoggedModelInfo:
        raise InvalidInput(f"an MLflow server gives logged models its own ids, so {model.id} cannot be copied to it")

    @override
    def get(self, model_id: str) -> LoggedModelInfo:
        return _model(self._call(wire.GET_LOGGED_MODEL, wire.LoggedModelRequest(model_id=model_id)).model)

    @override
    def finalize(self, model_id: str, status: LoggedModelStatus) -> LoggedModelInfo:
        name = "UPLOAD_FAILED" if status is LoggedModelStatus.FAILED else status.value
        request = wire.Finalize(model_id=model_id, status=_PREFIX + name)
        return _model(self._call(wire.FINALIZE_LOGGED_MODEL, request).model)

    @override
    def delete(self, model_id: str) -> None:
        self._call(wire.DELETE_LOGGED_MODEL, wire.LoggedModelRequest(model_id=model_id))

    @override
    def log_params(self, model_id: str, params: Mapping[str, str]) -> None:
        known = self.get(model_id).params
        for key, value in params.items():
            if known.get(key, value) != value:
                raise ParamConflict(key, known[key], value)
        new = {key: value for key, value in params.items() if key not in known}
        if new:
            self._call(wire.LOG_LOGGED_MODEL_PARAMS, wire.ModelParams(model_id=model_id, params=_pairs(new)))

    @override
    def set_tags(self, model_id: str, tags: Mapping[str, str]) -> None:
        self._call(wire.SET_LOGGED_MODEL_TAGS, wire.ModelTags(model_id=model_id, tags=_pairs(tags)))

    @override
    def delete_tag(self, model_id: str, key: str) -> None:
        if key not in self.get(model_id).tags:
            raise NotFound(f"the logged model {model_id} has no tag {key!r}")
        self._call(wire.DELETE_LOGGED_MODEL_TAG, wire.DeleteLoggedModelTag(model_id=model_id, tag_key=key))

    @override
    def search(self, search: ModelQuery) -> Page[LoggedModelInfo]:
        # Evaluated here, on all models of the experiments: MLflow evaluates other filters than nbtrack.
        if not search.experiment_ids:
            return Page(())
        request = wire.SearchLoggedModels(experiment_ids=list(search.experiment_ids), max_results=_PAGE)
        pages = self._api.pages(wire.SEARCH_LOGGED_MODELS, request)
        return page_of_logged([_model(each) for page in pages for each in page.models], search)

    @override
    def outputs(self, run_ids: Sequence[str]) -> list[RunModel]:
        return self._of_runs(run_ids, lambda run: run.model_outputs)

    @override
    def inputs(self, run_ids: Sequence[str]) -> list[RunModel]:
        return self._of_runs(run_ids, lambda run: run.model_inputs)

    def _of_runs(self, run_ids: Sequence[str], models: Callable[[MlflowRun], Mapping[str, int]]) -> list[RunModel]:
        found = self._runs.many(run_ids)
        return [RunModel(run.info.id, model_id, step) for run in found for model_id, step in sorted(models(run).items())]


def _model(found: wire.LoggedModel) -> LoggedModelInfo:
    info, data = found.info, found.data or wire.LoggedModelData()
    status = str(info.status).removeprefix(_PREFIX)
    return LoggedModelInfo(
        id=info.model_id,
        experiment_id=info.experiment_id,
        name=info.name,
        artifact_uri=info.artifact_uri,
        created=info.creation_timestamp_ms,
        updated=info.last_updated_timestamp_ms,
        status=LoggedModelStatus(_STATUSES.get(status, status)),
        status_message=info.status_message,
        model_type=info.model_type,
        source_run_id=info.source_run_id,
        stage=LifecycleStage.ACTIVE,
        params={each.key: each.value for each in data.params},
        tags={each.key: each.value for each in info.tags},
        metrics=tuple(map(_metric, data.metrics)),
    )


def _metric(found: wire.ModelMetric) -> ModelMetric:
    value = value_in(found.value)
    return ModelMetric(found.key, value, found.timestamp, found.step, found.run_id, found.dataset_name, found.dataset_digest)


def _pairs(texts: Mapping[str, str]) -> list[KeyValue]:
    return [KeyValue(key=storable(key), value=storable(value)) for key, value in texts.items()]
