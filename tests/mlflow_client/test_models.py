"""MLflow's client with models and traces, against a server process."""

from __future__ import annotations

import pytest

import nbtrack

from ..server.test_process import serving
from .programs import run_program

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def url(folder):
    with serving(folder) as (_, url):
        yield url


# Trains, with autologging and with log_model; registers; loads what was registered in every way.
MODELS = """
import json, sys, mlflow
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True, as_frame=True)
mlflow.set_experiment("models")
mlflow.sklearn.autolog()
with mlflow.start_run() as automatic:
    model = LogisticRegression(max_iter=200).fit(X, y)
mlflow.sklearn.autolog(disable=True)
with mlflow.start_run() as run:
    mlflow.log_param("C", 1)
    facts = {"params": {"kind": "linear"}, "pip_requirements": [], "registered_model_name": "iris"}
    logged = mlflow.sklearn.log_model(model, name="iris", **facts)
    data = mlflow.data.from_pandas(X, name="flowers")
    mlflow.log_metric("accuracy", 0.75, step=1, model_id=logged.model_id, dataset=data)
    mlflow.log_metrics({"loss": 0.5}, model_id=logged.model_id)
by_run = mlflow.register_model(f"runs:/{automatic.info.run_id}/model", "iris", tags={"by": "run"})
client = mlflow.MlflowClient()
client.set_registered_model_alias("iris", "champion", by_run.version)
client.transition_model_version_stage("iris", "1", "Production")

expected = model.predict(X).tolist()
uris = ["models:/iris@champion", "models:/iris/1", "models:/iris/Production", "models:/iris/latest", logged.model_uri]
loaded = [uri for uri in uris if mlflow.pyfunc.load_model(uri).predict(X).tolist() == expected]
found = mlflow.search_logged_models(filter_string="metrics.accuracy > 0.7 AND params.kind = 'linear'", output_format="list")
on_data = mlflow.search_logged_models(
    datasets=[{"dataset_name": "flowers", "dataset_digest": data.digest}],
    order_by=[{"field_name": "metrics.accuracy", "dataset_name": "flowers"}],
    output_format="list",
)
automatic, run = mlflow.get_run(automatic.info.run_id), mlflow.get_run(run.info.run_id)
def described(model):
    return [model.name, model.status.value, {metric.key: metric.value for metric in model.metrics}, model.params["kind"]]
print(json.dumps({
    "not loaded": sorted(set(uris) - set(loaded)),
    "found": [described(each) for each in found],
    "on data": [each.model_id == logged.model_id for each in on_data],
    "outputs": [[output.model_id == logged.model_id, output.step] for output in run.outputs.model_outputs],
    "automatic": [len(automatic.outputs.model_outputs), [each.dataset.name for each in automatic.inputs.dataset_inputs]],
    "metrics": run.data.metrics,
    "trained": sorted(key for key in automatic.data.metrics if key.startswith("training_"))[:2],
    "run": run.info.run_id,
    "registrations": json.loads(client.get_logged_model(logged.model_id).tags["mlflow.modelVersions"]),
}))
"""


def test_models_are_logged_registered_and_loaded(url, folder):
    seen = run_program(MODELS, url, cwd=folder)
    assert seen["not loaded"] == []
    assert seen["found"] == [["iris", "READY", {"accuracy": 0.75, "loss": 0.5}, "linear"]]
    assert seen["on data"] == [True]
    assert seen["outputs"] == [[True, 0]]
    assert seen["automatic"] == [1, ["dataset"]]
    assert seen["metrics"] == {"accuracy": 0.75, "loss": 0.5}
    assert seen["trained"] == ["training_accuracy_score", "training_f1_score"]
    assert {"name": "iris", "version": "1"} in seen["registrations"]
    # nbtrack finds in the same store what MLflow's client registered.
    nbtrack.connect(f"sqlite:///{folder}/runs.db")
    champion = nbtrack.get_model("iris@champion")
    assert (champion.version, champion.tags["by"]) == (2, "run")
    assert nbtrack.get_model("iris/Production").run.params["C"] == "1"


REGISTRY = """
import json, mlflow
from mlflow.exceptions import MlflowException

client = mlflow.MlflowClient()
def refused(ask):
    try:
        ask()
    except MlflowException as error:
        return error.error_code

for name in ("a", "b", "c"):
    client.create_registered_model(name, tags={"n": name}, description=f"model {name}")
versions = [client.create_model_version("a", f"s3://bucket/{i}", tags={"i": i}, description="d").version for i in range(3)]
client.set_registered_model_alias("a", "best", "2")
client.set_model_version_tag("a", "2", "k", "v")
client.update_model_version("a", "2", description="changed")
client.transition_model_version_stage("a", "1", "Staging")
client.transition_model_version_stage("a", "3", "Staging", archive_existing_versions=True)
client.delete_model_version("a", "3")
client.rename_registered_model("b", "renamed")
client.delete_registered_model("c")
best = client.get_model_version_by_alias("a", "best")
models = client.search_registered_models("name != 'x'", order_by=["name DESC"])
pages = client.search_model_versions("name = 'a'", max_results=1, order_by=["version_number ASC"])
print(json.dumps({
    "versions": versions,
    "best": [best.version, best.description, best.tags, list(best.aliases)],
    "stages": {each.version: each.current_stage for each in client.search_model_versions("name='a'")},
    "latest": {each.version: each.current_stage for each in client.get_registered_model("a").latest_versions},
    "pages": [pages[0].version, client.search_model_versions("name = 'a'", 1, ["version_number ASC"], pages.token)[0].version],
    "models": [[each.name, each.description, each.tags] for each in models],
    "uri": client.get_model_version_download_uri("a", "1"),
    "refused": [
        refused(lambda: client.create_registered_model("a")),
        refused(lambda: client.get_registered_model("c")),
        refused(lambda: client.get_model_version("a", "3")),
        refused(lambda: client.set_registered_model_alias("a", "v1", "1")),
        refused(lambda: client.get_model_version_by_alias("a", "none")),
        refused(lambda: client.create_model_version("a", "/etc")),
        refused(lambda: client.transition_model_version_stage("a", "1", "nowhere")),
    ],
}))
"""


def test_the_registry(url, folder):
    seen = run_program(REGISTRY, url, cwd=folder)
    assert seen["versions"] == ["1", "2", "3"]
    assert seen["best"] == ["2", "changed", {"i": "1", "k": "v"}, ["best"]]
    assert seen["stages"] == {"1": "Archived", "2": "None"}
    assert seen["latest"] == {"1": "Archived", "2": "None"}
    assert seen["pages"] == ["1", "2"]
    assert [each for each in seen["models"] if each[0] != "iris"] == [
        ["renamed", "model b", {"n": "b"}],
        ["a", "model a", {"n": "a"}],
    ]
    assert seen["uri"] == "s3://bucket/0"
    invalid, missing = "INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"
    assert seen["refused"] == ["RESOURCE_ALREADY_EXISTS", missing, missing, invalid, invalid, invalid, invalid]


TRACES = """
import json, mlflow
from mlflow.entities import Feedback, SpanType

mlflow.set_experiment("traces")
@mlflow.trace(span_type=SpanType.CHAIN, attributes={"a": 1})
def answer(question):
    with mlflow.start_span("inner") as span:
        span.set_inputs({"q": question})
        if question == "?":
            raise ValueError("no question")
    mlflow.update_current_trace(tags={"team": "blue"}, client_request_id=question)
    return question.upper()

answer("one")
with mlflow.start_run() as run:
    answer("two")
try:
    answer("?")
except ValueError:
    pass
mlflow.flush_trace_async_logging()
traces = mlflow.search_traces(return_type="list", order_by=["timestamp_ms ASC"])
first = traces[0].info.trace_id
mlflow.set_trace_tag(first, "k", "v")
mlflow.delete_trace_tag(first, "team")
given = mlflow.log_feedback(trace_id=first, name="good", value=True)
mlflow.log_expectation(trace_id=first, name="should be", value="ONE")
mlflow.update_assessment(first, given.assessment_id, Feedback(name="good", value=False))
again = mlflow.get_trace(first)
client = mlflow.MlflowClient()
experiment = run.info.experiment_id
def found(text):
    return [each.info.client_request_id for each in mlflow.search_traces(filter_string=text, return_type="list")]
filters = [f"run_id = '{run.info.run_id}'", "status = 'ERROR'", "tags.team = 'blue'", "name = 'answer'"]
searches = [found(text) for text in filters]
thoughts = again.info.assessments
print(json.dumps({
    "states": [each.info.state.value for each in traces],
    "spans": [[span.name for span in each.data.spans] for each in traces],
    "data": [again.data.spans[1].inputs, again.data.spans[0].outputs, again.data.spans[0].span_type],
    "preview": again.info.response_preview,
    "events": [event.name for event in traces[2].data.spans[0].events],
    "searches": searches,
    "frame": sorted(set(mlflow.search_traces().columns) & {"trace_id", "spans", "request"}),
    "tags": [again.info.tags.get("k"), again.info.tags.get("team")],
    "assessments": sorted([each.name, (each.feedback or each.expectation).value] for each in thoughts),
    "deleted": [client.delete_traces(experiment, trace_ids=[first]), len(mlflow.search_traces(return_type="list"))],
}))
"""


def test_traces_are_kept_found_and_assessed(url, folder):
    seen = run_program(TRACES, url, cwd=folder)
    assert seen["states"] == ["OK", "OK", "ERROR"]
    assert seen["spans"] == [["answer", "inner"]] * 3
    assert seen["data"] == [{"q": "one"}, "ONE", "CHAIN"]
    assert seen["preview"] == '"ONE"'
    assert "exception" in seen["events"]
    assert seen["searches"] == [["two"], [None], ["two"], [None, "two", "one"]]
    assert seen["frame"] == ["request", "spans", "trace_id"]
    assert seen["tags"] == ["v", None]
    assert seen["assessments"] == [["good", False], ["should be", "ONE"]]
    assert seen["deleted"] == [1, 2]
