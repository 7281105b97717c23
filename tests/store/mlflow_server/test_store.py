"""The store of a real MLflow server: the contract as far as MLflow can fulfill it, and what holds instead of the rest."""

from __future__ import annotations

import hashlib
import importlib.util
import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nbtrack
from nbtrack.entities.events import (
    DatasetLogged,
    DocumentLogged,
    ModelMade,
    ModelMeasured,
    ModelRead,
    ParamsLogged,
    Progress,
    RunStarted,
)
from nbtrack.entities.model import LoggedModelStatus, ModelMetric, ModelStage, RunModel
from nbtrack.entities.run import Dataset, Status
from nbtrack.errors import AlreadyExists, ModelNotFound, ParamConflict, StoreError
from nbtrack.store.filter import LOGGED_MODELS, REGISTERED_MODELS, VERSIONS, parse, parse_order
from nbtrack.store.http import HttpClient
from nbtrack.store.memory import MemoryStore
from nbtrack.store.memory.points import summarize as by_hand
from nbtrack.store.mlflow_api.limits import check_key
from nbtrack.store.mlflow_api.message import KeyValue, RunRequest
from nbtrack.store.mlflow_api.runs import GET_RUN, LOG_BATCH
from nbtrack.store.mlflow_server import batches
from nbtrack.store.mlflow_server.log_batches import log_batches
from nbtrack.store.mlflow_server.name_escapes import mlflow_name, original_name
from nbtrack.store.mlflow_server.params import params_in, type_tags
from nbtrack.store.mlflow_server.search import pushed_down
from nbtrack.store.mlflow_server.store import MlflowServerStore
from nbtrack.store.mlflow_server.summaries import Columns, summarize
from nbtrack.store.protocol.logged_models import ModelQuery
from nbtrack.store.protocol.search import Query
from nbtrack.tracking.tracker import connection_of

from ...needs import missing
from ..building import START, batch, direct, ended, lane, new_id, params, rows, series, started, tags
from ..contract import TYPED, StoreContract, same, summary_of, values_of
from ..faults import HTML, SERVER_ERROR, FaultProxy, too_many
from .server import MlflowServer, mlflow_server


@pytest.fixture(scope="session")
def mlflow(tmp_path_factory) -> MlflowServer:
    """A server that also serves artifacts, as most do."""
    if importlib.util.find_spec("mlflow") is None:
        missing("mlflow is not installed")
    folder = tmp_path_factory.mktemp("mlflow")
    with mlflow_server(folder, "--artifacts-destination", str(folder / "artifacts")) as server:
        yield server


@pytest.fixture
def store(mlflow, monkeypatch):
    # The contract applies each batch by one call, which a busy machine may not finish in five seconds.
    monkeypatch.setattr(batches, "_SECONDS", 300.0)
    mlflow.reset()
    store = MlflowServerStore(HttpClient(mlflow.uri))
    yield store
    store.close()


# Tests of the contract that cannot pass on MLflow, and why.
CANNOT = {
    "test_a_run_has_a_place_of_its_own_for_artifacts": "it is below MLflow's id",
    "test_a_run_may_name_its_experiment_by_id": "likewise",
    "test_a_run_s_artifacts_are_below_its_experiment_s_location": "likewise",
    "test_a_batch_for_an_unknown_run_changes_nothing": "what was sent of several batches stays sent",
    "test_any_string_is_stored_unchanged": "MLflow keeps 6,000 characters",
    "test_similar_keys_are_different": "MLflow keeps 250 characters, and escapes need more",
    "test_points_come_back_in_the_order_logged": "MLflow sorts them by time",
    "test_a_point_logged_by_two_writers_is_one": "MLflow sorts them by time",
    "test_points_keep_every_bit": "0.0 and -0.0 are one, and the largest number is infinity",
    "test_steps_and_times_may_be_any_int64": "there are no times before 1970",
    "test_artifacts_are_recorded_by_path": "MLflow lists the files that are there",
    "test_purging_removes_a_deleted_run_with_all_its_data": "MLflow removes runs by `mlflow gc` where its server runs",
    "test_a_long_run_in_small_batches_keeps_all_points": "hundreds of requests take too long",
    "test_metrics_logged_separately_for_a_while_keep_their_order": "likewise",
    "test_many_threads_apply_the_same_batches_once": "likewise",
    "test_threads_write_different_runs_at_the_same_time": "likewise",
    "test_a_stretch_has_all_points_of_its_range": "likewise; it is the whole history here",
}


# Copies, not a subclass: nobody may override a test of the contract.
TestContract = type(
    "TestContract",
    (),
    {name: thing for name, thing in vars(StoreContract).items() if name not in CANNOT and not name.startswith("__")},
)
TestContract = pytest.mark.slow(TestContract)


def test_every_excluded_test_is_in_the_contract():
    assert CANNOT.keys() <= vars(StoreContract).keys()


# What holds instead.


@pytest.fixture
def run(store):
    run_id = new_id()
    store.apply([batch(run_id, started())])
    return run_id


def own(store, run_id):
    return store._runs.get(run_id, fresh=True)


@pytest.mark.slow
def test_a_reserved_run_has_the_id_of_mlflow(store, mlflow):
    run_id = store.reserve(started("reserved", tags={"a": "b"}, owner="me"))
    assert len(run_id) == 32
    store.apply([batch(run_id, started("reserved", tags={"a": "b"}, owner="me"), params(x=1), lanes=[rows({"m": [1]})])])
    (found,) = store.search_runs(Query()).items
    assert (found.id, found.name) == (run_id, "reserved")
    assert f"/{run_id}/artifacts" in found.artifact_uri
    assert [open_run.owner for open_run in store.open_runs()] == ["me"]


@pytest.mark.slow
def test_a_run_of_another_client_is_read(store):
    run = store._sender.start(RunStarted("Default", "plain", START))
    store._api.send(
        LOG_BATCH,
        {
            "run_id": run.mlflow_id,
            "metrics": [
                {"key": "m", "value": "NaN", "timestamp": 1, "step": 2},
                {"key": "m", "value": 4, "timestamp": 5, "step": 1},
            ],
            "params": [{"key": "lr", "value": "0.1"}],
        },
    )
    store._runs.forget(run.mlflow_id)
    assert store.params([run.mlflow_id]) == [(run.mlflow_id, "lr", "0.1")]
    assert values_of(store, run.mlflow_id, "m")[1] == 4
    assert math.isnan(summary_of(store, run.mlflow_id, "m").last)
    assert [found.id for found in store.search_runs(Query(filter=parse("params.lr < 0.2"))).items] == [run.mlflow_id]


@pytest.mark.slow
def test_points_are_returned_in_the_order_of_their_times(store, run):
    steps, times = [5, 3, 3], [START + 2, START + 1, START + 3]
    store.apply([batch(run, first=1, lanes=[rows({"m": [1, 2, math.inf]}, steps, times)])])
    assert store.history(run, "m").steps.tolist() == [3, 5, 3]
    assert values_of(store, run, "m") == [2, 1, math.inf]


@pytest.mark.slow
def test_strings_that_are_too_long_are_cut_with_one_warning(store, run, caplog):
    store.apply([batch(run, params(a="x" * 10_000), tags(b="y" * 10_000), first=1)])
    assert len(store.params([run])[0][2]) == 6000
    assert len(dict(each[1:] for each in store.tags([run]))["b"]) == 8000
    assert caplog.text.count("shown once") == 1


@pytest.mark.slow
def test_a_replaced_param_is_found_by_its_new_value(store, run, caplog):
    store.apply([batch(run, params(lr=0.1), first=1), batch(run, ParamsLogged({"lr": 0.2}, replaces=True), first=2)])
    assert store.params([run]) == [(run, "lr", 0.2)]
    assert [found.id for found in store.search_runs(Query(filter=parse("params.lr = '0.2'"))).items] == [run]
    assert store.search_runs(Query(filter=parse("params.lr = '0.1'"))).items == ()
    assert "MLflow shows the first" in caplog.text


@pytest.mark.slow
def test_names_that_mlflow_refuses_are_restored(store, run):
    names = ["a@b", "über/µ", "a//b", "../x", "-_40_", "x" * 250]
    values = {name: [float(at)] for at, name in enumerate(names)}
    store.apply([batch(run, ParamsLogged(dict.fromkeys(names, 1)), first=1, lanes=[rows(values)])])
    assert {key: value for _, key, value in store.metrics([run], ["last"])} == {name: value[0] for name, value in values.items()}
    assert {key: value for _, key, value in store.params([run])} == dict.fromkeys(names, 1)


@pytest.mark.slow
def test_documents_are_stored_with_the_run_and_found_by_their_digest(store, run, mlflow):
    other = new_id()
    store.apply([batch(run, DocumentLogged("code", "x = 1\r\n"), DocumentLogged("", "a cell"), DocumentLogged("", "b"), first=1)])
    store.apply([batch(other, started(), DocumentLogged("code", "y = 2"))])
    fresh = MlflowServerStore(HttpClient(mlflow.uri))
    assert fresh.read_document(fresh.documents(run)["code"]) == "x = 1\r\n"
    assert fresh.read_document(hashlib.sha256(b"a cell").hexdigest()) == "a cell"
    assert fresh.read_document("0" * 64) is None
    assert store.artifacts(run) == []


@pytest.mark.slow
def test_an_interrupted_batch_is_continued_without_doubling_points(store, run, monkeypatch):
    """The connection breaks twice after the server has got a part; what was counted is not sent again."""
    events = [params(a=1), tags(t="1"), ended()]

    def rest(reached):
        begin = reached.lanes.get(0, 0)
        lanes = [rows({key: range(begin, 3000) for key in "ab"}, range(begin, 3000), first=begin)]
        return batch(run, *events[reached.events - 1 :], first=reached.events, lanes=lanes)

    reached = Progress(1)
    sent, send = [], store._api.send

    def break_off(endpoint, body):
        sent.append(len(body["metrics"]))
        if len(sent) in (3, 6):
            send(endpoint, body)
            raise StoreError("the connection broke after the server had it")
        send(endpoint, body)

    monkeypatch.setattr(store._api, "send", break_off)
    for _ in range(2):
        with pytest.raises(StoreError):
            store.apply([rest(reached)])
        assert store.get_run(run).status is Status.RUNNING
        (reached,) = store.apply([batch(run)])
        assert 0 < reached.lanes[0] < 3000
    assert store.apply([rest(reached)]) == [Progress(4, {0: 3000})]
    assert store.history(run, "a").values.tolist() == store.history(run, "b").values.tolist() == list(range(3000))
    assert (store.get_run(run).status, store.params([run])) == (Status.FINISHED, [(run, "a", 1)])


@pytest.mark.slow
def test_a_long_batch_reports_partial_progress(store, run, monkeypatch):
    monkeypatch.setattr(batches, "_SECONDS", 0.0)
    whole = batch(run, ended(), first=1, lanes=[rows({"a": range(3000)})])
    (progress,) = store.apply([whole])
    assert 0 < progress.lanes[0] < 3000
    assert (progress.events, store.get_run(run).status) == (1, Status.RUNNING)


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "metrics.m < 3 AND params.p = 'x'",
        "metrics.m.max >= 2 AND metrics.m.count > 1",
        "params.n < 10 OR tags.t LIKE 'a%'",
        "run_name != 'run2' AND NOT tags.t IS NULL",
        "status = 'FINISHED' AND duration > '0.5s' AND start_time > 5",
        "dataset.name = 'digits' OR params.p IN ('y', 'z')",
        "tags.t = 'it is' AND metrics.m BETWEEN 0 AND 100",
        "metrics.\"a@b\" > 0 AND params.p NOT LIKE 'q%'",
    ],
)
@pytest.mark.parametrize("order", [None, "metrics.m.min DESC", "start_time ASC"])
def test_searches_find_what_the_memory_store_finds(searched, text, order):
    """Whichever part of the filter is pushed down to the server."""
    mine, memory = searched
    for limit, offset in ((None, 0), (2, 1)):
        query = Query(filter=parse(text), order=parse_order(order), limit=limit, offset=offset)
        found, expected = mine.search_runs(query), memory.search_runs(query)
        assert [run.name for run in found.items] == [run.name for run in expected.items]
        assert found.more == expected.more


@pytest.fixture(scope="module")
def searched(mlflow):
    """The same runs on the server and in memory."""
    mlflow.reset()
    mine, memory = MlflowServerStore(HttpClient(mlflow.uri)), MemoryStore()
    for number in range(6):
        events = [
            started(f"run{number}", start_time=START + number, tags={"t": ["a1", "it is", "b"][number % 3]} if number else {}),
            ParamsLogged({"p": "xyz"[number % 3], "n": [5, "7", 50, 0.5, True, None][number]}),
            DatasetLogged(Dataset("digits" if number % 2 else "iris", str(number), "local", "x")),
        ]
        lanes = [rows({"m": [number, 2, 4 - number], "a@b": [number - 2] * 3})] if number != 3 else []
        whole = batch(new_id(), *events, *([ended(end_time=START + 1000 * number)] if number % 2 else []), lanes=lanes)
        for store in (mine, memory):
            store.apply([whole])
    yield mine, memory
    mine.close()


@pytest.mark.slow
def test_a_table_of_runs_is_read_once(store, monkeypatch):
    ids = [new_id() for _ in range(4)]
    for run_id in ids:
        store.apply([batch(run_id, started(), params(a=1), lanes=[rows({"m": [1.0]})])])
    asked, ask = [], store._api.call
    monkeypatch.setattr(
        store._api, "call", lambda endpoint, *rest, **more: [asked.append(endpoint.name), ask(endpoint, *rest, **more)][1]
    )
    found = [run.id for run in store.search_runs(Query()).items]
    assert len(store.params(found)) == len(store.metrics(found, ["last"])) == len(store.tags(found)) == 4
    assert asked == ["search_experiments", "search_runs"]
    store._runs.forget_all()
    assert store.params([*ids, "nowhere"]) == [(run_id, "a", 1) for run_id in ids]


@pytest.mark.slow
def test_the_model_registry_of_the_server(store):
    registry, run_id = store.registry, store.reserve(started())
    location = f"{store.get_run(run_id).artifact_uri}/model"
    registry.create_model("digits", description="d", tags={"a": "1"})
    with pytest.raises(AlreadyExists):
        registry.create_model("digits")
    made = registry.create_version("digits", f"runs:/{run_id}/model", location=location, run_id=run_id, tags={"t": "1"})
    assert (made.version, made.location, made.run_id, made.tags) == (1, location, run_id, {"t": "1"})
    registry.create_version("digits", location, run_id=run_id)
    registry.set_alias("digits", "champion", 2)
    registry.set_version_tag("digits", 2, "x", "y")
    registry.update_version("digits", 2, description="second")
    found = registry.version_by_alias("digits", "champion")
    assert (found.version, found.aliases, found.tags, found.description) == (2, ("champion",), {"x": "y"}, "second")
    assert registry.version_by_alias("digits", "latest").version == 2
    assert registry.transition("digits", 1, ModelStage.PRODUCTION).stage is ModelStage.PRODUCTION
    assert [each.version for each in registry.latest_versions(["digits", "other"])["digits"]] == [1, 2]
    versions = Query(filter=parse("version_number > 1", names=VERSIONS))
    assert [each.version for each in registry.search_versions(versions).items] == [2]
    assert registry.rename_model("digits", "letters").aliases == {"champion": 2}
    registry.update_model("letters", description="l")
    registry.set_model_tag("letters", "b", "2")
    registry.delete_model_tag("letters", "a")
    registry.delete_version_tag("letters", 2, "x")
    registry.delete_version("letters", 2)
    (model,) = registry.search_models(Query(filter=parse("name LIKE 'let%'", names=REGISTERED_MODELS))).items
    assert (model.description, model.tags, model.aliases) == ("l", {"b": "2"}, {})
    registry.delete_model("letters")
    for ask in (lambda: registry.get_model("letters"), lambda: registry.version_by_alias("letters", "champion")):
        with pytest.raises(ModelNotFound):
            ask()


@pytest.mark.slow
def test_the_logged_models_of_the_server(store):
    models, run_id = store.models, store.reserve(started())
    made = models.create("0", name="net", model_type="sklearn", source_run_id=run_id, params={"a": "1"}, tags={"t": "1"})
    measured = ModelMetric("acc", 0.5, START, 3)
    store.apply([direct(run_id, ModelMade(made.id, 3), ModelMeasured(made.id, (measured,)))])
    models.log_params(made.id, {"a": "1", "b": "2"})
    with pytest.raises(ParamConflict, match="'a'"):
        models.log_params(made.id, {"c": "3", "a": "2"})
    models.set_tags(made.id, {"u": "2"})
    models.delete_tag(made.id, "t")
    assert models.finalize(made.id, LoggedModelStatus.READY).status is LoggedModelStatus.READY
    (found,) = models.search(ModelQuery(("0",), parse("name = 'net'", names=LOGGED_MODELS))).items
    assert (found.params, found.tags, found.source_run_id) == ({"a": "1", "b": "2"}, {"u": "2"}, run_id)
    assert [(metric.key, metric.value, metric.step) for metric in found.metrics] == [("acc", 0.5, 3)]
    assert models.outputs([run_id]) == [RunModel(run_id, made.id, 3)]
    other = store.reserve(started("other"))
    store.apply([direct(other, ModelRead(made.id))])
    assert [each.model_id for each in models.inputs([run_id, other])] == [made.id]
    models.delete(made.id)
    with pytest.raises(ModelNotFound):
        models.get(made.id)


# Without a server.


@given(st.text(st.sampled_from("a-_0123f/.:@é\n2d"), min_size=1, max_size=12))
@settings(max_examples=300, deadline=None)
def test_every_name_is_escaped_to_one_that_mlflow_accepts_and_restored(name):
    check_key("key", mlflow_name(name))
    assert original_name(mlflow_name(name)) == name


def test_types_of_params_are_stored_in_tags():
    texts = [KeyValue(key=mlflow_name(key), value=str(value)) for key, value in TYPED.items()]
    found = params_in(texts, type_tags(TYPED))
    assert found == TYPED
    assert {key: type(value) for key, value in found.items()} == {key: type(value) for key, value in TYPED.items()}
    assert math.isnan(params_in([KeyValue(key="a", value="[nan]")], type_tags({"a": [math.nan]}))["a"][0])
    many = {f"param number {i}": i for i in range(1000)}
    assert all(len(text) <= 5200 for text in type_tags(many).values())
    assert params_in([KeyValue(key=key, value=str(value)) for key, value in many.items()], type_tags(many)) == many


NUMBERS = st.sampled_from([0.0, -1.0, 2.0, 2.5, math.nan, math.inf, -math.inf])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), NUMBERS), min_size=1, max_size=12))
@settings(max_examples=300, deadline=None)
def test_summaries_equal_those_of_the_memory_store(points):
    columns = [np.array(column) for column in zip(*points, strict=True)]
    found = summarize(Columns(columns[0], columns[1], columns[2].astype(np.float64)))
    expected = by_hand([(int(a), int(b), float(c)) for a, b, c in points])
    names = found.__dataclass_fields__
    assert same([getattr(found, name) for name in names], [getattr(expected, name) for name in names])


@given(
    st.integers(0, 250),
    st.integers(0, 250),
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 900), st.booleans()), max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_requests_keep_mlflow_s_limits_and_never_count_ahead(params_, tags_, lanes_):
    lanes = []
    for number, (width, count, is_mixed) in enumerate(lanes_):
        values = {f"m{column}": np.zeros(count) for column in range(width)}
        lanes.append(lane(5, series(values), *([series({"x": [1.0]})] if is_mixed else []), number=number))
    found = list(log_batches({f"p{i}": "" for i in range(params_)}, {f"t{i}": "" for i in range(tags_)}, lanes, {9: 1}))
    sent = texts = 0
    for piece in found:
        assert len(piece.params) <= 100
        assert len(piece.tags) < 100
        assert len(piece.params) + len(piece.tags) + len(piece.points) < 1000
        sent += len(piece.points)
        texts += len(piece.params) + len(piece.tags)
        assert piece.has_all_params_and_tags == (texts == params_ + tags_)
        plain = {one.lane: len(one.series[0].keys) for one in lanes if len(one.series) == 1}
        counted = sum((piece.lanes[number] - 5) * keys for number, keys in plain.items() if number in piece.lanes)
        assert counted <= sent
    assert sent == sum(len(each.steps) * len(each.keys) for one in lanes for each in one.series)
    assert found[-1].lanes == {9: 1} | {one.lane: 5 + one.count for one in lanes}
    assert (sum(len(p.params) for p in found), sum(len(p.tags) for p in found)) == (params_, tags_)


def test_only_conditions_that_miss_no_run_are_pushed_down():
    def texts(filter_):
        return [text for text, _ in pushed_down(parse(filter_))]

    assert texts("metrics.m < 3 AND (params.p = 'x' OR tags.a = 'b')") == ["metrics.`m` < 3.0"]
    assert texts("metrics.m.min < 3 AND metrics.m != 3 AND params.n < 3 AND duration > '1m'") == []
    assert texts("""tags.a = "it's" AND params.b LIKE 'x%' AND status = 'running'""") == [
        "params.`b` LIKE 'x%'",
        "attributes.status = 'RUNNING'",
    ]


# Tracking to an MLflow server.


@pytest.fixture
def proxy(mlflow, tmp_path, monkeypatch):
    mlflow.reset()
    monkeypatch.chdir(tmp_path)
    proxy = FaultProxy(mlflow.port)
    yield proxy
    proxy.close()


def delivered(tracker):
    deadline = time.monotonic() + 120
    while not tracker.flush(5) and time.monotonic() < deadline:
        pass
    assert connection_of(tracker).flusher.pending() == (0, 0)


@pytest.mark.slow
def test_a_tracked_run_is_a_run_of_mlflow(store, proxy):
    tracker = nbtrack.connect(proxy.uri, experiment="tracked")
    with nbtrack.start_run("trained", params={"lr": 0.1}, note="first") as run:
        for step in range(50):
            run.log(loss=1 / (step + 1))
        run.log_text("hello", "texts/note.txt")
        with nbtrack.start_run("nested"):
            nbtrack.log(x=1)
    delivered(tracker)
    seen = store._api.call(GET_RUN, RunRequest(run_id=run.id)).run
    assert (seen.info.run_name, seen.info.status, seen.data.params[0].value) == ("trained", "FINISHED", "0.1")
    assert [(point.key, point.value, point.step) for point in seen.data.metrics] == [("loss", 0.02, 49)]
    (found,) = nbtrack.runs("metrics.loss.min < 0.1")
    assert (found.id, found.note, found.params, found.metrics["loss"].count) == (run.id, "first", {"lr": 0.1}, 50)
    assert found.artifacts.read_text("texts/note.txt") == "hello"
    assert [run_.parent for run_ in nbtrack.runs("run_name = 'nested'")] == [run]
    registered = nbtrack.register_model(f"runs:/{run.id}/texts", "digits")
    assert (registered.version, registered.run) == (1, run)
    assert nbtrack.get_model("digits@latest").artifacts.read_text("note.txt") == "hello"


@pytest.mark.slow
def test_points_logged_while_mlflow_is_unavailable_arrive_once(proxy, caplog):
    tracker = nbtrack.connect(proxy.uri, experiment="away")
    with proxy.away(), nbtrack.start_run("offline", params={"n": 1}) as run:
        for step in range(1500):
            run.log(loss=1 / (step + 1))
    assert caplog.text.count("the store is unavailable") == 1
    proxy.faults = ["pass", "lose", "pass", "half", "cut", "pass", SERVER_ERROR, HTML, too_many("1")]
    delivered(tracker)
    proxy.faults = []
    (found,) = nbtrack.runs()
    assert (found.id, found.status, found.params) == (run.id, Status.FINISHED, {"n": 1})
    assert found.metrics["loss"].steps.tolist() == list(range(1500))
    assert nbtrack.get_run(run.id).name == "offline"
