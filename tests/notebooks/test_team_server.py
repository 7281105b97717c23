"""The notebook of the team's server, executed in a new kernel on a real PostgreSQL and a real bucket."""

import re

import nbformat
import pytest

import nbtrack
from nbtrack.entities.run import Status
from nbtrack.store.artifacts.open import open_artifacts
from notebooks.execute import TEAM, execute, leaks, team


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("team")


@pytest.fixture(scope="module")
def environ():
    with team() as environ:
        yield environ


@pytest.fixture(scope="module")
def notebook(folder, environ):
    return execute(TEAM, folder, environ)


@pytest.mark.slow
def test_everybodys_runs_are_in_one_database_and_one_bucket(notebook, environ, monkeypatch):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    nbtrack.connect(environ["TEAM_STORE"], experiment="digits-team", artifacts=environ["TEAM_ARTIFACTS"])
    runs = {run.name: run for run in nbtrack.runs()}
    assert sorted(runs) == ["from-ada", "from-grace", "from-mlflow", "from-the-notebook"]
    assert {run.status for run in runs.values()} == {Status.FINISHED}
    assert {name: len(run.metrics["loss"].values) for name, run in runs.items()} == dict.fromkeys(runs, 20)
    by_mlflow, folder = runs["from-mlflow"], f"{environ['TEAM_ARTIFACTS']}/{runs['from-mlflow'].artifact_uri.split(':/')[1]}"
    assert by_mlflow.artifact_uri.startswith("mlflow-artifacts:/")
    assert open_artifacts(folder).open("remarks.txt").read() == b"logged by MLflow's own client", "it is in the bucket itself"
    assert runs["from-the-notebook"].params["lr"] == 0.003, "with its type"


@pytest.mark.slow
def test_it_ends_with_the_result_in_its_text(notebook):
    (shown,) = [cell.outputs[0] for cell in notebook.cells if cell.source.startswith("nbtrack.connect(store")]
    assert shown["data"]["text/plain"] == "['from-ada', 'from-grace', 'from-mlflow', 'from-the-notebook']"
    assert not [output for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == "error"]


def test_the_committed_notebook_was_executed_on_postgresql_and_s3():
    text = TEAM.read_text(encoding="utf-8")
    cells = [cell for cell in nbformat.reads(text, as_version=4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert re.search(r"postgresql.*s3", cells[0].outputs[0]["data"]["text/plain"])
    assert leaks(text) == []
