"""What a training script does with MLflow's fluent interface."""

import math
from pathlib import Path

import mlflow
import pandas as pd

Path("folder").mkdir()
Path("folder/b.csv").write_text("x,y\n1,2\n")

mlflow.set_experiment("fluent")
mlflow.set_experiment_tags({"team": "blue"})
with mlflow.start_run(run_name="parent", tags={"kind": "golden"}, description="a note") as run:
    mlflow.log_param("lr", 0.1)
    mlflow.log_params({"depth": 3, "name": "x", "flag": True, "none": None, "empty": ""})
    for step in range(3):
        mlflow.log_metric("loss", 1 / (step + 1), step=step, timestamp=1_790_000_000_000 + step)
    mlflow.log_metric("loss", 0.25, step=1, timestamp=1_790_000_000_009)
    mlflow.log_metrics({"nan": math.nan, "inf": math.inf, "-inf": -math.inf}, step=-1, timestamp=1_790_000_000_000)
    mlflow.log_metric("timed", 1)
    mlflow.set_tag("gone", "soon")
    mlflow.delete_tag("gone")
    mlflow.set_tags({"a": 1, "mlflow.note.content": "another note"})
    data = mlflow.data.from_pandas(pd.DataFrame({"x": [1, 2]}), name="data")
    mlflow.log_input(data, context="training")
    mlflow.log_input(data, context="validation")
    other = mlflow.data.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), name="other", targets="x")
    mlflow.log_input(other, context="testing", tags={"split": "third", "seed": "7"})
    mlflow.log_text("hello", "notes/a.txt")
    mlflow.log_dict({"a": 1}, "b.json")
    mlflow.log_table({"c": [1, 2]}, "table.json")
    mlflow.log_table({"c": [3]}, "table.json")
    mlflow.log_artifacts("folder", "more")
    with mlflow.start_run(nested=True):
        mlflow.log_metric("loss", 0.125, step=7, timestamp=1_790_000_000_100)
run_id = run.info.run_id
with mlflow.start_run(run_id=run_id):
    mlflow.log_metric("resumed", 1, step=0, timestamp=1_790_000_000_200)
try:
    with mlflow.start_run(run_name="broken"):
        raise KeyError
except KeyError:
    pass

mlflow.get_run(run_id)
mlflow.get_parent_run(run_id)
for condition in (
    "",
    "metrics.loss < 0.3",
    "params.lr = '0.1' AND tags.kind LIKE 'gold%'",
    "attributes.status = 'FAILED'",
    "run_name ILIKE 'PAR%'",
    "tags.nothing IS NULL",
    "dataset.name = 'data' AND dataset.context = 'training'",
):
    mlflow.search_runs(filter_string=condition, order_by=["metrics.loss DESC", "attributes.run_name"])
mlflow.search_experiments(order_by=["name ASC"])
mlflow.artifacts.list_artifacts(run_id=run_id)
mlflow.artifacts.list_artifacts(run_id=run_id, artifact_path="more")
mlflow.artifacts.load_text(f"runs:/{run_id}/notes/a.txt")
mlflow.artifacts.load_dict(f"runs:/{run_id}/b.json")
mlflow.load_table("table.json", run_ids=[run_id])
mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="more")

model = mlflow.initialize_logged_model(name="net", model_type="agent", params={"lr": "0.1"}, tags={"t": "1"})
mlflow.finalize_logged_model(model.model_id, "READY")
with mlflow.start_run(run_name="evaluation"):
    mlflow.log_metric("accuracy", 0.5, step=2, timestamp=1_790_000_000_300, model_id=model.model_id, dataset=data)
    mlflow.log_metrics({"f1": 0.25}, step=1, timestamp=1_790_000_000_300, model_id=model.model_id)
    mlflow.log_input(model=mlflow.entities.LoggedModelInput(model.model_id))
mlflow.set_logged_model_tags(model.model_id, {"u": "2"})
mlflow.delete_logged_model_tag(model.model_id, "t")
mlflow.search_logged_models(filter_string="metrics.accuracy > 0.1", output_format="list")
mlflow.get_logged_model(model.model_id)

mlflow.delete_run(run_id)
mlflow.search_runs()
mlflow.MlflowClient().restore_run(run_id)
mlflow.get_run(run_id)
experiment_id = run.info.experiment_id
mlflow.delete_experiment(experiment_id)
mlflow.get_experiment(experiment_id)
mlflow.search_experiments(view_type=mlflow.entities.ViewType.DELETED_ONLY)
mlflow.MlflowClient().restore_experiment(experiment_id)
mlflow.get_experiment_by_name("fluent")
