"""Deleted experiments refuse new runs with the remedy, and never hide what was logged before."""

from __future__ import annotations

import json
import logging
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import nbtrack
from nbtrack.delivery.deleted_experiments import apply_late
from nbtrack.delivery.flusher import Flusher
from nbtrack.entities.events import Batch, ParamsLogged, RunStarted
from nbtrack.entities.run import LifecycleStage
from nbtrack.errors import AccessDenied, Deleted, StoreUnavailable
from nbtrack.journal.writer import Writer
from nbtrack.store.memory import MemoryStore
from nbtrack.tracking.tracker import connection_of

from ..server.test_process import serving

REMEDY = r"the experiment 'tuning' is deleted; restore it \(nbtrack experiments --restore tuning\)"
LEAVES = """
import os, nbtrack, nbtrack.delivery.connection
from nbtrack.errors import StoreUnavailable

def away(*_, **__):
    raise StoreUnavailable("away")

nbtrack.delivery.connection.open_store = away
nbtrack.connect({store!r}, experiment="tuning")
run = nbtrack.start_run("late")
run.log(loss=0.5)
os._exit(1)
"""


def delete(store, name="tuning"):
    store.delete_experiment(store.find_experiment(name).id)


@pytest.fixture
def deleted(tracker):
    """A tracker whose experiment "tuning", with a run, is deleted."""
    with nbtrack.start_run("old", experiment="tuning"):
        pass
    assert tracker.flush()
    delete(connection_of(tracker).store())
    return tracker


# Starting a run


def test_a_run_in_a_deleted_experiment_is_refused(deleted):
    with pytest.raises(Deleted, match=REMEDY):
        nbtrack.start_run("new", experiment="tuning")
    with pytest.raises(Deleted, match=REMEDY):
        nbtrack.set_experiment("tuning")
    nbtrack.connect(deleted.uri, experiment="tuning")
    with pytest.raises(Deleted, match=REMEDY):
        nbtrack.start_run("new")
    assert nbtrack.active_run() is None
    assert [run.name for run in nbtrack.runs(experiment="*", view="all")] == ["old"]


def test_the_environments_and_the_usual_experiment_are_refused_too(deleted, monkeypatch):
    delete(connection_of(deleted).store(), "Default")
    with pytest.raises(Deleted, match="'Default' is deleted"):
        nbtrack.start_run()
    monkeypatch.setenv("NBTRACK_EXPERIMENT", "tuning")
    nbtrack.connect(deleted.uri)
    with pytest.raises(Deleted, match=REMEDY):
        nbtrack.start_run()


def test_a_new_process_is_refused_by_its_first_run(deleted):
    program = f"import nbtrack; nbtrack.connect({deleted.uri!r}); nbtrack.start_run(experiment='tuning')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].startswith("nbtrack.errors.Deleted: the experiment 'tuning' is deleted; restore it")


FIRST_START = """
import sys, nbtrack
nbtrack.connect({store!r})
connection = nbtrack.api.tracker()._connection
connection.flusher.add = lambda writer: None  # else the flusher's thread opens the store meanwhile
try:
    nbtrack.start_run(experiment={experiment!r})
    print("started")
except nbtrack.errors.Deleted as error:
    print(error)
print(connection.is_open, sorted({{"sqlalchemy", "alembic"}} & set(sys.modules)), flush=True)
import os; os._exit(0)
"""


@pytest.mark.parametrize(("experiment", "said"), [("tuning", "the experiment 'tuning' is deleted"), ("other", "started")])
def test_the_first_start_of_a_process_neither_opens_nor_changes_the_store(deleted, tmp_path, experiment, said):
    connection_of(deleted).close(10)
    folder = connection_of(deleted).settings.folder
    before = sorted(each.name for each in folder.iterdir()), (folder / "runs.db").read_bytes()
    program = FIRST_START.format(store=str(folder), experiment=experiment)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout.startswith(said), done.stderr
    assert done.stdout.splitlines()[-1] == "False []"
    assert (sorted(each.name for each in folder.iterdir()), (folder / "runs.db").read_bytes()) == before


def test_delivery_restores_a_deleted_experiment_that_was_not_known_at_the_start(deleted, tmp_path):
    folder = connection_of(deleted).settings.folder
    connection_of(deleted).close(10)
    locking = sqlite3.connect(folder / "runs.db", isolation_level=None)
    locking.execute("PRAGMA journal_mode = DELETE")
    locking.execute("BEGIN EXCLUSIVE")
    locking.execute("UPDATE experiments SET name = name")
    program = FIRST_START.format(store=str(folder), experiment="tuning")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout.startswith("started"), done.stderr
    locking.execute("ROLLBACK")
    locking.close()
    connection_of(nbtrack.connect(folder)).recover()
    assert [run.name for run in nbtrack.runs(experiment="tuning")][1:] == ["old"]


def test_a_restored_experiment_accepts_runs(deleted):
    store = connection_of(deleted).store()
    store.restore_experiment(store.find_experiment("tuning").id)
    with nbtrack.start_run("new", experiment="tuning"):
        pass
    assert [run.name for run in nbtrack.runs(experiment="tuning")] == ["new", "old"]


def test_runs_of_a_deleted_experiment_are_neither_resumed_nor_restored(deleted):
    (old,) = nbtrack.runs(experiment="*", view="deleted")
    with pytest.raises(Deleted, match="restore"):
        nbtrack.start_run(resume=old)
    with pytest.raises(Deleted, match=REMEDY):
        old.restore()


@pytest.mark.slow
def test_an_nbtrack_server_refuses_runs_in_a_deleted_experiment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with serving(tmp_path) as (_, url):
        tracker = nbtrack.connect(url, experiment="tuning")
        with nbtrack.start_run("old"):
            pass
        assert tracker.flush()
        delete(connection_of(tracker).store())
        with pytest.raises(Deleted, match=REMEDY):
            nbtrack.start_run("new")
        connection_of(tracker).close(10)


# Delivering what was logged


class Away(MemoryStore):
    """A store that can be made unavailable, and can refuse to restore experiments."""

    def __init__(self):
        super().__init__()
        self.is_away, self.may_restore = False, True

    def apply(self, batches):
        if self.is_away:
            raise StoreUnavailable("away")
        return super().apply(batches)

    def restore_experiment(self, experiment_id):
        if not self.may_restore:
            raise AccessDenied("MANAGE is needed")
        super().restore_experiment(experiment_id)


@pytest.fixture
def store():
    return Away()


@pytest.fixture
def flusher(store, tmp_path):
    flusher = Flusher(lambda: store, home=tmp_path, put=lambda *_: None)
    yield flusher
    store.is_away, store.may_restore = False, True
    flusher.close(5)


def write(flusher, home, run_id, experiment="tuning"):
    writer = Writer(home, run_id, owns=True, on_full=flusher.wake)
    writer.append(RunStarted(experiment, "late", 1))
    writer.append(ParamsLogged({"lr": 0.1}))
    flusher.add(writer)


def test_an_experiment_that_was_deleted_meanwhile_is_restored(flusher, store, tmp_path, caplog):
    made, run_id = store.create_experiment("tuning"), "a" * 32
    store.is_away = True
    write(flusher, tmp_path, run_id)
    store.delete_experiment(made.id)
    store.is_away = False
    with caplog.at_level(logging.WARNING):
        assert flusher.flush(20)
    assert store.get_experiment(made.id).stage is LifecycleStage.ACTIVE
    assert (store.get_run(run_id).stage, store.params([run_id])) == (LifecycleStage.ACTIVE, [(run_id, "lr", 0.1)])
    said = [line for line in caplog.messages if "restored" in line]
    assert len(said) == 1
    assert f"run {run_id}: its experiment 'tuning' was deleted before the run arrived" in said[0]


def test_without_permission_to_restore_the_run_waits_and_blocks_no_other(flusher, store, tmp_path, caplog):
    store.delete_experiment(store.create_experiment("tuning").id)
    store.may_restore = False
    write(flusher, tmp_path, "a" * 32)
    write(flusher, tmp_path, "b" * 32, "other")
    with caplog.at_level(logging.WARNING):
        assert not flusher.flush(20)
    assert store.get_run("b" * 32).name == "late"
    assert any("restoring it is not permitted: MANAGE is needed" in line for line in caplog.messages)
    store.may_restore = True
    assert flusher.flush(20)
    assert store.get_run("a" * 32).stage is LifecycleStage.ACTIVE


def test_other_refusals_are_raised_as_they_are(store):
    run = Batch("a" * 32, "", events=(RunStarted("tuning", "n", 1),))
    store.apply([run])
    store.delete_run(run.run_id)
    with pytest.raises(Deleted, match=r"the run a+ or its experiment is deleted"):
        apply_late(store, [Batch(run.run_id, "", events=(ParamsLogged({"lr": 1}),))])


@pytest.mark.slow
def test_the_journal_of_a_dead_process_is_delivered_into_an_experiment_that_was_deleted(tmp_path):
    program = Path(sys.executable).with_name("nbtrack")
    store = tmp_path / "store"
    tracker = nbtrack.connect(store)
    tracker.set_experiment("tuning")
    subprocess.run([sys.executable, "-c", LEAVES.format(store=str(store))], check=False, capture_output=True)
    delete(connection_of(tracker).store())
    connection_of(tracker).close(10)
    listed = subprocess.run([program, "sync", "--store", store], capture_output=True, text=True, check=True)
    assert "its experiment 'tuning' was deleted before the run arrived" in listed.stderr
    found = subprocess.run([program, "runs", "list", "--store", store, "--json"], capture_output=True, text=True, check=True)
    assert [(run["name"], run["status"], run["experiment"]) for run in json.loads(found.stdout)] == [("late", "FAILED", "tuning")]
