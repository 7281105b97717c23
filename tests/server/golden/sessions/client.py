"""What programs do with ``MlflowClient``: runs of all kinds, pages of everything, logged models, the model registry."""

import mlflow
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelOutput, Metric, Param, RunTag, ViewType
from mlflow.utils.rest_utils import http_request

TIME = 1_790_000_000_000
client = mlflow.MlflowClient()
store = client._tracking_client.store

vision = client.create_experiment("vision", tags={"team": "blue", "mlflow.note.content": "é 中"})
hearing = client.create_experiment("hearing", artifact_location="mlflow-artifacts:/elsewhere")
client.get_experiment(vision)
client.get_experiment(hearing)
client.get_experiment("0")
client.rename_experiment(hearing, "sound")
client.set_experiment_tag(vision, "stage", "first")
client.delete_experiment_tag(vision, "team")
client.get_experiment_by_name("vision")
client.get_experiment_by_name("nowhere")
page = client.search_experiments(max_results=2, order_by=["experiment_id ASC"])
client.search_experiments(max_results=2, order_by=["experiment_id ASC"], page_token=page.token)
client.search_experiments(filter_string="name LIKE 's%' AND tags.stage IS NULL")
client.search_experiments(filter_string="tags.stage = 'first'", view_type=ViewType.ALL)

# Runs.
runs = []
for number in range(5):
    run = client.create_run(vision, start_time=TIME + number, tags={"mlflow.user": "ada", "number": str(number)})
    client.log_batch(
        run.info.run_id,
        [Metric("loss", 1 / (number + 1), TIME + step, step) for step in range(number + 1)],
        [Param("lr", str(0.1 * number)), Param("odd", "yes" if number % 2 else "no")],
        [RunTag("parity", str(number % 2))],
    )
    runs.append(run.info.run_id)
first, last = runs[0], runs[-1]
client.create_run(hearing, run_name="named", tags={"mlflow.runName": "named"}, start_time=TIME)
client.log_param(first, "single", "1")
client.log_param(first, "single", "1")
client.log_metric(first, "key with / . - : space", 1.5, timestamp=TIME, step=-(2**63))
client.log_metric(first, "far", 1e308, timestamp=2**62, step=2**63 - 1)
client.log_metric(first, "same", 1, timestamp=TIME, step=0)
client.log_metric(first, "same", 1, timestamp=TIME, step=0)
client.set_tag(first, "long", "x" * 20)
client.set_tag(first, "mlflow.runName", "renamed by tag")
client.update_run(last, status="SCHEDULED", name="renamed")
client.set_terminated(first, "KILLED", end_time=TIME + 60_000)
for each in (first, last):
    client.get_run(each)
for order in ("metrics.loss ASC", "params.lr DESC", "tags.parity", "start_time", "attributes.end_time DESC"):
    page = client.search_runs([vision], "", ViewType.ACTIVE_ONLY, 2, [order])
    client.search_runs([vision], "", ViewType.ACTIVE_ONLY, 4, [order], page.token)
for condition in (
    "params.odd != 'no'",
    f"run_id IN ('{first}', '{last}')",
    f"attributes.start_time >= {TIME + 3}",
    "attributes.user_id = 'ada' AND metrics.loss != 1",
    "tags.`number` = '3'",
    'metrics."key with / . - : space" > 1',
    "params.single IS NOT NULL",
    "end_time > 0",
):
    client.search_runs([vision, hearing], condition, max_results=10)
client.delete_run(runs[1])
client.search_runs([vision], "", ViewType.DELETED_ONLY, 10)
client.search_runs([vision], "", ViewType.ALL, 3, ["start_time ASC"])
client.search_runs([], "")

# Histories.
client.get_metric_history(last, "loss")
client.get_metric_history(last, "nothing")
page = store.get_metric_history(last, "loss", max_results=3, page_token=None)
store.get_metric_history(last, "loss", max_results=3, page_token=page.token)
store.get_metric_history_bulk_interval(runs, "loss", 3, None, None)
store.get_metric_history_bulk_interval(runs, "loss", 10, 1, 3)

# Inputs, outputs and logged models.
given = Dataset("data", "abc", "local", '{"uri": "data.csv"}', '{"mlflow_colspec": []}', '{"num_rows": 2}')
tags = [InputTag("mlflow.data.context", "training"), InputTag("split", "first"), InputTag("", "")]
client.log_inputs(first, [DatasetInput(given, tags[:2])])
client.log_inputs(first, [DatasetInput(given, tags[:1])])
client.log_inputs(last, [DatasetInput(given, [])])
http_request(
    store.get_host_creds(), "/ajax-api/2.0/mlflow/experiments/search-datasets", "POST", json={"experiment_ids": [vision]}
)
client.get_run(first)
models = [
    client.create_logged_model(vision, name, first, {"team": "blue"}, {f"p{n}": str(n) for n in range(many)}, kind)
    for name, kind, many in (("net", "agent", 2), ("tree", "", 0), ("large", "", 101))
]
net, tree, large = (model.model_id for model in models)
client.log_outputs(first, [LoggedModelOutput(net, 3), LoggedModelOutput(tree, 0)])
for number, model_id in enumerate((net, tree, large)):
    client.log_metric(first, "accuracy", number / 4, timestamp=TIME, step=number, model_id=model_id)
client.finalize_logged_model(net, "READY")
client.finalize_logged_model(tree, "FAILED")
client.set_logged_model_tags(net, {"more": "1", "team": "red"})
client.delete_logged_model_tag(net, "more")
client.get_logged_model(large)
client.delete_logged_model(large)
client.get_run(first)
for condition in ("", "name = 'net'", "params.p1 = '1'", "tags.team = 'red'", "metrics.accuracy >= 0.25", "status = 'READY'"):
    order = [{"field_name": "metrics.accuracy", "ascending": False}]
    client.search_logged_models([vision], condition, order_by=order, max_results=10)
page = client.search_logged_models([vision], max_results=2, order_by=[{"field_name": "creation_timestamp", "ascending": True}])
client.search_logged_models(
    [vision], max_results=2, order_by=[{"field_name": "creation_timestamp", "ascending": True}], page_token=page.token
)
client.delete_logged_model(tree)
client.search_logged_models([vision], "name = 'tree'")

# The registry.
client.create_registered_model("digits", {"team": "blue"}, "reads digits")
client.create_registered_model("letters")
client.create_registered_model("empty")
client.create_model_version("digits", f"runs:/{first}/net", first, {"k": "v"}, description="the first")
client.create_model_version("digits", f"models:/{net}", model_id=net)
client.create_model_version("digits", "s3://elsewhere/net")
client.create_model_version("letters", f"runs:/{last}/net", last)
client.set_registered_model_alias("digits", "champion", "2")
client.set_registered_model_alias("digits", "oldest", "1")
client.set_registered_model_alias("digits", "champion", "1")
client.delete_registered_model_alias("digits", "oldest")
client.set_registered_model_tag("digits", "more", "1")
client.delete_registered_model_tag("digits", "team")
client.set_model_version_tag("digits", "2", "k", "w")
client.delete_model_version_tag("digits", "1", "k")
client.update_registered_model("digits", "reads all digits")
client.update_model_version("digits", "1", "the very first")
client.transition_model_version_stage("digits", "1", "Production")
client.transition_model_version_stage("digits", "2", "Production", archive_existing_versions=True)
client.transition_model_version_stage("digits", "3", "Staging")
client.get_registered_model("digits")
client.get_model_version("digits", "1")
client.get_model_version_by_alias("digits", "champion")
client.get_model_version_download_uri("digits", "1")
client.get_model_version_download_uri("digits", "3")
client.get_latest_versions("digits")
client.get_latest_versions("digits", ["Production"])
client.search_model_versions("name = 'digits'", order_by=["version_number ASC"])
client.search_model_versions(f"run_id = '{first}'")
page = client.search_model_versions(max_results=2, order_by=["name ASC", "version_number DESC"])
client.search_model_versions(max_results=2, order_by=["name ASC", "version_number DESC"], page_token=page.token)
page = client.search_registered_models(max_results=2, order_by=["name DESC"])
client.search_registered_models(max_results=2, order_by=["name DESC"], page_token=page.token)
client.search_registered_models("name ILIKE 'D%'")
client.search_registered_models("tags.more = '1'")
client.rename_registered_model("letters", "signs")
client.get_model_version("signs", "1")
client.delete_model_version("digits", "3")
client.create_model_version("digits", f"runs:/{last}/net", last)
client.get_registered_model("digits")
client.delete_registered_model("signs")
client.search_registered_models()
client.get_logged_model(net)
