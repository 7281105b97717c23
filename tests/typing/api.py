"""How users call the API, checked by mypy and never run: a wrong annotation of a public name fails here."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, assert_type

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import nbtrack
from nbtrack import (
    Comparison,
    Experiment,
    MetricHistory,
    ModelVersion,
    NbtrackError,
    RegisteredModel,
    Run,
    Runs,
    Status,
    StopRun,
    Tracker,
)


def connecting() -> None:
    assert_type(nbtrack.connect(), Tracker)
    nbtrack.connect("sqlite:///runs.db", experiment="digits", artifacts=Path("artifacts"))
    nbtrack.connect(Path("folder"))
    assert_type(nbtrack.set_experiment("letters"), Experiment | None)
    names: list[str] = [experiment.name for experiment in nbtrack.experiments("all")]
    assert_type(nbtrack.flush(), bool)
    print(names)


def writing(array: NDArray[np.float64], frame: pd.DataFrame, figure: object) -> None:
    with nbtrack.start_run("baseline", params={"lr": 0.1, "layers": [64, 32]}, tags={"stage": "draft"}, note="first") as run:
        assert_type(run, Run)
        nbtrack.log(loss=0.5, accuracy=np.float32(0.9))
        nbtrack.log({"val/loss": 0.6}, step=3, timestamp=1_700_000_000_000)
        run.log({"loss": array[0]}, lr=0.1)
        nbtrack.log_metric("loss", 0.5, 1)
        nbtrack.log_metrics({"loss": 0.5}, step=1)
        nbtrack.log_param("seed", 0)
        nbtrack.log_params({"seed": 0, "name": None})
        nbtrack.set_tag("stage", "final")
        nbtrack.set_tags({"a": 1, "b": "c"})
        nbtrack.log_artifact("model.bin")
        nbtrack.log_artifacts(Path("folder"), "models")
        nbtrack.log_figure(figure, "curve.png")
        nbtrack.log_image(array, key="sample", step=0)
        nbtrack.log_table(frame, "table.csv")
        nbtrack.log_text("text", "notes.txt")
        nbtrack.log_dict({"a": [1]}, "a.json")
        with (
            nbtrack.start_run(parent=run),
            nbtrack.start_run(resume=run.id, experiment="other", not_failures=[StopIteration, "package.Error"]),
        ):
            nbtrack.end_run("KILLED")
            nbtrack.end_run(Status.FAILED)
    if (current := nbtrack.active_run()) is not None:
        current.name = "another"
        current.note = "remark"


def reading() -> None:
    runs = nbtrack.runs("metrics.loss < 0.1", experiment=["a", "b"], order_by=["metrics.loss ASC"], limit=5, view="all")
    assert_type(runs, Runs)
    assert_type(runs[0], Run)
    assert_type(runs[1:], Runs)
    assert_type([run.name for run in runs], list[str])
    assert_type(runs.df(metrics=["last", "min"], typed=False), pd.DataFrame)
    assert_type(runs.history("loss", "accuracy"), pd.DataFrame)
    assert_type(runs.to_csv("runs.csv"), Path)
    assert_type(nbtrack.compare(runs[0], "id", runs), Comparison)
    assert_type(runs.compare().params, pd.DataFrame)
    table: pd.DataFrame = nbtrack.search_runs(filter_string="params.lr = '0.1'")
    print(table)


def one_run(run: Run) -> None:
    assert_type(run.status, Status)
    assert_type(run.start_time, datetime)
    assert_type(run.end_time, datetime | None)
    assert_type(run.duration, timedelta | None)
    assert_type(run.parent, Run | None)
    assert_type(run.diff, str | None)
    assert_type(run.tags["stage"], str)
    history = run.metrics["loss"]
    assert_type(history, MetricHistory)
    assert_type(history.values, NDArray[np.float64])
    assert_type(history.steps, NDArray[np.int64])
    assert_type(history.min, float)
    assert_type(history.df(), pd.DataFrame)
    assert_type(run.artifacts.read_text("notes.txt"), str)
    loaded: Any = run.artifacts.load("table.csv")
    sizes: list[int | None] = [entry.size for entry in run.artifacts.list("models")]
    print(loaded, sizes, run.code.cells if run.code else ())
    run.delete()
    run.restore()


def models(run: Run) -> None:
    version = nbtrack.register_model(run.artifacts.list()[0], "digits", tags={"n": 1}, description="text", alias="champion")
    assert_type(version, ModelVersion)
    assert_type(nbtrack.get_model("digits@champion").run, Run | None)
    model = nbtrack.get_registered_model("digits")
    assert_type(model, RegisteredModel)
    assert_type(model[3], ModelVersion)
    assert_type(model.latest, ModelVersion | None)
    model.set_alias("old", version)
    version.transition("Production", archive_existing=True)
    version.description = "better"
    names: list[str] = [each.name for each in nbtrack.registered_models("name LIKE 'd%'", order_by="name DESC", limit=3)]
    numbers: list[int] = [each.version for each in nbtrack.model_versions(f"run_id = '{run.id}'")]
    print(names, numbers, version.artifacts.download(target="folder"))


def errors(run_id: str) -> Run | None:
    try:
        return nbtrack.get_run(run_id)
    except (NbtrackError, StopRun):
        return None
