"""Open runs do not use up the descriptors of a process, and where none is left nothing is lost."""

import subprocess
import sys

import pytest

import nbtrack

resource = pytest.importorskip("resource")

RUNS = 120
MANY = f"""
import os, resource
import nbtrack
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
nbtrack.connect("store")
runs = [nbtrack.start_run(f"r{{number}}", parent=None) for number in range({RUNS})]
for number, run in enumerate(runs):
    run.log(loss=float(number))
    run.log({{"a": 1.0, "b": 2.0}})
    run.set_tag("k", "v")
    open(os.devnull).close()
assert nbtrack.flush(60)
assert len(os.listdir("/dev/fd")) < 40
"""
NONE_LEFT = """
import os, resource
import nbtrack
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
nbtrack.connect("store")
runs = [nbtrack.start_run("before", parent=None)]
runs[0].log(loss=1.0)
assert nbtrack.flush(60)
taken = []
try:
    while True:
        taken.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
runs.append(nbtrack.start_run("meanwhile", parent=None))
for step in range(1, 2_000):
    for run in runs:
        run.log(loss=1.0, step=step)
for run in runs:
    run.log(other=1.0)
    run.set_tag("k", "v")
    run.log_text("text", "a.txt")
for each in taken:
    os.close(each)
assert nbtrack.flush(60)
"""


def run(tmp_path, code):
    return subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False)


@pytest.mark.slow
def test_more_runs_are_open_than_a_process_has_descriptors(tracker, tmp_path):
    done = run(tmp_path, MANY)
    assert done.returncode == 0, done.stderr
    nbtrack.connect(tmp_path / "store")
    found = list(nbtrack.runs())
    assert len(found) == RUNS
    assert sorted(run.metrics["loss"].last for run in found) == [float(number) for number in range(RUNS)]
    assert {run.tags["k"] for run in found} == {"v"}


@pytest.mark.slow
def test_what_is_logged_without_a_free_descriptor_is_delivered(tracker, tmp_path):
    done = run(tmp_path, NONE_LEFT)
    assert done.returncode == 0, done.stderr
    nbtrack.connect(tmp_path / "store")
    found = {run.name: run for run in nbtrack.runs()}
    assert sorted(found) == ["before", "meanwhile"]
    for name, each in found.items():
        assert len(each.metrics["loss"]) == (2_000 if name == "before" else 1_999)
        assert len(each.metrics["other"]) == 1
        assert each.tags["k"] == "v"
        assert [str(entry) for entry in each.artifacts.list()] == ["a.txt"]
