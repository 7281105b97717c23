"""Databases of earlier releases: each opens, reads as it was written, and can be written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nbtrack.entities.events import DatasetLogged, ModelMade, RunEnded
from nbtrack.entities.model import ModelStage
from nbtrack.entities.run import ArtifactRecord, LifecycleStage, Status
from nbtrack.store.open import open_store
from nbtrack.store.protocol.search import Query
from nbtrack.store.sql.schema.tables import HEAD

from ..building import START, batch, direct, points, rows
from ..contract import same, same_points
from .frozen.make import ODD, PACKAGES, PARAMS, SMOOTH, TAGGED

FROZEN = sorted(Path(__file__).with_name("frozen").glob("schema-*.db"))


@pytest.fixture(params=FROZEN, ids=[path.stem for path in FROZEN])
def frozen(request):
    return request.param


@pytest.fixture
def since(frozen):
    """The schema version of a frozen database."""
    return frozen.stem.removeprefix("schema-")


@pytest.fixture
def store(frozen, tmp_path):
    shutil.copy(frozen, tmp_path / "runs.db")
    store = open_store(f"sqlite:///{tmp_path}/runs.db", artifact_root="artifacts")
    yield store
    store.close()


def test_the_newest_schema_is_among_them():
    assert f"schema-{HEAD}" in {path.stem for path in FROZEN}


def test_frozen_runs_are_unchanged(store, since, tmp_path):
    run = store.get_run("finished")
    assert (run.name, run.user, run.status, run.start_time) == ("fit", "ada", Status.FINISHED, START)
    root = "/data/artifacts" if since < "0004" else tmp_path / "artifacts"
    assert (run.end_time, run.artifact_uri) == (START + 60_000, f"{root}/1/finished/artifacts")
    assert store.get_experiment(run.experiment_id).tags == {"team": "blue"}
    assert store.get_run("deleted").stage is LifecycleStage.DELETED
    assert [(each.run_id, each.owner) for each in store.open_runs()] == [("open", "host:1:2")]


def test_frozen_data_of_runs_is_unchanged(store, since):
    found = {key: value for _, key, value in store.params(["finished"])}
    assert found.keys() == PARAMS.keys()
    assert same([found[key] for key in PARAMS], list(PARAMS.values()))
    assert {key: type(value) for key, value in found.items()} == {key: type(value) for key, value in PARAMS.items()}
    assert store.tags(["finished"]) == [("finished", "mlflow.runName", "fit"), ("finished", "t", "1")]
    assert store.read_document(store.documents("finished")["packages"]) == PACKAGES
    assert store.artifacts("finished") == [ArtifactRecord("a/b.png", 7, "b" * 64)]
    (read, *more) = store.datasets("finished")
    assert (read.name, read.digest, read.context) == ("digits", "abc", "train")
    assert more == ([TAGGED] if since >= "0003" else [])


def test_frozen_points_are_unchanged(store):
    assert store.history("finished", "loss").values.tolist() == SMOOTH
    assert store.history("finished", "acc").values.tolist() == SMOOTH[::-1]
    steps = [5, 4, 3, 2, 1, -1]
    assert same_points(points(store, "finished", "odd"), [(s, START + 10 * s, v) for s, v in zip(steps, ODD, strict=True)])
    assert same(
        store.metrics(["finished"], ["last", "min", "max_step", "count"])[1], ["finished", "loss", 1 / 5000, 1 / 5000, 0, 5000]
    )


def test_frozen_models_and_traces_are_unchanged(store, since):
    if since < "0002":
        assert store.registry.search_models(Query()).items == ()
        return
    champion = store.registry.version_by_alias("digits", "champion")
    assert (champion.version, champion.location, champion.aliases) == (1, "/data/net", ("champion",))
    assert store.registry.get_version("digits", 2).stage is ModelStage.PRODUCTION
    (made,) = store.models.outputs(["finished"])
    logged = store.models.get(made.model_id)
    assert (logged.id, logged.params, logged.metrics[0].value, made.step) == (champion.model_id, {"lr": "0.1"}, 0.5, 3)
    assert [each.model_id for each in store.models.inputs(["finished"])] == ["m-other"]
    (trace,) = store.traces.get(["tr-1"])
    assert (trace.state, trace.metadata, trace.tags, trace.assessments[0].name) == ("OK", {"m": "1"}, {"t": "2"}, "good")


def test_a_frozen_registry_can_be_written(store):
    registry = store.registry
    registry.create_model("new")
    registry.create_version("new", "s")
    made = store.models.create("0", name="net")
    store.apply([direct("open", ModelMade(made.id))])
    assert store.models.outputs(["open"])[0].model_id == made.id


def test_a_frozen_store_can_be_written(store):
    store.apply([batch("open", RunEnded(Status.KILLED, START + 9), first=1, lanes=[rows({"loss": [0.4]}, [1], first=1)])])
    assert store.get_run("open").status is Status.KILLED
    store.apply([direct("open", DatasetLogged(TAGGED))])
    assert store.datasets("open") == [TAGGED]
    assert store.history("open", "loss").values.tolist() == [0.5, 0.4]
