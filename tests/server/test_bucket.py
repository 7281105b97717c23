"""Endpoints by which clients reach the server's bucket directly: multipart uploads and presigned URLs."""

from __future__ import annotations

import random
import urllib.error
import urllib.request
from uuid import uuid4

import pytest

from nbtrack.server.app import create_app
from nbtrack.store.artifacts.open import open_artifacts
from nbtrack.store.memory import MemoryStore

from .app_client import AppClient

pytestmark = pytest.mark.slow

PROXY = "/api/2.0/mlflow-artifacts/"
PART = 5 << 20  # the least that S3 takes, but for the last one


@pytest.fixture
def server(s3_place, monkeypatch):
    """An application whose artifacts are in a folder of a bucket."""
    for name, value in s3_place.environ.items():
        monkeypatch.setenv(name, value)
    app = create_app(MemoryStore("mlflow-artifacts:"), open_artifacts(f"{s3_place.root}/{uuid4().hex}"))
    yield AppClient(app)
    app.close()


@pytest.fixture
def run(server):
    return server.post("runs/create", {"experiment_id": "0"}).json["run"]["info"]["run_id"]


@pytest.fixture
def folder(run):
    """The folder of a run in the server's artifact store."""
    return f"0/{run}/artifacts"


def direct(method, request, body=None, url="url"):
    """Send a presigned request without other credentials, and return (status, headers, body)."""
    made = urllib.request.Request(request[url], body, request.get("headers", {}), method=method)
    try:
        with urllib.request.urlopen(made, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def begin(server, folder, parts):
    body = {"path": "/home/ada/big ü.bin", "num_parts": parts}
    return server.post(f"mpu/create/{folder}/models", body, api=PROXY).json


def complete(server, folder, upload, parts):
    body = {"path": "big ü.bin", "upload_id": upload["upload_id"], "parts": parts}
    return server.post(f"mpu/complete/{folder}/models", body, api=PROXY)


def send(place, content):
    status, headers, _ = direct("PUT", place, content)
    assert status == 200
    return {"part_number": place["part_number"], "etag": headers["ETag"], "url": place["url"]}


def test_parts_of_a_large_file_may_be_uploaded_in_any_order(server, run, folder):
    contents = [random.Random(1).randbytes(PART), random.Random(2).randbytes(1000)]
    upload = begin(server, folder, 2)
    first, second = upload["credentials"]
    parts = [send(second, contents[1]), send(first, b"x" * PART)]
    parts[1] = send(first, contents[0])  # a second time, as after a broken connection
    assert "files" not in server.get("artifacts/list", run_id=run, path="models").json
    assert complete(server, folder, upload, parts).json == {}
    listed = server.get("artifacts/list", run_id=run, path="models").json["files"]
    assert listed == [{"path": "models/big ü.bin", "is_dir": False, "file_size": PART + 1000}]
    stored = f"{folder}/models/big%20%C3%BC.bin"
    assert server.request("GET", f"{PROXY}artifacts/{stored}").body == b"".join(contents)
    signed = server.request("GET", f"{PROXY}presigned/{stored}").json
    assert signed["file_size"] == PART + 1000
    assert direct("GET", signed)[::2] == (200, b"".join(contents))
    signed["headers"] = {**signed.get("headers", {}), "Range": f"bytes={PART - 1}-{PART + 1}"}
    assert direct("GET", signed)[::2] == (206, contents[0][-1:] + contents[1][:2])


def test_an_upload_without_all_of_its_parts_is_refused_and_may_still_be_completed(server, run, folder):
    upload = begin(server, folder, 1)
    (only,) = upload["credentials"]
    assert complete(server, folder, upload, [{"part_number": 1, "etag": '"none"'}]).error[:2] == (400, "INVALID_PARAMETER_VALUE")
    part = send(only, b"content")
    wrong = complete(server, folder, upload, [part, {"part_number": 2, "etag": part["etag"]}])
    assert wrong.error[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert b"s3:" not in wrong.body
    assert "files" not in server.get("artifacts/list", run_id=run, path="models").json
    assert complete(server, folder, upload, [part]).status == 200
    assert server.request("GET", f"{PROXY}artifacts/{folder}/models/big%20%C3%BC.bin").body == b"content"


def test_an_aborted_upload_leaves_no_file(server, run, folder):
    upload = begin(server, folder, 1)
    part = send(upload["credentials"][0], b"content")
    body = {"path": "big ü.bin", "upload_id": upload["upload_id"]}
    for _ in range(2):
        assert server.post(f"mpu/abort/{folder}/models", body, api=PROXY).json == {}
    assert complete(server, folder, upload, [part]).status == 400
    assert "files" not in server.get("artifacts/list", run_id=run).json


def test_the_number_of_parts_is_limited(server, folder):
    for parts in (0, -1, 10_001):
        body = {"path": "big.bin", "num_parts": parts}
        assert server.post(f"mpu/create/{folder}", body, api=PROXY).error[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_a_file_is_uploaded_and_downloaded_by_presigned_urls(server, run):
    asked = {"run_id": run, "path": "plots/a b.txt", "expiration": 60}
    up = server.post("artifacts/presigned-upload-url", asked).json
    assert direct("PUT", up, b"hello", "presigned_url")[0] == 200
    assert [each["path"] for each in server.get("artifacts/list", run_id=run, path="plots").json["files"]] == ["plots/a b.txt"]
    down = server.post("artifacts/presigned-download-url", asked).json
    assert down["file_size"] == 5
    assert direct("GET", down, url="presigned_url")[::2] == (200, b"hello")


def test_a_presigned_url_is_valid_for_one_file_and_one_method(server, run):
    asked = {"run_id": run, "path": "a.txt"}
    up = server.post("artifacts/presigned-upload-url", asked).json["presigned_url"]
    assert direct("PUT", {"url": up}, b"hello")[0] == 200
    assert direct("PUT", {"url": up.replace("a.txt", "b.txt")}, b"other")[0] == 403
    assert direct("GET", {"url": up})[0] == 403
    down = server.post("artifacts/presigned-download-url", asked).json["presigned_url"]
    assert direct("PUT", {"url": down}, b"changed")[0] == 403
    assert direct("DELETE", {"url": down})[0] == 403
    assert direct("GET", {"url": down})[2] == b"hello"
    assert [each["path"] for each in server.get("artifacts/list", run_id=run).json["files"]] == ["a.txt"]


@pytest.mark.parametrize("path", ["../a", "%2e%2e/a", "/etc/passwd", "a//b", ""])
def test_paths_outside_the_run_are_not_presigned(server, run, path):
    for what in ("upload", "download"):
        assert server.post(f"artifacts/presigned-{what}-url", {"run_id": run, "path": path}).error[0] == 400
    assert server.post("artifacts/presigned-download-url", {"run_id": run, "path": "a", "expiration": 604_801}).error[0] == 400


def test_server_info_names_the_abilities(server):
    info = server.get("server-info", api="/api/3.0/mlflow/").json
    assert info["multipart_uploads_enabled"]
    assert info["multipart_downloads_enabled"]
    assert info["presigned_upload_run_id_supported"]
