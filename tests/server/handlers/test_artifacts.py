"""Endpoints of artifacts, and paths that none of them may reach."""

import urllib.parse

import pytest

from nbtrack.entities.trace import TraceInfo
from nbtrack.server.app import create_app
from nbtrack.store.artifacts.local import LocalArtifacts
from nbtrack.store.memory import MemoryStore

from ..app_client import AppClient

PROXY = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture
def run(server):
    return server.post("runs/create", {"experiment_id": "0"}).json["run"]["info"]["run_id"]


@pytest.fixture
def folder(run):
    """The folder of a run in the proxy."""
    return f"0/{run}/artifacts"


def put(server, path, body=b"text"):
    return server.request("PUT", f"{PROXY}/{urllib.parse.quote(path)}", body)


def test_a_file_is_uploaded_and_downloaded(server, folder):
    body = bytes(range(256)) * 10_000
    assert put(server, f"{folder}/sub/é 1.bin", body).json == {}
    answer = server.request("GET", f"{PROXY}/{urllib.parse.quote(folder)}/sub/%C3%A9%201.bin")
    assert (answer.status, answer.body) == (200, body)
    assert answer.headers["content-length"] == str(len(body))
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == "attachment; filename=\"e 1.bin\"; filename*=UTF-8''%C3%A9%201.bin"


@pytest.mark.parametrize(
    "name, kind",
    [
        ("MLmodel", "text/plain"),
        ("a.py", "text/plain"),
        ("a.json", "text/plain"),
        ("mlproject", "text/plain"),
        ("a.png", "image/png"),
        ("a.strange", "application/octet-stream"),
    ],
)
def test_a_file_has_a_content_type_and_is_sent_as_an_attachment(server, folder, name, kind):
    put(server, f"{folder}/{name}")
    headers = server.request("GET", f"{PROXY}/{folder}/{name}", headers={"Accept": "text/html"}).headers
    assert (headers["content-type"], headers["content-disposition"]) == (kind, f"attachment; filename={name}")
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    "asked, status, found",
    [
        ("bytes=2-4", 206, b"234"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-3", 206, b"789"),
        ("bytes=8-99", 206, b"89"),
        ("bytes=0-9", 200, b"0123456789"),
        ("bytes=1-2,4-5", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
        ("bytes=10-", 416, None),
    ],
)
def test_a_range_of_a_file_is_sent(server, folder, asked, status, found):
    put(server, f"{folder}/a.txt", b"0123456789")
    answer = server.request("GET", f"{PROXY}/{folder}/a.txt", headers={"Range": asked})
    assert answer.status == status
    assert found is None or answer.body == found


def test_the_head_of_a_file_has_no_body(server, folder):
    put(server, f"{folder}/a.txt", b"0123456789")
    answer = server.request("HEAD", f"{PROXY}/{folder}/a.txt")
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "10", b"")


def test_folders_are_listed_by_name_in_the_store_and_by_path_in_a_run(server, run, folder):
    put(server, f"{folder}/plots/a.png", b"12345")
    put(server, f"{folder}/b.txt", b"1")
    assert server.get("", api=PROXY, path=f"{folder}/plots").json == {
        "files": [{"path": "a.png", "is_dir": False, "file_size": 5}]
    }
    root = server.get("artifacts/list", run_id=run).json
    assert root["root_uri"] == f"mlflow-artifacts:/{folder}"
    assert root["files"] == [{"path": "b.txt", "is_dir": False, "file_size": 1}, {"path": "plots", "is_dir": True}]
    deeper = server.get("artifacts/list", run_uuid=run, path="plots").json["files"]
    assert deeper == [{"path": "plots/a.png", "is_dir": False, "file_size": 5}]
    assert "files" not in server.get("artifacts/list", run_id=run, path="none").json


def test_a_missing_file_is_not_found(server, folder):
    assert server.request("GET", f"{PROXY}/{folder}/none.txt").error[:2] == (404, "RESOURCE_DOES_NOT_EXIST")
    put(server, f"{folder}/sub/a.txt")
    assert server.request("GET", f"{PROXY}/{folder}/sub").error[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_a_file_is_deleted(server, folder):
    put(server, f"{folder}/a.txt")
    assert server.request("DELETE", f"{PROXY}/{folder}/a.txt").json == {}
    assert server.request("GET", f"{PROXY}/{folder}/a.txt").status == 404


def test_a_file_of_a_run_is_sent(server, run, folder):
    put(server, f"{folder}/a b.txt", b"hello")
    answer = server.get("get-artifact", api="/", run_id=run, path="a b.txt")
    assert (answer.body, answer.headers["content-disposition"]) == (b"hello", 'attachment; filename="a b.txt"')
    assert server.get("get-artifact", api="/", run_id=run).error[0] == 400
    assert server.get("get-artifact", api="/", run_id="nowhere", path="a").error[0] == 404


def test_small_files_are_uploaded_as_mlflows_web_pages_do(server, run, folder):
    def upload(body=b"data", **query):
        return server.request("POST", "/ajax-api/2.0/mlflow/upload-artifact", body, query=query)

    assert upload(run_uuid=run, path="sub/a.txt").status == 200
    assert server.request("GET", f"{PROXY}/{folder}/sub/a.txt").body == b"data"
    assert upload(path="a").error[2] == "Request must specify run_uuid."
    assert upload(run_uuid=run).error[2] == "Request must specify path."
    assert upload(b"", run_uuid=run, path="a").error[2] == "Request must specify data."
    assert "Max size is 10MB" in upload(b"x" * (10 << 20 | 1), run_uuid=run, path="a").error[2]


BAD = [
    "../a",
    "a/../../b",
    "%2e%2e/a",
    "%252e%252e%252fa",
    "..%5ca",
    "/etc/passwd",
    "file:///etc/passwd",
    "C:/a",
    "a\\b",
    "a#b",
    "a//b",
    ".",
]


@pytest.mark.parametrize("path", BAD)
def test_no_path_leads_out_of_the_artifact_store(server, run, folder, path, tmp_path):
    quoted = urllib.parse.quote(path, safe="")
    (tmp_path / "a").write_text("secret")
    answers = [
        server.request("GET", f"{PROXY}/{quoted}"),
        server.request("PUT", f"{PROXY}/{quoted}", b"x"),
        server.request("DELETE", f"{PROXY}/{quoted}"),
        server.get("get-artifact", api="/", run_id=run, path=path),
        server.request("POST", "/ajax-api/2.0/mlflow/upload-artifact", b"x", query={"run_uuid": run, "path": path}),
        server.post(f"mpu/create/{quoted}", {"path": "a", "num_parts": 1}, api="/api/2.0/mlflow-artifacts/"),
    ]
    if path != ".":  # the run's own folder
        answers += [server.get("", api=PROXY, path=path), server.get("artifacts/list", run_id=run, path=path)]
    for answer in answers:
        assert answer.status in (400, 501), answer
        assert b"secret" not in answer.body
    assert (tmp_path / "a").read_text() == "secret"


OLD_IMAGES = [f"images/dog%step%{step}%timestamp%1724213639123%ace60e60-f4da.png" for step in (3, 10, 23, 25)]


@pytest.mark.parametrize("name", [*OLD_IMAGES, "50%10.csv", "100%1f.txt", "a%5cb.txt", "%ff.txt"])
def test_a_name_with_percent_signs_is_unchanged(server, folder, run, name):
    """As the names are that log_image(key=, step=) of MLflow 2.11 to 3.9 makes."""
    quoted = urllib.parse.quote(name)
    assert server.request("PUT", f"{PROXY}/{folder}/{quoted}", b"data").status == 200
    assert server.request("GET", f"{PROXY}/{folder}/{quoted}").body == b"data"
    above = name.rpartition("/")[0]
    assert [each["path"] for each in server.get("artifacts/list", run_id=run, path=above).json["files"]] == [name]
    assert server.get("get-artifact", api="/", run_id=run, path=name).body == b"data"
    assert server.request("DELETE", f"{PROXY}/{folder}/{quoted}").status == 200


@pytest.mark.parametrize("name", ["tab%09x.txt", "100%1f.txt", "a%0d%0ab"])
def test_control_characters_are_escaped(server, folder, run, name):
    """MLflow's clients put names into URLs without encoding them, so the server decodes what is a part of the name."""
    assert server.request("PUT", f"{PROXY}/{folder}/{name}", b"data").status == 200
    assert server.request("GET", f"{PROXY}/{folder}/{name}").body == b"data"
    assert [each["path"] for each in server.get("artifacts/list", run_id=run).json["files"]] == [name]


@pytest.mark.parametrize(
    "location", ["file:///etc", "/etc", "s3://bucket/a", "http://127.0.0.1:1/a", "mlflow-artifacts://other:80/a"]
)
def test_the_server_opens_no_uri_that_a_client_has_named(server, location):
    made = server.post("experiments/create", {"name": location, "artifact_location": location}).json["experiment_id"]
    run = server.post("runs/create", {"experiment_id": made}).json["run"]["info"]["run_id"]
    assert "does not store these artifacts" in server.get("artifacts/list", run_id=run).error[2]
    assert "does not store these artifacts" in server.get("get-artifact", api="/", run_id=run, path="passwd").error[2]


@pytest.mark.parametrize("location", ["mlflow-artifacts:/../x", "s3://b/a#x", "s3://b/a;x", "s3://b/a?x=../y", "s3://b/%2e%2e/a"])
def test_an_artifact_location_with_query_or_parent_folders_is_refused(server, location):
    body = {"name": "a", "artifact_location": location}
    assert server.post("experiments/create", body).error[:2] == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("location", ["http://[", "s3://[a", "//[x"])
def test_an_artifact_location_that_is_not_a_uri_is_a_bad_request(server, location):
    body = {"name": "a", "artifact_location": location}
    assert server.post("experiments/create", body).error[:2] == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    "location, kept",
    [
        ("mlruns/a", "{cwd}/mlruns/a"),
        ("./mlruns/a", "{cwd}/mlruns/a"),
        ("file:mlruns/a b", "file://{cwd}/mlruns/a%20b"),
        ("/mlruns/a", "/mlruns/a"),
        ("file:///mlruns/a", "file:///mlruns/a"),
        ("s3://bucket/a", "s3://bucket/a"),
        ("dbfs:/a", "dbfs:/a"),
    ],
)
def test_a_relative_location_is_in_the_servers_working_directory(server, tmp_path, monkeypatch, location, kept):
    monkeypatch.chdir(tmp_path)
    made = server.post("experiments/create", {"name": "a", "artifact_location": location}).json["experiment_id"]
    found = server.get("experiments/get", experiment_id=made).json["experiment"]["artifact_location"]
    assert found == kept.format(cwd=tmp_path)
    run = server.post("runs/create", {"experiment_id": made}).json["run"]["info"]
    assert run["artifact_uri"] == f"{found}/{run['run_id']}/artifacts"


def test_a_relative_location_is_served_only_below_the_artifact_root(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = create_app(MemoryStore("mlruns"), LocalArtifacts("mlruns"), serves_artifacts=False)
    server = AppClient(app)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.txt").write_text("secret")
    for name, where, status in (("below", "mlruns/team", 200), ("beside", "secret", 400), ("root", ".", 400)):
        made = server.post("experiments/create", {"name": name, "artifact_location": where}).json["experiment_id"]
        run = server.post("runs/create", {"experiment_id": made}).json["run"]["info"]
        folder = tmp_path / where / run["run_id"] / "artifacts"
        folder.mkdir(parents=True)
        (folder / "a.txt").write_text("x")
        assert server.get("artifacts/list", run_id=run["run_id"]).status == status
        assert server.get("get-artifact", api="/", run_id=run["run_id"], path="a.txt").status == status
    app.close()


def test_runs_below_the_servers_artifact_root_are_listed(tmp_path):
    root = tmp_path / "kept"
    app = create_app(MemoryStore(str(root)), LocalArtifacts(root), serves_artifacts=False)
    server = AppClient(app)
    run = server.post("runs/create", {"experiment_id": "0"}).json["run"]["info"]
    assert run["artifact_uri"].startswith(str(root))
    (root / "0" / run["run_id"] / "artifacts").mkdir(parents=True)
    (root / "0" / run["run_id"] / "artifacts" / "a.txt").write_text("x")
    assert [each["path"] for each in server.get("artifacts/list", run_id=run["run_id"]).json["files"]] == ["a.txt"]
    assert server.request("GET", f"{PROXY}/0/a").error[:2] == (503, "TEMPORARILY_UNAVAILABLE")
    app.close()


def test_multipart_and_presigned_requests_to_a_local_store_are_not_implemented(server, run):
    parts = {"path": "big.bin", "num_parts": 2}
    assert server.post("mpu/create/0/a", parts, api="/api/2.0/mlflow-artifacts/").error == (
        501,
        "NOT_IMPLEMENTED",
        "Multipart upload is not supported for the current artifact repository",
    )
    answer = server.post("artifacts/presigned-download-url", {"run_id": run, "path": "a"})
    assert answer.error[:2] == (501, "NOT_IMPLEMENTED")
    assert server.get("presigned/a", api="/api/2.0/mlflow-artifacts/").error[:2] == (501, "NOT_IMPLEMENTED")


def test_files_of_a_model_version_and_of_a_trace_are_sent(server, store, tmp_path):
    run = server.post("runs/create", {"experiment_id": "0"}).json["run"]["info"]
    server.post("registered-models/create", {"name": "digits"})
    server.post("model-versions/create", {"name": "digits", "source": f"runs:/{run['run_id']}/model", "run_id": run["run_id"]})
    folder = tmp_path / "artifacts" / "0" / run["run_id"] / "artifacts" / "model"
    folder.mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors: {}")
    asked = {"name": "digits", "version": "1", "path": "MLmodel"}
    found = server.request("GET", "/model-versions/get-artifact", query=asked)
    assert (found.status, found.body) == (200, b"flavors: {}")
    for path in ("../MLmodel", "%2e%2e/MLmodel", "/etc/passwd"):
        refused = server.request("GET", "/model-versions/get-artifact", query={**asked, "path": path})
        assert refused.error == (400, "INVALID_PARAMETER_VALUE", "Invalid path")
    assert server.request("GET", "/model-versions/get-artifact", query={**asked, "version": "2"}).status == 404

    store.traces.start(TraceInfo("tr-1", "0", 1))
    spans = tmp_path / "artifacts" / "0" / "traces" / "tr-1" / "artifacts"
    spans.mkdir(parents=True)
    (spans / "traces.json").write_text('{"spans": []}')
    found = server.request("GET", "/ajax-api/2.0/mlflow/get-trace-artifact", query={"request_id": "tr-1"})
    assert (found.status, found.json) == (200, {"spans": []})
    assert "traces.json" in found.headers["content-disposition"]
    assert server.request("GET", "/ajax-api/2.0/mlflow/get-trace-artifact", query={"request_id": "tr-2"}).status == 404
