"""Training with a server behind a network with every kind of fault goes on, and everything arrives once.

Each fault alone is tested in tests/tracking/test_remote.py and tests/store/http/test_http.py.
"""

from __future__ import annotations

import random
import ssl

import numpy as np
import pytest

import nbtrack
from nbtrack import Status
from nbtrack.delivery import flusher
from nbtrack.tracking.tracker import connection_of

from ..server.test_process import serving
from ..store.faults import BAD_GATEWAY, HTML, SERVER_ERROR, FaultProxy, canned, too_many
from ..store.http.test_http import self_signed
from ..tracking.test_remote import delivered
from .relay import Relay
from .rounds import done, rounds, seeded

pytestmark = pytest.mark.slow

FAULTS = [
    "cut",
    "lose",
    "half",
    "slow",
    SERVER_ERROR,
    BAD_GATEWAY,
    HTML,
    too_many("0"),
    canned("401 Unauthorized"),
    canned("200 OK", b"{"),
]


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server")) as (_, url):
        yield int(url.rpartition(":")[2])


@pytest.fixture(autouse=True)
def hurried(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(flusher, "_LONGEST_PAUSE", 0.2)
    for name in ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


class Chance(list):
    """Endless faults: each request has one of them with a probability."""

    def __init__(self, chances: random.Random, share: float) -> None:
        super().__init__([None])
        self._chances, self._share = chances, share

    def pop(self, _place=0):
        if self._chances.random() >= self._share:
            return "pass"
        done["requests that a fault met"] += 1
        return self._chances.choice(FAULTS)


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_everything_arrives_once_whatever_the_network_does(port, share):
    chances = seeded(f"soak {share}")
    proxy = FaultProxy(port)
    try:
        for _ in range(rounds(1, 0.05)):
            soak(proxy, chances, share)
    finally:
        proxy.close()


def soak(proxy, chances, share):
    experiment = f"soak {chances.getrandbits(60)}"
    tracker = nbtrack.connect(proxy.uri, experiment=experiment)
    proxy.faults = Chance(chances, share)
    logged = [train(number, chances, proxy) for number in range(3)]
    proxy.faults = []
    delivered(tracker)
    assert {run.name for run in nbtrack.runs()} == {run.name for run, *_ in logged}
    for run, values, params, tags, files in logged:
        found = nbtrack.get_run(run.id)
        assert found.status is Status.FINISHED
        for key, steps in values.items():
            assert found.metrics[key].steps.tolist() == list(range(len(steps)))
            np.testing.assert_array_equal(found.metrics[key].values, steps)
        assert set(found.metrics) == set(values)
        assert (found.params, {key: found.tags[key] for key in tags}) == (params, tags)
        assert {name: found.artifacts.read_text(name) for name in files} == files
    connection_of(tracker).close(10)


def train(number, chances, proxy):
    """Train briefly, log one of everything, and return the run with what it must have."""
    values, params, tags, files = {"loss": [], "acc": []}, {}, {}, {}
    with nbtrack.start_run(f"run {number}") as run:
        for step in range(400):
            values["loss"].append(chances.random())
            values["acc"].append(step / 7)
            run.log(loss=values["loss"][-1], step=step)
            run.log(acc=values["acc"][-1], step=step)
            if step % 50 == 0:
                params[f"p{step}"], tags[f"t{step}"], files[f"f{step}.txt"] = step, str(step), f"file {step}"
                run.log_param(f"p{step}", step)
                run.set_tag(f"t{step}", step)
                run.log_text(f"file {step}", f"f{step}.txt")
                run.flush(chances.choice([0, 0.05, 0.2]))
            if step == 200 and chances.random() < 0.5:
                with proxy.away():
                    run.flush(0.2)
    return run, values, params, tags, files


def test_a_server_with_an_unknown_certificate_receives_nothing_until_it_is_trusted(port, tmp_path, monkeypatch, caplog):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = self_signed(tmp_path)
    context.load_cert_chain(certificate)
    relay = Relay(port, context)
    try:
        tracker = nbtrack.connect(f"https://127.0.0.1:{relay.port}", experiment="secure")
        with nbtrack.start_run("patient") as run:
            for step in range(1000):
                run.log(loss=step)
        assert run.status is Status.FINISHED
        assert not tracker.flush(0.2)
        assert caplog.text.count("the store is unavailable") == 1
        assert "MLFLOW_TRACKING_SERVER_CERT_PATH" in caplog.text
        monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(certificate))
        delivered(tracker)
        assert nbtrack.runs()[0].metrics["loss"].values.tolist() == list(range(1000))
        connection_of(tracker).close(10)
    finally:
        relay.close()
