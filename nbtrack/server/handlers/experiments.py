"""Endpoints of experiments."""

from __future__ import annotations

from typing import Final

from ...entities.run import Experiment, LifecycleStage
from ...errors import ExperimentNotFound, NotFound
from ...store.filter import EXPERIMENTS, parse, parse_order
from ...store.mlflow_api import experiments as wire
from ...store.mlflow_api.enums import view_of
from ...store.mlflow_api.errors import ApiError, invalid
from ...store.mlflow_api.limits import (
    check_experiment_id,
    check_experiment_name,
    check_experiment_tag,
    check_location,
    check_max_results,
)
from ...store.mlflow_api.message import Empty, KeyValue
from ...store.mlflow_api.page_tokens import read_token, token_at
from ...store.protocol.search import Query
from ..route import Route
from ..service import Service

__all__ = ["ROUTES"]

_MOST: Final = 50_000
_USUAL: Final = 1000
_MOST_FOR_DATASETS: Final = 20
_MOST_DATASETS: Final = 1000


def create_experiment(service: Service, request: wire.CreateExperiment) -> wire.ExperimentId:
    """Create an experiment."""
    check_experiment_name(request.name)
    for tag in request.tags:
        check_experiment_tag(tag.key, tag.value)
    check_location(request.artifact_location)
    tags = {tag.key: tag.value for tag in request.tags}
    made = service.store.create_experiment(request.name, artifact_location=request.artifact_location or None, tags=tags)
    return wire.ExperimentId(experiment_id=made.id)


def get_experiment(service: Service, request: wire.ExperimentRequest) -> wire.ExperimentResponse:
    """Describe one experiment, deleted or not."""
    check_experiment_id(request.experiment_id)
    return wire.ExperimentResponse(experiment=_message(service.store.get_experiment(request.experiment_id)))


def get_experiment_by_name(service: Service, request: wire.ExperimentByName) -> wire.ExperimentResponse:
    """Describe the experiment of a name, deleted or not."""
    found = service.store.find_experiment(request.experiment_name)
    if found is None:
        raise ExperimentNotFound(f"Could not find experiment with name '{request.experiment_name}'")
    return wire.ExperimentResponse(experiment=_message(found))


def search_experiments(service: Service, request: wire.SearchExperiments) -> wire.ExperimentsResponse:
    """Return a page of experiments."""
    limit = check_max_results(_USUAL if request.max_results is None else request.max_results, _MOST)
    offset = read_token(request.page_token)
    order = parse_order(request.order_by, names=EXPERIMENTS)
    view = view_of(request.view_type, "view_type")
    page = service.store.search_experiments(Query(None, parse(request.filter, names=EXPERIMENTS), order, view, limit, offset))
    token = token_at(offset + limit) if page.more else ""
    return wire.ExperimentsResponse(experiments=list(map(_message, page.items)), next_page_token=token)


def update_experiment(service: Service, request: wire.UpdateExperiment) -> Empty:
    """Rename an experiment."""
    check_experiment_name(request.new_name)
    if _known(service, request.experiment_id).stage is LifecycleStage.DELETED:
        raise ApiError("INVALID_STATE", "Cannot rename a non-active experiment.")
    service.store.update_experiment(request.experiment_id, name=request.new_name)
    return Empty()


def delete_experiment(service: Service, request: wire.ExperimentRequest) -> Empty:
    """Delete an experiment with its runs."""
    _known(service, request.experiment_id, LifecycleStage.ACTIVE)
    service.store.delete_experiment(request.experiment_id)
    return Empty()


def restore_experiment(service: Service, request: wire.ExperimentRequest) -> Empty:
    """Restore a deleted experiment with its runs."""
    _known(service, request.experiment_id, LifecycleStage.DELETED)
    service.store.restore_experiment(request.experiment_id)
    return Empty()


def set_experiment_tag(service: Service, request: wire.SetExperimentTag) -> Empty:
    """Set a tag on an experiment."""
    check_experiment_id(request.experiment_id)
    check_experiment_tag(request.key, request.value)
    service.store.update_experiment(request.experiment_id, tags={request.key: request.value})
    return Empty()


def delete_experiment_tag(service: Service, request: wire.DeleteExperimentTag) -> Empty:
    """Delete a tag of an experiment."""
    check_experiment_id(request.experiment_id)
    try:
        service.store.delete_experiment_tag(request.experiment_id, request.key)
    except ExperimentNotFound:
        raise
    except NotFound as error:
        raise NotFound(f"No tag with name: {request.key} in experiment with id {request.experiment_id}") from error
    return Empty()


def search_datasets(service: Service, request: wire.SearchDatasets) -> wire.DatasetSummaries:
    """List the datasets that the runs of some experiments have read."""
    if not request.experiment_ids:
        raise invalid("SearchDatasets request must specify at least one experiment_id.")
    if len(request.experiment_ids) > _MOST_FOR_DATASETS:
        raise invalid(
            f"SearchDatasets request cannot specify more than {_MOST_FOR_DATASETS} experiment_ids. "
            f"Received {len(request.experiment_ids)} experiment_ids."
        )
    for experiment_id in request.experiment_ids:
        check_experiment_id(experiment_id)
    found = service.store.datasets_in(request.experiment_ids)[:_MOST_DATASETS]
    return wire.DatasetSummaries(
        [wire.DatasetSummary(experiment_id, each.name, each.digest, each.context) for experiment_id, each in found]
    )


def _known(service: Service, experiment_id: str, stage: LifecycleStage | None = None) -> Experiment:
    """Return an experiment; one in another stage counts as not found, as in MLflow."""
    check_experiment_id(experiment_id)
    found = service.store.get_experiment(experiment_id)
    if stage is not None and found.stage is not stage:
        raise ExperimentNotFound(f"No Experiment with id={experiment_id} exists")
    return found


def _message(experiment: Experiment) -> wire.Experiment:
    return wire.Experiment(
        experiment_id=experiment.id,
        name=experiment.name,
        artifact_location=experiment.artifact_location,
        lifecycle_stage=experiment.stage.value,
        last_update_time=experiment.updated,
        creation_time=experiment.created,
        tags=[KeyValue(key=key, value=value) for key, value in experiment.tags.items()],
    )


ROUTES: Final = (
    Route(wire.CREATE_EXPERIMENT, create_experiment, "SIGNED_IN"),
    Route(wire.GET_EXPERIMENT, get_experiment, "READ"),
    Route(wire.GET_EXPERIMENT_BY_NAME, get_experiment_by_name, "READ"),
    Route(wire.SEARCH_EXPERIMENTS, search_experiments, "SEARCH"),
    Route(wire.SEARCH_EXPERIMENTS_BY_GET, search_experiments, "SEARCH"),
    Route(wire.UPDATE_EXPERIMENT, update_experiment, "EDIT"),
    Route(wire.DELETE_EXPERIMENT, delete_experiment, "MANAGE"),
    Route(wire.RESTORE_EXPERIMENT, restore_experiment, "MANAGE"),
    Route(wire.SET_EXPERIMENT_TAG, set_experiment_tag, "EDIT"),
    Route(wire.DELETE_EXPERIMENT_TAG, delete_experiment_tag, "EDIT"),
    Route(wire.SEARCH_DATASETS, search_datasets, "SEARCH"),
)
