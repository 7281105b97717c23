"""A living process that counts as dead: its run gets its true state back, and nothing is lost or duplicated."""

import os
import signal
import time

import pytest

import nbtrack
from nbtrack.delivery import recovery
from nbtrack.delivery.liveness import Liveness
from nbtrack.entities.run import Status
from nbtrack.journal.clock import uptime
from nbtrack.journal.reader import journals

from .child import Child

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")

HOURS = 3600
# A process on another machine: only its files are visible, and its clock is wrong.
ELSEWHERE = """
import math, socket, time
import nbtrack.delivery.heartbeats
from nbtrack.journal import owner, process_lock
socket.gethostname = lambda: "elsewhere"
owner._boot = lambda: "another start of another machine"
owner._owner_of.cache_clear()
process_lock.fcntl = None
hours, time_ns = %d, time.time_ns
time.time_ns = lambda: time_ns() + hours * 3600 * 10**9
nbtrack.delivery.heartbeats._INTERVAL = math.inf
"""
LOGS = """
import nbtrack.delivery.heartbeats
def log(name, first):
    for step in range(first, first + 10):
        run.log(loss=step / 4)
    run.set_tag(name, "1")
    run.log_param(name, first)
    run.log_text(name, name + ".txt")
run = nbtrack.start_run("live")
log("before", 0)
run.flush()
print(run.id, flush=True)
sys.stdin.readline()
"""
# From here on it delivers nothing, until it is told to go on.
STALLS = """
flusher = run._session.connection.flusher
deliver = flusher._deliver
flusher._deliver = lambda: True
"""
LOGS_MEANWHILE = """
log("meanwhile", 10)
print("logged", flush=True)
sys.stdin.readline()
"""
GOES_ON = """
flusher._deliver = deliver
log("after", 20)
print(run.flush(), flush=True)
"""
BEATS = """
nbtrack.delivery.heartbeats._INTERVAL = 0
sys.stdin.readline()
"""
NAMES = ["after", "before", "meanwhile"]


def age(folder, hours):
    """Make the journals' files as old as those of a process that was silent for so long."""
    then = time.time() - hours * HOURS
    for path in [path for journal in journals(folder / "journal") for path in journal.iterdir()]:
        os.utime(path, (then, then))


def end_of(store, run_id):
    tags = {key: value for _, key, value in store.tags([run_id])}
    return store.get_run(run_id).status, tags.get("nbtrack.ended")


def wait_until(is_so):
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def assert_whole(store, run_id, rows=30, names=NAMES):
    assert store.history(run_id, "loss").values.tolist() == [step / 4 for step in range(rows)]
    assert [key for _, key, _ in store.params([run_id])] == names
    assert [record.path for record in store.artifacts(run_id)] == [f"{name}.txt" for name in names]
    assert [key for _, key, _ in store.tags([run_id]) if key in NAMES] == names


def files(folder, run_id):
    return sorted(path.name for path in (folder / "artifacts" / "0" / run_id / "artifacts").iterdir())


def closed_while_silent(folder, opened, then):
    """Close the run of a process that logged and was then silent for 13 hours; ``then`` is what it does when it goes on.

    Returns:
        The process, its run and the store.
    """
    child = Child(folder, LOGS + STALLS + LOGS_MEANWHILE + GOES_ON + then, before=ELSEWHERE % 0)
    run_id = child.line()
    child.tell()
    assert child.line() == "logged"
    age(folder, 13)
    store = opened(folder)
    assert end_of(store, run_id) == (Status.FAILED, "crashed")
    return child, run_id, store


def test_a_closed_run_whose_process_is_alive_is_running_again(tmp_path, opened):
    child, run_id, store = closed_while_silent(tmp_path, opened, BEATS)
    assert_whole(store, run_id, 20, NAMES[1:])
    assert len(journals(tmp_path / "journal")) == 1  # the process may be suspended, and need its files
    child.tell()
    assert child.line() == "True"
    assert_whole(store, run_id)
    wait_until(lambda: store.get_run(run_id).status is Status.RUNNING)
    assert end_of(store, run_id) == (Status.RUNNING, None)
    assert store.get_run(run_id).end_time is None
    _, err = child.finish()
    assert end_of(store, run_id) == (Status.FINISHED, "exit")
    assert_whole(store, run_id)
    assert files(tmp_path, run_id) == [f"{name}.txt" for name in NAMES]
    assert "was taken for crashed while it went on; it is RUNNING again" in err
    assert journals(tmp_path / "journal") == []


@pytest.mark.parametrize(("ending", "status"), [("run.end()", Status.FINISHED), ("run.end('KILLED')", Status.KILLED)])
def test_a_closed_run_that_ends_keeps_its_own_end(tmp_path, opened, ending, status):
    child, run_id, store = closed_while_silent(tmp_path, opened, ending)
    child.finish()
    assert end_of(store, run_id) == (status, None)
    assert_whole(store, run_id)


@pytest.mark.parametrize("hours", [-13, 13])
def test_a_wrong_clock_on_another_machine_does_not_count_as_silence(tmp_path, opened, monkeypatch, hours):
    child = Child(tmp_path, LOGS, before=ELSEWHERE % hours)
    run_id = child.line()
    assert end_of(opened(tmp_path), run_id) == (Status.RUNNING, None)
    with monkeypatch.context() as patch:
        patch.setattr(recovery, "journals", lambda *_: [])  # its journal is on its own machine
        assert end_of(opened(tmp_path), run_id) == (Status.RUNNING, None)
    child.finish()
    assert end_of(opened(tmp_path), run_id) == (Status.FINISHED, "exit")


def test_a_reopened_run_whose_process_dies_is_closed_again(tmp_path, opened):
    child, run_id, store = closed_while_silent(tmp_path, opened, BEATS)
    child.tell()
    assert child.line() == "True"
    wait_until(lambda: end_of(store, run_id) == (Status.RUNNING, None))
    child.kill()
    assert end_of(opened(tmp_path), run_id) == (Status.RUNNING, None)  # it cannot be examined
    age(tmp_path, 13)
    assert end_of(opened(tmp_path), run_id) == (Status.FAILED, "crashed")
    age(tmp_path, 31 * 24)
    store = opened(tmp_path)
    assert end_of(store, run_id) == (Status.FAILED, "crashed")
    assert_whole(store, run_id)
    assert journals(tmp_path / "journal") == []


def test_a_process_of_another_machine_with_the_same_name_is_not_dead(tmp_path, opened):
    child = Child(tmp_path, LOGS, before=(ELSEWHERE % 0).replace("socket.gethostname", "unused"))
    run_id = child.line()
    assert end_of(opened(tmp_path), run_id) == (Status.RUNNING, None)
    child.kill()
    age(tmp_path, uptime() / HOURS + 1)  # as old as files from before a restart
    store = opened(tmp_path)
    assert end_of(store, run_id) == (Status.FAILED, "crashed")
    assert journals(tmp_path / "journal") == []


WORKS = """
import multiprocessing
run, stdin = nbtrack.start_run("shared"), sys.stdin
run.flush()
def work():
    sys.stdin = stdin
    def log(name, first):
        for step in range(first, first + 10):
            run.log(loss=step / 4, step=step)
        run.set_tag(name, "1")
        run.log_param(name, first)
        run.log_text(name, name + ".txt")
    log("before", 0)
    run.flush()
    print(run.id, flush=True)
    sys.stdin.readline()
    {stalls}
    {meanwhile}
    {goes_on}
worker = multiprocessing.get_context("fork").Process(target=work)
worker.start()
worker.join()
"""


def _indented(code):
    return code.strip().replace("\n", "\n    ")


@pytest.mark.parametrize("code", [LOGS + STALLS + LOGS_MEANWHILE + GOES_ON, "worker"])
def test_a_living_process_whose_journal_was_deleted_loses_nothing(tmp_path, opened, monkeypatch, code):
    """Where neither locks nor processes of its machine are visible, files are deleted that it still writes."""
    if code == "worker":
        code = WORKS.format(stalls=_indented(STALLS), meanwhile=_indented(LOGS_MEANWHILE), goes_on=_indented(GOES_ON))
    child = Child(tmp_path, code)
    run_id = child.line()
    child.tell()
    assert child.line() == "logged"
    with monkeypatch.context() as patch:
        patch.setattr(recovery, "liveness_of", lambda *_: Liveness.DEAD)
        store = opened(tmp_path)
    assert end_of(store, run_id) == (Status.FAILED, "crashed")
    assert journals(tmp_path / "journal") == []
    assert_whole(store, run_id, 20, NAMES[1:])
    child.tell()
    assert child.line() == "True"
    _, err = child.wait()
    assert "lost" not in err
    assert end_of(store, run_id) == (Status.FINISHED, "exit")
    assert_whole(store, run_id)
    assert files(tmp_path, run_id) == [f"{name}.txt" for name in NAMES]
    assert journals(tmp_path / "journal") == []


def test_an_orphaned_journal_does_not_close_a_run_that_another_process_resumed(tmp_path, opened):
    """Its journal may be on a machine that is restarted only after the run was resumed elsewhere."""
    child = Child(tmp_path, LOGS + STALLS + LOGS_MEANWHILE)
    run_id = child.line()
    child.tell()
    assert child.line() == "logged"
    child.kill()
    (journal,) = journals(tmp_path / "journal")
    journal.rename(tmp_path / journal.name)
    assert end_of(opened(tmp_path), run_id) == (Status.FAILED, "crashed")
    with nbtrack.connect(tmp_path).start_run(resume=run_id) as run:
        run.flush()
        (tmp_path / journal.name).rename(journal)
        store = opened(tmp_path)
        assert end_of(store, run_id) == (Status.RUNNING, None)
        assert_whole(store, run_id, 20, NAMES[1:])
    assert end_of(store, run_id) == (Status.FINISHED, None)
