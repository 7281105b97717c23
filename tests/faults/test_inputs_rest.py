"""Any request to every endpoint of the REST API gets an answer or MLflow's error, never an internal error."""

from __future__ import annotations

import contextlib
import gzip
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect as types

from nbtrack.entities.events import Batch, RunStarted, TagsSet
from nbtrack.entities.trace import Assessment, TraceInfo
from nbtrack.errors import NbtrackError
from nbtrack.server.app import create_app
from nbtrack.server.auth.accounts import open_accounts
from nbtrack.server.auth.passwords import hash_password, hash_token
from nbtrack.store.artifacts.local import LocalArtifacts
from nbtrack.store.mlflow_api.table import ENDPOINTS
from nbtrack.store.mlflow_api.users import ENDPOINTS as OF_USERS
from nbtrack.store.open import open_store

from ..server.auth.conftest import PASSWORD, RUN, As
from ..server.auth.examples import EXAMPLES
from .anything import short_texts
from .examples import fuzz
from .test_inputs_wire import made

pytestmark = pytest.mark.slow

ROWS = [*ENDPOINTS, *OF_USERS]
_MISSING = object()
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | short_texts
    | st.sampled_from([1 << 63, -(1 << 63), 10**400, 1e308]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(short_texts, inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    return open_store(f"sqlite:///{folder}/runs.db", artifact_root="mlflow-artifacts:")


@pytest.fixture(scope="module")
def asking(store, tmp_path_factory):
    """An application whose client is the administrator, who may do everything."""
    folder = tmp_path_factory.mktemp("served")
    accounts = open_accounts(f"sqlite:///{folder}/users.db")
    hashed = hash_password(PASSWORD)
    for name in ("admin", "reader", "outsider"):
        accounts.users.add(name, hashed, is_admin=name == "admin")
    accounts.tokens.add("admin", "test", hash_token("token of admin"))
    files = folder / "artifacts" / "1" / RUN / "artifacts"
    files.mkdir(parents=True)
    (files / "a.txt").write_text("a")
    app = create_app(store, LocalArtifacts(folder / "artifacts"), version="0", accounts=accounts)
    yield As(app, "admin")
    app.close()


def filled(store):
    """Make everything that the examples ask for; return the id of a logged model."""
    start = Batch(RUN, "", events=(RunStarted("", "run", 1, experiment_id="1"), TagsSet({"t": "v"})))
    made_again = [
        lambda: store.create_experiment("one", tags={"t": "v"}),
        lambda: store.restore_experiment("1"),
        lambda: store.apply([start]),
        lambda: store.restore_run(RUN),
        lambda: store.registry.create_model("m", tags={"t": "v"}),
        lambda: store.registry.create_version("m", f"runs:/{RUN}/model", run_id=RUN, tags={"t": "v"}),
        lambda: store.traces.start(TraceInfo("tr-1", "1", 1, tags={"t": "v"})),
        lambda: store.traces.assess("tr-1", Assessment("a-1", "good", 1, 1, '{"assessment_id": "a-1"}')),
    ]
    for make in made_again:
        with contextlib.suppress(NbtrackError):
            make()
    return store.models.create("1", name="logged", source_run_id=RUN, tags={"t": "v"}).id


def requests_to(endpoint, example):
    """Return a strategy for requests: the example with some fields replaced, added or left out."""
    kinds = {field.encode_name: made(field.type) for field in types.type_info(endpoint.request).fields}
    others = {name: kinds.get(name, _json) | _json for name in {*kinds, *example} - set(endpoint.variables)}
    changed = {name: st.just(example.get(name, _MISSING)) | other | st.just(_MISSING) for name, other in others.items()}
    few = st.sets(st.sampled_from(sorted(others)), min_size=1, max_size=3) if others else st.just(set())
    return st.tuples(few, st.fixed_dictionaries(changed)).map(lambda drawn: example | {name: drawn[1][name] for name in drawn[0]})


def sent(asking, endpoint, fields):
    path = endpoint.bases[0] + re.sub(r"\{(\w+)(?::path)?\}", lambda found: str(fields[found[1]]), endpoint.path)
    fields = {name: value for name, value in fields.items() if name not in endpoint.variables and value is not _MISSING}
    if endpoint.method == "GET" or endpoint.raw:
        query = {name: _plain(value) for name, value in fields.items()}
        return asking.request(endpoint.method, path, b"content" if endpoint.raw else b"", query=query)
    body = json.dumps(fields).encode()
    return asking.request(endpoint.method, path, body, headers={"content-type": "application/json"})


def _plain(value):
    """Return a strategy for query strings."""
    return [_plain(each) for each in value] if isinstance(value, list) else str(value).encode("utf-8", "replace").decode()


def answered(answer):
    assert answer.status < 500 or answer.json["error_code"] in ("NOT_IMPLEMENTED", "TEMPORARILY_UNAVAILABLE"), answer.body[:300]
    if answer.status >= 400:
        assert answer.json["error_code"]
        assert answer.json["message"]


@pytest.mark.parametrize("endpoint", ROWS, ids=lambda each: f"{each.method}-{each.name}-{each.bases[0][1:-1]}")
def test_an_endpoint_answers_any_request(endpoint, asking, store):
    model = filled(store)
    example = json.loads(json.dumps(EXAMPLES[endpoint.name]).replace("THE MODEL", model))

    @fuzz(10)
    @given(requests_to(endpoint, example))
    def check(fields):
        answered(sent(asking, endpoint, fields))

    check()


BODIES = {
    "nothing": b"",
    "NaN": b'{"run_id": "%s", "key": "k", "value": NaN, "timestamp": 1}' % RUN.encode(),
    "Infinity": b'{"run_id": "%s", "key": "k", "value": -Infinity, "timestamp": 1}' % RUN.encode(),
    "huge": b'{"run_id": "%s", "key": "k", "value": 1, "timestamp": %s}' % (RUN.encode(), b"9" * 5000),
    "huger": b'{"run_id": "%s", "key": "k", "value": 1e999, "timestamp": 1}' % RUN.encode(),
    "twice": b'{"run_id": "x", "run_id": "%s", "key": "k", "value": 1, "timestamp": 1}' % RUN.encode(),
    "no UTF-8": b'{"run_id": "\xff\xfe", "key": "k"}',
    "half a pair": b'{"run_id": "%s", "key": "\\ud800", "value": 1, "timestamp": 1}' % RUN.encode(),
    "NUL": b'{"run_id": "%s", "key": "\\u0000", "value": 1, "timestamp": 1}' % RUN.encode(),
    "nested": b"[" * 100_000,
    "nested inside": b'{"a": ' * 50_000 + b"1" + b"}" * 50_000,
    "nested as deep as can be": b'{"run_id": ' + b"[" * 900 + b"]" * 900 + b"}",
    "nested in a field": b'{"metrics": [' + b'{"a":' * 450 + b"1" + b"}" * 450 + b"]}",
    "a text": b'"text"',
    "a text of JSON": json.dumps("[" * 50_000).encode(),
    "null": b"null",
    "a number": b"9" * 100_000,
    "torn": b'{"run_id": "',
    "a bomb": gzip.compress(b" " * (10 << 20)),
    "BOM": b"\xef\xbb\xbf{}",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("what", BODIES)
@pytest.mark.parametrize("path", ["runs/log-metric", "runs/log-batch", "runs/search", "experiments/create", "traces/search"])
def test_any_body_is_answered(asking, store, path, what):
    filled(store)
    for headers in ({}, {"Content-Encoding": "gzip"}):
        sent_with = {"Content-Type": "application/json", **headers}
        answered(asking.request("POST", f"/api/2.0/mlflow/{path}", BODIES[what], headers=sent_with))


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "\xff", "", "application/jsonp"],
)
def test_a_body_of_another_content_type_is_refused(asking, kind):
    answer = asking.request("POST", "/api/2.0/mlflow/runs/search", b"{}", headers={"Content-Type": kind})
    assert answer.status == 400


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "", "G\u0001T"]
)
def test_an_unknown_method_is_refused(asking, method):
    for path in ("/api/2.0/mlflow/runs/get", "/api/2.0/mlflow/runs/create", "/health", "/nowhere", "/api/nbtrack/1/apply", "*"):
        answer = asking.request(method, path)
        assert answer.status < 500


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "path", ["a" * 1_000_000, "../" * 100_000, "%00", "%ff%fe", "%2e%2e/" * 1000, "/" * 100_000, "traces/" + "x" * 100_000]
)
def test_any_path_is_answered(asking, path):
    for base in ("/api/2.0/mlflow/", "/api/3.0/mlflow/", "/api/2.0/mlflow-artifacts/artifacts/", "/api/nbtrack/1/", "/"):
        answered(asking.request("GET", base + path)) if "nbtrack" not in base else asking.request("GET", base + path)
    answered(asking.request("GET", "/api/2.0/mlflow/runs/get", query={"run_id": path}))
    answered(asking.request("GET", "/get-artifact", query={"run_id": RUN, "path": path}))


@pytest.mark.parametrize("time", [(1 << 63) - 1, -(1 << 63), 1 << 62, -62135596800001, 253402300800000])
def test_a_run_with_any_time_can_be_shown(asking, store, time, tmp_path, monkeypatch):
    from nbtrack.delivery.connection import Connection
    from nbtrack.settings import resolve
    from nbtrack.store.protocol.store import Query
    from nbtrack.tracking.runs import Runs

    filled(store)
    made = asking.post("runs/create", {"experiment_id": "1", "start_time": time, "run_name": "of any time"})
    run_id = made.json["run"]["info"]["run_id"]
    asking.post("runs/update", {"run_id": run_id, "status": "FINISHED", "end_time": time})
    connection = Connection(resolve(tmp_path, environ={}))
    connection._store = store
    monkeypatch.setattr(Connection, "close", lambda *_: None)
    runs = Runs(connection, store.search_runs(Query(("1",))).items)
    (run,) = [run for run in runs if run.id == run_id]
    assert (run.start_time.tzinfo, run.end_time.tzinfo) != (None, None)
    assert str(run.duration)
    assert run._repr_mimebundle_()["text/html"]
    assert runs._repr_mimebundle_()["text/html"]
    assert len(runs.df()) == len(runs)
    runs.compare()._repr_mimebundle_()
    run.to_html(tmp_path / "run.html")
    runs.to_html(tmp_path / "runs.html")
