"""MLflow's unmodified client, logging into a server process."""

from __future__ import annotations

import math

import pytest

import nbtrack

from ..server.test_process import serving
from .programs import run_program

pytestmark = pytest.mark.slow

# Everything that the fluent interface logs, and what the client reads and changes.
PROGRAM = """
import json, math, os, sys
import matplotlib, mlflow, pandas as pd
from PIL import Image

matplotlib.use("agg")
import matplotlib.pyplot as plt

client = mlflow.MlflowClient()
mlflow.set_experiment("fluent")
mlflow.set_system_metrics_sampling_interval(0.1)
with mlflow.start_run(run_name="parent", tags={"team": "blue"}) as run:
    mlflow.log_param("lr", 0.1)
    mlflow.log_params({"depth": 3, "name": "x"})
    for step in range(5):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_metrics({"nan": math.nan, "inf": math.inf}, step=3)
    for step in range(50):
        mlflow.log_metric("later", step, step=step, synchronous=False)
    mlflow.log_params({"also": "later"}, synchronous=False)
    mlflow.flush_async_logging()
    mlflow.log_text("hello", "notes/a.txt")
    mlflow.log_dict({"a": 1}, "b.json")
    mlflow.log_table({"c": [1, 2]}, "table.json")
    mlflow.log_table({"c": [3]}, "table.json")
    mlflow.log_image(Image.new("RGB", (8, 8)), key="img", step=1)
    mlflow.log_figure(plt.figure(), "figure.png")
    data = mlflow.data.from_pandas(pd.DataFrame({"x": [1, 2]}), name="data")
    mlflow.log_input(data, context="training")
    mlflow.set_tag("gone", "soon")
    mlflow.delete_tag("gone")
    with mlflow.start_run(nested=True, run_name="child", log_system_metrics=True):
        mlflow.log_metric("loss", 0.25)
run_id, experiment_id = run.info.run_id, run.info.experiment_id
with mlflow.start_run(run_id=run_id):
    mlflow.log_metric("resumed", 1)
try:
    with mlflow.start_run(run_name="broken"):
        raise KeyError
except KeyError:
    pass
found = client.get_run(run_id)
deleted = client.create_run(experiment_id, run_name="deleted").info.run_id
client.delete_run(deleted)
hidden = [each.info.run_name for each in client.search_runs([experiment_id], run_view_type=2)]
client.restore_run(deleted)
client.delete_experiment(experiment_id)
stage = client.get_experiment(experiment_id).lifecycle_stage
client.restore_experiment(experiment_id)
frame = mlflow.search_runs(filter_string="metrics.loss < 0.5 and params.depth = '3'")
try:
    client.log_param(run_id, "lr", 0.2)
except mlflow.exceptions.MlflowException as error:
    conflict = error.error_code
print(json.dumps({
    "run_id": run_id,
    "status": found.info.status,
    "params": found.data.params,
    "tags": sorted(key for key in found.data.tags if not key.startswith("mlflow.source")),
    "input": [(each.dataset.name, each.tags[0].value) for each in found.inputs.dataset_inputs],
    "history": [(each.step, each.value) for each in client.get_metric_history(run_id, "loss")],
    "later": len(client.get_metric_history(run_id, "later")),
    "files": [each.path for each in client.list_artifacts(run_id)],
    "text": mlflow.artifacts.load_text(f"{run.info.artifact_uri}/notes/a.txt"),
    "table": mlflow.load_table("table.json", [run_id])["c"].tolist(),
    "found": frame["tags.mlflow.runName"].tolist(),
    "hidden": hidden,
    "stage": stage,
    "conflict": conflict,
}))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def told(folder):
    """The output of the program."""
    with serving(folder) as (_, url):
        yield run_program(PROGRAM, url, cwd=folder)


def test_the_client_reads_what_it_has_logged(told):
    assert told["status"] == "FINISHED"
    assert told["params"] == {"lr": "0.1", "depth": "3", "name": "x", "also": "later"}
    assert told["history"] == [[step, 1 / (step + 1)] for step in range(5)]
    assert told["later"] == 50
    assert told["input"] == [["data", "training"]]
    assert told["tags"] == ["mlflow.loggedArtifacts", "mlflow.loggedImages", "mlflow.runName", "mlflow.user", "team"]
    assert told["files"] == ["b.json", "figure.png", "images", "notes", "table.json"]
    assert (told["text"], told["table"]) == ("hello", [1, 2, 3])
    assert (told["found"], told["hidden"], told["stage"]) == (["parent"], ["deleted"], "deleted")
    assert told["conflict"] == "INVALID_PARAMETER_VALUE"


def test_nbtrack_reads_the_same(told, folder, monkeypatch):
    monkeypatch.chdir(folder)
    nbtrack.connect("sqlite:///runs.db")
    run = nbtrack.get_run(told["run_id"])
    assert (run.name, run.status, run.experiment) == ("parent", "FINISHED", "fluent")
    assert run.metrics["loss"].values.tolist() == [1 / (step + 1) for step in range(5)]
    assert math.isnan(run.metrics["nan"].last)
    assert math.isinf(run.metrics["inf"].last)
    by_name = {each.name: each for each in nbtrack.runs(experiment="fluent")}
    assert by_name["child"].tags["mlflow.parentRunId"] == run.id
    assert any(key.startswith("system/") for key in by_name["child"].metrics)
    assert by_name["broken"].status == "FAILED"
