"""What a dead process had logged is in the store after the next one opens it, once; a living run is not touched."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from nbtrack.delivery.recovery import recover
from nbtrack.entities.events import Batch, RunStarted
from nbtrack.entities.run import Status
from nbtrack.journal.owner import this_process
from nbtrack.journal.reader import journals
from nbtrack.settings import resolve
from nbtrack.store.open import open_store

from .child import Child, run_script

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


LOGS = """
run = nbtrack.start_run("doomed", params={"lr": 0.1})
for step in range(%d):
    run.log(loss=step / 4, acc=1.0)
run.set_tag("k", "v")
run.log_text("hello", "notes/a.txt")
print(run.id, flush=True)
sys.stdin.readline()
"""


FLUSHED = LOGS.replace("print(", "run.flush()\nprint(", 1)


def test_kill_loses_nothing_and_the_run_is_closed(folder, opened):
    child = Child(folder, LOGS % 20_000)
    run_id = child.line()
    child.kill()
    store = opened(folder)
    info = store.get_run(run_id)
    tags = {key: value for _, key, value in store.tags([run_id])}
    assert info.status is Status.FAILED
    assert tags["nbtrack.ended"] == "crashed"
    assert info.start_time <= info.end_time
    assert store.history(run_id, "loss").values.tolist() == [step / 4 for step in range(20_000)]
    assert store.params([run_id]) == [(run_id, "lr", 0.1)]
    assert [record.path for record in store.artifacts(run_id)] == ["notes/a.txt"]
    assert (folder / "artifacts" / "0" / run_id / "artifacts" / "notes" / "a.txt").read_text() == "hello"
    assert journals(folder / "journal") == []


def test_kill_while_the_store_is_locked_loses_nothing(folder, opened):
    opened(folder)
    import sqlite3

    lock = sqlite3.connect(folder / "runs.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    child = Child(folder, LOGS % 1000)
    run_id = child.line()
    child.kill()
    lock.execute("ROLLBACK")
    lock.close()
    assert opened(folder).history(run_id, "loss").values.tolist() == [step / 4 for step in range(1000)]


def test_a_live_run_is_never_closed(folder, opened):
    child = Child(folder, FLUSHED % 10)
    run_id = child.line()
    for _ in range(3):
        store = opened(folder)
        assert store.get_run(run_id).status is Status.RUNNING
    child.finish()
    store = opened(folder)
    assert store.get_run(run_id).status is Status.FINISHED
    assert store.history(run_id, "acc").values.tolist() == [1.0] * 10
    assert {key: value for _, key, value in store.tags([run_id])}["nbtrack.ended"] == "exit"


def test_a_stopped_process_counts_as_alive(folder, opened):
    child = Child(folder, FLUSHED % 10)
    run_id = child.line()
    os.kill(child.process.pid, signal.SIGSTOP)
    assert opened(folder).get_run(run_id).status is Status.RUNNING
    os.kill(child.process.pid, signal.SIGCONT)
    child.finish()
    assert opened(folder).get_run(run_id).status is Status.FINISHED


def test_many_processes_may_recover_the_same_run_at_once(folder, opened):
    child = Child(folder, LOGS % 5000)
    run_id = child.line()
    child.kill()
    errors = []

    def open_and_count():
        try:
            store = opened(folder)
            assert len(store.history(run_id, "loss")) == 5000
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=open_and_count) for _ in range(4)]
    others = [
        subprocess.Popen([sys.executable, "-c", f"import nbtrack; nbtrack.connect({str(folder)!r}); print(len(nbtrack.runs()))"])
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait(60) for other in others] == [0, 0]
    assert errors == []
    store = opened(folder)
    assert store.history(run_id, "loss").values.tolist() == [step / 4 for step in range(5000)]
    assert store.get_run(run_id).status is Status.FAILED


@pytest.mark.parametrize(
    ("code", "status", "ended"),
    [
        ("raise ValueError('no')", "FAILED", None),
        ("raise KeyboardInterrupt", "KILLED", None),
        ("pass", "FINISHED", "exit"),
        ("run.end('KILLED')", "KILLED", None),
        ("os._exit(3)", "FAILED", "crashed"),
    ],
)
def test_how_a_script_ends_is_how_its_run_ends(folder, code, status, ended, opened):
    said = run_script(folder, f"run = nbtrack.start_run()\nrun.log(x=1)\nprint(run.id, flush=True)\n{code}\n")
    run_id, store = said.strip(), opened(folder)
    assert store.get_run(run_id).status.value == status
    assert {key: value for _, key, value in store.tags([run_id])}.get("nbtrack.ended") == ended
    documents = store.documents(run_id)
    assert ("traceback" in documents) == code.startswith("raise")


def test_a_store_in_memory_ends_with_its_process_and_leaves_nothing(tmp_path):
    code = """
import nbtrack, tempfile
tempfile.tempdir = %r
nbtrack.connect("memory:")
run = nbtrack.start_run()
run.log(x=1)
run.log_text("a text", "a.txt")
run.flush()
print(run.artifacts.read_text("a.txt"), run.id)
"""
    done = subprocess.run([sys.executable, "-c", code % str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("a text")
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_a_journal_is_closed_if_its_owner_is_dead(folder):
    store = open_store(resolve(folder, environ={}).uri, artifact_root=str(folder / "artifacts"))
    alive = this_process().to_json()
    dead = json.dumps({**json.loads(alive), "started": "1"})
    elsewhere = json.dumps({**json.loads(alive), "host": "another", "boot": "another"})
    for run_id, owner in {"a" * 32: alive, "b" * 32: dead, "c" * 32: elsewhere}.items():
        store.apply([Batch(run_id, "w" * 12, 0, (RunStarted("Default", "x", 1, owner=owner),))])
    now = 10**13
    store.heartbeat(["a" * 32, "b" * 32, "c" * 32], now)
    recover(store, folder / "journal", lambda *_: None)
    assert store.get_run("a" * 32).status is Status.RUNNING
    assert store.get_run("b" * 32).status is Status.FAILED
    assert store.get_run("c" * 32).status is Status.RUNNING
    store.close()


def test_a_damaged_journal_is_quarantined_and_reported(folder, caplog, opened):
    child = Child(folder, LOGS % 10)
    run_id = child.line()
    child.kill()
    (journal,) = journals(folder / "journal")
    lines = (journal / "events.jsonl").read_bytes().splitlines(keepends=True)
    lines[2] = b"00000000 damage\n"
    (journal / "events.jsonl").write_bytes(b"".join(lines))
    store = opened(folder)
    assert store.history(run_id, "acc").values.tolist() == [1.0] * 10
    assert (folder / "journal" / "damaged" / journal.name / "events.jsonl").exists()
    assert "its journal is damaged (line 3 of events.jsonl)" in caplog.text
