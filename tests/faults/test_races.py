"""Races with recovery: between reading a journal and acting on it, and with clocks and pids that change."""

import json
import os
import signal
import time

import pytest

from nbtrack.delivery import liveness, recovery
from nbtrack.entities.run import Status
from nbtrack.journal import folder as journal_folder
from nbtrack.journal import reader
from nbtrack.journal.owner import Owner
from nbtrack.journal.reader import journals
from nbtrack.journal.records import RecordFile, encode, read_records
from nbtrack.journal.writer import Writer

from .child import Child

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")

LOGS_ON = """
run = nbtrack.start_run("alive")
for step in range(10):
    run.log(loss=step / 4)
run.flush()
print(run.id, flush=True)
sys.stdin.readline()
"""
# It has nothing that could deliver what it logs from here on.
LOGS_MORE_AND_WAITS = (
    LOGS_ON
    + """
run._session.connection.flusher.close(10)
run._session.connection.flusher._start = lambda: True
run._session.connection.flusher.flush = lambda *_, **__: False
for step in range(10, 20):
    run.log(loss=step / 4)
print("more", flush=True)
sys.stdin.readline()
"""
)


def before_it_looks(monkeypatch, deed):
    """Do something once, after journals were read and before their processes are examined."""
    deeds, is_alive = [deed], Owner.is_alive

    def look(owner):
        if deeds:
            deeds.pop()()
        return is_alive(owner)

    monkeypatch.setattr(Owner, "is_alive", look)
    monkeypatch.setattr(reader, "is_held", lambda *_: None)  # as on a file system without locks


def tags_of(store, run_id):
    return {key: value for _, key, value in store.tags([run_id])}


def values(store, run_id, key="loss"):
    return store.history(run_id, key).values.tolist()


def test_a_process_that_logs_and_dies_while_its_journal_is_read_loses_nothing(tmp_path, opened, monkeypatch):
    child = Child(tmp_path, LOGS_MORE_AND_WAITS)
    run_id = child.line()

    def log_and_die():
        child.tell()
        assert child.line() == "more"
        child.kill()

    before_it_looks(monkeypatch, log_and_die)
    store = opened(tmp_path)
    assert values(store, run_id) == [step / 4 for step in range(20)]
    assert store.get_run(run_id).status is Status.FAILED
    assert journals(tmp_path / "journal") == []


def test_a_run_that_ends_during_a_recovery_keeps_its_end(tmp_path, opened, monkeypatch):
    child = Child(tmp_path, LOGS_ON + "run.end()\n")
    run_id = child.line()
    (journal,) = journals(tmp_path / "journal")
    monkeypatch.setattr(recovery, "journals", lambda *_: [])  # as in another folder, on another machine
    before_it_looks(monkeypatch, child.finish)
    store = opened(tmp_path)
    assert not journal.exists()
    assert (store.get_run(run_id).status, tags_of(store, run_id).get("nbtrack.ended")) == (Status.FINISHED, None)


def test_a_reused_pid_does_not_count_as_alive(tmp_path, opened):
    child = Child(tmp_path, LOGS_ON)
    run_id = child.line()
    child.kill()
    (journal,) = journals(tmp_path / "journal")
    head, *events = read_records(journal / "events.jsonl").values.values()
    head["owner"] = json.dumps({**json.loads(head["owner"]), "pid": os.getpid()})
    (journal / "events.jsonl").write_bytes(b"".join(map(encode, [head, *events])))
    store = opened(tmp_path)
    assert (store.get_run(run_id).status, tags_of(store, run_id)["nbtrack.ended"]) == (Status.FAILED, "crashed")


def test_a_suspended_process_is_alive_for_any_time(tmp_path, opened, monkeypatch):
    child = Child(tmp_path, LOGS_ON)
    run_id = child.line()
    os.kill(child.process.pid, signal.SIGSTOP)
    two_days_later = time.time_ns() // 1_000_000 + 2 * 24 * 3600 * 1000
    monkeypatch.setattr(liveness, "folder_clock", lambda _: two_days_later)
    assert opened(tmp_path).get_run(run_id).status is Status.RUNNING
    monkeypatch.undo()
    os.kill(child.process.pid, signal.SIGCONT)
    child.finish()
    assert opened(tmp_path).get_run(run_id).status is Status.FINISHED


CLOCK = """
import time
hours, time_ns = 0, time.time_ns
time.time_ns = lambda: time_ns() + hours * 3600 * 10**9
"""


@pytest.mark.parametrize("ending", ["run.end()", "os.kill(os.getpid(), 9)"])
def test_a_clock_that_is_set_back_keeps_order_and_durations(tmp_path, opened, ending):
    code = f"""
run = nbtrack.start_run("late")
for step in range(300):
    hours = -step
    run.log(loss=step / 4)
    if step % 100 == 99:
        run.flush()
print(run.id, flush=True)
{ending}
"""
    child = Child(tmp_path, code, before=CLOCK)
    run_id = child.line()
    child.wait()
    store = opened(tmp_path)
    run = store.get_run(run_id)
    assert values(store, run_id) == [step / 4 for step in range(300)]
    assert run.end_time >= run.start_time
    assert run.status is (Status.FINISHED if "end" in ending else Status.FAILED)


WORKER = """
import multiprocessing, signal
run = nbtrack.start_run("shared")
def work():
    for step in range(10):
        run.log(loss=step / 4, step=step)
    sys.stdout.write("worked\\n")  # at once: the two of them write into one pipe
    signal.pause()
worker = multiprocessing.get_context("fork").Process(target=work)
run._session.connection.flusher.close(0)
run._session.connection.flusher._start = lambda: True
run._session.connection.flusher.flush = lambda *_, **__: False
worker.start()
sys.stdout.write(f"{run.id} {worker.pid}\\n")
worker.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_workers_journal_that_is_read_before_its_runs_journal_arrives(tmp_path, opened):
    (tmp_path / "runs.db").mkdir()  # nothing can be delivered yet
    child = Child(tmp_path, WORKER)
    said = sorted([child.line(), child.line()], key=len)
    assert said[0] == "worked"
    run_id, worker = said[1].split()
    os.kill(int(worker), signal.SIGKILL)
    child.kill()
    (tmp_path / "runs.db").rmdir()
    for journal in journals(tmp_path / "journal"):
        head, *events = read_records(journal / "events.jsonl").values.values()
        head["writer"] = ("f" if head["owns"] else "0") * 12
        (journal / "events.jsonl").write_bytes(b"".join(map(encode, [head, *events])))
        journal.rename(journal.with_name(f"{run_id}.{head['writer']}"))
    store = opened(tmp_path)
    assert values(store, run_id) == [step / 4 for step in range(10)]
    assert journals(tmp_path / "journal") == []


def test_an_orphaned_file_that_cannot_be_put_delays_nothing_else(tmp_path, opened, caplog):
    blocked = """
run = nbtrack.start_run()
run.log(loss=0.5)
run._session.connection.flusher.close(10)
run._session.connection.flusher._start = lambda: True
run._session.connection.flusher.flush = lambda *_, **__: False
run.log_text("x", "a.txt")
run.log(after=1)
run.end()
print(run.id, flush=True)
sys.stdin.readline()
"""
    lives = [Child(tmp_path, blocked), Child(tmp_path, blocked.replace("run.log_text", "(lambda *_: None)"))]
    with_file, without = [child.line() for child in lives]
    for child in lives:
        child.kill()
    (tmp_path / "artifacts").symlink_to("x" * 300)  # a name that no file system takes
    store = opened(tmp_path)
    assert [values(store, run_id, "after") for run_id in (with_file, without)] == [[1.0]] * 2
    assert [store.get_run(run_id).status for run_id in (with_file, without)] == [Status.RUNNING, Status.FINISHED]
    assert "files of dead processes wait in" in caplog.text
    (tmp_path / "artifacts").unlink()
    store = opened(tmp_path)
    assert [record.path for record in store.artifacts(with_file)] == ["a.txt"]
    assert store.get_run(with_file).status is Status.FINISHED


def test_two_runs_of_a_dead_process_each_get_their_own_end(tmp_path, opened):
    child = Child(
        tmp_path,
        """
cut, ended, waiting = (nbtrack.start_run(name) for name in ("cut", "ended", "waiting"))
for run in (cut, ended, waiting):
    run.log(loss=0.5)
run._session.connection.flusher.close(10)
run._session.connection.flusher._start = lambda: True
run._session.connection.flusher.flush = lambda *_, **__: False
ended.log_text("x", "a.txt")
ended.end()
waiting.log_text("y", "b.txt")
print(cut.id, ended.id, waiting.id, flush=True)
sys.stdin.readline()
""",
    )
    cut, ended, waiting = child.line().split()
    child.kill()
    (tmp_path / "artifacts").symlink_to("x" * 300)  # a name that no file system takes
    store = opened(tmp_path)
    states = [store.get_run(run_id).status for run_id in (cut, ended, waiting)]
    assert states == [Status.FAILED, Status.RUNNING, Status.FAILED]
    (tmp_path / "artifacts").unlink()
    store = opened(tmp_path)
    states = [store.get_run(run_id).status for run_id in (cut, ended, waiting)]
    assert states == [Status.FAILED, Status.FINISHED, Status.FAILED]
    assert [tags_of(store, run_id).get("nbtrack.ended") for run_id in (cut, ended, waiting)] == ["crashed", None, "crashed"]
    assert [[record.path for record in store.artifacts(run_id)] for run_id in (ended, waiting)] == [["a.txt"], ["b.txt"]]


def test_a_journal_always_has_its_head(tmp_path, monkeypatch):
    found, append = [], RecordFile.append

    def look_first(records, *values):
        found.append(journals(tmp_path))
        append(records, *values)

    monkeypatch.setattr(RecordFile, "append", look_first)
    writer = Writer(tmp_path, "a" * 32, owns=True)
    writer.log({"x": 1.0}, 0, 1)
    writer.unmap()
    assert found[0] == []
    assert len(journals(tmp_path)) == 1


def test_the_head_of_a_journal_is_deleted_last(tmp_path, monkeypatch):
    writer = Writer(tmp_path, "a" * 32, owns=True)
    for i in range(40):
        writer.log({f"k{i}": 1.0}, 0, 1)
    writer.unmap()
    (journal,) = journals(tmp_path)
    path_type = type(journal)
    unlink, left = path_type.unlink, []

    def look_first(path, **options):
        left.append(sorted(each.name for each in journal.iterdir()))
        unlink(path, **options)

    monkeypatch.setattr(path_type, "unlink", look_first)
    journal_folder.remove_folder(journal)
    assert not journal.exists()
    assert all("events.jsonl" in names for names in left)
    assert left[-1] == ["events.jsonl"]
