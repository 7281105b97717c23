"""A run's files in a bucket, from ``log_artifact`` to ``load``, with the bucket available and not."""

import socket
from uuid import uuid4

import matplotlib.figure
import pandas as pd
import pytest

import nbtrack
from nbtrack.delivery.connections import connections
from nbtrack.errors import StoreError
from nbtrack.store.artifacts.open import open_artifacts

pytestmark = pytest.mark.slow


@pytest.fixture
def root(s3_place, monkeypatch):
    """The URI of a bucket's folder, with its user's environment set."""
    for name, value in s3_place.environ.items():
        monkeypatch.setenv(name, value)
    return f"{s3_place.root}/{uuid4().hex}"


def test_a_run_logs_files_to_a_bucket_and_reads_them(root, tmp_path):
    nbtrack.connect(tmp_path / "store", artifacts=root)
    figure = matplotlib.figure.Figure()
    figure.subplots().plot([1, 4, 9])
    (tmp_path / "model.bin").write_bytes(b"weights" * 1000)
    with nbtrack.start_run() as run:
        run.log(loss=0.5)
        run.log_artifact(tmp_path / "model.bin", "models")
        run.log_figure(figure, "plots/curve.png")
        run.log_table(pd.DataFrame({"a": [1, 2]}), "table.csv")
        run.log_text("hello", "notes ü/hello.txt")
    assert run.artifact_uri == f"{nbtrack.experiments()[0].artifact_location}/{run.id}/artifacts"
    assert run.artifact_uri.startswith(f"{root}/")
    assert [str(e) for e in run.artifacts.list()] == ["models", "notes ü", "plots", "table.csv"]
    assert run.artifacts.list("models")[0].size == 7000
    assert run.artifacts.read_text("notes ü/hello.txt") == "hello"
    assert list(run.artifacts.load("table.csv")["a"]) == [1, 2]
    assert run.artifacts.load("plots/curve.png").format == "PNG"
    assert run.artifacts.download("models", tmp_path / "out").joinpath("model.bin").read_bytes() == b"weights" * 1000
    assert [str(e) for e in open_artifacts(run.artifact_uri).list("models")] == ["models/model.bin"]


def test_a_file_that_was_changed_in_the_bucket_is_reported(root, tmp_path):
    nbtrack.connect(tmp_path / "store", artifacts=root)
    with nbtrack.start_run() as run:
        run.log_text("mine", "a.txt")
        run.log_text("other", "b.txt")
    nbtrack.flush()
    (tmp_path / "b").write_text("false")
    open_artifacts(run.artifact_uri).put("b.txt", tmp_path / "b")
    for attempt in (lambda: run.artifacts.read_text("b.txt"), lambda: run.artifacts.download("b.txt", tmp_path / "out")):
        with pytest.raises(StoreError, match=r"'b.txt' in s3://.* is not what was logged"):
            attempt()
    assert not (tmp_path / "out").exists()
    assert run.artifacts.read_text("a.txt") == "mine"


def test_files_wait_for_an_unreachable_bucket_and_metrics_do_not(root, tmp_path, monkeypatch, s3_place, caplog):
    with socket.socket() as closed_port:
        closed_port.bind(("127.0.0.1", 0))
        monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", f"http://127.0.0.1:{closed_port.getsockname()[1]}")
        nbtrack.connect(tmp_path / "store", artifacts=root)
        run = nbtrack.start_run()
        run.log(loss=0.5)
        run.log_text("kept", "note.txt")
        run.log(loss=0.25)
        connection = connections()[-1]
        connection.flusher.flush(20, is_patient=False)
        assert list(run.metrics["loss"].values) == [0.5, 0.25]
        assert connection.flusher.pending()[0] == 1
        assert "note.txt" in connection.flusher.problem
        assert len([record for record in caplog.records if "files wait" in record.message]) == 1
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", s3_place.url)
    run.end()
    assert connection.flusher.flush(30)
    assert run.artifacts.read_text("note.txt") == "kept"
    assert [file.path for file in connection.store().artifacts(run.id)] == ["note.txt"]
    assert run.status == "FINISHED"
