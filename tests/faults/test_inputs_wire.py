"""Anything on the wire: every operation of the binary protocol, chunks of points, page tokens.

It succeeds, or is refused with the documented error, and takes no more memory and time than its size justifies.
"""

from __future__ import annotations

import base64
import contextlib
import json
import tracemalloc

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect as types

from nbtrack.entities.trace import TraceInfo
from nbtrack.errors import NbtrackError, StoreError
from nbtrack.journal.codec import _NAMES as NAMES_OF_EVENTS
from nbtrack.server import nbtrack_protocol
from nbtrack.store.chunks import decode_into, encode
from nbtrack.store.memory import MemoryStore
from nbtrack.store.mlflow_api.errors import ApiError
from nbtrack.store.mlflow_api.page_tokens import read_token, token_at
from nbtrack.store.nbtrack_server.batches import WireBatch
from nbtrack.store.nbtrack_server.batches import _fields_of as fields_of
from nbtrack.store.nbtrack_server.errors import raise_error
from nbtrack.store.nbtrack_server.operations import OPERATIONS
from nbtrack.store.nbtrack_server.points import WireLane
from nbtrack.store.open import open_store

from ..store.building import batch, lane, new_id, params, rows, series, started
from .anything import short_texts
from .examples import fuzz

RUN = "0123456789abcdef0123456789abcdef"


def filled(store):
    """Make one of everything in a store, so that requests may find it."""
    store.restore_experiment("0")
    store.apply([batch(RUN, started(), params(lr=0.1), lanes=[rows({"loss": [1.0, 2.0]})])])
    with contextlib.suppress(NbtrackError):
        store.registry.create_model("m")
    with contextlib.suppress(NbtrackError):
        store.registry.create_version("m", f"runs:/{RUN}/model")
    with contextlib.suppress(NbtrackError):
        store.traces.start(TraceInfo("tr-1", "0", 1))
    return store


@pytest.fixture(scope="module", params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def store(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    uri = {"memory": lambda: "memory:", "sqlite": lambda: f"sqlite:///{folder}/runs.db"}.get(request.param)
    store = open_store(uri() if uri else request.getfixturevalue("new_postgres_url")(), artifact_root=str(folder))
    yield store
    store.close()


# What the table says is asked with each operation, with the extremes of every type.

INTEGERS = st.sampled_from([0, 1, -1, (1 << 63) - 1, -(1 << 63), (1 << 64) - 1, 1 << 62]) | st.integers(-(1 << 63), (1 << 64) - 1)
TEXTS = st.sampled_from([RUN, "m", "loss", "1", "0", "Default", "name", "last"]) | short_texts.map(
    lambda text: text.encode("utf-8", "replace").decode()
)
_loose = st.recursive(
    st.none() | st.booleans() | INTEGERS | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)
NAMES = st.tuples(
    st.sampled_from(["attribute", "metric", "param", "tag", "dataset"]),
    st.sampled_from(["run_id", "start_time", "name", "version_number", "experiment_id", "loss", "creation_timestamp"]) | TEXTS,
    st.sampled_from(["", "last", "min", "count"]),
    st.booleans(),
).map(list)
_comparison = st.tuples(
    st.just("compare"),
    NAMES,
    st.sampled_from(["=", "<", "<=", ">", ">=", "LIKE", "ILIKE", "IN", "BETWEEN"]),
    TEXTS | INTEGERS | st.floats() | st.lists(INTEGERS, max_size=3) | st.lists(TEXTS, max_size=3),
    st.booleans(),
).map(list)
NODES = st.recursive(
    _comparison | st.tuples(st.just("present"), NAMES).map(list),
    lambda inner: st.tuples(st.sampled_from(["and", "or"]), inner, inner).map(list) | st.tuples(st.just("not"), inner).map(list),
    max_leaves=6,
)
COLUMNS = [encode(np.arange(2)), encode(np.arange(100)), encode(np.array([0.5])), b"p", b"r" + bytes(16)]
_SIMPLE = {
    types.StrType: TEXTS,
    types.IntType: INTEGERS,
    types.FloatType: st.floats(),
    types.BoolType: st.booleans(),
    types.NoneType: st.none(),
    types.BytesType: st.binary(max_size=60) | st.sampled_from(COLUMNS),
    types.AnyType: _loose,
}


def mostly(known, otherwise=TEXTS):
    """Return a strategy for things that exist half of the time."""
    return st.booleans().flatmap(lambda is_known: known if is_known else otherwise)


# Fields that stand for more than their type says.
_FIELDS = {
    "filter": st.none() | NODES,
    "order": st.lists(st.tuples(NAMES, st.booleans()).map(list), max_size=2),
    "limit": mostly(st.none() | st.integers(0, 3), INTEGERS),
    "offset": mostly(st.integers(0, 3), INTEGERS),
    "run_id": mostly(st.just(RUN)),
    "experiment_id": mostly(st.sampled_from(["0", "1"])),
    "name": mostly(st.just("m")),
    "version": mostly(st.just(1), INTEGERS),
    "model_id": mostly(st.just("THE MODEL")),
    "trace_id": mostly(st.just("tr-1")),
    "first_event": mostly(st.just(0), INTEGERS),
}


def made(kind):
    """Return a strategy for values of a type, as msgspec describes it."""
    match kind:
        case types.LiteralType(values=values):
            return st.sampled_from(values)
        case types.EnumType(cls=cls):
            return st.sampled_from([each.value for each in cls])
        case types.ListType() | types.VarTupleType():
            return st.lists(made(kind.item_type), max_size=3)
        case types.TupleType(item_types=items):
            return st.tuples(*map(made, items)).map(list)
        case types.DictType():
            return st.dictionaries(made(kind.key_type), made(kind.value_type), max_size=3)
        case types.UnionType(types=several):
            return st.one_of(*map(made, several))
        case types.StructType() | types.DataclassType():
            return whole(kind)
    return _SIMPLE[type(kind)]


def whole(kind):
    """Return a strategy for structures; events, which are sent as JSON, and rows are also made as valid ones."""
    special = {"events": EVENTS, "lanes": LANES} if kind.cls is WireBatch else {}
    fields = {each.encode_name: field(each.name, each.type, special) for each in kind.fields}
    if getattr(kind, "array_like", False):
        return st.tuples(*fields.values()).map(list)
    return st.fixed_dictionaries(fields)


def field(name, kind, special):
    return special[name] if name in special else _FIELDS[name] if name in _FIELDS else made(kind)


def _event(kind):
    return st.tuples(st.just(NAMES_OF_EVENTS[kind]), made(types.type_info(fields_of(kind)))).map(list)


def _lane(numbers):
    steps, values, key = numbers
    columns = [encode(np.array(steps, "i8")), encode(np.array(steps, "i8")), [encode(np.array([values] * len(steps), "f8"))]]
    return [0, 0, len(steps), [[[key], len(steps), *columns]]]


GOOD_LANES = st.lists(
    st.tuples(st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=4), st.floats(), TEXTS).map(_lane), max_size=2
)
LANES = GOOD_LANES | st.deferred(lambda: st.lists(made(types.type_info(WireLane)), max_size=2))
GOOD_EVENTS = st.deferred(lambda: st.lists(st.one_of(*map(_event, NAMES_OF_EVENTS)), max_size=3).map(json.dumps))
EVENTS = GOOD_EVENTS | TEXTS


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_with_valid_types_succeeds_or_is_refused(name, store):
    @fuzz(12)
    @given(
        st.fixed_dictionaries(
            {given: field(given, types.type_info(kind.type), {}) for given, kind in OPERATIONS[name].arguments.items()}
        )
    )
    def check(arguments):
        if arguments.get("model_id") == "THE MODEL":
            arguments["model_id"] = model
        answered(store, name, msgspec.msgpack.encode(arguments))

    filled(store)
    model = store.models.create("0", name="m").id
    check()
    assert store.history(RUN, "loss").values.tolist()[:2] == [1.0, 2.0]


@fuzz(60)
@given(GOOD_EVENTS, GOOD_LANES, st.sampled_from(["", "writer"]) | TEXTS, st.sampled_from([0, 0, 1, (1 << 63) - 1]))
def test_a_batch_of_any_events_and_rows_is_applied_or_refused(store, events, lanes, writer, first):
    filled(store)
    answered(store, "apply", msgspec.msgpack.encode({"batches": [[RUN, writer, first, events, lanes]]}))
    run = store.get_run(RUN)
    store.metrics([RUN], ("last", "mean"))
    store.histories([RUN], None)
    assert (run.id, store.params([RUN])[0][0], store.tags([RUN])[0][0]) == (RUN, RUN, RUN)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_with_anything_else_is_refused(name):
    store = MemoryStore()

    @fuzz(5)
    @given(
        st.binary(max_size=200) | _loose.map(msgspec.msgpack.encode) | st.dictionaries(TEXTS, _loose).map(msgspec.msgpack.encode)
    )
    def check(content):
        answered(store, name, content)

    check()


def answered(store, name, content):
    status, answer = nbtrack_protocol.answer(store, name, content)
    assert status in (200, 422), answer
    if status == 200:
        return
    with pytest.raises(NbtrackError) as caught:
        raise_error(answer, 422)
    assert "failed in" not in str(caught.value), "a mistake of ours, by the server's own words"


# Memory and time.


def peak_of(call):
    """Return the most bytes that a call allocated."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def claiming(count, column):
    """Return a short request whose columns claim to have ``count`` numbers."""
    (wire,) = (
        OPERATIONS["apply"].arguments["batches"].encode([batch(new_id(), started(), lanes=[lane(2, series({"m": [1.0, 1.0]}))])])
    )
    line = wire.lanes[0]
    claimed = type(line.series[0])(("m",), count, column, column, [column])
    changed = type(line)(0, 0, count, [claimed])
    return msgspec.msgpack.encode({"batches": [type(wire)(wire.run_id, wire.writer, 0, wire.events, [changed])]})


@pytest.mark.parametrize("count", [1 << 20, 1 << 24, 1 << 27, (1 << 28) - 1, 1 << 28, 1 << 40])
@pytest.mark.parametrize(
    "column", [b"p", b"r", encode(np.zeros(1000, "i8")), encode(np.zeros(1000, "i8"))[:-4]], ids=["p", "r", "zeros", "cut"]
)
def test_a_column_allocates_no_more_than_its_bytes_hold(count, column):
    assert peak_of(lambda: answered(MemoryStore(), "apply", claiming(count, column))) < 100 << 20


@pytest.mark.parametrize("dtype", ["i8", "f8"])
def test_a_damaged_chunk_is_an_error_or_other_numbers(dtype):
    whole = encode(np.cumsum(np.ones(500)).astype(dtype))

    @fuzz(300)
    @given(
        st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), min_size=1, max_size=4),
        st.integers(0, len(whole)),
    )
    def check(changes, cut):
        data = bytearray(whole)
        for at, byte in changes:
            data[at] = byte
        column = np.empty(500, dtype)
        with contextlib.suppress(StoreError):
            decode_into(bytes(data[:cut] if cut % 3 == 0 else data), column)

    check()


@fuzz(300)
@given(st.binary(max_size=100), st.sampled_from(["i8", "f8"]), st.integers(0, 40))
def test_arbitrary_bytes_as_a_chunk_are_an_error_or_numbers(data, dtype, count):
    with contextlib.suppress(StoreError):
        decode_into(data, np.empty(count, dtype))


@fuzz(300)
@given(st.text() | _loose.map(json.dumps) | st.integers().map(lambda offset: json.dumps({"offset": offset})))
def test_a_page_token_is_valid_or_refused(text):
    for token in (text, base64.b64encode(text.encode("utf-8", "replace")).decode()):
        with contextlib.suppress(ApiError):
            assert read_token(token_at(read_token(token))) == read_token(token)


@pytest.mark.parametrize(
    "content", ["[" * 50_000, '{"offset":' * 20_000, "9" * 5000, '{"offset": 1e999}', '{"offset": NaN}', "null"]
)
def test_a_hostile_page_token_is_refused(content):
    with pytest.raises(ApiError):
        read_token(base64.b64encode(content.encode()).decode())
