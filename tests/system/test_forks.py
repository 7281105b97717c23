"""Workers that are forked in the first moments of a process's first run, while threads import and open libraries."""

import os
import subprocess
import sys
import threading

import pytest

from nbtrack.system import forks

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

CODE = """
import multiprocessing, sys, time
import nbtrack
nbtrack.connect("store")

def work():
    run = nbtrack.active_run()
    {deed}

def fork():
    worker = multiprocessing.get_context("fork").Process(target=work)
    worker.start()
    worker.join(40)
    assert worker.exitcode == 0, worker.exitcode

with nbtrack.start_run("first") as run:
    time.sleep({delay})
    fork()
with nbtrack.start_run("second") as run:
    fork()
"""
DEEDS = {
    "log": "nbtrack.log(b=1.0)",
    "flush": "nbtrack.log(b=1.0); assert nbtrack.flush(20)",
    "table": "nbtrack.log_table({'x': [1]}, 't.json'); assert nbtrack.flush(20)",
    "param": "nbtrack.log_param('p', 1); assert nbtrack.flush(20)",
    "read": "assert dict(run.params) == {} and run.tags",
    "runs": "assert run.id in [each.id for each in nbtrack.runs()]",
    "sqlalchemy": "import sqlalchemy as sa; sa.create_engine('sqlite://').connect().close()",
    "its own run": "nbtrack.start_run('of a worker').end()",
}


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0, 0.1])
@pytest.mark.parametrize("name", DEEDS)
def test_a_worker_forked_right_after_the_start_works(tmp_path, name, delay):
    code = CODE.replace("{deed}", DEEDS[name]).replace("{delay}", str(delay))
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "nbtrack:" not in done.stderr


def test_a_fork_waits_for_the_threads_that_delay_it(monkeypatch):
    begun, go = threading.Event(), threading.Event()
    order = []

    def work():
        with forks.delay_forks(30):
            with forks.delay_forks(30):
                begun.set()
                assert go.wait(30)
            order.append("worked")

    worker = threading.Thread(target=work)
    worker.start()
    assert begun.wait(30)
    threading.Timer(0.05, go.set).start()
    with forks.delay_forks(30):  # its own work is none that a thread waits for
        forks._before_fork()
    order.append("forked")
    late = threading.Thread(target=work)
    late.start()
    forks._after_in_parent()
    worker.join(30)
    late.join(30)
    assert order == ["worked", "forked", "worked"]


def test_a_fork_waits_no_longer_than_the_limit():
    go, begun = threading.Event(), threading.Event()

    def work():
        with forks.delay_forks(0.01):
            begun.set()
            assert go.wait(30)

    worker = threading.Thread(target=work)
    worker.start()
    assert begun.wait(30)
    forks._before_fork()
    forks._after_in_parent()
    go.set()
    worker.join(30)
    assert not forks._busy
