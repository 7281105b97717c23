"""Traces, in every store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbtrack.entities.trace import Assessment, TraceInfo, TraceState
from nbtrack.errors import Deleted, ExperimentNotFound, InvalidInput, NotFound, TraceNotFound
from nbtrack.store.filter import TRACES, parse, parse_order
from nbtrack.store.protocol.search import Query
from nbtrack.store.protocol.store import Store

OK, ERROR, RUNNING = TraceState.OK, TraceState.ERROR, TraceState.IN_PROGRESS


@pytest.fixture
def traces(any_store):
    return any_store.traces


WHOLE = TraceInfo(
    "tr-1",
    "0",
    1_000,
    250,
    OK,
    "client-7",
    '{"x": 1}',
    "é 中",
    {"mlflow.sourceRun": "r1", "k": ""},
    {"mlflow.traceName": "f"},
    (Assessment("a-1", "good", 1, 2, '{"value": true}'),),
)


def test_a_recorded_trace_is_read_back(traces):
    assert traces.start(WHOLE) == WHOLE
    assert traces.get(["tr-1", "nowhere", "tr-1"]) == [WHOLE, WHOLE]
    bare = TraceInfo("tr-2", "0", 5)
    traces.start(bare)
    assert traces.get(["tr-2", "tr-1"]) == [bare, WHOLE]


def test_a_trace_recorded_again_is_merged(traces):
    traces.start(WHOLE)
    more = replace(
        WHOLE,
        state=ERROR,
        duration=None,
        metadata={"k": "1"},
        tags={"t": "2"},
        assessments=(Assessment("a-0", "bad", 0, 0, "{}"),),
    )
    found = traces.start(more)
    assert (found.state, found.duration) == (ERROR, None)
    assert found.metadata == {"mlflow.sourceRun": "r1", "k": "1"}
    assert found.tags == {"mlflow.traceName": "f", "t": "2"}
    assert [each.id for each in found.assessments] == ["a-0", "a-1"]


def test_a_trace_ends(traces):
    traces.start(TraceInfo("tr-1", "0", 5, metadata={"a": "1"}, tags={"t": "1"}))
    found = traces.end("tr-1", duration=7, state=ERROR, metadata={"b": "2"}, tags={"t": "3"})
    assert (found.duration, found.state, found.metadata, found.tags) == (7, ERROR, {"a": "1", "b": "2"}, {"t": "3"})
    assert traces.get(["tr-1"]) == [found]


def test_a_trace_needs_an_existing_experiment(traces, any_store):
    with pytest.raises(ExperimentNotFound):
        traces.start(replace(WHOLE, experiment_id="99"))
    any_store.delete_experiment("0")
    with pytest.raises(Deleted):
        traces.start(WHOLE)


def test_tags_and_assessments_change(traces):
    traces.start(WHOLE)
    traces.set_tag("tr-1", "t", "1")
    traces.set_tag("tr-1", "t", "2")
    traces.delete_tag("tr-1", "mlflow.traceName")
    traces.assess("tr-1", Assessment("a-1", "good", 1, 9, "{}"))
    traces.assess("tr-1", Assessment("a-2", "late", 5, 5, "{}"))
    traces.delete_assessment("tr-1", "a-9")
    (found,) = traces.get(["tr-1"])
    assert found.tags == {"t": "2"}
    assert [(each.id, each.updated) for each in found.assessments] == [("a-1", 9), ("a-2", 5)]
    traces.delete_assessment("tr-1", "a-1")
    assert [each.id for each in traces.get(["tr-1"])[0].assessments] == ["a-2"]
    with pytest.raises(NotFound, match="No trace tag with key 'never'"):
        traces.delete_tag("tr-1", "never")


def test_an_unknown_trace_is_named(traces):
    for change in (
        lambda which: traces.set_tag(which, "a", "b"),
        lambda which: traces.delete_tag(which, "a"),
        lambda which: traces.end(which, duration=1, state=OK, metadata={}, tags={}),
        lambda which: traces.assess(which, Assessment("a", "n", 0, 0, "{}")),
        lambda which: traces.delete_assessment(which, "a"),
    ):
        with pytest.raises(TraceNotFound, match="nowhere"):
            change("nowhere")


@pytest.fixture
def shelf(traces, any_store):
    other = any_store.create_experiment("other").id
    for number, (state, duration, name) in enumerate([(OK, 50, "f"), (ERROR, 200, "g"), (RUNNING, None, "F")]):
        metadata = {"mlflow.sourceRun": f"r{number % 2}"}
        info = TraceInfo(f"t{number}", "0", 100 * number, duration, state, metadata=metadata, tags={"mlflow.traceName": name})
        traces.start(info)
    traces.start(TraceInfo("elsewhere", other, 0))
    traces.set_tag("t0", "k", "v")
    return traces


def found(traces, filter=None, order=None, **more):
    search = Query(("0",), parse(filter, names=TRACES), parse_order(order, names=TRACES), **more)
    return "".join(info.id[1:] for info in traces.search(search).items)


SEARCHES = [
    (None, "210"),
    ("status = 'OK'", "0"),
    ("trace.status != 'OK'", "21"),
    ("attributes.name = 'f'", "0"),
    ("name ILIKE 'F'", "20"),
    ("run_id = 'r0'", "20"),
    ("request_metadata.`mlflow.sourceRun` = 'r1'", "1"),
    ("tags.k = 'v'", "0"),
    ("tags.k IS NULL", "21"),
    ("timestamp_ms > 50 AND timestamp_ms <= 200", "21"),
    ("execution_time_ms > 60", "1"),
    ("end_time_ms IS NULL", "2"),
    ("end_time_ms < 100", "0"),
    ("request_id IN ('t0', 't2')", "20"),
    ("client_request_id IS NOT NULL", ""),
]


def test_searching(shelf):
    assert [(filter, found(shelf, filter)) for filter, _ in SEARCHES] == SEARCHES


def test_ordering_and_pages(shelf):
    assert found(shelf, order="timestamp ASC") == "012"
    assert found(shelf, order="execution_time DESC") == "102"
    assert found(shelf, order=["name", "timestamp"]) == "201"
    first = shelf.search(Query(("0",), limit=2))
    assert ([info.id for info in first.items], first.more) == (["t2", "t1"], True)
    assert found(shelf, limit=2, offset=2) == "0"
    assert shelf.search(Query(("0", "1"))).items[-1].id == "t0"
    assert shelf.search(Query(())).items == ()


def test_deleting(shelf):
    assert shelf.delete("0", trace_ids=["t1", "elsewhere", "never"]) == 1
    assert shelf.delete("0", before=150, limit=1) == 1
    assert found(shelf) == "2"
    assert shelf.delete("0", before=10_000) == 1
    assert [info.id for info in shelf.get(["t0", "elsewhere"])] == ["elsewhere"]
    assert shelf.delete("0", trace_ids=[]) == 0


def test_a_store_without_traces_says_so():
    class Bare(Store):
        uri = "https://somewhere"

    with pytest.raises(InvalidInput, match="https://somewhere keeps no traces; connect to"):
        Bare().traces.get([])
