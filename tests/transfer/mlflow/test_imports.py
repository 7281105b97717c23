"""What MLflow wrote, read without MLflow: the same as MLflow itself reads, and nothing that somebody hid in it."""

from __future__ import annotations

import math
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from nbtrack.entities.model import LoggedModelStatus
from nbtrack.entities.run import LifecycleStage
from nbtrack.errors import InvalidInput, StoreUnavailable
from nbtrack.store.artifacts.open import open_artifacts
from nbtrack.store.memory import MemoryStore
from nbtrack.transfer import import_
from nbtrack.transfer.copy import copy_all
from nbtrack.transfer.open import open_source
from nbtrack.transfer.run_copy import Target

pytestmark = pytest.mark.slow

LEFT = "logged models that these runs made are not copied, and stay where they are"
WRITE = """
import json, math, sys
from pathlib import Path
from urllib.parse import urlsplit
import mlflow
from mlflow.tracking import MlflowClient
from mlflow.entities import LoggedModelOutput, Metric

mlflow.set_tracking_uri(sys.argv[1])
client = MlflowClient()
client.create_experiment("vision", tags={"team": "blue"})
gone = client.create_experiment("gone")
mlflow.set_experiment("vision")
with mlflow.start_run(run_name="all", description="a note") as run:
    mlflow.log_params({"lr": 0.1, "deep/er": "x" * 500, "n": 3, "é": "中"})
    mlflow.set_tags({"a": "1", "b/c": "two\\nlines", "empty": ""})
    for step, value in enumerate([1.0, math.nan, 0.25, math.inf, -math.inf]):
        mlflow.log_metric("loss", value, step=step)
    client.log_batch(run.info.run_id, [Metric("val/acc", i / 7, 1_700_000_000_000 + i, i - 3) for i in range(1000)])
    mlflow.log_text("hello", "a.txt")
    mlflow.log_dict({"a": 1}, "deep/er/b.json")
    import numpy
    dataset = mlflow.data.from_numpy(numpy.arange(6), name="numbers")
    mlflow.log_input(dataset, context="train", tags={"split": "a", "seed": "7"})
    with mlflow.start_run(run_name="child", nested=True):
        mlflow.log_metric("loss", 2.0)
whole = run.info
model = client.create_logged_model(whole.experiment_id, "net", whole.run_id, {"t": "é"}, {"depth": "3"}, "Agent")
client.log_outputs(whole.run_id, [LoggedModelOutput(model.model_id, 2)])
client.log_metric(whole.run_id, "acc", 0.5, timestamp=1_700_000_000_000, step=7, model_id=model.model_id)
place = Path(urlsplit(model.artifact_location).path)
place.mkdir(parents=True)
(place / "MLmodel").write_text("flavors: {}")
client.finalize_logged_model(model.model_id, "READY")
failed = client.create_run("0", run_name="failed")
client.set_terminated(failed.info.run_id, "FAILED")
deleted = client.create_run("0", run_name="deleted")
client.delete_run(deleted.info.run_id)
client.create_run("0", run_name="open")
client.create_run(gone, run_name="buried")
client.delete_experiment(gone)

def points(run_id, key):
    return [(m.step, m.timestamp, repr(m.value)) for m in client.get_metric_history(run_id, key)]

def dataset(each):
    facts = each.dataset
    tags = {tag.key: tag.value for tag in each.tags}
    return [facts.name, facts.digest, facts.source_type, facts.schema, tags.pop("mlflow.data.context"), sorted(tags.items())]

found = {}
for experiment in client.search_experiments(view_type=3):
    for run in client.search_runs([experiment.experiment_id], run_view_type=3):
        name = {e.experiment_id: e.name for e in client.search_experiments(view_type=3)}[run.info.experiment_id]
        keys = run.data.metrics
        found[run.info.run_id] = {
            "experiment": name, "name": run.info.run_name, "status": run.info.status, "stage": run.info.lifecycle_stage,
            "start": run.info.start_time, "end": run.info.end_time, "user": run.info.user_id,
            "params": run.data.params, "tags": run.data.tags,
            "metrics": {k: points(run.info.run_id, k) for k in keys},
            "datasets": [dataset(each) for each in run.inputs.dataset_inputs],
            "files": [f.path for f in client.list_artifacts(run.info.run_id)],
            "models": [m.model_id for m in run.outputs.model_outputs] if run.outputs else [],
        }
print(json.dumps(found))
"""


def written(folder, uri):
    """Let MLflow write runs, and return what it reads of them."""
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ALLOW_FILE_STORE": "true"}
    done = subprocess.run(
        [sys.executable, "-c", WRITE, uri], cwd=folder, capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    import json

    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module", params=["folder", "database"])
def mlflow_runs(request, tmp_path_factory):
    """Where MLflow wrote, and what it says is there."""
    pytest.importorskip("mlflow")
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "folder":
        return folder / "mlruns", written(folder, (folder / "mlruns").as_uri())
    return folder / "mlflow.db", written(folder, f"sqlite:///{folder}/mlflow.db")


def imported(place, folder):
    store = MemoryStore(str(folder / "imported"))
    with closing(open_source(str(place))) as source:
        return store, copy_all(source, Target(store, open_artifacts))


def test_it_is_what_mlflow_reads(mlflow_runs, tmp_path):
    place, expected = mlflow_runs
    store, outcome = imported(place, tmp_path)
    assert sorted(outcome.copied) == sorted(expected)
    is_folder = place.is_dir()
    assert outcome.problems == ([f"1 {LEFT}"] if is_folder else [])
    for run_id, said in expected.items():
        run = store.get_run(run_id)
        experiment = store.get_experiment(run.experiment_id)
        facts = (experiment.name, run.name, run.status, run.stage, run.start_time, run.end_time, run.user)
        assert facts == tuple(said[key] for key in ("experiment", "name", "status", "stage", "start", "end", "user"))
        assert dict(each[1:] for each in store.params([run_id])) == said["params"]
        assert dict(each[1:] for each in store.tags([run_id])) == said["tags"]
        for key, points in said["metrics"].items():
            found = store.history(run_id, key)
            columns = found.steps.tolist(), found.timestamps.tolist(), map(repr, found.values.tolist())
            assert sorted(zip(*columns, strict=True)) == sorted(map(tuple, points))
        assert len(store.metrics([run_id], ["count"])) == len(said["metrics"])
        read = store.datasets(run_id)
        datasets = [[d.name, d.digest, d.source_type, d.schema, d.context, list(map(list, d.tags))] for d in read]
        assert datasets == said["datasets"]
        assert [entry.path for entry in open_artifacts(run.artifact_uri).list()] == said["files"]
    (whole,) = [run_id for run_id, said in expected.items() if said["name"] == "all"]
    with open_artifacts(store.get_run(whole).artifact_uri).open("deep/er/b.json") as file:
        assert file.read().split() == b'{ "a": 1 }'.split()
    if not is_folder:
        ((model_id, step),) = [(each.model_id, each.step) for each in store.models.outputs([whole])]
        assert ([model_id], step) == (expected[whole]["models"], 2)
        model = store.models.get(model_id)
        facts = (model.name, model.model_type, model.status, model.source_run_id, model.params, model.tags)
        assert facts == ("net", "Agent", LoggedModelStatus.READY, whole, {"depth": "3"}, {"t": "é"})
        assert [(each.key, each.value, each.step, each.run_id) for each in model.metrics] == [("acc", 0.5, 7, whole)]
        with open_artifacts(model.artifact_uri).open("MLmodel") as file:
            assert file.read() == b"flavors: {}"
    assert store.find_experiment("vision").tags["team"] == "blue"
    assert store.find_experiment("gone").stage is LifecycleStage.DELETED


def test_again_it_is_there_already(mlflow_runs, tmp_path):
    place, expected = mlflow_runs
    before = fingerprint(place)
    uri = f"sqlite:///{tmp_path}/runs.db"
    assert len(import_(str(place), target=uri).copied) == len(expected)
    assert import_(str(place), target=uri).unchanged == len(expected)
    assert fingerprint(place) == before


def fingerprint(place):
    return sorted((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in [place, *place.rglob("*")])


# A folder that somebody else wrote.


@pytest.fixture
def mlruns(tmp_path):
    """A folder with an experiment and a run, as MLflow writes them."""
    run = tmp_path / "mlruns" / "1" / RUN
    for name in ("metrics", "params", "tags", "artifacts"):
        (run / name).mkdir(parents=True)
    (run.parent / "meta.yaml").write_text("experiment_id: '1'\nname: e\nlifecycle_stage: active\n")
    (run / "meta.yaml").write_text(f"run_id: {RUN}\nrun_name: r\nstatus: 3\nstart_time: 1\nend_time: 2\nartifact_uri: nowhere\n")
    (run / "params" / "lr").write_text("0.1")
    (run / "metrics" / "loss").write_text("1 0.5 0\n2 nan 1\n")
    (run / "artifacts" / "a.txt").write_text("hello")
    return run


RUN = "0123456789abcdef0123456789abcdef"


def test_a_folder_as_mlflow_writes_it(mlruns, tmp_path):
    store, outcome = imported(mlruns.parents[1], tmp_path)
    assert (outcome.copied, outcome.problems) == ([RUN], [])
    assert store.params([RUN]) == [(RUN, "lr", "0.1")]
    points = store.history(RUN, "loss")
    assert points.values[0] == 0.5
    assert math.isnan(points.values[1])
    assert [record.path for record in store.artifacts(RUN)] == ["a.txt"]


@pytest.mark.parametrize("uri", ["file:///etc", "/etc", "{secret}", "file://{secret}/../secret", "s3://", "mlflow-artifacts:/x"])
def test_files_elsewhere_are_not_read(mlruns, tmp_path, uri):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("secret")
    shutil.rmtree(mlruns / "artifacts")
    meta = mlruns / "meta.yaml"
    meta.write_text(meta.read_text().replace("nowhere", uri.format(secret=secret)))
    store, outcome = imported(mlruns.parents[1], tmp_path)
    assert outcome.copied == [RUN]
    assert len(outcome.problems) == 1
    assert f"the files of run {RUN}" in outcome.problems[0]
    assert store.artifacts(RUN) == []


def test_links_lead_nowhere(mlruns, tmp_path):
    (tmp_path / "secret").write_text("secret")
    for link in ("artifacts/key", "params/key", "tags/key", "metrics/key"):
        (mlruns / link).symlink_to(tmp_path / "secret")
    (mlruns.parent / "linked").symlink_to(mlruns)
    store, outcome = imported(mlruns.parents[1], tmp_path)
    assert outcome.copied == [RUN]
    assert [record.path for record in store.artifacts(RUN)] == ["a.txt"]
    assert (len(store.params([RUN])), len(store.metrics([RUN], []))) == (1, 1)
    shutil.rmtree(mlruns / "artifacts")
    (mlruns / "artifacts").symlink_to(tmp_path)
    store, outcome = imported(mlruns.parents[1], tmp_path)
    assert store.artifacts(RUN) == []


@pytest.mark.parametrize(
    "meta, said",
    [
        ("!!python/object/apply:os.system ['touch {}/pwned']", "is not YAML"),
        ("run_id: ../../evil", "is not the name of its folder"),
        ("a: [", "is not YAML"),
        ("- just\n- a list", "not a mapping"),
        ("x" * (2 << 20), "larger than"),
        ("[" * 5000, "is not YAML"),
    ],
)
def test_a_broken_run_is_named_and_left_out(mlruns, tmp_path, meta, said):
    other = mlruns.with_name("f" * 32)
    shutil.copytree(mlruns, other)
    (other / "meta.yaml").write_text(meta.format(tmp_path) if "touch" in meta else meta)
    _, outcome = imported(mlruns.parents[1], tmp_path)
    assert outcome.copied == [RUN]
    assert len(outcome.problems) == 1
    assert f"{other}/meta.yaml: " in outcome.problems[0]
    assert said in outcome.problems[0]
    assert not (tmp_path / "pwned").exists()


def test_what_is_broken_within_a_run_is_named(mlruns, tmp_path):
    (mlruns / "params" / "bytes").write_bytes(b"\xff\xfe")
    (mlruns / "params" / "large").write_bytes(b"x" * (2 << 20))
    (mlruns / "metrics" / "torn").write_text("1 0.5 0\n2 0.2")
    (mlruns / "metrics" / "odd").write_text("1 x 0\n\nyes\n3 0.5 7 data digest\n99999999999999999999 1 1\n")
    store, outcome = imported(mlruns.parents[1], tmp_path)
    assert outcome.copied == [RUN]
    assert [problem.removeprefix(str(mlruns)) for problem in outcome.problems] == [
        "/params/bytes: is not UTF-8",
        "/params/large: larger than 1,048,576 bytes",
        "/metrics/odd: 3 lines are not points",
    ]
    assert [store.history(RUN, key).steps.tolist() for key in ("odd", "torn")] == [[7], [0, 0]]


# Places without runs.


def test_a_place_without_runs_says_so_and_is_left_as_it_is(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("not a database, and longer than a hundred bytes, so that it is looked at" * 9)
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE t (a)")
    said = {"empty": "holds no runs", "other.db": "holds no runs", "none": "there is no file", "text": "cannot be read"}
    for name, message in said.items():
        with pytest.raises((InvalidInput, StoreUnavailable), match=message):
            open_source(str(tmp_path / name))
    with pytest.raises(InvalidInput, match="there is no file"):
        open_source(f"sqlite:///{tmp_path}/none.db")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "other.db", "text"]
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("t",)]
