"""Stores behind an nbtrack server, in this process and in another."""

from __future__ import annotations

import inspect
import itertools

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtrack import errors
from nbtrack.entities.events import ArtifactLogged, DocumentLogged, RunEnded
from nbtrack.entities.run import Status
from nbtrack.errors import (
    AccessDenied,
    FilterError,
    InvalidInput,
    NbtrackError,
    NotPermitted,
    ParamConflict,
    StoreError,
    StoreUnavailable,
)
from nbtrack.server import nbtrack_protocol
from nbtrack.server.app import create_app
from nbtrack.store.artifacts.local import LocalArtifacts
from nbtrack.store.filter import parse, parse_order
from nbtrack.store.http import Response
from nbtrack.store.memory import MemoryStore
from nbtrack.store.nbtrack_server import store as remote
from nbtrack.store.nbtrack_server.batch_splitting import count_numbers, split_batch
from nbtrack.store.nbtrack_server.errors import encode_error, raise_error
from nbtrack.store.nbtrack_server.operations import OPERATIONS
from nbtrack.store.nbtrack_server.store import NbtrackServerStore
from nbtrack.store.nbtrack_server.sub_stores import SUB_STORES, methods_of
from nbtrack.store.open import open_store
from nbtrack.store.protocol.search import Page, Query
from nbtrack.store.protocol.store import Store

from ...served import serving
from ...server.app_client import InProcess
from ..building import batch, ended, lane, new_id, params, rows, series, started, tags
from ..contract import StoreContract
from ..sql.durable import DurableContract


@pytest.fixture
def over():
    """A function that returns the client of an in-process server over a store."""
    apps = []

    def put(store):
        apps.append(create_app(store, LocalArtifacts("artifacts")))
        return NbtrackServerStore(InProcess(apps[-1]))

    yield put
    for app in apps:
        app.close()


class TestRemoteMemory(StoreContract):
    @pytest.fixture
    def store(self, over):
        return over(MemoryStore("artifacts"))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(str(tmp_path_factory.mktemp("served"))) as address:
        yield address


@pytest.mark.slow
class TestRemoteServer(DurableContract):
    names = itertools.count()

    @pytest.fixture
    def uri(self, server):
        return f"{server}/store{next(self.names)}"


# The table.


def test_every_method_of_a_store_is_an_operation():
    methods = set(methods_of(Store)) - {"close", "logged", "together"}
    of_sub_stores = {f"{each}.{name}" for each, protocol in SUB_STORES.items() for name in methods_of(protocol)}
    assert methods | of_sub_stores == set(OPERATIONS)
    for name in methods:
        operation = OPERATIONS[name]
        asked = list(inspect.signature(getattr(Store, name)).parameters)[1:]
        assert asked == list(operation.arguments), name
        assert asked == list(inspect.signature(getattr(NbtrackServerStore, name)).parameters)[1:], name


def test_operations_that_create_rename_or_fail_the_second_time_are_not_repeatable():
    assert {name for name, operation in OPERATIONS.items() if not operation.is_repeatable} == {
        "create_experiment",
        "delete_experiment_tag",
        "registry.create_model",
        "registry.rename_model",
        "registry.create_version",
        "models.create",
        "models.delete_tag",
        "traces.start",
        "traces.delete_tag",
    }


def test_one_method_is_one_request(over):
    store = over(MemoryStore("artifacts"))
    store.apply([batch("r", started(), lanes=[rows({"m": range(1000)})])])
    store.history("r", "m")
    assert store._client.asked == ["apply", "history"]


def test_many_runs_are_one_request(over):
    store = over(MemoryStore("artifacts"))
    store.apply([batch(name, started(), tags(a=name)) for name in "abc"])
    reads = (
        store.get_runs,
        store.documents_of,
        store.artifacts_of,
        store.read_documents,
        lambda ids: store.details(ids, ["last"]),
    )
    for read in reads:
        read(["a", "b", "c"])
    store.overview("a", 10, ["traceback"])
    assert store._client.asked == ["apply", "get_runs", "documents_of", "artifacts_of", "read_documents", "details", "overview"]


def test_a_server_of_protocol_1_is_asked_run_by_run(over):
    new = over(MemoryStore("artifacts"))
    old = NbtrackServerStore(new._client, protocol=1)
    logged = (DocumentLogged("code", "1"), ArtifactLogged("a.txt", 1, "a" * 64), params(lr=1))
    new.apply([batch(name, started(), *logged, lanes=[rows({"loss": [1.0]})]) for name in "ab"])
    ids, hashes = ["b", "nowhere", "a"], [*new.documents("a").values(), "0" * 64]
    expected = [
        new.get_runs(ids),
        new.details(ids, ["last"]),
        new.documents_of(ids),
        new.read_documents(hashes),
        new.artifacts_of(ids),
    ]
    del new._client.asked[:]
    assert [
        old.get_runs(ids),
        old.details(ids, ["last"]),
        old.documents_of(ids),
        old.read_documents(hashes),
        old.artifacts_of(ids),
    ] == expected
    assert set(new._client.asked) == {"get_run", "params", "tags", "metrics", "documents", "read_document", "artifacts"}


@pytest.mark.parametrize(
    "text",
    [
        "metrics.loss.min < 0.1 AND (params.lr = '0.1' OR NOT tags.x IS NULL)",
        "status IN ('RUNNING', 'FAILED') AND duration BETWEEN '1m' AND '1h'",
        "params.lr BETWEEN 0.1 AND 1e300 AND dataset.name ILIKE '%digits%' AND run_name NOT LIKE 'a_'",
    ],
)
def test_a_decoded_query_equals_the_encoded_one(text):
    operation = OPERATIONS["search_runs"]
    query = Query(("1", "2"), parse(text), parse_order(["metrics.loss.max DESC", "params.a"]), "all", 7, 3)
    assert operation.decode_arguments(operation.encode_arguments({"query": query})) == {"query": query}


@pytest.mark.parametrize(("search", "name"), [("search_runs", "runs"), ("search_experiments", "experiments")])
def test_a_page_has_its_own_name_for_what_was_found(search, name):
    operation = OPERATIONS[search]
    assert msgspec.msgpack.decode(operation.encode_result(Page((), more=True))) == {name: [], "more": True}
    assert operation.decode_result(msgspec.msgpack.encode({name: []})) == Page(())


# Errors.


@pytest.mark.parametrize("name", [name for name in errors.__all__ if issubclass(getattr(errors, name), NbtrackError)])
def test_the_client_raises_every_error_of_the_server(name):
    kind = getattr(errors, name)
    made = {ParamConflict: ("lr", float("inf"), [10**30]), FilterError: ("wrong", "a = ", 4, 1)}.get(kind, ("the message",))
    status, content = encode_error(kind(*made))
    with pytest.raises(NbtrackError) as caught:
        raise_error(content, status)
    raised_as = {NbtrackError: StoreError, AccessDenied: NotPermitted}  # missing credentials are reported before, with status 401
    assert type(caught.value) is raised_as.get(kind, kind)
    assert caught.value.args == made
    assert status == (403 if issubclass(kind, AccessDenied) else 503 if issubclass(kind, StoreUnavailable) else 422)


def test_a_private_error_class_is_sent_as_its_public_base():
    class Special(AccessDenied):
        pass

    with pytest.raises(AccessDenied, match="special"):
        raise_error(encode_error(Special("special"))[1], 422)
    with pytest.raises(StoreError, match="update"):
        raise_error(b"\xc1", 422)


def test_a_bug_in_the_server_is_reported_without_details(caplog):
    class Broken:
        def open_runs(self):
            raise ZeroDivisionError("secret")

    status, content = nbtrack_protocol.answer(Broken(), "open_runs", b"\x80")
    assert status == 422
    with pytest.raises(StoreError, match="failed in open_runs") as caught:
        raise_error(content, 422)
    assert "secret" not in str(caught.value)
    assert "secret" in caplog.text


# Invalid requests.


def asked(store, name, content):
    status, answer = nbtrack_protocol.answer(store, name, content)
    if status == 200:
        return OPERATIONS[name].decode_result(answer)
    return raise_error(answer, 422)


@pytest.mark.parametrize("name", ["close", "__init__", "_read", "apply/x", "", "x" * 10_000])
def test_an_unknown_operation_is_refused(name):
    with pytest.raises(InvalidInput, match="has no operation"):
        asked(MemoryStore(), name, b"\x80")


def test_a_missing_argument_is_refused():
    with pytest.raises(InvalidInput, match="run_id"):
        asked(MemoryStore(), "get_run", b"\x80")


def huge(count):
    """Return a request that claims columns of ``count`` numbers and has 50."""
    operation = OPERATIONS["apply"]
    (wire,) = operation.arguments["batches"].encode([batch("r", started(), lanes=[rows({"m": [1.0] * 50})])])
    (line,) = wire.lanes
    fields = {name: getattr(line.series[0], name) for name in line.series[0].__struct_fields__} | {"count": count}
    changed = type(line)(line.lane, line.first, line.count, [type(line.series[0])(**fields)])
    whole = type(wire)(wire.run_id, wire.writer, wire.first_event, wire.events, [changed])
    return msgspec.msgpack.encode({"batches": [whole]})


@pytest.mark.parametrize("count", [-1, 0, 49, 51, 1 << 40])
def test_a_column_of_another_length_than_it_claims_is_refused(count):
    with pytest.raises(InvalidInput):
        asked(MemoryStore(), "apply", huge(count))


def test_a_metric_whose_name_no_store_can_keep_is_refused():
    request = OPERATIONS["apply"].encode_arguments({"batches": [batch("r", started(), lanes=[rows({"a\0b": [1.0]})])]})
    with pytest.raises(InvalidInput, match="contains a NUL"):
        asked(MemoryStore(), "apply", request)


@pytest.mark.parametrize(
    "events",
    [
        '[["started", {"experiment": 1, "name": "x", "start_time": 1}]]',
        '[["tags", {"tags": {"a": 1}}]]',
        '[["ended", {"status": "DONE", "end_time": 1}]]',
        '[["dataset", {"dataset": {"name": 1, "digest": "x"}}]]',
        '[["untagged", {"keys": [1]}]]',
        '[["params", {"params": [1]}]]',
        '[["what", {}]]',
        "[[]]",
        "{}",
        "[",
        "[" * 100_000,
    ],
)
def test_invalid_events_are_refused(events):
    with pytest.raises(InvalidInput):
        asked(MemoryStore(), "apply", msgspec.msgpack.encode({"batches": [["r", "w", 0, events, []]]}))


def test_a_deeply_nested_filter_is_refused():
    condition = ["present", ["tag", "x", "", False]]
    for _ in range(500):
        condition = ["not", condition]
    query = {"experiment_ids": None, "filter": condition, "order": [], "view": "all", "limit": None, "offset": 0}
    with pytest.raises(InvalidInput):
        asked(MemoryStore(), "search_runs", msgspec.msgpack.encode({"query": query}))


@pytest.mark.parametrize(
    "condition",
    [
        ["compare", ["metric", "m", "secret", False], "=", 1.0, False],
        ["compare", ["attribute", "__class__", "", False], "=", "x", False],
        ["compare", ["metric", "m", "last", False], "~", 1.0, False],
        ["compare", ["metric", "m", "last", False], "BETWEEN", [1.0], False],
        ["compare", ["tag", "m", "", False], "LIKE", 1.0, False],
        ["compare", ["metric", "m", "last", False], "<", "x", False],
        ["compare", ["param", "m", "", False], "IN", ["x", 1.0], False],
        ["compare", ["param", "m", "", False], "IN", [], False],
        ["compare", ["tag", "m", "", False], "IN", [["x"]], False],
        ["and", ["present", ["tag", "x", "", False]]],
        ["present", ["owner", "x", "", False]],
        ["present", 7],
        [],
        [[]],
    ],
)
def test_an_invalid_filter_is_refused(condition):
    query = {"experiment_ids": None, "filter": condition, "order": [], "view": "all", "limit": None, "offset": 0}
    with pytest.raises(InvalidInput, match="cannot be read"):
        asked(MemoryStore(), "search_runs", msgspec.msgpack.encode({"query": query}))


VALID = {
    "apply": {"batches": [batch("r", started(), params(a=[1]), lanes=[rows({"a": np.arange(99.0), "b": [0.5] * 99})])]},
    "search_runs": {"query": Query(None, parse("metrics.a < 1 OR params.b = 'x'"), parse_order("metrics.a"))},
    "params": {"run_ids": ["r"]},
    "stretches": {"run_id": "r", "keys": ["a"], "axis": "step", "low": 1, "high": 2},
}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(VALID)), st.data())
def test_a_damaged_request_gets_an_error_and_does_not_crash_the_server(name, data):
    content = bytearray(OPERATIONS[name].encode_arguments(VALID[name]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    content = bytes(content)[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else bytes(content)
    status, answer = nbtrack_protocol.answer(MemoryStore(), name, content)
    assert status in (200, 422)
    if status == 422:
        with pytest.raises(NbtrackError) as caught:
            raise_error(answer, 422)
        assert "failed in" not in str(caught.value)


def test_requests_outside_the_protocol_are_refused(over):
    asking = over(MemoryStore())._client.asking
    path = "/api/nbtrack/1/open_runs"
    assert asking.request("GET", path).status == 400
    assert asking.request("POST", path, b"\x80", headers={"Content-Type": "text/plain"}).status == 400


def test_an_unreadable_response_is_a_store_error(over):
    store = over(MemoryStore())
    store._client.request = lambda *_, **__: Response(404, {"content-type": "application/json"}, b"{}")
    with pytest.raises(StoreError, match="update the server"):
        store.open_runs()
    store._client.request = lambda *_, **__: Response(200, {"content-type": "application/vnd.nbtrack+msgpack"}, b"\xc1")
    with pytest.raises(StoreError, match="cannot be read"):
        store.open_runs()


# Batches of several requests.


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 30), st.booleans()), max_size=4),
    st.integers(1, 100),
    st.booleans(),
)
@settings(deadline=None, max_examples=60)
def test_the_pieces_of_a_batch_add_up_to_it(parts, most, is_ended):
    lanes = []
    for number, (width, count, is_mixed) in enumerate(parts):
        values = {f"m{number}{column}": np.arange(count) + column for column in range(width)}
        more = [series({"x": range(count)}, range(1000 * number, 1000 * number + count))] if is_mixed else []
        lanes.append(lane(5, series(values), *more, number=number))
    events = [started(), tags(a="b"), *([ended()] if is_ended else []), tags(c="d")]
    whole = batch("r", *events, first=0, lanes=lanes)
    pieces = list(split_batch(whole, most))
    expected, found = MemoryStore(), MemoryStore()
    (progress,) = expected.apply([whole])
    assert [found.apply([piece])[0] for piece in pieces][-1] == progress
    keys = [key for _, key, _ in expected.histories(["r"], None)]
    assert [key for _, key, _ in found.histories(["r"], None)] == keys
    for key in keys:
        assert found.history("r", key).values.tolist() == expected.history("r", key).values.tolist()
    assert found.tags(["r"]) == expected.tags(["r"])
    for piece in pieces[:-1]:
        assert not any(isinstance(event, RunEnded) for event in piece.events)
    assert all(sum(map(count_numbers, piece.lanes)) <= most or len(piece.lanes) == 1 for piece in pieces)


def test_a_large_batch_is_sent_in_several_requests(over, monkeypatch):
    monkeypatch.setattr(remote, "_NUMBERS_A_REQUEST", 1000)
    store, run_id = over(MemoryStore()), new_id()
    (progress,) = store.apply([batch(run_id, started(), ended(), lanes=[rows({"a": range(5000), "b": range(5000)})])])
    assert (progress.events, progress.lanes) == (2, {0: 5000})
    assert store._client.asked.count("apply") == 20
    assert store.history(run_id, "b").values.tolist() == list(range(5000))
    assert store.get_run(run_id).status is Status.FINISHED


# A running server.


@pytest.mark.slow
def test_the_address_of_a_server_opens_its_store(server):
    store = open_store(f"{server}/found", artifact_root="")
    assert isinstance(store, NbtrackServerStore)
    assert store.uri == f"{server}/found"
    assert [each.name for each in store.experiments()] == ["Default"]
