"""Messages and endpoints of experiments."""

from __future__ import annotations

from typing import Final

from .endpoint import Endpoint
from .message import Empty, KeyValue, Message

__all__ = [
    "CREATE_EXPERIMENT",
    "DELETE_EXPERIMENT",
    "DELETE_EXPERIMENT_TAG",
    "ENDPOINTS",
    "GET_EXPERIMENT",
    "GET_EXPERIMENT_BY_NAME",
    "RESTORE_EXPERIMENT",
    "SEARCH_DATASETS",
    "SEARCH_EXPERIMENTS",
    "SEARCH_EXPERIMENTS_BY_GET",
    "SET_EXPERIMENT_TAG",
    "UPDATE_EXPERIMENT",
    "CreateExperiment",
    "DatasetSummaries",
    "DatasetSummary",
    "DeleteExperimentTag",
    "Experiment",
    "ExperimentByName",
    "ExperimentId",
    "ExperimentRequest",
    "ExperimentResponse",
    "ExperimentsResponse",
    "SearchDatasets",
    "SearchExperiments",
    "SetExperimentTag",
    "UpdateExperiment",
]


class Experiment(Message):
    """An experiment."""

    experiment_id: str
    name: str
    artifact_location: str = ""
    lifecycle_stage: str = ""
    last_update_time: int | None = None
    creation_time: int | None = None
    tags: list[KeyValue] = []


class ExperimentResponse(Message):
    """One experiment."""

    experiment: Experiment


class ExperimentId(Message):
    """The id of the created experiment."""

    experiment_id: str


class CreateExperiment(Message):
    """Create an experiment."""

    name: str = ""
    artifact_location: str = ""
    tags: list[KeyValue] = []


class ExperimentRequest(Message):
    """A request about an experiment."""

    experiment_id: str = ""


class ExperimentByName(Message):
    """Get an experiment by its name."""

    experiment_name: str = ""


class UpdateExperiment(ExperimentRequest):
    """Rename an experiment."""

    new_name: str = ""


class SetExperimentTag(ExperimentRequest):
    """Set a tag of an experiment."""

    key: str = ""
    value: str = ""


class DeleteExperimentTag(ExperimentRequest):
    """Delete a tag of an experiment."""

    key: str = ""


class SearchExperiments(Message):
    """Search experiments."""

    max_results: int | None = None
    page_token: str = ""
    filter: str = ""
    order_by: list[str] = []
    view_type: str | int | None = None


class ExperimentsResponse(Message):
    """A page of experiments; the last page has no token."""

    experiments: list[Experiment] = []
    next_page_token: str = ""


class SearchDatasets(Message):
    """Search the datasets that the runs of these experiments read."""

    experiment_ids: list[str] = []


class DatasetSummary(Message):
    """A dataset and its context, such as training."""

    experiment_id: str
    name: str
    digest: str
    context: str = ""


class DatasetSummaries(Message):
    """Several datasets."""

    dataset_summaries: list[DatasetSummary] = []


_ID: Final = ("experiment_id",)

CREATE_EXPERIMENT: Final = Endpoint(
    "create_experiment", "POST", "mlflow/experiments/create", CreateExperiment, ExperimentId, ("name",), is_repeatable=False
)
GET_EXPERIMENT: Final = Endpoint("get_experiment", "GET", "mlflow/experiments/get", ExperimentRequest, ExperimentResponse, _ID)
GET_EXPERIMENT_BY_NAME: Final = Endpoint(
    "get_experiment_by_name",
    "GET",
    "mlflow/experiments/get-by-name",
    ExperimentByName,
    ExperimentResponse,
    ("experiment_name",),
)
SEARCH_EXPERIMENTS: Final = Endpoint(
    "search_experiments", "POST", "mlflow/experiments/search", SearchExperiments, ExperimentsResponse
)
SEARCH_EXPERIMENTS_BY_GET: Final = Endpoint(
    "search_experiments", "GET", "mlflow/experiments/search", SearchExperiments, ExperimentsResponse
)
UPDATE_EXPERIMENT: Final = Endpoint(
    "update_experiment", "POST", "mlflow/experiments/update", UpdateExperiment, Empty, (*_ID, "new_name")
)
DELETE_EXPERIMENT: Final = Endpoint("delete_experiment", "POST", "mlflow/experiments/delete", ExperimentRequest, Empty, _ID)
RESTORE_EXPERIMENT: Final = Endpoint("restore_experiment", "POST", "mlflow/experiments/restore", ExperimentRequest, Empty, _ID)
SET_EXPERIMENT_TAG: Final = Endpoint(
    "set_experiment_tag", "POST", "mlflow/experiments/set-experiment-tag", SetExperimentTag, Empty, (*_ID, "key")
)
DELETE_EXPERIMENT_TAG: Final = Endpoint(
    "delete_experiment_tag", "POST", "mlflow/experiments/delete-experiment-tag", DeleteExperimentTag, Empty, (*_ID, "key")
)
SEARCH_DATASETS: Final = Endpoint(
    "search_datasets", "POST", "mlflow/experiments/search-datasets", SearchDatasets, DatasetSummaries
)

ENDPOINTS: Final = (
    CREATE_EXPERIMENT,
    GET_EXPERIMENT,
    GET_EXPERIMENT_BY_NAME,
    SEARCH_EXPERIMENTS,
    SEARCH_EXPERIMENTS_BY_GET,
    UPDATE_EXPERIMENT,
    DELETE_EXPERIMENT,
    RESTORE_EXPERIMENT,
    SET_EXPERIMENT_TAG,
    DELETE_EXPERIMENT_TAG,
    SEARCH_DATASETS,
)
