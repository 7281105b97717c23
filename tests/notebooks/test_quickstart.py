"""The quickstart, executed in a new kernel: its text and its outputs are true."""

import re

import nbformat
import pytest

import nbtrack
from notebooks.execute import QUICKSTART, execute, leaks

STATUSES = {
    "baseline": "FINISHED",
    "wider": "FINISHED",
    "sweep-0.0003": "FINISHED",
    "sweep-0.003": "FINISHED",
    "sweep-0.03": "FINISHED",
    "sweep-0.3": "FINISHED",
    "mixed-up": "FAILED",
    "too-slow": "KILLED",
}


def outputs(notebook, start):
    """The outputs of the cell whose source begins with ``start``."""
    (cell,) = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.startswith(start)]
    return cell.outputs


def shown(notebook, start):
    """What the cell shows as plain text, all together."""
    return "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs(notebook, start))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("quickstart")


@pytest.fixture(scope="module")
def notebook(folder):
    return execute(QUICKSTART, folder)


@pytest.fixture
def runs(notebook, folder):
    nbtrack.connect(folder / ".nbtrack", experiment="Default")
    return nbtrack.runs()


@pytest.mark.slow
def test_every_cell_was_executed(notebook):
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


@pytest.mark.slow
def test_runs_have_their_status(runs):
    assert {run.name: str(run.status) for run in runs} == STATUSES
    assert len(runs) == len(STATUSES)


@pytest.mark.slow
def test_the_best_run_is_good_and_the_one_shown(notebook, runs):
    finished = [run for run in runs if run.status == "FINISHED"]
    best = max(finished, key=lambda run: run.metrics["accuracy"].last)
    accuracy = best.metrics["accuracy"].last
    assert accuracy > 0.96
    table = runs.df().set_index("name")
    assert table.loc[best.name, "metrics.accuracy"] == accuracy == table["metrics.accuracy"].max()
    assert shown(notebook, "best =").startswith(f"{best.name}: {accuracy:.4f} after 30 epochs")
    assert f"{accuracy:.5g}" in shown(notebook, "%compare")


@pytest.mark.slow
def test_params_were_recorded_by_themselves_with_their_types(runs):
    params = {run.name: dict(run.params) for run in runs}
    assert params["baseline"] == {"hidden": 32, "lr": 0.001, "epochs": 30}
    assert params["sweep-0.03"] == {"hidden": 64, "lr": 0.03, "epochs": 30}
    assert type(params["wider"]["hidden"]) is int


@pytest.mark.slow
def test_compared_params_are_shown_as_they_were_given(notebook):
    (epochs,) = re.findall(r"^epochs +(.+)$", shown(notebook, "comparison ="), re.MULTILINE)
    assert epochs.split() == ["30"] * 4


@pytest.mark.slow
def test_failed_and_killed_runs_keep_what_they_had(runs):
    by_name = {run.name: run for run in runs}
    assert len(by_name["mixed-up"].metrics["loss"]) == 10
    assert "ValueError" in by_name["mixed-up"].traceback
    assert len(by_name["too-slow"].metrics["loss"]) == 41
    assert "KeyboardInterrupt" in by_name["too-slow"].traceback


@pytest.mark.slow
def test_the_filter_finds_the_right_runs(notebook, runs):
    expected = {r.name for r in runs if r.params["lr"] < 0.01 and "accuracy" in r.metrics and r.metrics["accuracy"].last > 0.97}
    (output,) = outputs(notebook, "%runs -o")
    found = set(re.findall(r"^(\S+) +(?:Finished|Failed|Killed)", output.data["text/plain"], re.MULTILINE))
    assert found == expected != set()


@pytest.mark.slow
def test_only_tracked_cells_leave_a_picture(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.source.startswith("%%track"):
            assert {"text/html", "text/plain", "image/png"} <= set(cell.outputs[-1].data)
    assert outputs(notebook, "for lr in") == []


@pytest.mark.slow
def test_the_artifact_is_read_back(notebook, runs):
    wider = next(run for run in runs if run.name == "wider")
    misread = wider.artifacts.load("misread.csv")
    wrong = round((1 - wider.metrics["accuracy"].last) * 540)
    assert len(misread) == wrong
    assert shown(notebook, "misread =").endswith("Name: count, dtype: int64")


@pytest.mark.slow
def test_execution_leaves_the_notebook_alone(folder, notebook):
    assert nbformat.read(folder / QUICKSTART.name, as_version=4).cells[0] == notebook.cells[0]
    assert sorted(path.name for path in folder.iterdir()) == [".nbtrack", QUICKSTART.name]


@pytest.fixture(scope="module")
def committed():
    return nbformat.read(QUICKSTART, as_version=4)


def test_the_committed_notebook_was_executed_in_order(committed):
    nbformat.validate(committed)
    counts = [cell.execution_count for cell in committed.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


def test_the_committed_notebook_is_small_and_names_no_machine():
    text = QUICKSTART.read_text(encoding="utf-8")
    assert len(text) < 300_000
    assert leaks(text) == []
