"""Training goes on where nothing can be written, with one warning, and everything arrives afterwards."""

import logging
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

import nbtrack
from nbtrack.journal.reader import journals
from nbtrack.tracking.tracker import connection_of

from ..disks import fill, mounted
from .child import Child
from .rounds import IS_LONG

pytestmark = pytest.mark.slow

POINTS = 3000


def train(run, *, first=0):
    for step in range(first, first + POINTS):
        run.log({"loss": step / 4}, step=step)


def wait_until_away(run):
    """Wait until a delivery has failed."""
    while not run._session.connection.flusher.problem:
        run.set_tag("still", "waiting")
        assert not run.flush(0.1)


def warnings_of(caplog):
    return [record.message for record in caplog.records if record.name == "nbtrack"]


def check(run, points):
    assert run.metrics["loss"].values.tolist() == [step / 4 for step in range(points)]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MB."""
    with mounted(tmp_path / "disk") as folder:
        yield folder


def test_a_full_disk_is_one_warning_and_loses_nothing(small_disk, caplog):
    tracker = nbtrack.connect(small_disk / "store")
    with caplog.at_level(logging.WARNING, "nbtrack"):
        run = tracker.start_run("full", params={"lr": 0.1})
        run.flush()
        give_back = fill(small_disk)
        train(run)
        run.set_tag("k", "v")
        run.log_text("hello", "a.txt")
        wait_until_away(run)
        give_back()
        train(run, first=POINTS)
        run.end()
        assert tracker.flush(30)
    check(run, 2 * POINTS)
    assert (run.status, run.tags["k"], run.artifacts.read_text("a.txt")) == ("FINISHED", "v", "hello")
    assert len([message for message in warnings_of(caplog) if "the store is unavailable" in message]) == 1
    connection_of(tracker).close(5)


def test_a_disk_that_is_full_from_the_start_loses_nothing(small_disk, caplog):
    give_back = fill(small_disk)
    tracker = nbtrack.connect(small_disk / "store")
    with caplog.at_level(logging.WARNING, "nbtrack"):
        run = tracker.start_run("full")
        train(run)
        wait_until_away(run)
        give_back()
        assert tracker.flush(30)
        run.end()
    check(run, POINTS)
    connection_of(tracker).close(5)


def test_a_read_only_folder_loses_nothing(small_disk, caplog):
    (small_disk / "store").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    tracker = nbtrack.connect(small_disk / "store")
    with caplog.at_level(logging.WARNING, "nbtrack"):
        run = tracker.start_run("read-only")
        train(run)
        run.log_dict({"a": 1}, "a.json")
        wait_until_away(run)
        assert len(warnings_of(caplog)) == 1
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
        run.end()
        assert tracker.flush(30)
    check(run, POINTS)
    assert run.artifacts.load("a.json") == {"a": 1}
    connection_of(tracker).close(5)


def test_a_locked_store_loses_nothing(tmp_path, caplog):
    tracker = nbtrack.connect(f"sqlite:///{tmp_path}/runs.db?timeout=0.2")
    with caplog.at_level(logging.WARNING, "nbtrack"), tracker.start_run("locked") as run:
        run.flush()
        lock = sqlite3.connect(tmp_path / "runs.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        train(run)
        assert not run.flush(60 if IS_LONG else 2)
        assert run.status == "RUNNING"
        lock.execute("ROLLBACK")
        lock.close()
    assert tracker.flush(30)
    check(run, POINTS)
    (warning,) = warnings_of(caplog)
    assert "locked" in warning
    connection_of(tracker).close(5)


def test_what_waits_for_a_store_that_cannot_be_opened_is_reported_at_the_end(tmp_path):
    (tmp_path / "runs.db").write_bytes(b"this is no database, and it is long enough to be looked at" * 100)
    code = "import nbtrack\nwith nbtrack.start_run() as run:\n    run.log(loss=0.5)\nprint('trained')"
    environment = {**os.environ, "NBTRACK_URI": f"sqlite:///{tmp_path}/runs.db"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False, cwd=tmp_path
    )
    assert done.stdout == "trained\n"
    assert "is not a SQLite database" in done.stderr
    assert "1 rows of 1 runs are not in the store yet" in done.stderr
    assert "Traceback" not in done.stderr
    (tmp_path / "runs.db").unlink()
    tracker = nbtrack.connect(f"sqlite:///{tmp_path}/runs.db")
    (run,) = tracker.runs()
    assert run.metrics["loss"].last == 0.5
    connection_of(tracker).close(5)


# The store's file is damaged.

TRAINS = """
with nbtrack.start_run("new") as run:
    for step in range(1000):
        run.log(loss=step / 4)
print(run.id)
"""


def test_training_beside_a_damaged_store_arrives_after_it_is_fixed(tmp_path, opened):
    first = Child(tmp_path, TRAINS).finish()[0].strip()
    opened(tmp_path).close()
    database = tmp_path / "runs.db"
    whole = database.read_bytes()
    database.write_bytes(whole[:4096] + bytes(len(whole) - 4096))
    out, err = Child(tmp_path, TRAINS).finish()
    damaged, pending = err.splitlines()
    assert "runs.db is damaged" in damaged
    assert "sqlite3's .recover may save what is in it" in damaged
    assert "1000 rows of 1 runs are not in the store yet" in pending
    database.write_bytes(whole)
    store = opened(tmp_path)
    for run_id in (first, out.strip()):
        assert store.history(run_id, "loss").values.tolist() == [step / 4 for step in range(1000)]
        assert store.get_run(run_id).status == "FINISHED"


# The store's file is deleted, or replaced by another one, while a kernel uses it.


def other_kernel(folder, code):
    """Run code on the store in another process."""
    source = f"import nbtrack\nnbtrack.connect({str(folder)!r})\n{code}"
    subprocess.run([sys.executable, "-c", source], check=True, cwd=folder)


def test_a_deleted_store_is_made_again_from_the_journal(tmp_path, caplog):
    tracker = nbtrack.connect(tmp_path / "store")
    run = tracker.start_run("goes on", params={"lr": 0.1})
    train(run)
    assert run.flush(30)
    for path in (tmp_path / "store").glob("runs.db*"):
        path.unlink()
    with caplog.at_level(logging.WARNING, "nbtrack"):
        train(run, first=POINTS)
        run.end()
        assert tracker.flush(30)
    (run,) = tracker.runs()
    steps = run.metrics["loss"].steps.tolist()
    assert steps == list(range(2 * POINTS - len(steps), 2 * POINTS))
    assert len(steps) >= POINTS
    assert (run.status, run.params["lr"]) == ("FINISHED", 0.1)
    (warning,) = warnings_of(caplog)
    assert (
        f"the store was deleted or replaced while it was in use; all but {2 * POINTS - len(steps)} rows of it arrive" in warning
    )
    connection_of(tracker).close(5)


def test_deleting_the_whole_project_folder_loses_nothing_of_a_short_run(tmp_path, caplog):
    tracker = nbtrack.connect(tmp_path / "store")
    tracker.start_run("before").end()
    run = tracker.start_run("goes on")
    for step in range(50):
        run.log(loss=step / 4)
    assert run.flush(30)
    shutil.rmtree(tmp_path / "store")
    for step in range(50, 100):
        run.log(loss=step / 4)
    assert tracker.flush(30)
    (journal,) = journals(tmp_path / "store" / "journal")
    assert (tmp_path / "store" / ".gitignore").exists()
    run.log_text("hello", "a.txt")
    run.end()
    tracker.start_run("after").end()
    assert tracker.flush(30)
    assert not journal.exists()
    check(run, 100)
    assert run.artifacts.read_text("a.txt") == "hello"
    assert [run.name for run in tracker.runs()] == ["after", "goes on"]
    assert "it arrives in the one that is there now" in "".join(warnings_of(caplog))
    connection_of(tracker).close(5)


def test_a_store_that_is_replaced_by_an_older_copy_gets_what_it_lacks(tmp_path, caplog):
    tracker = nbtrack.connect(tmp_path / "store")
    run = tracker.start_run("goes on")
    train(run)
    assert run.flush(30)
    with (
        closing(sqlite3.connect(tmp_path / "store" / "runs.db")) as source,
        closing(sqlite3.connect(tmp_path / "copy.db")) as copy,
    ):
        source.backup(copy)
    run.log({"loss": POINTS / 4}, step=POINTS)
    assert run.flush(30)
    (tmp_path / "copy.db").replace(tmp_path / "store" / "runs.db")
    for path in (tmp_path / "store").glob("runs.db-*"):
        path.unlink()
    run.log({"loss": (POINTS + 1) / 4}, step=POINTS + 1)
    assert run.flush(30)
    check(run, POINTS + 2)
    other_kernel(tmp_path / "store", f"assert len(nbtrack.runs()[0].metrics['loss']) == {POINTS + 2}")
    run.end()
    connection_of(tracker).close(5)
