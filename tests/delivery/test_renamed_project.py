"""A process goes on in a project that is renamed, and the former folder does not come back."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

import nbtrack
from nbtrack.entities.run import Status
from nbtrack.store.open import open_store
from nbtrack.store.protocol.search import Query
from nbtrack.system.anchor import Anchor, make_folders
from nbtrack.tracking.tracker import connection_of


@pytest.fixture
def old(tmp_path, monkeypatch):
    """A project's folder, which is the working directory."""
    (tmp_path / "old").mkdir()
    monkeypatch.chdir(tmp_path / "old")
    yield tmp_path / "old"
    nbtrack.connect("memory:")


def runs_in(database):
    """Return the runs of a store by their names, as another process reads them, and the store."""
    store = open_store(f"sqlite:///{database}", artifact_root=str(database.parent / "artifacts"))
    return {run.name: run for run in store.search_runs(Query()).items}, store


@pytest.mark.parametrize("uri", [None, "sqlite:///runs.db"])
def test_an_open_run_and_later_ones_go_on_in_the_renamed_folder(old, tmp_path, caplog, uri):
    nbtrack.connect(uri)
    new = tmp_path / "deeper" / "new"
    new.parent.mkdir()
    with nbtrack.start_run("open") as run:
        run.log(loss=1.0)
        run.log_text("before", "a.txt")
        run.flush()
        old.rename(new)
        for step in range(3000):
            run.log(loss=float(step))
        run.log_metric("later", 1.0)
        run.log_param("lr", 0.1)
        run.log_text("after", "b.txt")
        nbtrack.flush()
        assert run.artifacts.read_text("a.txt") == "before"
    with nbtrack.start_run("after") as later:
        later.log(loss=1.0)
        later.log_text("c", "c.txt")
    assert [each.name for each in nbtrack.runs()] == ["after", "open"]
    assert later.artifacts.read_text("c.txt") == "c"
    assert caplog.messages == [f"nbtrack: {old} was renamed to {new}, and runs go on there"]
    assert not old.exists()
    runs, store = runs_in(new / ".nbtrack" / "runs.db" if uri is None else new / "runs.db")
    with closing(store):
        assert {name: found.status for name, found in runs.items()} == {"open": Status.FINISHED, "after": Status.FINISHED}
        assert len(store.history(run.id, "loss").values) == 3001
        assert store.params([run.id]) == [(run.id, "lr", 0.1)]
        assert {path.name for path in Path(runs["open"].artifact_uri).iterdir()} >= {"a.txt", "b.txt"}
    journal = new / (".nbtrack" if uri is None else "runs.db.files") / "journal"
    assert [path for path in journal.iterdir() if path.is_dir()] == []


@pytest.mark.slow
def test_renaming_a_busy_project_loses_nothing(old, tmp_path):
    nbtrack.connect()
    now = old
    with nbtrack.start_run("open") as run:
        for number in range(8):
            for step in range(1000):
                run.log(loss=float(step))
            run.log_text(str(number), f"{number}.txt")
            now = now.rename(tmp_path / f"name {number}")
            run.log_text(str(number), f"after {number}.txt")
            nbtrack.flush()
    nbtrack.flush()
    assert len(run.metrics["loss"].values) == 8_000
    assert [run.artifacts.read_text(f"{number}.txt") for number in range(8)] == [str(number) for number in range(8)]
    assert [path.name for path in tmp_path.iterdir()] == ["name 7"]


def test_many_renames_in_a_row_lose_nothing_and_leave_no_folder(old, tmp_path, caplog):
    tracker = nbtrack.connect()
    now = old
    with nbtrack.start_run("open") as run:
        for number in range(40):
            run.log(loss=float(number))
            run.log_param(f"p{number}", number)
            now = now.rename(tmp_path / f"name {number}")
            run.log_text(str(number), f"{number}.txt")
            run.log_metric(f"m{number % 7}", 1.0)
            run.set_tag(f"t{number}", "x")
    later = nbtrack.start_run("later")
    later.log(loss=1.0)
    later.end()
    assert nbtrack.flush()
    assert len(run.metrics["loss"].values) == 40
    assert [run.artifacts.read_text(f"{number}.txt") for number in range(40)] == [str(number) for number in range(40)]
    assert set(run.params) == {f"p{number}" for number in range(40)}
    assert {f"t{number}" for number in range(40)} <= set(run.tags)
    assert [path.name for path in tmp_path.iterdir() if path.name != "state"] == ["name 39"]
    assert not [message for message in caplog.messages if "deleted or replaced" in message or "is lost because" in message]
    assert connection_of(tracker).settings.folder == now / ".nbtrack"


@pytest.mark.slow
def test_renames_by_another_thread_while_everything_is_logged_lose_nothing(old, tmp_path, caplog):
    nbtrack.connect()
    is_over = threading.Event()

    def rename():
        now, number = old, 0
        while not is_over.is_set():
            number += 1
            now = now.rename(tmp_path / f"name {number}")
            time.sleep(0.003)

    renaming = threading.Thread(target=rename)
    with nbtrack.start_run("open") as run:
        renaming.start()
        for number in range(300):
            run.log(loss=float(number))
            run.log_param(f"p{number}", number)
            run.log_text(str(number), f"{number % 50}.txt")
        is_over.set()
        renaming.join()
    assert nbtrack.flush()
    assert len(run.metrics["loss"].values) == 300
    assert len(run.params) == 300
    assert [run.artifacts.read_text(f"{number}.txt") for number in range(50)] == [str(250 + number) for number in range(50)]
    assert len([path for path in tmp_path.iterdir() if path.name != "state"]) == 1
    assert not [message for message in caplog.messages if "deleted or replaced" in message or "is lost because" in message]


def test_connecting_again_after_a_rename_is_the_same_connection(old, tmp_path, monkeypatch):
    before = nbtrack.connect()
    before.start_run("before").end()
    before.flush()
    old.rename(tmp_path / "new")
    before.runs()
    assert connection_of(nbtrack.connect()) is connection_of(before)
    assert before.uri == f"sqlite:///{tmp_path}/new/.nbtrack/runs.db"
    assert len(nbtrack.connect(old / ".nbtrack").runs()) == 0


def test_runs_that_were_read_before_a_rename_find_their_files(old, tmp_path):
    tracker = nbtrack.connect()
    with tracker.start_run("before") as run:
        run.log_text("hello", "a.txt")
    (found,) = tracker.runs()
    assert found.artifact_uri.startswith(str(old))
    old.rename(tmp_path / "new")
    tracker.runs()
    assert found.artifact_uri.startswith(str(tmp_path / "new"))
    assert found.artifacts.read_text("a.txt") == "hello"
    assert pickle.loads(pickle.dumps(found)).artifact_uri == found.artifact_uri
    assert not old.exists()


def test_an_artifact_root_in_the_project_moves_with_it(old, tmp_path):
    tracker = nbtrack.connect(artifacts="mine")
    tracker.start_run("before").end()
    tracker.flush()
    old.rename(tmp_path / "new")
    with tracker.start_run("after", experiment="new") as run:
        run.log_text("hello", "a.txt")
    assert run.artifact_uri == f"{tmp_path}/new/mine/1/{run.id}/artifacts"
    assert run.artifacts.read_text("a.txt") == "hello"
    assert not old.exists()


def test_a_store_folder_that_is_renamed_by_itself_is_not_followed(old):
    tracker = nbtrack.connect()
    tracker.start_run("before").end()
    tracker.flush()
    (old / ".nbtrack").rename(old / ".nbtrack.kept")
    tracker.start_run("after").end()
    assert [run.name for run in tracker.runs()] == ["after"]
    runs, store = runs_in(old / ".nbtrack.kept" / "runs.db")
    with closing(store):
        assert list(runs) == ["before"]


def test_a_copy_in_place_of_the_renamed_project_is_used(old, tmp_path):
    tracker = nbtrack.connect()
    tracker.start_run("before").end()
    tracker.flush()
    connection_of(tracker).store().close()
    shutil.copytree(old, tmp_path / "copy")
    old.rename(tmp_path / "new")
    (tmp_path / "copy").rename(old)
    tracker.start_run("after").end()
    assert [run.name for run in tracker.runs()] == ["after", "before"]
    runs, store = runs_in(tmp_path / "new" / ".nbtrack" / "runs.db")
    with closing(store):
        assert list(runs) == ["before"]


AWAY = """
import nbtrack, os, sys
nbtrack.connect("http://127.0.0.1:9/")
run = nbtrack.start_run("before")
run.log(loss=1.0)
os.rename(sys.argv[1], sys.argv[2])
nbtrack.start_run("after").log(loss=1.0)
os._exit(0)
"""


@pytest.mark.slow
def test_journals_for_a_server_move_with_the_project(old, tmp_path):
    command = [sys.executable, "-c", AWAY, str(old), str(tmp_path / "new")]
    environ = {**os.environ, "NBTRACK_URI": "http://127.0.0.1:9/"}
    subprocess.run(command, cwd=old, check=True, capture_output=True, env=environ, timeout=120)
    (outbox,) = (tmp_path / "new" / ".nbtrack" / "outbox").iterdir()
    assert len([path for path in outbox.iterdir() if path.is_dir()]) == 2
    assert not old.exists()


def recovered_after(code, old, new):
    """Run code that renames the project and is killed, recover in the renamed folder, and return a tracker on it."""
    killed = subprocess.run([sys.executable, "-c", code, str(old), str(new)], cwd=old, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    assert not old.exists()
    os.chdir(new)
    tracker = nbtrack.connect()
    connection_of(tracker).recover()
    return tracker


KILLED_SOON = """
import nbtrack, os, sys
run = nbtrack.start_run("killed")
run.log(loss=1.0)
assert run.flush()
os.rename(sys.argv[1], sys.argv[2])
run.log_param("lr", 0.1)
run.log(loss=2.0, other=3.0)
run.log_text("hello", "a.txt")
os.kill(os.getpid(), 9)
"""


@pytest.mark.slow
def test_what_is_logged_right_after_a_rename_survives_a_crash(old, tmp_path):
    tracker = recovered_after(KILLED_SOON, old, tmp_path / "new")
    (run,) = tracker.runs()
    assert run.params == {"lr": 0.1}
    assert run.metrics["loss"].values.tolist() == [1.0, 2.0]
    assert run.metrics["other"].last == 3.0
    assert run.artifacts.read_text("a.txt") == "hello"


KILLED = """
import nbtrack, os, sys
run = nbtrack.start_run("killed")
run.log(loss=1.0)
run.flush()
os.rename(sys.argv[1], sys.argv[2])
nbtrack.start_run("new").log(loss=2.0)
for step in range(500):
    run.log(loss=3.0)
run.log(other=4.0)
os.kill(os.getpid(), 9)
"""


@pytest.mark.slow
def test_a_process_that_is_killed_after_a_rename_loses_nothing(old, tmp_path):
    tracker = recovered_after(KILLED, old, tmp_path / "new")
    runs = {run.name: run for run in tracker.runs()}
    assert {name: run.status for name, run in runs.items()} == {"killed": Status.FAILED, "new": Status.FAILED}
    assert len(runs["killed"].metrics["loss"].values) == 501
    assert runs["killed"].metrics["other"].last == 4.0


PICKLED = """
import nbtrack, pickle
from pathlib import Path
with nbtrack.start_run("before") as run:
    run.log(loss=1.0)
    run.log_text("hello", "a.txt")
nbtrack.flush()
Path("run.pickle").write_bytes(pickle.dumps(run))
"""

LOADED = """
import nbtrack, os, pickle
run = pickle.loads(open(os.environ["PICKLE"], "rb").read())
print(run.name, run.metrics["loss"].last, run.artifacts.read_text("a.txt"))
run.set_tag("seen", "yes")
nbtrack.flush()
assert run.flush()
"""

LOST = """
import os, pickle, nbtrack.errors
run = pickle.loads(open(os.environ["PICKLE"], "rb").read())
try:
    run.status
except nbtrack.errors.StoreUnavailable as error:
    print(error)
"""


def python(code, cwd, **environ):
    """Run a program, and return its output."""
    command = [sys.executable, "-c", code]
    environ = {**os.environ, **environ}
    return subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True, env=environ).stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("uri", ["", "sqlite:///runs.db"])
def test_a_run_pickled_before_a_rename_is_found_in_the_renamed_project(old, tmp_path, uri):
    python(PICKLED, old, NBTRACK_URI=uri)
    new = tmp_path / "new"
    old.rename(new)
    assert python(LOADED, new, PICKLE=str(new / "run.pickle")) == "before 1.0 hello"
    assert not old.exists()
    runs, store = runs_in(new / (".nbtrack/runs.db" if not uri else "runs.db"))
    with closing(store):
        assert store.tags([runs["before"].id])[-1][1:] == ("seen", "yes")


@pytest.mark.slow
def test_a_pickled_run_of_a_missing_project_makes_no_folder(old, tmp_path):
    python(PICKLED, old)
    new, elsewhere = tmp_path / "new", tmp_path / "elsewhere"
    elsewhere.mkdir()
    old.rename(new)
    said = python(LOST, elsewhere, PICKLE=str(new / "run.pickle"))
    assert said == f"{old}/.nbtrack is not there any more: if it was moved, work in the folder that it is in"
    assert not old.exists()
    assert list(elsewhere.iterdir()) == []


def test_a_deleted_folder_is_made_again_at_its_path(tmp_path):
    folder = tmp_path / "store"
    folder.mkdir()
    held = Anchor(folder)
    shutil.rmtree(folder)
    make_folders(folder / "journal")
    assert (folder / "journal").is_dir()
    assert not held.is_in_place()
