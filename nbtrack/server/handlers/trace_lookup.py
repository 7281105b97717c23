"""Finds traces and the folders of their spans."""

from __future__ import annotations

from typing import Final

from ...entities.trace import TraceInfo
from ...errors import TraceNotFound
from ...store.filter import TRACES, parse, parse_order
from ...store.mlflow_api import old_traces
from ...store.mlflow_api import traces as wire
from ...store.mlflow_api.limits import check_max_results, invalid_value
from ...store.mlflow_api.page_tokens import read_token, token_at
from ...store.protocol.search import Page, Query
from ..service import Service
from .trace_links import linked_or_made

__all__ = ["get_info", "location_of", "search_page", "spans_location"]

_MOST: Final = 500


def search_page(
    service: Service, experiment_ids: tuple[str, ...], request: wire.SearchTraces | old_traces.SearchOldTraces
) -> tuple[Page[TraceInfo], str]:
    """Return a page of traces and the token of the next page."""
    check_max_results(request.max_results, _MOST)
    offset = read_token(request.page_token)
    order = parse_order(request.order_by, names=TRACES)
    condition = linked_or_made(parse(request.filter, names=TRACES))
    search = Query(experiment_ids, condition, order, limit=request.max_results, offset=offset)
    page = service.store.traces.search(search)
    return page, token_at(offset + request.max_results) if page.more else ""


def get_info(service: Service, trace_id: str) -> TraceInfo:
    """Return a trace; TraceNotFound."""
    found = service.store.traces.get([trace_id])
    if not found:
        raise TraceNotFound(f"Trace with ID '{trace_id}' not found.")
    return found[0]


def spans_location(service: Service, trace_id: str) -> str:
    """Return the URI of the folder of a trace's spans; TraceNotFound."""
    return location_of(service, get_info(service, trace_id).experiment_id, trace_id)


def location_of(service: Service, experiment_id: str, trace_id: str) -> str:
    """Return the URI of the folder for a trace's spans."""
    if "/" in trace_id or trace_id.startswith("."):
        raise invalid_value("trace_id", trace_id, "it is to be the name of a folder")
    return f"{service.store.get_experiment(experiment_id).artifact_location}/traces/{trace_id}/artifacts"
