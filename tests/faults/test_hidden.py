"""Processes that other users cannot see (/proc with hidepid), and a host whose name changes."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from nbtrack.entities.run import Status

from .child import Child
from .people import TEAM

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux"
        or os.geteuid() != 0
        or subprocess.run(["unshare", "--uts", "-m", "true"], check=False).returncode,
        reason="needs root, and namespaces",
    ),
]

# In a mount namespace of its own, since threads that exist already would stay in the old one.
AS_USER = """
import ctypes, subprocess
assert ctypes.CDLL(None).unshare(0x20000) == 0
subprocess.run(["mount", "--make-rprivate", "/"], check=True)
subprocess.run(["mount", "-t", "proc", "-o", "hidepid=2", "proc", "/proc"], check=True)
from tests.faults.people import ADA, BOB, TEAM, become
become(%s, TEAM, 0o002, (), "")
"""
LOGS = """
run = nbtrack.start_run("live")
run.log(loss=0.0)
run.flush()
print(f"{run.id} {os.getpid()}", flush=True)
sys.stdin.readline()
for number in range(3):
    run.log(loss=1.0 + number)
    run.set_tag(f"tag {number}", "x")
    run.log_param(f"param {number}", number)
print(run.flush(), flush=True)
"""
LOOKS = """
print(os.path.exists("/proc/%s"), flush=True)
for run in nbtrack.runs(experiment="*"):
    print(run.status, run.tags.get("nbtrack.ended"), len(run.metrics["loss"].steps), flush=True)
"""
ENDS = """
try:
    nbtrack.runs(experiment="*")[0].end()
except nbtrack.errors.InvalidInput as error:
    print(error, flush=True)
"""


@pytest.fixture
def shared():
    """A folder of a team."""
    folder = Path(tempfile.mkdtemp(prefix="nbtrack-shared-", dir="/tmp"))
    os.chown(folder, 0, TEAM)
    folder.chmod(0o2775)
    yield folder
    shutil.rmtree(folder)


def seen_by_another_user(folder, pid):
    looker = Child(folder, LOOKS % pid, before=AS_USER % "BOB")
    out, err = looker.wait()
    assert looker.process.exitcode == 0, err
    return out.splitlines()


def test_a_user_who_cannot_see_a_process_does_not_close_its_run(shared, opened):
    child = Child(shared, LOGS, before=AS_USER % "ADA")
    run_id, pid = child.line().split()
    assert seen_by_another_user(shared, pid) == ["False", "RUNNING None 1"]
    other = Child(shared, ENDS, before=AS_USER % "BOB")
    out, err = other.wait()
    assert f"is open in process {pid}, which ends it" in out, err
    child.tell()
    assert child.line() == "True"
    child.wait()
    store = opened(shared)
    assert store.get_run(run_id).status is Status.FINISHED
    tags = {key: value for _, key, value in store.tags([run_id])}
    assert (tags["nbtrack.ended"], [key for key in tags if key.startswith("tag")]) == ("exit", ["tag 0", "tag 1", "tag 2"])
    assert [key for _, key, _ in store.params([run_id])] == ["param 0", "param 1", "param 2"]
    assert store.history(run_id, "loss").values.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_a_dead_process_is_recognized_by_a_user_who_could_not_see_it(shared):
    child = Child(shared, LOGS, before=AS_USER % "ADA")
    _, pid = child.line().split()
    child.kill()
    assert seen_by_another_user(shared, pid) == ["False", "FAILED crashed 1"]


def test_a_renamed_host_is_the_same_host(tmp_path):
    child = Child(tmp_path, LOGS)
    child.line()
    code = f"import os, nbtrack\nnbtrack.connect({str(tmp_path)!r})\n" + LOOKS % "nothing"
    look = ["unshare", "--uts", "sh", "-c", 'hostname another-name; exec "$0" -c "$1"', sys.executable, code]
    alive = subprocess.run(look, capture_output=True, text=True, check=True).stdout
    child.kill()
    dead = subprocess.run(look, capture_output=True, text=True, check=True).stdout
    assert (alive, dead) == ("False\nRUNNING None 1\n", "False\nFAILED crashed 1\n")
