"""Artifacts that a tracking server serves."""

import time
from uuid import uuid4

import pytest

from nbtrack.errors import InvalidInput, StoreUnavailable
from nbtrack.store.artifacts.open import open_artifacts

from .contract import OLD_IMAGE, ArtifactsContract, large, read

SERVICE = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.mark.slow
class TestMlflowServer(ArtifactsContract):
    many = 30
    changed_names = ("50%25.txt", "50%10.csv", "a%5cb%23.txt", OLD_IMAGE)

    @pytest.fixture
    def store(self, mlflow_place):
        return open_artifacts(f"mlflow-artifacts:/1/{uuid4().hex}/artifacts", server=mlflow_place.url)


@pytest.mark.slow
class TestNbtrackServer(ArtifactsContract):
    many = 30

    @pytest.fixture
    def store(self, server_place):
        return open_artifacts(f"mlflow-artifacts:/1/{uuid4().hex}/artifacts", server=server_place.url)


@pytest.mark.slow
def test_a_large_file_is_sent_directly_to_the_bucket_of_a_server(server_place, s3_place, monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", "1000000")
    for name, value in s3_place.environ.items():
        monkeypatch.setenv(name, value)
    run = f"1/{uuid4().hex}/artifacts"
    store = open_artifacts(f"mlflow-artifacts:/{run}", server=server_place.url)
    asked = []
    real = type(store)._request
    monkeypatch.setattr(
        type(store), "_request", lambda self, method, path, **o: asked.append(path) or real(self, method, path, **o)
    )
    (tmp_path / "big").write_bytes(large())
    store.put("models/big ü.bin", tmp_path / "big")
    assert [path.split("/")[5] for path in asked if "/mpu/" in path] == ["create", "complete"]
    assert read(open_artifacts(f"{server_place.root}/{run}"), "models/big ü.bin") == large()
    assert store.download("models/big ü.bin", tmp_path / "back").read_bytes() == large()
    assert any("/presigned/" in path for path in asked)


@pytest.mark.slow
def test_an_upload_that_cannot_be_completed_is_cancelled(server_place, monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", "1000000")
    store = open_artifacts(f"mlflow-artifacts:/1/{uuid4().hex}/artifacts", server=server_place.url)
    posted = []
    real = type(store)._post
    monkeypatch.setattr(type(store), "_post", lambda self, row, *rest: posted.append(row.name) or real(self, row, *rest))
    monkeypatch.setattr("nbtrack.store.artifacts.proxy.upload_parts", lambda *_: (_ for _ in ()).throw(StoreUnavailable("cut")))
    (tmp_path / "big").write_bytes(large())
    with pytest.raises(StoreUnavailable, match="cut"):
        store.put("big", tmp_path / "big", move=True)
    assert posted == ["create_multipart_upload", "abort_multipart_upload"]
    assert (tmp_path / "big").exists()
    assert store.list() == []


def test_a_uri_opens_the_server_that_it_names(monkeypatch):
    def place(uri, server=""):
        store = open_artifacts(uri, server=server)
        return f"{store._client.url} {store._root}"

    assert place("mlflow-artifacts:/1/abc/artifacts", "http://host:5000") == "http://host:5000 1/abc/artifacts"
    assert place("mlflow-artifacts:/1/abc", "https://host/base/") == "https://host/base 1/abc"
    assert place("mlflow-artifacts://other:80/1/abc", "http://host:5000") == "http://other:80 1/abc"
    assert place(f"http://host/base{SERVICE}/1/abc") == "http://host/base 1/abc"
    assert place(f"https://host:5000{SERVICE}") == "https://host:5000 "
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://named")
    assert place("mlflow-artifacts:/1") == "http://named 1"


@pytest.mark.parametrize("uri", ["mlflow-artifacts:/1/abc", "http://host/elsewhere", f"http://host{SERVICE}/a?b"])
def test_a_uri_without_a_server_is_refused(uri):
    with pytest.raises(InvalidInput):
        open_artifacts(uri)


def test_an_unreachable_server_is_unavailable(tmp_path):
    store = open_artifacts("mlflow-artifacts:/1", server="http://127.0.0.1:9")
    (tmp_path / "f").write_text("x")
    before = time.monotonic()
    for attempt in (store.list, lambda: store.open("f"), lambda: store.put("f", tmp_path / "f"), lambda: store.delete("f")):
        with pytest.raises(StoreUnavailable, match="refused"):
            attempt()
    assert time.monotonic() - before < 60
    assert (tmp_path / "f").exists()
