"""The logged models of an MLflow server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...entities.model import LoggedModelInfo, LoggedModelStatus, ModelMetric, RunModel
from ...entities.run import LifecycleStage
from ...errors import InvalidInput, ModelNotFound, NotFound, ParamConflict
from ..matching.models import page_of_logged
from ..mlflow_api import logged_models as wire
from ..mlflow_api.endpoint import Endpoint
from ..mlflow_api.message import KeyValue
from ..protocol.logged_models import ModelQuery
from ..protocol.search import Page
from ..text import storable
from .api import MlflowApi
from .runs import Runs
from .summaries import value_in

if TYPE_CHECKING:
    from ..protocol.logged_models import LoggedModels

__all__ = ["MlflowLoggedModels"]

_PAGE = 50
_PREFIX = "LOGGED_MODEL_"
_WORDS = {"UPLOAD_FAILED": "FAILED", "STATUS_UNSPECIFIED": "UNSPECIFIED"}


class MlflowLoggedModels:
    """Logged models of a server; see ``store.models.LoggedModels`` for each method.

    Args:
        api: The server.
        runs: Its runs.
    """

    def __init__(self, api: MlflowApi, runs: Runs) -> None:
        self._api, self._runs = api, runs

    def _ask(self, endpoint: Endpoint[Any, Any], request: Any) -> Any:
        try:
            return self._api.call(endpoint, request)
        except NotFound as error:
            raise ModelNotFound(str(error)) from error

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
        """See ``LoggedModels.create``."""
        request = wire.CreateLoggedModel(
            experiment_id=experiment_id,
            name=storable(name),
            model_type=storable(model_type),
            source_run_id=self._runs.get(source_run_id).own_id if source_run_id else "",
            params=_pairs(params or {}),
            tags=_pairs(tags or {}),
        )
        answer: Any = self._api.call(wire.CREATE_LOGGED_MODEL, request)
        return self._made(answer.model)

    def adopt(self, model: LoggedModelInfo) -> LoggedModelInfo:
        """See ``LoggedModels.adopt``: a server gives ids itself."""
        raise InvalidInput(f"a server gives logged models ids of its own, so {model.id} cannot be copied there")

    def get(self, model_id: str) -> LoggedModelInfo:
        """See ``LoggedModels.get``."""
        return self._made(self._ask(wire.GET_LOGGED_MODEL, wire.LoggedModelRequest(model_id=model_id)).model)

    def finalize(self, model_id: str, status: LoggedModelStatus) -> LoggedModelInfo:
        """See ``LoggedModels.finalize``."""
        word = "UPLOAD_FAILED" if status is LoggedModelStatus.FAILED else status.value
        request = wire.Finalize(model_id=model_id, status=_PREFIX + word)
        return self._made(self._ask(wire.FINALIZE_LOGGED_MODEL, request).model)

    def delete(self, model_id: str) -> None:
        """See ``LoggedModels.delete``."""
        self._ask(wire.DELETE_LOGGED_MODEL, wire.LoggedModelRequest(model_id=model_id))

    def log_params(self, model_id: str, params: Mapping[str, str]) -> None:
        """See ``LoggedModels.log_params``."""
        known = self.get(model_id).params
        for key, value in params.items():
            if known.get(key, value) != value:
                raise ParamConflict(key, known[key], value)
        new = {key: value for key, value in params.items() if key not in known}
        if new:
            self._ask(wire.LOG_LOGGED_MODEL_PARAMS, wire.ModelParams(model_id=model_id, params=_pairs(new)))

    def set_tags(self, model_id: str, tags: Mapping[str, str]) -> None:
        """See ``LoggedModels.set_tags``."""
        self._ask(wire.SET_LOGGED_MODEL_TAGS, wire.ModelTags(model_id=model_id, tags=_pairs(tags)))

    def delete_tag(self, model_id: str, key: str) -> None:
        """See ``LoggedModels.delete_tag``."""
        if key not in self.get(model_id).tags:
            raise NotFound(f"the logged model {model_id} has no tag {key!r}")
        self._ask(wire.DELETE_LOGGED_MODEL_TAG, wire.DeleteLoggedModelTag(model_id=model_id, tag_key=key))

    def search(self, search: ModelQuery) -> Page[LoggedModelInfo]:
        """See ``LoggedModels.search``; evaluated here, on all models of the experiments."""
        if not search.experiment_ids:
            return Page(())
        request = wire.SearchLoggedModels(experiment_ids=list(search.experiment_ids), max_results=_PAGE)
        pages = self._api.pages(wire.SEARCH_LOGGED_MODELS, request)
        return page_of_logged([self._made(each) for page in pages for each in page.models], search)

    def outputs(self, run_ids: Sequence[str]) -> list[RunModel]:
        """See ``LoggedModels.outputs``."""
        return self._of_runs(run_ids, lambda run: run.made)

    def inputs(self, run_ids: Sequence[str]) -> list[RunModel]:
        """See ``LoggedModels.inputs``."""
        return self._of_runs(run_ids, lambda run: run.used)

    def _of_runs(self, run_ids: Sequence[str], models: Callable[[Any], Mapping[str, int]]) -> list[RunModel]:
        found = self._runs.many(run_ids)
        return [RunModel(run.info.id, model_id, step) for run in found for model_id, step in sorted(models(run).items())]

    def _made(self, found: wire.LoggedModel) -> LoggedModelInfo:
        info, data = found.info, found.data or wire.LoggedModelData()
        word = str(info.status).removeprefix(_PREFIX)
        return LoggedModelInfo(
            id=info.model_id,
            experiment_id=info.experiment_id,
            name=info.name,
            artifact_uri=info.artifact_uri,
            created=info.creation_timestamp_ms,
            updated=info.last_updated_timestamp_ms,
            status=LoggedModelStatus(_WORDS.get(word, word)),
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


if TYPE_CHECKING:
    from ..http import client_of
    from .experiments import Experiments
    from .histories import Histories

    _api = MlflowApi(client_of(""))
    _proof: LoggedModels = MlflowLoggedModels(_api, Runs(_api, Experiments(_api), Histories(_api).summary))
