"""Training goes on where nothing can be written, with one line of warning, and everything arrives afterwards."""

import logging
import os
import sqlite3
import subprocess
import sys

import pytest

import nbtrack

pytestmark = pytest.mark.slow

POINTS = 3000


def train(run, *, first=0):
    for step in range(first, first + POINTS):
        run.log({"loss": step / 4}, step=step)


def warnings_of(caplog):
    return [record.message for record in caplog.records if record.name == "nbtrack"]


def check(run, points):
    assert run.metrics["loss"].values.tolist() == [step / 4 for step in range(points)]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("a small file system can be mounted by root only")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder):
    """Take all space; the answer gives it back."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2
    return ballast.unlink


def test_a_full_disk(small_disk, caplog):
    tracker = nbtrack.connect(small_disk / "store")
    with caplog.at_level(logging.WARNING, "nbtrack"):
        run = tracker.start_run("full", params={"lr": 0.1})
        run.flush()
        give_back = fill(small_disk)
        train(run)
        run.set_tag("k", "v")
        run.log_text("hello", "a.txt")
        assert not run.flush(2)
        give_back()
        train(run, first=POINTS)
        run.end()
        assert tracker.flush(30)
    check(run, 2 * POINTS)
    assert (run.status, run.tags["k"], run.artifacts.read_text("a.txt")) == ("FINISHED", "v", "hello")
    assert len([message for message in warnings_of(caplog) if "the store is away" in message]) == 1
    tracker.connection.close(5)


def test_a_disk_that_is_full_from_the_start(small_disk, caplog):
    give_back = fill(small_disk)
    tracker = nbtrack.connect(small_disk / "store")
    with caplog.at_level(logging.WARNING, "nbtrack"):
        run = tracker.start_run("full")
        train(run)
        assert not run.flush(1)
        give_back()
        assert tracker.flush(30)
        run.end()
    check(run, POINTS)
    tracker.connection.close(5)


def test_a_read_only_folder(small_disk, caplog):
    (small_disk / "store").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    tracker = nbtrack.connect(small_disk / "store")
    with caplog.at_level(logging.WARNING, "nbtrack"):
        run = tracker.start_run("read-only")
        train(run)
        run.log_dict({"a": 1}, "a.json")
        assert not run.flush(1)
        assert len(warnings_of(caplog)) == 1
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
        run.end()
        assert tracker.flush(30)
    check(run, POINTS)
    assert run.artifacts.load("a.json") == {"a": 1}
    tracker.connection.close(5)


def test_a_store_that_is_locked_by_someone_else(tmp_path, caplog):
    tracker = nbtrack.connect(f"sqlite:///{tmp_path}/runs.db?timeout=0.2")
    with caplog.at_level(logging.WARNING, "nbtrack"), tracker.start_run("locked") as run:
        run.flush()
        lock = sqlite3.connect(tmp_path / "runs.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        train(run)
        assert not run.flush(2)
        assert run.status == "RUNNING"
        lock.execute("ROLLBACK")
        lock.close()
    assert tracker.flush(30)
    check(run, POINTS)
    (warning,) = warnings_of(caplog)
    assert "locked" in warning
    tracker.connection.close(5)


def test_a_store_that_cannot_be_opened_says_what_waits_at_the_end(tmp_path):
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
    tracker.connection.close(5)
