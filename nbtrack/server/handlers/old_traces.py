"""Endpoints of traces in version 2."""

from __future__ import annotations

import secrets
from typing import Final

from ...entities.tags import TRACE_LOCATION
from ...entities.trace import TraceInfo
from ...store.mlflow_api import traces as wire
from ..route import Route
from ..service import Service
from .registry_messages import tags_of
from .trace_lookup import get_info, location_of, search_page
from .trace_messages import old_message, state_of

__all__ = ["ROUTES"]


def start_old_trace(service: Service, request: wire.StartOldTrace) -> wire.OldTraceResponse:
    """Create a trace with a new id."""
    trace_id = f"tr-{secrets.token_hex(16)}"
    tags = {**tags_of(request.tags), TRACE_LOCATION: location_of(service, request.experiment_id, trace_id)}
    metadata = tags_of(request.request_metadata)
    info = TraceInfo(trace_id, request.experiment_id, request.timestamp_ms, metadata=metadata, tags=tags)
    return wire.OldTraceResponse(old_message(service.store.traces.start(info)))


def end_old_trace(service: Service, request: wire.EndTrace) -> wire.OldTraceResponse:
    """End a trace."""
    began = get_info(service, request.trace_id).request_time
    ended = service.store.traces.end(
        request.trace_id,
        duration=request.timestamp_ms - began,
        state=state_of(str(request.status)),
        metadata=tags_of(request.request_metadata),
        tags=tags_of(request.tags),
    )
    return wire.OldTraceResponse(old_message(ended))


def get_old_trace_info(service: Service, request: wire.TraceRequest) -> wire.OldTraceResponse:
    """Describe a trace."""
    return wire.OldTraceResponse(old_message(get_info(service, request.trace_id)))


def search_old_traces(service: Service, request: wire.SearchOldTraces) -> wire.OldTracesResponse:
    """Return a page of traces."""
    page, token = search_page(service, tuple(request.experiment_ids), request)
    return wire.OldTracesResponse(list(map(old_message, page.items)), token)


ROUTES: Final = (
    Route(wire.START_OLD_TRACE, start_old_trace, "EDIT"),
    Route(wire.END_OLD_TRACE, end_old_trace, "EDIT"),
    Route(wire.GET_OLD_TRACE_INFO, get_old_trace_info, "READ"),
    Route(wire.SEARCH_OLD_TRACES, search_old_traces, "SEARCH"),
)
