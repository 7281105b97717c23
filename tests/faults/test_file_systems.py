"""Full file systems, and those without some features: training goes on, one warning says what waits, everything arrives once."""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from nbtrack.cli import main
from nbtrack.entities.run import Status
from nbtrack.journal.reader import journals

from ..needs import missing
from .child import Child
from .refusing import can_refuse
from .rounds import IS_LONG

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="needs limits of processes")]

POINTS = 5000

# No file can grow beyond what the limit says: the same to a process as a disk that is full, and it needs no rights.
FULL = f"""
import logging, resource
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
def full(): resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))
def space(): resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
def wait_until_away():
    while not run._session.connection.flusher.problem:
        run.set_tag("still", "waiting")
        run.flush(0.1)
def train(first):
    for step in range(first, first + {POINTS}):
        run.log(loss=step / 4)
run = nbtrack.start_run("full", params={{"lr": 0.1}})
train(0)
"""

WRITES = {
    "nothing more": "",
    "points": "for step in range(20_000): run.log({'other': step}, step=step)",
    "new metrics": "for i in range(60): run.log({f'metric {i}': 1.0}, step=0)",
    "tags": "for i in range(100): run.set_tag(f'tag {i}', 'x' * 1000)",
    "a file": "run.log_text('hello', 'a.txt')",
    "another run": "with nbtrack.start_run('other') as other: other.log(x=1)",
}


def tags_of(store, run_id):
    return {key: value for _, key, value in store.tags([run_id])}


def check(store, run_id, points):
    assert store.history(run_id, "loss").values.tolist() == [step / 4 for step in range(points)]
    assert store.get_run(run_id).status is Status.FINISHED
    assert store.params([run_id])[0][1:] == ("lr", 0.1)


SOON = ("points", "a file")  # of these it is tried in the short form too what happens before the store is there
CASES = [(what, is_flushed) for what in WRITES for is_flushed in (True, False) if is_flushed or IS_LONG or what in SOON]


@pytest.mark.parametrize(("what", "is_flushed"), CASES, ids=[f"{w}, {'later' if f else 'at once'}" for w, f in CASES])
def test_a_disk_that_is_full_for_a_while_loses_nothing(tmp_path, opened, what, is_flushed):
    code = f"""
{"full()" if not is_flushed else ""}
{"run.flush(30)" if is_flushed else "wait_until_away()"}
full()
{WRITES[what]}
train({POINTS})
wait_until_away()
space()
train({2 * POINTS})
run.end()
assert nbtrack.flush(30)
print(run.id)
"""
    child = Child(tmp_path, FULL + code)
    out, err = child.finish()
    run_id, store = out.strip(), opened(tmp_path)
    check(store, run_id, 3 * POINTS)
    assert len(store.history(run_id, "other")) == (20_000 if what == "points" else 0)
    assert len(store.metrics([run_id], ("count",))) == 1 + {"points": 1, "new metrics": 60}.get(what, 0)
    assert sum(key.startswith("tag ") for key in tags_of(store, run_id)) == (100 if what == "tags" else 0)
    assert [record.path for record in store.artifacts(run_id)] == (["a.txt"] if what == "a file" else [])
    # Where it waits: in the journal, as far as there is space that was allocated before, and then in memory.
    away, *memory = err.splitlines()
    assert "nbtrack: the store is unavailable" in away
    assert len(memory) <= 1
    assert all("what is logged waits in memory" in line for line in memory)
    assert journals(tmp_path / "journal") == []


def test_a_disk_that_stays_full_reports_what_is_lost(tmp_path, opened):
    child = Child(tmp_path, FULL + f"run.flush(30)\nfull()\nfor part in range(1, 20): train(part * {POINTS})\nprint(run.id)")
    out, err = child.finish()
    run_id, store = out.strip(), opened(tmp_path)
    points = store.history(run_id, "loss").values.tolist()
    assert points == [step / 4 for step in range(len(points))]
    assert POINTS <= len(points) < 20 * POINTS
    assert f"{20 * POINTS - len(points)} rows of 1 runs are lost" in err
    assert "Traceback" not in err
    assert tags_of(store, run_id)["nbtrack.ended"] == "crashed", "its end could not be written either"


READ_ONLY = """
run = nbtrack.start_run("read-only", params={"lr": 0.1})
for step in range(3000):
    run.log(loss=step / 4)
run.log_text("hello", "a.txt")
assert not run.flush(0.5)
print(run.id, flush=True)
sys.stdin.readline()
run.end()
"""


@pytest.mark.parametrize("has_home", [True, False])
@pytest.mark.parametrize("is_lifted", [True, False])
def test_a_folder_that_is_not_writable_loses_nothing(tmp_path, opened, monkeypatch, is_lifted, has_home):
    folder, own = tmp_path / "project", tmp_path / "state"
    folder.mkdir(mode=0o555)
    own.mkdir(mode=0o755 if has_home else 0o555)
    monkeypatch.setenv("XDG_STATE_HOME", str(own))
    before = f"import os; os.environ['XDG_STATE_HOME'] = {str(own)!r}"
    child = Child(folder, READ_ONLY, before=f"{before}\nfrom tests.faults.refusing import obey_permissions; obey_permissions()")
    run_id = child.line()
    if is_lifted:
        folder.chmod(0o755)
    _, err = child.finish()
    away, *others = err.splitlines()
    assert "cannot be opened: the folder is missing or must not be written to" in away
    assert has_home != (
        "cannot be written (Permission denied); what is logged waits in memory, which is lost with the process" in away
    )
    if not is_lifted:
        assert ("3000 rows of 1 runs are lost" in "".join(others)) != has_home
        assert (f"3000 rows of 1 runs are not in the store yet; they wait in {own}/nbtrack/" in "".join(others)) == has_home
        assert list(folder.iterdir()) == []
        folder.chmod(0o755)
    if is_lifted or has_home:
        check(opened(folder), run_id, 3000)
        assert [record.path for record in opened(folder).artifacts(run_id)] == ["a.txt"]
    assert not is_lifted or others == []


def test_rows_in_memory_are_written_when_there_is_space_again(tmp_path, opened):
    (tmp_path / "runs.db").mkdir()  # so that there is no store either
    code = f"""
full()
train({POINTS})
run.log_text("hello", "a.txt")
assert not run.flush(0.5)
space()
while run._session.recorder.writer().is_volatile:
    run.flush(0.1)
train({2 * POINTS})
print(run.id, flush=True)
os.kill(os.getpid(), 9)
"""
    child = Child(tmp_path, FULL + code)
    run_id = child.line()
    child.wait()
    shutil.rmtree(tmp_path / "runs.db")
    store = opened(tmp_path)
    assert store.history(run_id, "loss").values.tolist() == [step / 4 for step in range(3 * POINTS)]
    assert [record.path for record in store.artifacts(run_id)] == ["a.txt"]


def test_a_file_that_fits_nowhere_is_reported_and_training_goes_on(tmp_path, opened):
    code = """
with open("large.bin", "wb") as file:
    file.truncate(300 << 20)
full()
run.log_artifact("large.bin")
run.log(loss=0.5)
space()
run.end()
print(run.id)
"""
    child = Child(tmp_path, FULL.replace("train(0)", "run.flush()") + code)
    out, err = child.finish()
    store = opened(tmp_path)
    assert store.history(out.strip(), "loss").values.tolist() == [0.5]
    assert store.artifacts(out.strip()) == []
    assert "the file 'large.bin' is not kept" in err
    assert "'large.bin'" in tags_of(store, out.strip())["nbtrack.artifact.refused"]


REFUSE = "from tests.faults.refusing import refuse; refuse({!r})"
LOGS = """
run = nbtrack.start_run("here", params={"lr": 0.1})
for step in range(3000):
    run.log({"loss": step / 4}, step=step)
    run.log({f"metric {step % 40}": step}, step=step)
run.log_text("hello", "a.txt")
"""


def refusing(tmp_path, what, code, first=""):
    if not can_refuse():
        missing(f"no filter of system calls for {sys.platform}")
    return Child(tmp_path, first + LOGS + code, before=REFUSE.format(what))


@pytest.mark.parametrize("what", ["shared memory", "fallocate"])
@pytest.mark.parametrize("is_killed", [True, False], ids=["killed", "ends"])
def test_a_file_system_without_shared_memory_or_allocation_loses_nothing(tmp_path, opened, what, is_killed):
    ending = "os.kill(os.getpid(), 9)" if is_killed else "run.end()"
    child = refusing(tmp_path, what, f"print(run.id, flush=True)\n{ending}")
    run_id = child.line()
    _, err = child.wait()
    assert child.process.exitcode == (-signal.SIGKILL if is_killed else 0), err
    store = opened(tmp_path)
    assert store.history(run_id, "loss").values.tolist() == [step / 4 for step in range(3000)]
    assert sum(row[2] for row in store.metrics([run_id], ("count",))) == 6000
    assert store.get_run(run_id).status is (Status.FAILED if is_killed else Status.FINISHED)
    assert err == ""


def test_without_locks_for_sqlite_the_journal_waits_until_the_store_is_elsewhere(tmp_path, capsys, opened):
    uri = f"sqlite:///{tmp_path}/runs.db?timeout=0.05"
    child = refusing(tmp_path, "locks", "run.end()\nprint(run.id)", first=f"nbtrack.connect({uri!r})\n")
    out, err = child.finish()
    away, pending = err.splitlines()
    assert "cannot be locked" in away
    assert "name a file on another one, as in nbtrack.connect('sqlite:////" in away
    assert f"6000 rows of 1 runs are not in the store yet; they wait in {tmp_path / 'runs.db.files' / 'journal'}" in pending
    assert main(["sync", "--store", uri]) == 0
    assert "delivered 1 journals, up to 6,000 rows" in capsys.readouterr().out
    check(opened(tmp_path), out.strip(), 3000)


@pytest.fixture
def other_file_system(tmp_path):
    """A folder on another file system than the tests."""
    shared = Path("/dev/shm")
    if not shared.is_dir() or not os.access(shared, os.W_OK) or shared.stat().st_dev == tmp_path.stat().st_dev:
        missing("there is no second file system to be written to")
    folder = Path(tempfile.mkdtemp(dir=shared, prefix="nbtrack-"))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("part", ["journal", "artifacts"])
def test_journal_and_database_may_be_on_different_file_systems(tmp_path, other_file_system, opened, part):
    (tmp_path / part).symlink_to(other_file_system)
    named = f"import os; os.environ['NBTRACK_ARTIFACT_PLACES'] = {str(other_file_system)!r}"
    for ending in ("run.end()", "os.kill(os.getpid(), 9)"):
        child = Child(tmp_path, f"{LOGS}print(run.id, flush=True)\n{ending}", before=named)
        run_id = child.line()
        child.wait()
        store = opened(tmp_path)
        assert store.history(run_id, "loss").values.tolist() == [step / 4 for step in range(3000)]
        assert (tmp_path / "artifacts" / "0" / run_id / "artifacts" / "a.txt").read_text() == "hello"
    assert journals(tmp_path / "journal") == []
