"""Errors: requests that MLflow's server refuses, or surprisingly accepts.

The client itself refuses to send some of them; those go through the function by which it sends all others.
"""

import contextlib

import mlflow
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.utils.rest_utils import http_request

TIME = 1_790_000_000_000
client = mlflow.MlflowClient()
credentials = client._tracking_client.store.get_host_creds()


def ask(method, path, /, **fields):
    more = {"params" if method == "GET" else "json": fields}
    http_request(credentials, f"/api/2.0/mlflow/{path}", method, max_retries=0, raise_on_status=False, **more)


def attempt(work, *arguments, **more):
    with contextlib.suppress(MlflowException):
        work(*arguments, **more)


vision = client.create_experiment("vision")
run = client.create_run(vision, run_name="run", start_time=TIME).info.run_id
deleted = client.create_run(vision, run_name="deleted", start_time=TIME).info.run_id
client.delete_run(deleted)
gone = client.create_experiment("gone")
client.delete_experiment(gone)
UNKNOWN = "unknown"

# Experiments.
attempt(client.create_experiment, "vision")
attempt(client.create_experiment, "gone")
ask("POST", "experiments/create", name="a" * 501)
ask("POST", "experiments/create")
ask("POST", "experiments/create", name=123)
ask("POST", "experiments/create", name="bad", artifact_location="mlflow-artifacts:/a/../../b")
ask("POST", "experiments/create", name="bad", artifact_location="s3://b/a#fragment")
attempt(client.get_experiment, "4711")
ask("GET", "experiments/get", experiment_id="abc")
ask("GET", "experiments/get")
ask("GET", "experiments/get-by-name", experiment_name="nowhere")
attempt(client.rename_experiment, gone, "back")
attempt(client.rename_experiment, vision, "gone")
attempt(client.delete_experiment, "4711")
attempt(client.delete_experiment, gone)
attempt(client.restore_experiment, vision)
attempt(client.set_experiment_tag, gone, "a", "b")
attempt(client.delete_experiment_tag, vision, "nothing")
ask("POST", "experiments/set-experiment-tag", experiment_id=vision, key="k" * 251, value="v")
ask("POST", "experiments/set-experiment-tag", experiment_id=vision, key="../k", value="v")
for fields in ({"max_results": 0}, {"max_results": 50_001}, {"page_token": "nonsense"}, {"order_by": ["tags"]}):
    ask("POST", "experiments/search", **{"max_results": 10, **fields})
for condition in ("name == 'a'", "nothing = 'a'", "name = 3", "params.a = '1'", "name = 'a' OR name = 'b'"):
    ask("POST", "experiments/search", max_results=10, filter=condition)

# Runs that are not there, or no longer.
for run_id in (UNKNOWN, deleted):
    attempt(client.log_metric, run_id, "m", 1, TIME, 0)
    attempt(client.log_param, run_id, "p", "1")
    attempt(client.set_tag, run_id, "t", "1")
    attempt(client.delete_tag, run_id, "t")
    attempt(client.log_batch, run_id, [Metric("m", 1, TIME, 0)])
    attempt(client.update_run, run_id, "FINISHED")
    attempt(client.get_metric_history, run_id, "m")
    ask("POST", "runs/log-inputs", run_id=run_id, datasets=[])
attempt(client.get_run, UNKNOWN)
attempt(client.delete_run, UNKNOWN)
attempt(client.delete_run, deleted)
attempt(client.restore_run, UNKNOWN)
attempt(client.restore_run, run)
attempt(client.create_run, gone)
attempt(client.create_run, "4711")
ask("POST", "runs/create", experiment_id=vision, run_name="a", tags=[{"key": "mlflow.runName", "value": "b"}])
ask("POST", "runs/create", experiment_id=int(vision))
ask("POST", "runs/update", run_id=run, status="SOMETHING")
ask("POST", "runs/update", run_id=run, run_name="")
ask("GET", "runs/get")
ask("GET", "runs/get", run_id="../x")
ask("POST", "runs/delete", run_id="a b")

# What cannot be logged.
client.log_param(run, "p", "1")
attempt(client.log_param, run, "p", "2")
attempt(client.log_batch, run, [Metric("atomic", 1, TIME, 0)], [Param("p", "2")], [RunTag("atomic", "1")])
ask("GET", "runs/get", run_id=run)
ask("POST", "runs/log-batch", run_id=run, params=[{"key": "q", "value": "1"}, {"key": "q", "value": "1"}])
ask("POST", "runs/log-metric", run_id=run, key="m", timestamp=TIME)
ask("POST", "runs/log-metric", run_id=run, key="m", value=1)
ask("POST", "runs/log-metric", run_id=run, key="m", value="many", timestamp=TIME)
ask("POST", "runs/log-metric", run_id=run, key="m", value=1, timestamp=-1)
ask("POST", "runs/log-metric", run_id=run, key="", value=1, timestamp=TIME)
ask("POST", "runs/log-metric", run_id=run, key="m" * 251, value=1, timestamp=TIME)
ask("POST", "runs/log-metric", run_id=run, key="a//b", value=1, timestamp=TIME)
ask("POST", "runs/log-metric", run_id=run, key="$", value=1, timestamp=TIME)
ask("POST", "runs/log-metric", run_id=run, key="text", value="1.5", timestamp=str(TIME), step="3")
ask("POST", "runs/log-parameter", run_id=run, key="k" * 251, value="1")
ask("POST", "runs/log-parameter", run_id=run, key=".", value="1")
ask("POST", "runs/log-parameter", run_id=run, key="long", value="x" * 6001)
ask("POST", "runs/log-parameter", run_id=run, value="1")
ask("POST", "runs/set-tag", run_id=run, key="k" * 251, value="1")
ask("POST", "runs/set-tag", run_id=run, key="long", value="x" * 8001)
ask("POST", "runs/set-tag", run_id=run, value="1")
ask("POST", "runs/delete-tag", run_id=run, key="nothing")
ask("POST", "runs/log-batch", run_id=run, metrics=[{"key": "m", "value": 1, "timestamp": TIME}, {"key": "m", "timestamp": TIME}])
ask("POST", "runs/log-batch", run_id=run, metrics=[{"key": "m", "value": 1, "timestamp": -1}])
ask("POST", "runs/log-batch", run_id=run, metrics="none")
ask("POST", "runs/log-batch", run_id=run, params=[{"key": f"p{n}", "value": ""} for n in range(101)])
ask("POST", "runs/log-batch", run_id=run, tags=[{"key": f"t{n}", "value": ""} for n in range(101)])
ask("POST", "runs/log-inputs", run_id=run, datasets=[{"dataset": {"name": "d" * 501, "digest": "1"}, "tags": []}])
ask("POST", "runs/log-inputs", run_id=run, datasets=[{"dataset": {"name": "d"}}])
ask("POST", "runs/log-inputs", run_id=run)
ask("GET", "runs/get", run_id=run)
ask("GET", "metrics/get-history", run_id=run)
ask("GET", "metrics/get-history", run_id=run, metric_key="text", max_results=0)
ask("GET", "metrics/get-history", run_id=run, metric_key="text", page_token="nonsense", max_results=1)
ask("GET", "metrics/get-history-bulk-interval", metric_key="text")
ask("GET", "metrics/get-history-bulk-interval", run_ids=[run], metric_key="text", start_step=1)
ask("GET", "metrics/get-history-bulk-interval", run_ids=[run], metric_key="text", max_results=2501)

# Searches that mean nothing.
for condition in (
    "params.p == '1'",
    "params.p = 1",
    "params.p > '1'",
    "metrics.m = 'one'",
    "metrics.m LIKE '1'",
    "nothing = '1'",
    "attribute.nothing = '1'",
    "start_time = 'now'",
    "tags.a = 'b",
    "AND",
    "dataset.source = 'a'",
):
    ask("POST", "runs/search", experiment_ids=[vision], filter=condition)
for order in (["params"], ["metrics.m UPWARD"], ["nothing"], ["dataset.name"], ["metrics.m", "metrics.m DESC"]):
    ask("POST", "runs/search", experiment_ids=[vision], order_by=order)
ask("POST", "runs/search", experiment_ids=[vision], max_results=50_001)
ask("POST", "runs/search", experiment_ids=[vision], max_results=-1)
ask("POST", "runs/search", experiment_ids=[vision], page_token="nonsense")
ask("POST", "runs/search", experiment_ids=[vision], run_view_type="SOME")
ask("POST", "runs/search", experiment_ids=["4711"])
ask("POST", "runs/search")

# Artifacts.
ask("GET", "artifacts/list", run_id=run, path="../..")
ask("GET", "artifacts/list", run_id=run, path="nothing")
ask("GET", "artifacts/list", run_id=UNKNOWN)
for path in ("nothing.txt", "%2e%2e/x", "a/%252e%252e/%252e%252e/x"):
    http_request(credentials, f"/api/2.0/mlflow-artifacts/artifacts/{vision}/{path}", "GET", max_retries=0, raise_on_status=False)

# Logged models and the registry.
attempt(client.get_logged_model, "m-nothing")
attempt(client.delete_logged_model, "m-nothing")
attempt(client.finalize_logged_model, "m-nothing", "READY")
ask("POST", "logged-models", experiment_id="4711", name="net")
ask("POST", "logged-models", experiment_id=vision, name="a/b")
ask("POST", "logged-models/search", experiment_ids=[vision], filter="nothing = 1")
ask("POST", "logged-models/search", experiment_ids=[vision], order_by=[{"field_name": "nothing"}])
client.create_registered_model("digits")
attempt(client.create_registered_model, "digits")
ask("POST", "registered-models/create", name="")
ask("POST", "registered-models/create", name="a/b")
attempt(client.get_registered_model, "nothing")
attempt(client.rename_registered_model, "nothing", "something")
ask("POST", "registered-models/rename", name="digits", new_name="")
attempt(client.delete_registered_model, "nothing")
attempt(client.create_model_version, "nothing", "s3://elsewhere/net")
ask("POST", "model-versions/create", name="digits")
ask("POST", "model-versions/create", name="digits", source="/etc/passwd")
ask("POST", "model-versions/create", name="digits", source="mlflow-artifacts:/../x")
client.create_model_version("digits", "s3://elsewhere/net")
attempt(client.get_model_version, "digits", "7")
ask("GET", "model-versions/get", name="digits", version="first")
attempt(client.set_registered_model_alias, "digits", "champion", "7")
for alias in ("v1", "latest", "a b"):
    ask("POST", "registered-models/alias", name="digits", alias=alias, version="1")
ask("GET", "registered-models/alias", name="digits", alias="nobody")
ask("DELETE", "registered-models/alias", name="digits", alias="nobody")
ask("POST", "model-versions/transition-stage", name="digits", version="1", stage="Somewhere", archive_existing_versions=False)
ask("POST", "registered-models/set-tag", name="digits", key="k" * 251, value="v")
ask("DELETE", "registered-models/delete-tag", name="digits", key="nothing")
ask("DELETE", "model-versions/delete", name="digits", version="7")
ask("GET", "registered-models/search", filter="nothing = 1")
ask("GET", "registered-models/search", max_results=1001)
ask("GET", "model-versions/search", filter="name > 'a'")
ask("GET", "model-versions/search", page_token="nonsense")
ask("GET", "nowhere")
ask("GET", "experiments/create")
