"""Messages and endpoints of runs and of what is logged into them."""

from __future__ import annotations

from typing import Final

from .endpoint import Endpoint
from .message import Empty, KeyValue, Message, RunRequest

__all__ = [
    "CREATE_RUN",
    "DELETE_RUN",
    "DELETE_TAG",
    "ENDPOINTS",
    "GET_RUN",
    "LOG_BATCH",
    "LOG_INPUTS",
    "LOG_METRIC",
    "LOG_PARAM",
    "RESTORE_RUN",
    "SEARCH_RUNS",
    "SET_TAG",
    "UPDATE_RUN",
    "CreateRun",
    "DatasetInput",
    "DatasetMessage",
    "DeleteTag",
    "LogBatch",
    "LogInputs",
    "LogMetric",
    "LogParam",
    "LoggedMetric",
    "Metric",
    "ModelInput",
    "ModelOutput",
    "Run",
    "RunData",
    "RunInfo",
    "RunInfoResponse",
    "RunInputs",
    "RunOutputs",
    "RunResponse",
    "RunsResponse",
    "SearchRuns",
    "SetTag",
    "UpdateRun",
]


class Metric(Message, gc=False):
    """A point of a metric in a response; NaN is a string (``codec.number_out``)."""

    key: str
    value: float
    timestamp: int
    step: int
    run_id: str = ""


class LoggedMetric(Message, gc=False):
    """A point of a metric in a request."""

    key: str = ""
    value: float | None = None
    timestamp: int | None = None
    step: int = 0
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""
    run_id: str = ""


class RunInfo(Message):
    """The attributes of a run."""

    run_uuid: str
    run_id: str
    run_name: str
    experiment_id: str
    user_id: str
    status: str
    start_time: int
    artifact_uri: str
    lifecycle_stage: str
    end_time: int | None = None


class RunData(Message):
    """What was logged into a run, with the last point of each metric."""

    metrics: list[Metric] = []
    params: list[KeyValue] = []
    tags: list[KeyValue] = []


class DatasetMessage(Message):
    """A dataset."""

    name: str = ""
    digest: str = ""
    source_type: str = ""
    source: str = ""
    schema: str = ""
    profile: str = ""


class DatasetInput(Message):
    """A dataset that a run read; its context is the tag ``mlflow.data.context``."""

    dataset: DatasetMessage
    tags: list[KeyValue] = []


class ModelInput(Message):
    """A logged model that a run read."""

    model_id: str = ""


class ModelOutput(Message):
    """A logged model that a run made."""

    model_id: str = ""
    step: int = 0


class RunInputs(Message):
    """The inputs of a run."""

    dataset_inputs: list[DatasetInput] = []
    model_inputs: list[ModelInput] = []


class RunOutputs(Message):
    """The outputs of a run."""

    model_outputs: list[ModelOutput] = []


class Run(Message):
    """A run, without the histories of its metrics."""

    info: RunInfo
    data: RunData
    inputs: RunInputs | None = None  # missing in a run that was just created
    outputs: RunOutputs | None = None


class RunResponse(Message):
    """One run."""

    run: Run


class RunInfoResponse(Message):
    """The attributes of one run."""

    run_info: RunInfo


class RunsResponse(Message):
    """A page of runs; the last page has no token."""

    runs: list[Run] = []
    next_page_token: str = ""


class CreateRun(Message):
    """Create a run."""

    experiment_id: str = ""
    user_id: str = ""
    run_name: str = ""
    start_time: int | None = None
    tags: list[KeyValue] = []


class UpdateRun(RunRequest):
    """Change attributes of a run; None leaves one unchanged."""

    status: str | int | None = None
    end_time: int | None = None
    run_name: str | None = None


class SearchRuns(Message):
    """Search runs."""

    experiment_ids: list[str] = []
    filter: str = ""
    run_view_type: str | int | None = None
    max_results: int = 1000
    order_by: list[str] = []
    page_token: str = ""


class LogMetric(RunRequest):
    """Log one point of a metric."""

    key: str = ""
    value: float | None = None
    timestamp: int | None = None
    step: int = 0
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


class LogParam(RunRequest):
    """Log one param of a run."""

    key: str = ""
    value: str = ""


class SetTag(RunRequest):
    """Set one tag of a run."""

    key: str = ""
    value: str = ""


class DeleteTag(RunRequest):
    """Delete a tag of a run."""

    key: str = ""


class LogBatch(RunRequest):
    """Log metrics, params and tags of a run."""

    metrics: list[LoggedMetric] = []
    params: list[KeyValue] = []
    tags: list[KeyValue] = []


class LogInputs(RunRequest):
    """Log the datasets and models that a run read."""

    datasets: list[DatasetInput] = []
    models: list[ModelInput] = []


_ID: Final = ("run_id",)

CREATE_RUN: Final = Endpoint("create_run", "POST", "mlflow/runs/create", CreateRun, RunResponse, is_repeatable=False)
UPDATE_RUN: Final = Endpoint("update_run", "POST", "mlflow/runs/update", UpdateRun, RunInfoResponse, _ID)
GET_RUN: Final = Endpoint("get_run", "GET", "mlflow/runs/get", RunRequest, RunResponse, _ID)
SEARCH_RUNS: Final = Endpoint("search_runs", "POST", "mlflow/runs/search", SearchRuns, RunsResponse)
DELETE_RUN: Final = Endpoint("delete_run", "POST", "mlflow/runs/delete", RunRequest, Empty, _ID)
RESTORE_RUN: Final = Endpoint("restore_run", "POST", "mlflow/runs/restore", RunRequest, Empty, _ID)
LOG_METRIC: Final = Endpoint(
    "log_metric", "POST", "mlflow/runs/log-metric", LogMetric, Empty, (*_ID, "key", "value", "timestamp")
)
LOG_PARAM: Final = Endpoint("log_param", "POST", "mlflow/runs/log-parameter", LogParam, Empty, (*_ID, "key"))
LOG_BATCH: Final = Endpoint("log_batch", "POST", "mlflow/runs/log-batch", LogBatch, Empty, _ID)
LOG_INPUTS: Final = Endpoint("log_inputs", "POST", "mlflow/runs/log-inputs", LogInputs, Empty, _ID)
SET_TAG: Final = Endpoint("set_tag", "POST", "mlflow/runs/set-tag", SetTag, Empty, (*_ID, "key"))
DELETE_TAG: Final = Endpoint("delete_tag", "POST", "mlflow/runs/delete-tag", DeleteTag, Empty, (*_ID, "key"))

ENDPOINTS: Final = (
    CREATE_RUN,
    UPDATE_RUN,
    GET_RUN,
    SEARCH_RUNS,
    DELETE_RUN,
    RESTORE_RUN,
    LOG_METRIC,
    LOG_PARAM,
    LOG_BATCH,
    LOG_INPUTS,
    SET_TAG,
    DELETE_TAG,
)
