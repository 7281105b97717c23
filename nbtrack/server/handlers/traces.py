"""Traces: what each endpoint does, in both versions."""

from __future__ import annotations

import secrets
from typing import Final

from ...entities.tags import TRACE_LOCATION
from ...entities.trace import TraceInfo, TraceState
from ...errors import TraceNotFound
from ...store.filter import TRACES, parse, parse_order
from ...store.mlflow_api import traces as wire
from ...store.mlflow_api.errors import ApiError, invalid, missing_value
from ...store.mlflow_api.limits import check_max_results, invalid_value
from ...store.mlflow_api.message import Empty, KeyValue
from ...store.mlflow_api.page_tokens import read_token, token_at
from ...store.protocol.search import Page, Query
from ..exchange import Exchange
from ..route import Route, StreamRoute
from ..service import Service
from .assessments import assessment_of, body_of
from .model_registry import tags_of
from .timestamps import milliseconds_of, time_text
from .trace_links import linked_or_made, linking, shown_metadata
from .trace_spans import spans_in

__all__ = ["ROUTES", "spans_location"]

_MOST: Final = 500
_MOST_LINKS: Final = 100
_LONGEST_KEY, _LONGEST_VALUE = 250, 8000
_STATES: Final[dict[str, TraceState]] = {
    **{state.value: state for state in TraceState},
    "TRACE_STATUS_UNSPECIFIED": TraceState.STATE_UNSPECIFIED,
    **{str(number): state for number, state in enumerate(TraceState)},
}


# Version 3.


def start_trace(service: Service, request: wire.StartTrace) -> wire.TraceResponse:
    """Keep a trace; its spans are to go where a tag of the answer says."""
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
        _duration(given.execution_duration),
        _state(given.state),
        given.client_request_id,
        given.request_preview,
        given.response_preview,
        given.trace_metadata,
        {**given.tags, TRACE_LOCATION: _location(service, place.experiment_id, given.trace_id)},
        tuple(assessment_of(given.trace_id, each) for each in given.assessments),
    )
    return _answer(service.store.traces.start(info))


def get_trace_info(service: Service, request: wire.TraceRequest) -> wire.TraceResponse:
    """Describe a trace."""
    return _answer(_trace(service, request.trace_id))


def batch_get_trace_infos(service: Service, request: wire.BatchGetInfos) -> wire.TraceInfosResponse:
    """Describe many traces, those that there are."""
    return wire.TraceInfosResponse(trace_infos=list(map(_message, _those(service, request))))


def get_trace(service: Service, request: wire.TraceRequest) -> wire.TraceResponse:
    """Return a trace with its spans."""
    return wire.TraceResponse(_with_spans(service, _trace(service, request.trace_id)))


def batch_get_traces(service: Service, request: wire.BatchGetTraces) -> wire.TracesResponse:
    """Return many traces with their spans, those that there are."""
    if not request.trace_ids:
        raise missing_value("trace_ids")
    return wire.TracesResponse([_with_spans(service, info) for info in _those(service, request)])


def link_traces_to_run(service: Service, request: wire.LinkTraces) -> Empty:
    """Have traces found with a run that did not make them."""
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
    page, token = _search(service, tuple(places), request)
    return wire.TraceInfosResponse(list(map(_message, page.items)), next_page_token=token)


def _search(
    service: Service, experiment_ids: tuple[str, ...], request: wire.SearchTraces | wire.SearchOldTraces
) -> tuple[Page[TraceInfo], str]:
    """Return a page of traces, and the token of the next one."""
    check_max_results(request.max_results, _MOST)
    offset = read_token(request.page_token)
    order = parse_order(request.order_by, names=TRACES)
    condition = linked_or_made(parse(request.filter, names=TRACES))
    search = Query(experiment_ids, condition, order, limit=request.max_results, offset=offset)
    page = service.store.traces.search(search)
    return page, token_at(offset + request.max_results) if page.more else ""


def set_trace_tag(service: Service, request: wire.SetTraceTag) -> Empty:
    """Set a tag of a trace."""
    if len(request.key) > _LONGEST_KEY:
        raise invalid(f"'key' exceeds the maximum length of {_LONGEST_KEY} characters")
    service.store.traces.set_tag(request.trace_id, request.key, request.value[:_LONGEST_VALUE])
    return Empty()


def delete_trace_tag(service: Service, request: wire.DeleteTraceTag) -> Empty:
    """Take a tag from a trace."""
    service.store.traces.delete_tag(request.trace_id, request.key)
    return Empty()


def delete_traces(service: Service, request: wire.DeleteTraces) -> wire.DeletedTracesResponse:
    """Delete the traces named, or the oldest."""
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


# Version 2.


def start_old_trace(service: Service, request: wire.StartOldTrace) -> wire.OldTraceResponse:
    """Begin a trace under a new id."""
    trace_id = f"tr-{secrets.token_hex(16)}"
    tags = {**tags_of(request.tags), TRACE_LOCATION: _location(service, request.experiment_id, trace_id)}
    metadata = tags_of(request.request_metadata)
    info = TraceInfo(trace_id, request.experiment_id, request.timestamp_ms, metadata=metadata, tags=tags)
    return wire.OldTraceResponse(_old(service.store.traces.start(info)))


def end_old_trace(service: Service, request: wire.EndTrace) -> wire.OldTraceResponse:
    """End a trace."""
    began = _trace(service, request.trace_id).request_time
    ended = service.store.traces.end(
        request.trace_id,
        duration=request.timestamp_ms - began,
        state=_state(str(request.status)),
        metadata=tags_of(request.request_metadata),
        tags=tags_of(request.tags),
    )
    return wire.OldTraceResponse(_old(ended))


def get_old_trace_info(service: Service, request: wire.TraceRequest) -> wire.OldTraceResponse:
    """Describe a trace."""
    return wire.OldTraceResponse(_old(_trace(service, request.trace_id)))


def search_old_traces(service: Service, request: wire.SearchOldTraces) -> wire.OldTracesResponse:
    """Return a page of traces."""
    page, token = _search(service, tuple(request.experiment_ids), request)
    return wire.OldTracesResponse(list(map(_old, page.items)), token)


async def log_spans(_service: Service, _exchange: Exchange, _request: Empty) -> None:
    """Refuse spans one by one, in the words by which MLflow's clients know to send them as a file."""
    raise ApiError("NOT_IMPLEMENTED", "REST OTLP span logging is not supported by this server; send spans as traces.json")


# What several of these do.


def _trace(service: Service, trace_id: str) -> TraceInfo:
    found = service.store.traces.get([trace_id])
    if not found:
        raise TraceNotFound(f"Trace with ID '{trace_id}' not found.")
    return found[0]


def _those(service: Service, request: wire.BatchGetInfos | wire.BatchGetTraces) -> list[TraceInfo]:
    found = service.store.traces.get(request.trace_ids)
    return [info for info in found if not request.experiment_ids or info.experiment_id in request.experiment_ids]


def _with_spans(service: Service, info: TraceInfo) -> wire.Trace:
    where = _location(service, info.experiment_id, info.id)
    return wire.Trace(_message(info), spans_in(service.artifacts, where))


def spans_location(service: Service, trace_id: str) -> str:
    """Return where the spans of a trace are; TraceNotFound."""
    return _location(service, _trace(service, trace_id).experiment_id, trace_id)


def _location(service: Service, experiment_id: str, trace_id: str) -> str:
    """Return where the spans of a trace go."""
    if "/" in trace_id or trace_id.startswith("."):
        raise invalid_value("trace_id", trace_id, "it is to be the name of a folder")
    return f"{service.store.get_experiment(experiment_id).artifact_location}/traces/{trace_id}/artifacts"


def _state(word: str) -> TraceState:
    if (word or "STATE_UNSPECIFIED") not in _STATES:
        raise invalid_value("state", word, f"It must be one of {', '.join(TraceState)}.")
    return _STATES[word or "STATE_UNSPECIFIED"]


def _duration(text: str | None) -> int | None:
    try:
        return None if text is None else round(float(text.removesuffix("s")) * 1000)
    except (ValueError, OverflowError) as error:
        raise invalid_value("execution_duration", text, "a duration is such as 0.25s") from error


def _answer(info: TraceInfo) -> wire.TraceResponse:
    return wire.TraceResponse(wire.Trace(_message(info)))


def _message(info: TraceInfo) -> wire.TraceInfo:
    return wire.TraceInfo(
        info.id,
        info.client_request_id,
        wire.Location("MLFLOW_EXPERIMENT", wire.ExperimentLocation(info.experiment_id)),
        info.request_preview,
        info.response_preview,
        time_text(info.request_time),
        None if info.duration is None else f"{info.duration / 1000:.3f}s",
        info.state.value,
        shown_metadata(info),
        dict(info.tags),
        list(map(body_of, info.assessments)),
    )


def _old(info: TraceInfo) -> wire.OldTraceInfo:
    is_unspecified = info.state is TraceState.STATE_UNSPECIFIED
    return wire.OldTraceInfo(
        info.id,
        info.experiment_id,
        info.request_time,
        info.duration,
        "TRACE_STATUS_UNSPECIFIED" if is_unspecified else info.state.value,
        [KeyValue(*each) for each in shown_metadata(info).items()],
        [KeyValue(*each) for each in info.tags.items()],
    )


ROUTES: Final = (
    Route(wire.START_TRACE, start_trace, "EDIT"),
    Route(wire.GET_TRACE_INFO, get_trace_info, "READ"),
    Route(wire.BATCH_GET_TRACE_INFOS, batch_get_trace_infos, "READ"),
    Route(wire.GET_TRACE, get_trace, "READ"),
    Route(wire.BATCH_GET_TRACES, batch_get_traces, "READ"),
    Route(wire.LINK_TRACES_TO_RUN, link_traces_to_run, "EDIT"),
    Route(wire.SEARCH_TRACES, search_traces, "SEARCH"),
    Route(wire.SET_TRACE_TAG, set_trace_tag, "EDIT"),
    Route(wire.SET_TRACE_TAG_V2, set_trace_tag, "EDIT"),
    Route(wire.DELETE_TRACE_TAG, delete_trace_tag, "EDIT"),
    Route(wire.DELETE_TRACE_TAG_V2, delete_trace_tag, "EDIT"),
    Route(wire.DELETE_TRACES, delete_traces, "MANAGE"),
    Route(wire.DELETE_TRACES_V2, delete_traces, "MANAGE"),
    Route(wire.START_OLD_TRACE, start_old_trace, "EDIT"),
    Route(wire.END_OLD_TRACE, end_old_trace, "EDIT"),
    Route(wire.GET_OLD_TRACE_INFO, get_old_trace_info, "READ"),
    Route(wire.SEARCH_OLD_TRACES, search_old_traces, "SEARCH"),
    StreamRoute(wire.LOG_SPANS, log_spans, "SIGNED_IN"),
)
