"""MLflow's client on a local store, without a server: ``nbtrack:///path/runs.db``."""

from __future__ import annotations

import pytest

import nbtrack
from nbtrack.entities.trace import TraceState
from nbtrack.store.open import open_store
from nbtrack.store.protocol.search import Query

from .programs import run_program

pytestmark = pytest.mark.slow

PROGRAM = """
import json, mlflow
from mlflow.exceptions import MlflowException

class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [len(model_input)]

mlflow.set_experiment("local")
with mlflow.start_run(run_name="fit") as run:
    mlflow.log_params({"lr": 0.1})
    for step in range(3):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_text("hello", "notes/hello.txt")
    mlflow.set_tag("team", "blue")
    facts = {"pip_requirements": [], "registered_model_name": "counter"}
    logged = mlflow.pyfunc.log_model(name="counter", python_model=Model(), **facts)
mlflow.MlflowClient().set_registered_model_alias("counter", "best", "1")
@mlflow.trace
def answer():
    return 42
answer()
mlflow.flush_trace_async_logging()
try:
    mlflow.get_run("nowhere")
except MlflowException as error:
    code = error.error_code
runs = mlflow.search_runs(experiment_names=["local"], filter_string="metrics.loss < 0.5 and params.lr = '0.1'")
print(json.dumps({
    "run": run.info.run_id,
    "found": runs["run_id"].tolist(),
    "history": [metric.value for metric in mlflow.MlflowClient().get_metric_history(run.info.run_id, "loss")],
    "files": mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/notes/hello.txt"),
    "predicted": mlflow.pyfunc.load_model("models:/counter@best").predict([1, 2, 3]),
    "spans": [[span.name for span in trace.data.spans] for trace in mlflow.search_traces(return_type="list")],
    "code": code,
}))
"""


def test_mlflow_logs_into_a_file_and_nbtrack_reads_it(tmp_path):
    seen = run_program(PROGRAM, f"nbtrack://{tmp_path}/runs.db", cwd=tmp_path)
    assert seen["found"] == [seen["run"]]
    assert seen["history"] == [1.0, 0.5, 1 / 3]
    assert (seen["files"], seen["predicted"], seen["spans"]) == ("hello", [3], [["answer"]])
    assert seen["code"] == "RESOURCE_DOES_NOT_EXIST"
    nbtrack.connect(f"sqlite:///{tmp_path}/runs.db", experiment="local")
    (run,) = nbtrack.runs("run_name = 'fit'")
    assert (run.status, run.params["lr"], run.tags["team"]) == ("FINISHED", "0.1", "blue")
    assert run.metrics["loss"].values.tolist() == [1.0, 0.5, 1 / 3]
    assert run.artifacts.read_text("notes/hello.txt") == "hello"
    assert "MLmodel" in [entry.path for entry in nbtrack.get_model("counter@best").artifacts.list()]
    store = open_store(f"sqlite:///{tmp_path}/runs.db", artifact_root="unused")
    (trace,) = store.traces.search(Query(("1",))).items
    assert trace.state is TraceState.OK
    store.close()
