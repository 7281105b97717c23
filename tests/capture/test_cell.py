"""All captures of a cell together, in a real shell."""

import json
import subprocess

import pytest

CELL = """
import os
from nbtrack.capture.base import CaptureGuard
from nbtrack.capture.cell import PARTS, CellCapture
from nbtrack.capture.source import ExecutedCells

def track(source, cells=ExecutedCells(), seconds=60, **options):
    guard = CaptureGuard(seconds)
    capture = CellCapture(shell, os.environ, cells, guard, **options)
    hold = {}
    def before(info):
        hold["start"] = capture.start(info.raw_cell, "id-1")
    shell.events.register("pre_run_cell", before)
    result = shell.run_cell(source, store_history=True)
    shell.events.unregister("pre_run_cell", before)
    ended = capture.finish(result.error_before_exec or result.error_in_exec)
    return {
        "tags": hold["start"].tags,
        "start": hold["start"].params,
        "end": ended.facts.params,
        "documents": {d.kind: d.text for d in (*hold["start"].documents, *ended.facts.documents) if d.kind},
        "datasets": [d.name for d in hold["start"].datasets],
        "files": {f.path: f.data.decode() for f in ended.files},
        "failed": guard.failures().tags,
    }

shell.run_cell("import pandas as pd\\nbase = 4\\ndf = pd.DataFrame({'a': [1]})", store_history=True)
"""
RUN = r'"%%time\nlr = 0.1\nwidth = 2 * base\nprint(df.shape)\nlen(df)"'


@pytest.fixture
def project(tmp_path):
    for command in ("init -q", "commit -q --allow-empty -m x"):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *command.split()], cwd=tmp_path, check=True)
    return tmp_path


def test_all_captures_of_one_cell(shell, project):
    got = shell(CELL + f"print(json.dumps(track({RUN}, notebook={str(project / 'nb.ipynb')!r})))", project)
    assert got["start"] == {"lr": 0.1, "base": 4}
    assert got["end"] == {"width": 8}
    assert got["datasets"] == ["df"]
    assert got["tags"]["mlflow.source.name"] == "nb.ipynb"
    assert got["tags"]["mlflow.source.type"] == "NOTEBOOK"
    assert got["tags"]["mlflow.source.git.dirty"] == "false"
    assert got["tags"]["nbtrack.cell.id"] == "id-1"
    assert got["tags"]["nbtrack.cell.execution_count"] == "2"
    assert got["documents"]["code"] == json.loads(RUN)
    assert len(json.loads(got["documents"]["cells"])) == 1
    assert set(got["documents"]) == {"code", "cells", "environment", "packages"}
    assert "(1, 1)" in got["files"]["outputs/stdout.txt"]
    assert got["failed"] == {}


def test_a_failing_cell_and_cells_with_captures_disabled(shell, tmp_path):
    code = (
        CELL
        + "print(json.dumps([track('lr = 1\\n1 / 0'), track('lr = 1\\n1 / 0', parts=()), track('lr = 1\\n1 / 0', seconds=0)]))"
    )
    failed, nothing, late = shell(code, tmp_path)
    assert "ZeroDivisionError" in failed["documents"]["traceback"]
    assert failed["start"] == {"lr": 1}
    assert {part for part, found in nothing.items() if found} == {"tags"}
    assert nothing["tags"] == {"mlflow.source.type": "NOTEBOOK"}
    assert late["documents"] == {}
    assert "params: left out" in late["failed"]["nbtrack.capture.failed"]


def test_names_that_are_logged_in_another_way_are_skipped(shell, tmp_path):
    got = shell(CELL + "print(json.dumps(track('lr = 1\\nuse = base', without=['base'])))", tmp_path)
    assert got["start"] == {"lr": 1}
