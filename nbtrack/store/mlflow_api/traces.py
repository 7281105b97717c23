"""Messages and endpoints of traces in version 3; ``old_traces`` has those of version 2.

A time is a string such as ``2026-11-25T22:00:00.5Z``, and a duration is a string of seconds such as ``0.25s``.
"""

from __future__ import annotations

from typing import Any, Final

from .endpoint import API_3, ROOT, Endpoint
from .message import Empty, Message

__all__ = [
    "BATCH_GET_TRACES",
    "BATCH_GET_TRACE_INFOS",
    "CREATE_ASSESSMENT",
    "DELETE_ASSESSMENT",
    "DELETE_TRACES",
    "DELETE_TRACE_TAG",
    "ENDPOINTS",
    "GET_ASSESSMENT",
    "GET_TRACE",
    "GET_TRACE_INFO",
    "LINK_TRACES_TO_RUN",
    "LOG_SPANS",
    "SEARCH_TRACES",
    "SET_TRACE_TAG",
    "START_TRACE",
    "UPDATE_ASSESSMENT",
    "AssessmentRequest",
    "AssessmentResponse",
    "BatchGetInfos",
    "BatchGetTraces",
    "CreateAssessment",
    "DeleteTraceTag",
    "DeleteTraces",
    "DeletedTracesResponse",
    "ExperimentLocation",
    "LinkTraces",
    "Location",
    "SearchTraces",
    "SetTraceTag",
    "StartTrace",
    "Trace",
    "TraceInfo",
    "TraceInfosResponse",
    "TraceRequest",
    "TraceResponse",
    "TracesResponse",
    "UpdateAssessment",
]


class ExperimentLocation(Message):
    """The experiment in which traces are."""

    experiment_id: str = ""


class Location(Message):
    """The place of traces, which is an experiment."""

    type: str = ""
    mlflow_experiment: ExperimentLocation | None = None


class TraceInfo(Message):
    """A trace without its spans, in version 3."""

    trace_id: str = ""
    client_request_id: str | None = None
    trace_location: Location | None = None
    request_preview: str | None = None
    response_preview: str | None = None
    request_time: str = ""
    execution_duration: str | None = None
    state: str = ""
    trace_metadata: dict[str, str] = {}
    tags: dict[str, str] = {}
    assessments: list[dict[str, Any]] = []


class Trace(Message):
    """A trace; its spans are an artifact, and included only on request."""

    trace_info: TraceInfo | None = None
    spans: list[dict[str, Any]] = []


class TraceResponse(Message):
    """One trace."""

    trace: Trace


class TraceInfosResponse(Message):
    """A page of traces; the last page has no token."""

    traces: list[TraceInfo] = []
    trace_infos: list[TraceInfo] = []
    next_page_token: str = ""


class TraceRequest(Message):
    """A request about a trace."""

    trace_id: str = ""


class StartTrace(Message):
    """Store a trace, which in most cases has ended already."""

    trace: Trace | None = None


class SearchTraces(Message):
    """Search traces."""

    locations: list[Location] = []
    filter: str = ""
    max_results: int = 100
    order_by: list[str] = []
    page_token: str = ""


class BatchGetInfos(Message):
    """Get traces without their spans."""

    trace_ids: list[str] = []
    experiment_ids: list[str] = []


class BatchGetTraces(Message):
    """Get traces with their spans."""

    trace_ids: list[str] = []
    experiment_ids: list[str] = []


class TracesResponse(Message):
    """Traces with their spans."""

    traces: list[Trace] = []


class LinkTraces(Message):
    """Link traces to a run."""

    trace_ids: list[str] | None = None
    run_id: str = ""


class SetTraceTag(TraceRequest):
    """Set a tag of a trace."""

    key: str = ""
    value: str = ""


class DeleteTraceTag(TraceRequest):
    """Delete a tag of a trace."""

    key: str = ""


class DeleteTraces(Message):
    """Delete traces of an experiment, by id or by age."""

    experiment_id: str = ""
    max_timestamp_millis: int | None = None
    max_traces: int | None = None
    request_ids: list[str] = []


class DeletedTracesResponse(Message, omit_defaults=False):
    """The number of deleted traces."""

    traces_deleted: int = 0


class CreateAssessment(TraceRequest):
    """Create an assessment of a trace."""

    assessment: dict[str, Any] | None = None


class AssessmentRequest(TraceRequest):
    """A request about an assessment."""

    assessment_id: str = ""


class UpdateAssessment(AssessmentRequest):
    """Update the fields of an assessment that ``update_mask`` names, or all."""

    assessment: dict[str, Any] | None = None
    update_mask: str = ""


class AssessmentResponse(Message):
    """One assessment."""

    assessment: dict[str, Any]


_TRACES: Final = "mlflow/traces"

_TRACE: Final = "mlflow/traces/{trace_id}"

_ASSESSMENT: Final = f"{_TRACE}/assessments/{{assessment_id}}"

_KEY: Final = ("trace_id", "key")


START_TRACE: Final = Endpoint("start_trace", "POST", _TRACES, StartTrace, TraceResponse, ("trace",), API_3)

SEARCH_TRACES: Final = Endpoint("search_traces", "POST", f"{_TRACES}/search", SearchTraces, TraceInfosResponse, bases=API_3)

BATCH_GET_TRACE_INFOS: Final = Endpoint(
    "batch_get_trace_infos", "POST", f"{_TRACES}/batchGetInfos", BatchGetInfos, TraceInfosResponse, bases=API_3
)

DELETE_TRACES: Final = Endpoint(
    "delete_traces", "POST", f"{_TRACES}/delete-traces", DeleteTraces, DeletedTracesResponse, ("experiment_id",), API_3
)

GET_TRACE: Final = Endpoint("get_trace", "GET", f"{_TRACES}/get", TraceRequest, TraceResponse, ("trace_id",), API_3)

BATCH_GET_TRACES: Final = Endpoint("batch_get_traces", "GET", f"{_TRACES}/batchGet", BatchGetTraces, TracesResponse, bases=API_3)

GET_TRACE_INFO: Final = Endpoint("get_trace_info", "GET", _TRACE, TraceRequest, TraceResponse, bases=API_3)

SET_TRACE_TAG: Final = Endpoint("set_trace_tag", "PATCH", f"{_TRACE}/tags", SetTraceTag, Empty, _KEY, API_3)

DELETE_TRACE_TAG: Final = Endpoint("delete_trace_tag", "DELETE", f"{_TRACE}/tags", DeleteTraceTag, Empty, _KEY, API_3)

CREATE_ASSESSMENT: Final = Endpoint(
    "create_assessment",
    "POST",
    f"{_TRACE}/assessments",
    CreateAssessment,
    AssessmentResponse,
    ("assessment",),
    API_3,
    is_repeatable=False,
)

GET_ASSESSMENT: Final = Endpoint("get_assessment", "GET", _ASSESSMENT, AssessmentRequest, AssessmentResponse, bases=API_3)

UPDATE_ASSESSMENT: Final = Endpoint(
    "update_assessment", "PATCH", _ASSESSMENT, UpdateAssessment, AssessmentResponse, ("assessment",), API_3
)

DELETE_ASSESSMENT: Final = Endpoint(
    "delete_assessment", "DELETE", _ASSESSMENT, AssessmentRequest, Empty, bases=API_3, is_repeatable=False
)

# OpenTelemetry's own endpoint, by which MLflow's clients send spans one by one if the server supports it.
LOG_SPANS: Final = Endpoint("log_spans", "POST", "v1/traces", Empty, Empty, bases=ROOT, raw=True, is_repeatable=False)

LINK_TRACES_TO_RUN: Final = Endpoint(
    "link_traces_to_run", "POST", f"{_TRACES}/link-to-run", LinkTraces, Empty, ("trace_ids", "run_id")
)


ENDPOINTS: Final = (
    START_TRACE,
    SEARCH_TRACES,
    BATCH_GET_TRACE_INFOS,
    DELETE_TRACES,
    GET_TRACE,
    BATCH_GET_TRACES,
    GET_TRACE_INFO,
    SET_TRACE_TAG,
    DELETE_TRACE_TAG,
    CREATE_ASSESSMENT,
    GET_ASSESSMENT,
    UPDATE_ASSESSMENT,
    DELETE_ASSESSMENT,
    LOG_SPANS,
    LINK_TRACES_TO_RUN,
)
