"""Logged models, and what runs record of them, in every store."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import count

import pytest

from nbtrack.entities.events import ModelMade, ModelMeasured, ModelRead
from nbtrack.entities.model import LoggedModelInfo, LoggedModelStatus, ModelMetric, RunModel
from nbtrack.errors import Deleted, ExperimentNotFound, InvalidInput, ModelNotFound, NotFound, ParamConflict
from nbtrack.store.filter import LOGGED_MODELS, parse, parse_order
from nbtrack.store.protocol.logged_models import ModelOrder, ModelQuery, OnDataset

from .building import batch, direct, rows, started


@pytest.fixture
def store(any_store):
    any_store.apply([batch("r1", started()), batch("r2", started())])
    return any_store


@pytest.fixture
def models(store):
    return store.models


def metric(key, value, timestamp=0, step=0, name="", digest=""):
    return ModelMetric(key, value, timestamp, step, dataset_name=name, dataset_digest=digest)


def test_a_created_model_is_read_back(models, store):
    made = models.create("0", name="net", model_type="Agent", source_run_id="r1", params={"lr": "0.1"}, tags={"t": "é"})
    assert made.id.startswith("m-")
    assert len(made.id) == 34
    assert (made.name, made.model_type, made.source_run_id, made.experiment_id) == ("net", "Agent", "r1", "0")
    assert (made.status, made.params, made.tags, made.metrics) == (LoggedModelStatus.PENDING, {"lr": "0.1"}, {"t": "é"}, ())
    assert made.artifact_uri == f"{store.get_experiment('0').artifact_location}/models/{made.id}/artifacts"
    assert models.get(made.id) == made


def test_invalid_models_are_refused(models, store):
    with pytest.raises(ExperimentNotFound):
        models.create("99", name="net")
    for name in ("", "a/b", "a:b", "a.b", "50%", "it's"):
        with pytest.raises(InvalidInput, match="Invalid model name"):
            models.create("0", name=name)
    store.delete_experiment("0")
    with pytest.raises(Deleted):
        models.create("0", name="net")


def test_a_model_of_another_store_keeps_its_id(models, store):
    other = LoggedModelInfo(
        *("m-1", "0", "net", "s3://elsewhere/m-1", 5, 6, LoggedModelStatus.READY, "done", "Agent", "r1"),
        params={"lr": "0.1"},
        tags={"t": "é"},
        metrics=(metric("loss", 0.5),),
    )
    uri = f"{store.get_experiment('0').artifact_location}/models/m-1/artifacts"
    assert models.adopt(other) == models.get("m-1") == replace(other, artifact_uri=uri, metrics=())
    assert models.adopt(replace(other, name="again")).name == "net"
    models.delete("m-1")
    models.adopt(other)
    with pytest.raises(ModelNotFound):
        models.get("m-1")
    for bad in ("../m", "a/b", "", ".", "m 1"):
        with pytest.raises(InvalidInput, match="not the id of a logged model"):
            models.adopt(replace(other, id=bad))
    with pytest.raises(ExperimentNotFound):
        models.adopt(replace(other, id="m-2", experiment_id="99"))


def test_a_model_is_finalized_and_deleted(models):
    made = models.create("0", name="net")
    assert models.finalize(made.id, LoggedModelStatus.READY).status is LoggedModelStatus.READY
    assert models.get(made.id).updated >= made.updated
    models.delete(made.id)
    for change in (
        models.get,
        models.delete,
        lambda which: models.finalize(which, LoggedModelStatus.READY),
        lambda which: models.set_tags(which, {"a": "b"}),
        lambda which: models.log_params(which, {"a": "b"}),
        lambda which: models.delete_tag(which, "a"),
    ):
        with pytest.raises(ModelNotFound, match=made.id):
            change(made.id)
    assert models.search(ModelQuery(("0",))).items == ()


def test_params_of_a_model_are_final_and_its_tags_change(models):
    made = models.create("0", name="net", params={"a": "1"}, tags={"t": "1"})
    models.log_params(made.id, {"a": "1", "b": ""})
    with pytest.raises(ParamConflict, match="param 'a' is already '1'"):
        models.log_params(made.id, {"c": "new", "a": "2"})
    models.set_tags(made.id, {"t": "2", "u": "3"})
    models.delete_tag(made.id, "u")
    found = models.get(made.id)
    assert (found.params, found.tags) == ({"a": "1", "b": ""}, {"t": "2"})
    with pytest.raises(NotFound, match="No tag with key 'u'"):
        models.delete_tag(made.id, "u")


def test_runs_make_and_read_models(store, models):
    store.apply([batch("r1", ModelMade("m-b", 3), ModelMade("m-a"), ModelRead("m-c"), first=1)])
    store.apply([direct("r2", ModelRead("m-a"), ModelMade("m-b", 1)), direct("r2", ModelMade("m-b", 2), ModelRead("m-a"))])
    assert models.outputs(["r2", "r1", "nowhere"]) == [RunModel("r2", "m-b", 2), RunModel("r1", "m-a"), RunModel("r1", "m-b", 3)]
    assert models.inputs(["r1", "r2"]) == [RunModel("r1", "m-c"), RunModel("r2", "m-a")]


def test_metrics_that_a_run_measured_of_a_model(store, models):
    made = models.create("0", name="net")
    seen = (metric("loss", 0.5, 10, 1), metric("loss", math.inf, 20, 2, "iris", "d1"))
    store.apply([batch("r1", ModelMeasured(made.id, seen), first=1, lanes=[rows({"loss": [0.5]})])])
    store.apply([direct("r2", ModelMeasured(made.id, (metric("acc", 1.0), metric("loss", 0.5, 10, 1))))])
    store.apply([direct("r2", ModelMeasured(made.id, (metric("acc", 1.0),)))])
    found = models.get(made.id).metrics
    assert [(each.key, each.value, each.timestamp, each.step, each.run_id, each.dataset_name) for each in found] == [
        ("acc", 1.0, 0, 0, "r2", ""),
        ("loss", 0.5, 10, 1, "r1", ""),
        ("loss", 0.5, 10, 1, "r2", ""),
        ("loss", math.inf, 20, 2, "r1", "iris"),
    ]
    assert store.history("r1", "loss").values.tolist() == [0.5]


def test_an_unknown_model_is_an_error(store, models):
    seen = ModelMeasured("m-nowhere", (metric("loss", 1.0),))
    with pytest.raises(ModelNotFound, match="m-nowhere"):
        store.apply([direct("r1", seen, lanes=[rows({"loss": [1.0]})])])
    assert len(store.history("r1", "loss")) == 0
    store.apply([batch("r1", seen, first=1, lanes=[rows({"loss": [1.0]})])])
    assert len(store.history("r1", "loss")) == 1


# Searches.


@pytest.fixture
def shelf(store, models, monkeypatch):
    """Models a, b, c in this order; c was measured last, with a NaN."""
    from nbtrack.store.memory import logged_models as memory
    from nbtrack.store.sql.models import logged_models as sql

    times = count(1_000)
    for module in (memory, sql):
        monkeypatch.setattr(module, "now_ms", lambda: next(times))
    made = {
        "a": models.create("0", name="a", source_run_id="r1", params={"lr": "0.1"}, tags={"k": "1"}),
        "b": models.create("0", name="b", model_type="Agent", params={"lr": "0.2"}),
        "c": models.create("0", name="c", tags={"k": "2"}),
    }
    models.create(store.create_experiment("other").id, name="elsewhere")
    models.finalize(made["b"].id, LoggedModelStatus.READY)
    loss = {
        "a": [metric("loss", 0.9, 1, 1), metric("loss", 0.1, 2, 2), metric("loss", 0.7, 3, 1, "iris", "d1")],
        "b": [metric("loss", 0.5, 1, 1, "iris", "d2"), metric("acc", 0.9)],
        "c": [metric("loss", math.nan, 1, 1)],
    }
    store.apply([direct("r1", *[ModelMeasured(made[name].id, tuple(seen)) for name, seen in loss.items()])])
    return models


def found(models, filter=None, order=(), datasets=(), **more):
    search = ModelQuery(("0",), parse(filter, names=LOGGED_MODELS), tuple(order), datasets=tuple(datasets), **more)
    return "".join(info.name for info in models.search(search).items)


def by(text, dataset=None):
    (order,) = parse_order(text, names=LOGGED_MODELS)
    return ModelOrder(order.left, order.descending, dataset)


SEARCHES = [
    (None, "cba"),
    ("name = 'a'", "a"),
    ("name LIKE '%' AND name != 'a'", "cb"),
    ("status = 'READY'", "b"),
    ("model_type = 'Agent'", "b"),
    ("source_run_id = 'r1'", "a"),
    ("source_run_id != 'r2'", "a"),
    ("source_run_id IS NULL", "cb"),
    ("model_type IS NOT NULL AND model_type != 'x'", "b"),
    ("creation_timestamp < 1002", "ba"),
    ("params.lr = '0.1'", "a"),
    ("params.lr != '0.1'", "b"),
    ("tags.k IS NOT NULL", "ca"),
    ("tags.k IN ('2', '3')", "c"),
    ("metrics.loss < 0.2", "a"),
    ("metrics.loss > 0.4 AND metrics.loss < 0.2", "a"),
    ("metrics.loss != 0.5", "ca"),
    ("metrics.loss > 0", "ba"),
    ("metrics.acc > 0.5 OR name = 'c'", "cb"),
]


def test_searching(shelf):
    assert [(filter, found(shelf, filter)) for filter, _ in SEARCHES] == SEARCHES


def test_searching_by_datasets(shelf):
    iris, first, none = OnDataset("iris"), OnDataset("iris", "d1"), OnDataset("digits")
    assert [found(shelf, datasets=[each]) for each in (iris, first, none)] == ["ba", "a", ""]
    assert found(shelf, datasets=[none, OnDataset("iris", "d2")]) == "b"
    assert found(shelf, "metrics.loss < 0.6", datasets=[iris]) == "b"
    assert found(shelf, "metrics.loss < 0.2", datasets=[iris]) == ""
    assert found(shelf, "name = 'a'", datasets=[iris]) == "a"


def test_ordering(shelf):
    assert found(shelf, order=[by("name")]) == "abc"
    assert found(shelf, order=[by("creation_time ASC")]) == "abc"
    assert found(shelf, order=[by("metrics.loss")]) == "bac"
    assert found(shelf, order=[by("metrics.loss DESC")]) == "abc"
    assert found(shelf, order=[by("metrics.loss", OnDataset("iris", "d1"))]) == "acb"
    assert found(shelf, order=[by("metrics.acc"), by("name DESC")]) == "bca"
    assert found(shelf, order=[by("tags.k DESC")]) == "cab"
    assert found(shelf, order=[by("model_type")]) == found(shelf, order=[by("model_type DESC")]) == "bca"


def test_pages(shelf):
    first = shelf.search(ModelQuery(("0",), limit=2))
    second = shelf.search(ModelQuery(("0",), limit=2, offset=2))
    assert ([info.name for info in first.items], first.more) == (["c", "b"], True)
    assert ([info.name for info in second.items], second.more) == (["a"], False)
    assert (first.items[1].params, len(second.items[0].metrics)) == ({"lr": "0.2"}, 3)
    assert shelf.search(ModelQuery(())).items == shelf.search(ModelQuery(("no",))).items == ()
