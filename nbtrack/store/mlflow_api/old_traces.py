"""Messages and endpoints of traces in version 2, which has lists of keys and values where version 3 has mappings."""

from __future__ import annotations

from typing import Final

from .endpoint import Endpoint
from .message import Empty, KeyValue, Message
from .traces import DeletedTracesResponse, DeleteTraces, DeleteTraceTag, SetTraceTag, TraceRequest

__all__ = [
    "DELETE_TRACES_V2",
    "DELETE_TRACE_TAG_V2",
    "ENDPOINTS",
    "END_OLD_TRACE",
    "GET_OLD_TRACE_INFO",
    "SEARCH_OLD_TRACES",
    "SET_TRACE_TAG_V2",
    "START_OLD_TRACE",
    "EndTrace",
    "OldTraceInfo",
    "OldTraceResponse",
    "OldTracesResponse",
    "SearchOldTraces",
    "StartOldTrace",
]


class OldTraceInfo(Message):
    """A trace without its spans, in version 2."""

    request_id: str
    experiment_id: str
    timestamp_ms: int
    execution_time_ms: int | None = None
    status: str = ""
    request_metadata: list[KeyValue] = []
    tags: list[KeyValue] = []


class OldTraceResponse(Message):
    """One trace, in version 2."""

    trace_info: OldTraceInfo


class OldTracesResponse(Message):
    """A page of traces, in version 2; the last page has no token."""

    traces: list[OldTraceInfo] = []
    next_page_token: str = ""


class StartOldTrace(Message):
    """Start a trace, in version 2; the server chooses its id."""

    experiment_id: str = ""
    timestamp_ms: int = 0
    request_metadata: list[KeyValue] = []
    tags: list[KeyValue] = []


class EndTrace(TraceRequest):
    """End a trace, in version 2."""

    timestamp_ms: int = 0
    status: str | int = ""
    request_metadata: list[KeyValue] = []
    tags: list[KeyValue] = []


class SearchOldTraces(Message):
    """Search traces, in version 2."""

    experiment_ids: list[str] = []
    filter: str = ""
    max_results: int = 100
    order_by: list[str] = []
    page_token: str = ""


_TRACES: Final = "mlflow/traces"

_TRACE: Final = "mlflow/traces/{trace_id}"

_KEY: Final = ("trace_id", "key")


START_OLD_TRACE: Final = Endpoint(
    "start_old_trace", "POST", _TRACES, StartOldTrace, OldTraceResponse, ("experiment_id",), is_repeatable=False
)

SEARCH_OLD_TRACES: Final = Endpoint("search_old_traces", "GET", _TRACES, SearchOldTraces, OldTracesResponse)

END_OLD_TRACE: Final = Endpoint("end_old_trace", "PATCH", _TRACE, EndTrace, OldTraceResponse)

GET_OLD_TRACE_INFO: Final = Endpoint("get_old_trace_info", "GET", f"{_TRACE}/info", TraceRequest, OldTraceResponse)

SET_TRACE_TAG_V2: Final = Endpoint("set_trace_tag", "PATCH", f"{_TRACE}/tags", SetTraceTag, Empty, _KEY)

DELETE_TRACE_TAG_V2: Final = Endpoint("delete_trace_tag", "DELETE", f"{_TRACE}/tags", DeleteTraceTag, Empty, _KEY)

DELETE_TRACES_V2: Final = Endpoint(
    "delete_traces", "POST", f"{_TRACES}/delete-traces", DeleteTraces, DeletedTracesResponse, ("experiment_id",)
)


ENDPOINTS: Final = (
    START_OLD_TRACE,
    SEARCH_OLD_TRACES,
    END_OLD_TRACE,
    GET_OLD_TRACE_INFO,
    SET_TRACE_TAG_V2,
    DELETE_TRACE_TAG_V2,
    DELETE_TRACES_V2,
)
