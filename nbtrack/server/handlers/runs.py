"""Endpoints of runs."""

from __future__ import annotations

from typing import Final

from ...entities.events import Batch, Event, RunStarted, RunUpdated, TagsSet
from ...entities.random_name import random_name
from ...entities.run import Status, new_run_id, now_ms
from ...entities.tags import RUN_NAME
from ...errors import Deleted
from ...store.filter import parse, parse_order
from ...store.mlflow_api import runs as wire
from ...store.mlflow_api.enums import status_of, view_of
from ...store.mlflow_api.errors import invalid
from ...store.mlflow_api.limits import check_experiment_id, check_max_results
from ...store.mlflow_api.message import Empty, KeyValue, RunRequest
from ...store.mlflow_api.page_tokens import read_token, token_at
from ...store.protocol.search import Query
from ..route import Route
from ..service import Service
from .run_messages import info_message, read_run, read_runs

__all__ = ["ROUTES"]

_MOST_RUNS: Final = 50_000


def create_run(service: Service, request: wire.CreateRun) -> wire.RunResponse:
    """Create a run, with a random name if it has none."""
    check_experiment_id(request.experiment_id)
    run_id, tags = new_run_id(), {tag.key: tag.value for tag in request.tags}
    tags[RUN_NAME] = _name(request.run_name, tags.get(RUN_NAME, ""))
    start_time = now_ms() if request.start_time is None else request.start_time
    event = RunStarted("", tags[RUN_NAME], start_time, request.user_id, tags, experiment_id=request.experiment_id or "0")
    service.store.apply([Batch(run_id, "", events=(event,))])
    info = info_message(service.store.get_run(run_id))
    data = wire.RunData(tags=[KeyValue(key, value) for key, value in sorted(tags.items())])
    return wire.RunResponse(wire.Run(info, data, wire.RunInputs()))


def _name(given: str, tagged: str) -> str:
    if given and tagged and given != tagged:
        raise invalid(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values "
            f"(run_name='{given}', mlflow.runName='{tagged}')."
        )
    return given or tagged or random_name()


def update_run(service: Service, request: wire.UpdateRun) -> wire.RunInfoResponse:
    """Set a run's status, end or name."""
    status: Status | None = None if request.status is None else status_of(request.status)
    events: list[Event] = [RunUpdated(status, request.end_time)]
    if request.run_name:
        events.append(TagsSet({RUN_NAME: request.run_name}))
    service.store.apply([Batch(request.run, "", events=tuple(events))])
    return wire.RunInfoResponse(info_message(service.store.get_run(request.run)))


def get_run(service: Service, request: RunRequest) -> wire.RunResponse:
    """Describe a run, deleted or not."""
    return wire.RunResponse(read_run(service.store, request.run))


def search_runs(service: Service, request: wire.SearchRuns) -> wire.RunsResponse:
    """Return a page of runs."""
    check_max_results(request.max_results, _MOST_RUNS)
    offset = read_token(request.page_token)
    query = Query(
        tuple(request.experiment_ids),
        parse(request.filter),
        parse_order(request.order_by),
        view_of(request.run_view_type),
        request.max_results,
        offset,
    )
    with service.store.together():  # a page and its data from one connection
        page = service.store.search_runs(query)
        found = read_runs(service.store, page.items)
    return wire.RunsResponse(found, token_at(offset + request.max_results) if page.more else "")


def delete_run(service: Service, request: RunRequest) -> Empty:
    """Delete a run."""
    service.store.delete_run(request.run)
    return Empty()


def restore_run(service: Service, request: RunRequest) -> Empty:
    """Restore a deleted run; one of a deleted experiment only together with the experiment."""
    try:
        service.store.restore_run(request.run)
    except Deleted as error:
        raise invalid(str(error)) from error
    return Empty()


ROUTES: Final = (
    Route(wire.CREATE_RUN, create_run, "EDIT"),
    Route(wire.UPDATE_RUN, update_run, "EDIT"),
    Route(wire.GET_RUN, get_run, "READ"),
    Route(wire.SEARCH_RUNS, search_runs, "SEARCH"),
    Route(wire.DELETE_RUN, delete_run, "MANAGE"),
    Route(wire.RESTORE_RUN, restore_run, "MANAGE"),
)
