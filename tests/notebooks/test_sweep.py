"""The notebook of the sweep, executed in a new kernel: twenty trainings, and a decision that their runs support."""

import re

import nbformat
import pytest

import nbtrack
from notebooks.execute import SWEEP, execute, leaks


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sweep")


@pytest.fixture(scope="module")
def notebook(folder):
    return execute(SWEEP, folder)


@pytest.fixture
def runs(notebook, folder):
    nbtrack.connect(folder / ".nbtrack", experiment="digits-sweep")
    return nbtrack.runs("params.epochs = 30")


def printed(notebook, start):
    (cell,) = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.startswith(start)]
    return cell.outputs[0]["text"]


@pytest.mark.slow
def test_twenty_trainings_are_stored(runs):
    frame = runs.df()
    assert len(frame) == 20
    assert (frame.status == "FINISHED").all()
    assert frame.groupby(["params.lr", "params.hidden"])["params.seed"].nunique().tolist() == [2] * 10
    assert {run.metrics["val_accuracy"].count for run in runs} == {30}
    assert all("confusion.png" in [str(entry) for entry in run.artifacts] for run in runs)


@pytest.mark.slow
def test_the_decision_is_what_the_runs_say(notebook, runs):
    lr, hidden = runs.df().groupby(["params.lr", "params.hidden"])["metrics.val_accuracy"].mean().idxmax()
    said = re.search(r"learning rate (\S+), (\d+) wide: ([\d.]+)%", printed(notebook, "chosen ="))
    assert (float(said[1]), int(said[2])) == (lr, hidden)
    assert float(said[3]) > 95
    chosen = nbtrack.runs("tags.decision = 'yes'")[0]
    assert (chosen.params["lr"], chosen.params["hidden"]) == (lr, hidden)


@pytest.mark.slow
def test_the_best_single_run_was_luck(runs):
    best = max(runs, key=lambda run: run.metrics["val_accuracy"].last)
    (sister,) = [run for run in runs if run != best and {**run.params, "seed": 0} == {**best.params, "seed": 0}]
    assert (best.params["lr"], best.params["hidden"]) == (0.01, 128)
    assert best.metrics["val_accuracy"].last - sister.metrics["val_accuracy"].last > 0.04


def test_the_committed_notebook_was_executed_and_names_no_machine():
    text = SWEEP.read_text(encoding="utf-8")
    counts = [cell.execution_count for cell in nbformat.reads(text, as_version=4).cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert len(text) < 300_000
    assert leaks(text) == []
