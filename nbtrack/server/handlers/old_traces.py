"""Endpoints of traces in version 2."""

from __future__ import annotations

import secrets
from typing import Final

from ...entities.tags import TRACE_LOCATION
from ...entities.trace import TraceInfo
from ...store.mlflow_api import old_traces
from ...store.mlflow_api import traces as wire
from ..route import Route
from ..service import Service
from .registry_messages import tags_of
from .trace_lookup import get_info, location_of, search_page
from .trace_messages import old_message, state_of

__all__ = ["ROUTES"]


def start_old_trace(service: Service, request: old_traces.StartOldTrace) -> old_traces.OldTraceResponse:
    """Create a trace with a new id."""
    trace_id = f"tr-{secrets.token_hex(16)}"
    tags = {**tags_of(request.tags), TRACE_LOCATION: location_of(service, request.experiment_id, trace_id)}
    metadata = tags_of(request.request_metadata)
    info = TraceInfo(trace_id, request.experiment_id, request.timestamp_ms, metadata=metadata, tags=tags)
    return old_traces.OldTraceResponse(old_message(service.store.traces.start(info)))


def end_old_trace(service: Service, request: old_traces.EndTrace) -> old_traces.OldTraceResponse:
    """End a trace."""
    began = get_info(service, request.trace_id).request_time
    ended = service.store.traces.end(
        request.trace_id,
        duration=request.timestamp_ms - began,
        state=state_of(str(request.status)),
        metadata=tags_of(request.request_metadata),
        tags=tags_of(request.tags),
    )
    return old_traces.OldTraceResponse(old_message(ended))


def get_old_trace_info(service: Service, request: wire.TraceRequest) -> old_traces.OldTraceResponse:
    """Describe a trace."""
    return old_traces.OldTraceResponse(old_message(get_info(service, request.trace_id)))


def search_old_traces(service: Service, request: old_traces.SearchOldTraces) -> old_traces.OldTracesResponse:
    """Return a page of traces."""
    page, token = search_page(service, tuple(request.experiment_ids), request)
    return old_traces.OldTracesResponse(list(map(old_message, page.items)), token)


ROUTES: Final = (
    Route(old_traces.START_OLD_TRACE, start_old_trace, "EDIT"),
    Route(old_traces.END_OLD_TRACE, end_old_trace, "EDIT"),
    Route(old_traces.GET_OLD_TRACE_INFO, get_old_trace_info, "READ"),
    Route(old_traces.SEARCH_OLD_TRACES, search_old_traces, "SEARCH"),
)
