"""A bucket whose connections are cut during a multipart upload: training goes on, and the file arrives completely, once."""

from __future__ import annotations

import hashlib
import os

import pytest

import nbtrack
from nbtrack.delivery import flusher
from nbtrack.tracking.tracker import connection_of

from .relay import Relay

pytestmark = pytest.mark.slow

SIZE = 24 << 20  # three parts


@pytest.fixture
def relay(s3_place, monkeypatch, tmp_path):
    relay = Relay(int(s3_place.url.rpartition(":")[2]))
    for name, value in s3_place.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", f"http://127.0.0.1:{relay.port}")
    monkeypatch.setattr(flusher, "_LONGEST_PAUSE", 0.2)
    monkeypatch.chdir(tmp_path)
    yield relay
    relay.close()


@pytest.mark.parametrize("cuts", [1, 3, 12], ids=["once", "every part", "often"])
def test_an_interrupted_upload_arrives_completely(relay, s3_place, tmp_path, cuts):
    content = os.urandom(1 << 20) * (SIZE >> 20)
    (tmp_path / "model.bin").write_bytes(content)
    tracker = nbtrack.connect(tmp_path / f"store{cuts}", artifacts=f"{s3_place.root}/cut{cuts}")
    relay.cuts = [3 << 20] * cuts
    with nbtrack.start_run("large") as run:
        run.log_artifact("model.bin")
        for step in range(1000):
            run.log(loss=step)
        run.log_text("after", "after.txt")
    assert run.status == "FINISHED"
    assert tracker.flush(60)
    assert relay.cut == cuts
    assert run.metrics["loss"].count == 1000
    assert [(entry.path, entry.size) for entry in run.artifacts.list()] == [("after.txt", 5), ("model.bin", SIZE)]
    with run.artifacts.open("model.bin") as file:
        assert hashlib.file_digest(file, "sha256").digest() == hashlib.sha256(content).digest()
    connection_of(tracker).close(10)
