"""Endpoints of traces in version 3, and those that both versions share."""

from __future__ import annotations

from typing import Final

from ...entities.tags import TRACE_LOCATION
from ...entities.trace import TraceInfo
from ...store.mlflow_api import old_traces
from ...store.mlflow_api import traces as wire
from ...store.mlflow_api.errors import ApiError, invalid, missing_value
from ...store.mlflow_api.message import Empty
from ..exchange import Exchange
from ..route import Route, StreamRoute
from ..service import Service
from .assessments import assessment_of
from .timestamps import milliseconds_of
from .trace_links import linking
from .trace_lookup import get_info, location_of, search_page
from .trace_messages import duration_of, info_message, state_of
from .trace_spans import spans_in

__all__ = ["ROUTES"]

_MOST_LINKS: Final = 100


_LONGEST_KEY, _LONGEST_VALUE = 250, 8000


def start_trace(service: Service, request: wire.StartTrace) -> wire.TraceResponse:
    """Create a trace; a tag of the answer says where its spans must be uploaded."""
    given = request.trace.trace_info if request.trace else None
    if given is None or not given.trace_id:
        raise missing_value("trace.trace_info.trace_id")
    place = given.trace_location.mlflow_experiment if given.trace_location else None
    if place is None:
        raise missing_value("trace.trace_info.trace_location.mlflow_experiment")
    info = TraceInfo(
        given.trace_id,
        place.experiment_id,
        milliseconds_of(given.request_time),
        duration_of(given.execution_duration),
        state_of(given.state),
        given.client_request_id,
        given.request_preview,
        given.response_preview,
        given.trace_metadata,
        {**given.tags, TRACE_LOCATION: location_of(service, place.experiment_id, given.trace_id)},
        tuple(assessment_of(given.trace_id, each) for each in given.assessments),
    )
    return _answer(service.store.traces.start(info))


def get_trace_info(service: Service, request: wire.TraceRequest) -> wire.TraceResponse:
    """Describe a trace."""
    return _answer(get_info(service, request.trace_id))


def batch_get_trace_infos(service: Service, request: wire.BatchGetInfos) -> wire.TraceInfosResponse:
    """Describe those of many traces that exist."""
    return wire.TraceInfosResponse(trace_infos=list(map(info_message, _those(service, request))))


def get_trace(service: Service, request: wire.TraceRequest) -> wire.TraceResponse:
    """Return a trace with its spans."""
    return wire.TraceResponse(_with_spans(service, get_info(service, request.trace_id)))


def batch_get_traces(service: Service, request: wire.BatchGetTraces) -> wire.TracesResponse:
    """Return those of many traces that exist, with their spans."""
    if not request.trace_ids:
        raise missing_value("trace_ids")
    return wire.TracesResponse([_with_spans(service, info) for info in _those(service, request)])


def link_traces_to_run(service: Service, request: wire.LinkTraces) -> Empty:
    """Link traces to a run, which then finds them."""
    named = request.trace_ids or []
    if len(named) > _MOST_LINKS:
        raise invalid(f"Cannot link more than {_MOST_LINKS} traces to a run in a single request. Provided {len(named)} traces.")
    traces = service.store.traces
    for info in traces.get(named):
        traces.start(linking(info, request.run_id))
    return Empty()


def search_traces(service: Service, request: wire.SearchTraces) -> wire.TraceInfosResponse:
    """Return a page of traces."""
    places = [place.mlflow_experiment.experiment_id for place in request.locations if place.mlflow_experiment]
    page, token = search_page(service, tuple(places), request)
    return wire.TraceInfosResponse(list(map(info_message, page.items)), next_page_token=token)


def set_trace_tag(service: Service, request: wire.SetTraceTag) -> Empty:
    """Set a tag of a trace."""
    if len(request.key) > _LONGEST_KEY:
        raise invalid(f"'key' exceeds the maximum length of {_LONGEST_KEY} characters")
    service.store.traces.set_tag(request.trace_id, request.key, request.value[:_LONGEST_VALUE])
    return Empty()


def delete_trace_tag(service: Service, request: wire.DeleteTraceTag) -> Empty:
    """Delete a tag of a trace."""
    service.store.traces.delete_tag(request.trace_id, request.key)
    return Empty()


def delete_traces(service: Service, request: wire.DeleteTraces) -> wire.DeletedTracesResponse:
    """Delete the traces of some ids, or the oldest ones."""
    named, before, limit = request.request_ids, request.max_timestamp_millis, request.max_traces
    if before is None and not named:
        raise invalid("Either `max_timestamp_millis` or `trace_ids` must be specified.")
    if before is not None and named:
        raise invalid("Only one of `max_timestamp_millis` and `trace_ids` can be specified.")
    if named and limit is not None:
        raise invalid("`max_traces` can't be specified if `trace_ids` is specified.")
    if limit is not None and limit <= 0:
        raise invalid(f"`max_traces` must be a positive integer, received {limit}.")
    traces = service.store.traces
    return wire.DeletedTracesResponse(traces.delete(request.experiment_id, trace_ids=named or None, before=before, limit=limit))


async def log_spans(_service: Service, _exchange: Exchange, _request: Empty) -> None:
    """Refuse single spans with the error that makes MLflow's clients send them as a file."""
    raise ApiError("NOT_IMPLEMENTED", "REST OTLP span logging is not supported by this server; send spans as traces.json")


def _those(service: Service, request: wire.BatchGetInfos | wire.BatchGetTraces) -> list[TraceInfo]:
    found = service.store.traces.get(request.trace_ids)
    return [info for info in found if not request.experiment_ids or info.experiment_id in request.experiment_ids]


def _with_spans(service: Service, info: TraceInfo) -> wire.Trace:
    where = location_of(service, info.experiment_id, info.id)
    return wire.Trace(info_message(info), spans_in(service.artifacts, where))


def _answer(info: TraceInfo) -> wire.TraceResponse:
    return wire.TraceResponse(wire.Trace(info_message(info)))


ROUTES: Final = (
    Route(wire.START_TRACE, start_trace, "EDIT"),
    Route(wire.GET_TRACE_INFO, get_trace_info, "READ"),
    Route(wire.BATCH_GET_TRACE_INFOS, batch_get_trace_infos, "READ"),
    Route(wire.GET_TRACE, get_trace, "READ"),
    Route(wire.BATCH_GET_TRACES, batch_get_traces, "READ"),
    Route(wire.LINK_TRACES_TO_RUN, link_traces_to_run, "EDIT"),
    Route(wire.SEARCH_TRACES, search_traces, "SEARCH"),
    Route(wire.SET_TRACE_TAG, set_trace_tag, "EDIT"),
    Route(old_traces.SET_TRACE_TAG_V2, set_trace_tag, "EDIT"),
    Route(wire.DELETE_TRACE_TAG, delete_trace_tag, "EDIT"),
    Route(old_traces.DELETE_TRACE_TAG_V2, delete_trace_tag, "EDIT"),
    Route(wire.DELETE_TRACES, delete_traces, "MANAGE"),
    Route(old_traces.DELETE_TRACES_V2, delete_traces, "MANAGE"),
    StreamRoute(wire.LOG_SPANS, log_spans, "SIGNED_IN"),
)
