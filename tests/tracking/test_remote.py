"""Tracking on a server: when it is available, when it is not, and when it fails in the middle."""

from __future__ import annotations

import pickle
import subprocess
import sys
import time

import numpy as np
import pytest

import nbtrack
from nbtrack import Status
from nbtrack.errors import AccessDenied, StoreUnavailable
from nbtrack.tracking.tracker import connection_of

from ..server.test_process import serving
from ..store.faults import BAD_GATEWAY, HTML, SERVER_ERROR, FaultProxy, canned, too_many

pytestmark = pytest.mark.slow

LOGS_AND_LEAVES = """
import sys, nbtrack
nbtrack.connect(sys.argv[1], experiment="left behind")
with nbtrack.start_run("offline", params={"lr": 0.1}) as run:
    for step in range(1000):
        run.log(loss=1 / (step + 1))
    run.log_text("hello", "note.txt")
print(run.id)
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server")) as (_, url):
        yield int(url.rpartition(":")[2])


@pytest.fixture
def proxy(port, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    proxy = FaultProxy(port)
    yield proxy
    proxy.close()


def delivered(tracker, seconds=60.0):
    """Wait until everything is in the store."""
    deadline = time.monotonic() + seconds
    while not tracker.flush(2) and time.monotonic() < deadline:
        pass
    assert connection_of(tracker).flusher.pending() == (0, 0)


def check_loss(run, count):
    loss = run.metrics["loss"]
    assert (loss.count, loss.last) == (count, 1 / count)
    assert loss.steps.tolist() == list(range(count))


def test_a_run_is_on_the_server_with_everything(proxy):
    tracker = nbtrack.connect(proxy.uri, experiment="whole")
    with nbtrack.start_run("trained", params={"lr": 0.1, "layers": [64, 32]}, tags={"team": "blue"}, note="first") as run:
        for step in range(500):
            run.log(loss=1 / (step + 1))
        run.log_text("hello", "texts/note.txt")
        with nbtrack.start_run("nested"):
            nbtrack.log(x=1)
    (nested, found) = nbtrack.runs()
    assert (found.id, found.status, found.params["layers"]) == (run.id, Status.FINISHED, [64, 32])
    assert (found.tags["team"], found.note, nested.parent.id) == ("blue", "first", run.id)
    check_loss(found, 500)
    assert found.artifacts.read_text("texts/note.txt") == "hello"
    assert nbtrack.runs("metrics.loss.min < 0.1 AND params.lr < 0.2")[0] == run
    assert nbtrack.runs().df()["metrics.loss"].tolist()[1] == 1 / 500
    assert len(nbtrack.runs().history("loss")) == 500
    assert run.artifact_uri.startswith("mlflow-artifacts:")
    run.delete()
    assert len(nbtrack.runs()) == 1
    run.restore()
    assert tracker.uri == proxy.uri


def test_a_worker_logs_into_the_run_of_another_process(proxy):
    nbtrack.connect(proxy.uri, experiment="workers")
    with nbtrack.start_run() as run:
        code = "import pickle, sys; run = pickle.loads(sys.stdin.buffer.read()); run.log(worker=7); run.flush()"
        subprocess.run([sys.executable, "-W", "error", "-c", code], input=pickle.dumps(run), check=True, timeout=120)
    assert nbtrack.runs()[0].metrics["worker"].last == 7


def test_an_unavailable_server_at_the_start_loses_nothing(proxy, caplog):
    tracker = nbtrack.connect(proxy.uri, experiment="away")
    with proxy.away():
        began = time.monotonic()
        with nbtrack.start_run("offline", params={"lr": 0.1}) as run:
            for step in range(1000):
                run.log(loss=1 / (step + 1))
            run.log_text("hello", "note.txt")
        assert time.monotonic() - began < 10
        assert run.status is Status.FINISHED
        assert caplog.text.count("the store is unavailable") == 1
        with pytest.raises(StoreUnavailable):
            nbtrack.runs()
    delivered(tracker)
    (found,) = nbtrack.runs()
    assert (found.id, found.status, found.artifacts.read_text("note.txt")) == (run.id, Status.FINISHED, "hello")
    check_loss(found, 1000)


def test_a_server_that_never_answers_is_not_waited_for_ever(proxy):
    tracker = nbtrack.connect(proxy.uri, experiment="silent")
    proxy.faults = ["never"] * 2
    with nbtrack.start_run("unheard") as run:
        run.log(loss=1.0)
    assert run.status is Status.FINISHED
    proxy.faults = []
    delivered(tracker)
    (found,) = nbtrack.runs()
    check_loss(found, 1)


def test_what_another_session_left_is_delivered_once(proxy):
    with proxy.away():
        command = [sys.executable, "-W", "error", "-c", LOGS_AND_LEAVES, proxy.uri]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "wait in" in done.stderr
    tracker = nbtrack.connect(proxy.uri, experiment="left behind")
    delivered(tracker)
    (found,) = nbtrack.runs()
    assert (found.id, found.status, found.params) == (done.stdout.strip(), Status.FINISHED, {"lr": 0.1})
    check_loss(found, 1000)


@pytest.mark.parametrize(
    "faults",
    [["cut"] * 4, ["lose"] * 4, ["half"] * 4, [SERVER_ERROR] * 4, [BAD_GATEWAY, HTML] * 2, [too_many("1")], ["slow"] * 4],
    ids=["cut", "lost", "half", "500", "page", "429", "slow"],
)
def test_failures_in_the_middle_neither_lose_nor_duplicate_points(proxy, faults, request):
    tracker = nbtrack.connect(proxy.uri, experiment=request.node.callspec.id)
    with nbtrack.start_run("broken") as run:
        for step in range(3000):
            if step == 1000:
                nbtrack.flush()
                proxy.faults = list(faults)
            run.log(loss=1 / (step + 1))
        run.log_param("after", 1)
    delivered(tracker)
    proxy.faults = []
    (found,) = nbtrack.runs()
    assert (found.status, found.params) == (Status.FINISHED, {"after": 1})
    check_loss(found, 3000)
    assert np.array_equal(found.metrics["loss"].values, 1 / np.arange(1, 3001))


def test_what_was_denied_is_delivered_once_the_user_has_access(proxy, caplog, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "geheim")
    tracker = nbtrack.connect(proxy.uri, experiment="denied")
    proxy.faults = [canned("401 Unauthorized")] * 6
    with nbtrack.start_run("denied") as run:
        run.log(loss=1.0)
    assert "MLFLOW_TRACKING_TOKEN" in caplog.text
    proxy.faults = [canned("403 Forbidden")]
    with pytest.raises(AccessDenied, match="403"):
        connection_of(tracker).store().open_runs()
    delivered(tracker)
    assert nbtrack.runs()[0].metrics["loss"].last == 1.0
    journal = [path.read_bytes() for path in connection_of(tracker).settings.journal.rglob("*") if path.is_file()]
    assert "geheim" not in caplog.text + tracker.status() + repr(tracker) + repr(connection_of(tracker).settings)
    assert not any(b"geheim" in content for content in journal)
