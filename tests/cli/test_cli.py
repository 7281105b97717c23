"""The command line, as people and programs use it: each command in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import nbtrack
from nbtrack.tracking.tracker import connection_of

pytestmark = pytest.mark.slow

CRASHES = """
import os, nbtrack
run = nbtrack.start_run("crashed")
run.flush(20)
nbtrack.connect()._connection.flusher.close(5)
for i in range(100):
    run.log(loss=i)
os._exit(1)
"""


def command(*arguments, cwd, status=0):
    """Run a command, whose exit status must be as said, and return what it wrote."""
    program = Path(sys.executable).with_name("nbtrack")
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, check=False)
    assert done.returncode == status, (arguments, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done.stdout if status != 2 else done.stderr


def as_json(*arguments, cwd, status=0):
    return json.loads(command(*arguments, "--json", cwd=cwd, status=status))


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with three runs in two experiments."""
    monkeypatch.chdir(tmp_path)
    tracker = nbtrack.connect()
    ids = []
    for i, (name, experiment) in enumerate([("one", "Default"), ("two", "Default"), ("three", "vision")]):
        with tracker.start_run(name, experiment=experiment, params={"lr": 0.1 * i}) as run:
            for step in range(10):
                run.log(loss=1 / (step + 1 + i), bad=float("nan"))
            run.log_text(f"this is {name}", "notes/a.txt")
        ids.append(run.id)
    assert tracker.flush(30)
    connection_of(tracker).close(10)
    return tmp_path, ids


def test_runs_are_listed_shown_deleted_restored_and_purged(project):
    folder, ids = project
    listed = as_json("runs", "list", "params.lr < 0.15", cwd=folder)
    assert [run["id"] for run in listed] == [ids[1], ids[0]]
    assert listed[0]["metrics"]["bad"]["last"] == "NaN"
    text = command("runs", "list", "-e", "vision", cwd=folder)
    assert ids[2] in text
    assert ids[0] not in text
    shown = as_json("runs", "show", "two", cwd=folder)
    assert (shown["id"], shown["files"], shown["params"]) == (ids[1], [{"path": "notes/a.txt", "size": 11}], {"lr": 0.1})
    assert as_json("runs", "delete", ids[0][:8], "two", cwd=folder)["runs"] == ids[:2]
    assert as_json("runs", "restore", "two", cwd=folder)["runs"] == [ids[1]]
    assert "would be removed" in command("runs", "gc", cwd=folder)
    files = Path(shown["artifact_uri"].replace(ids[1], ids[0]))
    assert (files / "notes" / "a.txt").exists()
    assert as_json("runs", "gc", "--yes", cwd=folder)["runs"] == [ids[0]]
    assert not (files / "notes").exists()
    assert "no run with the id" in command("runs", "show", ids[0], cwd=folder, status=2)
    assert {run["id"] for run in as_json("runs", "list", cwd=folder)} == set(ids[1:])


def test_a_deleted_run_that_is_running_is_not_removed(project):
    folder, ids = project
    run = nbtrack.connect().start_run("alive")
    run.flush()
    assert as_json("runs", "delete", run.id, ids[0], cwd=folder)["runs"] == [run.id, ids[0]]
    said = command("runs", "gc", "--yes", cwd=folder, status=1)
    assert f"run {run.id} stays: it is running; stop it first" in said
    assert "1 runs removed" in said
    run.log(loss=0.5)
    run.end()
    assert nbtrack.flush()
    assert nbtrack.get_run(run.id).metrics["loss"].last == 0.5
    assert as_json("runs", "gc", "--yes", cwd=folder)["runs"] == [run.id]


def test_an_ambiguous_name_deletes_no_run(project):
    folder, ids = project
    with nbtrack.connect().start_run("two") as again:
        pass
    nbtrack.flush()
    for action in ("show", "delete", "restore"):
        said = command("runs", action, "two", cwd=folder, status=2)
        assert f"'two' can be 2 runs: {again.id[:8]} of " in said
        assert f", {ids[1][:8]} of " in said
    assert len(as_json("runs", "list", cwd=folder)) == 4
    command("runs", "delete", again.id[:8], cwd=folder)
    assert "(deleted)" in command("runs", "delete", "two", cwd=folder, status=2)


def test_experiments_are_listed_deleted_and_restored(project):
    folder, ids = project
    found = as_json("experiments", "--delete", "vision", "--all", cwd=folder)
    assert {each["name"]: (each["runs"], each["stage"]) for each in found} == {
        "Default": (2, "active"),
        "vision": (0, "deleted"),
    }
    assert f"{ids[2]}  three  (its experiment 'vision' is deleted)" in command("runs", "gc", cwd=folder)
    refused = command("runs", "restore", ids[2], cwd=folder, status=2)
    assert "the experiment 'vision' is deleted; restore it (nbtrack experiments --restore vision)" in refused
    found = as_json("experiments", "--restore", "vision", cwd=folder)
    assert {each["name"]: each["runs"] for each in found} == {"Default": 2, "vision": 1}
    assert "no experiment called 'x'; there are" in command("experiments", "--delete", "x", cwd=folder, status=2)


def test_runs_are_exported(project):
    folder, ids = project
    assert as_json("export", "some.csv", "--filter", "params.lr < 0.05", cwd=folder)["runs"] == 1
    assert (folder / "some.csv").read_text().count("\n") == 2
    command("export", "all", cwd=folder)
    run = folder / "all" / ids[0]
    assert json.loads((run / "run.json").read_text())["params"] == {"lr": 0.0}
    assert (run / "metrics.csv").read_text().count(",loss,") == 10
    assert (run / "artifacts" / "notes" / "a.txt").read_text() == "this is one"
    assert "choose .csv, .parquet or .html" in command("export", "runs.xlsx", cwd=folder, status=2)


@pytest.mark.parametrize("path", ["file/runs.csv", "file/runs.parquet", "file/runs.html", "file/folder", "file"])
def test_an_export_to_an_unwritable_path_is_one_line(project, path):
    folder, _ = project
    (folder / "file").write_text("in the way")
    said = command("export", path, cwd=folder, status=2)
    assert said.startswith(f"nbtrack: {path} cannot be written: ")
    assert said.count("\n") == 1


def test_runs_are_pushed_and_imported(project, tmp_path_factory):
    folder, ids = project
    other = tmp_path_factory.mktemp("other")
    uri = f"sqlite:///{other}/runs.db"
    assert as_json("push", "one", uri, cwd=folder) == {"copied": [ids[0]], "unchanged": 0, "problems": []}
    pushed = as_json("push", "--all", uri, cwd=folder)
    assert (sorted(pushed["copied"]), pushed["unchanged"]) == (sorted(ids[1:]), 1)
    imported = as_json("import", folder, "--store", other / "mine", cwd=other)
    assert sorted(imported["copied"]) == sorted(ids)
    (shown,) = as_json("runs", "list", "params.lr = 0", "--store", uri, cwd=other)
    assert (shown["id"], shown["metrics"]["loss"]["count"]) == (ids[0], 10)
    assert "say --all" in command("push", uri, cwd=folder, status=2)
    (other / "empty").mkdir()
    assert "holds no runs" in command("import", other / "empty", cwd=folder, status=2)
    assert "no file or folder" in command("import", "nowhere", cwd=folder, status=2)


def test_an_orphaned_journal_is_reported_and_delivered(tmp_path):
    subprocess.run([sys.executable, "-c", CRASHES], cwd=tmp_path, check=False, env=os.environ)
    found = {each["what"]: each for each in as_json("doctor", cwd=tmp_path, status=1)}
    assert (found["reachable"]["is_well"], found["journal"]["is_well"]) == (True, False)
    assert "nbtrack sync" in found["journal"]["remedy"]
    assert as_json("sync", cwd=tmp_path) == {"delivered": 1, "waiting": [], "refused": []}
    (run,) = as_json("runs", "list", cwd=tmp_path)
    assert (run["status"], run["metrics"]["loss"]["count"], run["tags"]["nbtrack.ended"]) == ("FAILED", 100, "crashed")
    assert "FAIL" not in command("doctor", cwd=tmp_path)


def test_an_unavailable_and_a_missing_store_are_reported(tmp_path):
    found = as_json("doctor", "--store", "postgresql://nobody@127.0.0.1:9/x", cwd=tmp_path, status=1)
    assert [each["is_well"] for each in found[:2]] == [True, False]
    assert "FAIL" not in command("doctor", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert "cannot be reached" in command("runs", "list", "--store", "postgresql://nobody@127.0.0.1:9/x", cwd=tmp_path, status=2)
