"""Using a run while the interpreter shuts down: the process exits, and what was logged before is stored."""

import subprocess
import sys

import pytest

import nbtrack

HEAD = """
import builtins, os, sys
import nbtrack
nbtrack.connect("store")

def train():
    with nbtrack.start_run("r") as run:
        for i in range(10):
            run.log(x=float(i))
            yield i
"""
FAILS_BESIDE_A_GENERATOR = """
def main():
    steps = train()
    for i in steps:
        if i == 2:
            raise ValueError("boom")
main()
"""
LEAVES_A_GENERATOR = """
steps = train()
for _ in range(3):
    next(steps)
"""
AT_DELETION = """
run = nbtrack.start_run("r")
for i in range(3):
    run.log(x=float(i))

class Keeper:
    def __del__(self, run=run, nbtrack=nbtrack):
        {}
builtins.keeper = Keeper()
"""
DEEDS = {
    "log": "run.log(x=3.0)",
    "other metrics": "run.log(y=1.0)",
    "tag": "run.set_tag('late', '1')",
    "file": "run.log_text('late', 'late.txt')",
    "end": "run.end()",
    "flush": "run.flush(10)",
    "read": "run.metrics",
    "another run": "nbtrack.start_run('late').end()",
}
CODES = {"fails": FAILS_BESIDE_A_GENERATOR, "leaves": LEAVES_A_GENERATOR}
CODES |= {name: AT_DELETION.format(deed) for name, deed in DEEDS.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", CODES)
def test_the_process_exits_and_everything_arrives(tracker, tmp_path, name):
    command = [sys.executable, "-c", HEAD + CODES[name]]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == (1 if name == "fails" else 0), done.stderr
    nbtrack.connect(tmp_path / "store")
    (run,) = nbtrack.runs("attributes.run_name = 'r'")
    assert run.metrics["x"].values.tolist() == [0.0, 1.0, 2.0]
    assert run.status == ("FAILED" if name == "fails" else "FINISHED")
