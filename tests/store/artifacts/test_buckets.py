"""Artifacts in buckets: S3, Azure Blob Storage, Google Cloud Storage."""

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from uuid import uuid4

import pytest

from nbtrack.errors import AccessDenied, ArtifactNotFound, InvalidInput, StoreError, StoreUnavailable
from nbtrack.store.artifacts.azure_connection import connection_settings
from nbtrack.store.artifacts.open import open_artifacts
from nbtrack.store.artifacts.protocol import ArtifactEntry, Presigns, TakesParts, UploadedPart

from .contract import ArtifactsContract, Cut, files_of, large, read
from .servers import AZURITE_KEY

pytestmark = pytest.mark.slow


class BucketContract(ArtifactsContract):
    @pytest.fixture
    def uri(self, place, monkeypatch):
        """The URI of a run's artifacts, with its user's environment set."""
        for name, value in place.environ.items():
            monkeypatch.setenv(name, value)
        return f"{place.root}/team a/{uuid4().hex}/artifacts"

    @pytest.fixture
    def store(self, uri):
        return open_artifacts(uri)


def send(method, signed, body=None):
    """Send a presigned request without credentials; return the ETag and the body of the response."""
    request = urllib.request.Request(signed.url, body, dict(signed.headers), method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.headers.get("ETag", ""), answer.read()


class PresignContract:
    """The contract of presigned requests, which others send without credentials."""

    @pytest.mark.parametrize("name", ["plain.bin", "d e/ü?+50%25.txt"])
    def test_a_file_is_read_and_written_by_presigned_requests(self, store, name):
        assert isinstance(store, Presigns)
        send("PUT", store.presign_upload(name, seconds=60), b"theirs")
        assert read(store, name) == b"theirs"
        assert send("GET", store.presign_download(name, seconds=60))[1] == b"theirs"
        with pytest.raises(urllib.error.HTTPError):
            send("PUT", store.presign_download(name, seconds=60), b"x")
        assert read(store, name) == b"theirs"
        with pytest.raises(InvalidInput):
            store.presign_upload("../x", seconds=60)

    def test_a_file_is_uploaded_in_parts_by_presigned_requests(self, store):
        assert isinstance(store, TakesParts)
        content = large()
        pieces = [content[start : start + 6_000_000] for start in range(0, len(content), 6_000_000)]
        upload, signed = store.create_parts("big ü.bin", len(pieces), seconds=60)
        parts = [UploadedPart(n + 1, send("PUT", signed[n], pieces[n])[0]) for n in (2, 0, 1)]
        assert files_of(store) == []
        store.complete_parts("big ü.bin", upload, parts)
        assert store.list() == [ArtifactEntry("big ü.bin", len(content))]
        assert read(store, "big ü.bin") == content

    def test_a_multipart_upload_is_cancelled(self, store):
        upload, _ = store.create_parts("gone", 1, seconds=60)
        store.abort_parts("gone", upload)
        store.abort_parts("gone", upload)
        with pytest.raises(StoreError, match="gone"):
            store.complete_parts("gone", upload, [UploadedPart(1, '"none"')])
        assert files_of(store) == []


class TestS3(BucketContract, PresignContract):
    many = 1100

    @pytest.fixture
    def place(self, s3_place):
        return s3_place


class TestAzure(BucketContract, PresignContract):
    @pytest.fixture
    def place(self, azure_place):
        return azure_place


class TestGoogle(BucketContract):
    @pytest.fixture
    def place(self, google_place):
        return google_place


@pytest.fixture
def in_s3(s3_place, monkeypatch):
    """The URI of a run in an S3 bucket, with its user's environment set."""
    for name, value in s3_place.environ.items():
        monkeypatch.setenv(name, value)
    return f"{s3_place.root}/{uuid4().hex}"


def s3_client(place):
    """Return another client of the bucket."""
    import boto3

    environ = place.environ
    keys = {"aws_access_key_id": environ["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": environ["AWS_SECRET_ACCESS_KEY"]}
    return closing(boto3.client("s3", endpoint_url=place.url, region_name="us-east-1", **keys))


def uploads(place):
    """Return the multipart uploads that are not complete."""
    with s3_client(place) as client:
        return [upload["Key"] for upload in client.list_multipart_uploads(Bucket="tests").get("Uploads", [])]


def test_a_failed_upload_leaves_no_parts(in_s3, s3_place):
    store = open_artifacts(in_s3)
    with pytest.raises(StoreUnavailable, match="the client has gone"):
        store.write("f", Cut(large()))
    assert files_of(store) == []
    assert [key for key in uploads(s3_place) if in_s3.rpartition("/")[2] in key] == []


def test_a_killed_upload_is_invisible_and_repeated(in_s3, s3_place, tmp_path):
    (tmp_path / "f").write_bytes(large())
    code = f"""
from nbtrack.store.artifacts.open import open_artifacts
class Endless:
    def read(self, size=-1):
        print("read", flush=True)
        return bytes(size)
open_artifacts({in_s3!r}).write("f", Endless())
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        for _ in range(6):
            assert child.stdout.readline() == b"read\n"
        child.kill()
    store = open_artifacts(in_s3)
    assert files_of(store) == []
    store.put("f", tmp_path / "f", move=True)
    assert read(store, "f") == large()
    assert not (tmp_path / "f").exists()


def test_a_large_file_uses_little_memory(in_s3, tmp_path):
    """Measures the memory of a process that uploads, downloads and streams 120 MB."""
    code = f"""
import pathlib, re
from nbtrack.store.artifacts.open import open_artifacts

def grown(work):
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    before = of("VmRSS")
    work()
    return of("VmHWM") - before

def of(which):
    return int(re.search(which + r":\\s*(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]) // 1024

folder = pathlib.Path({str(tmp_path)!r})
with (folder / "big").open("wb") as file:
    file.truncate(120_000_000)
store = open_artifacts({in_s3!r})

def write():
    with (folder / "big").open("rb") as file:
        store.write("again", file)

works = [lambda: store.put("big", folder / "big"), lambda: store.download("big", folder / "back"), write]
print(*map(grown, works))
"""
    if not os.access("/proc/self/clear_refs", os.W_OK):
        pytest.skip("a process's peak of memory is measured on Linux")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=200)
    assert (tmp_path / "back").stat().st_size == 120_000_000
    assert max(map(int, done.stdout.split())) < 100, done.stdout


def test_the_error_without_credentials_names_the_remedy(in_s3, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    store = open_artifacts(in_s3)
    (tmp_path / "f").write_text("x")
    for attempt in (store.list, lambda: store.open("f"), lambda: store.put("f", tmp_path / "f"), lambda: store.delete("f")):
        with pytest.raises(AccessDenied, match="AWS_SECRET_ACCESS_KEY"):
            attempt()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(AccessDenied, match="there are no credentials; set AWS_ACCESS_KEY_ID"):
        open_artifacts(in_s3).list()


def test_credentials_of_a_profile_are_found(in_s3, monkeypatch, tmp_path, s3_place):
    key, secret = s3_place.environ["AWS_ACCESS_KEY_ID"], s3_place.environ["AWS_SECRET_ACCESS_KEY"]
    (tmp_path / "credentials").write_text(f"[team]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "team")
    (tmp_path / "f").write_text("x")
    store = open_artifacts(in_s3)
    store.put("f", tmp_path / "f")
    assert read(store, "f") == b"x"


def test_an_empty_variable_is_ignored_and_the_profile_has_region_and_endpoint(in_s3, monkeypatch, tmp_path, s3_place):
    key, secret = s3_place.environ["AWS_ACCESS_KEY_ID"], s3_place.environ["AWS_SECRET_ACCESS_KEY"]
    (tmp_path / "credentials").write_text(f"[team]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    (tmp_path / "config").write_text(f"[profile team]\nregion = eu-central-1\nendpoint_url = {s3_place.url}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "MLFLOW_S3_ENDPOINT_URL"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "team")
    (tmp_path / "f").write_text("x")
    store = open_artifacts(in_s3)
    store.put("f", tmp_path / "f")
    assert read(store, "f") == b"x"
    assert "eu-central-1" in store.presign_download("f", seconds=60).url


def test_objects_that_represent_folders_are_not_listed_as_files(in_s3, s3_place, tmp_path):
    store, prefix = open_artifacts(in_s3), in_s3.rpartition("/")[2]
    with s3_client(s3_place) as client:
        for key in ("", "folder/", "folder/x.txt", "empty/", "a:b.txt", "ok.txt", "nothing.txt"):
            content = b"x" if key in ("folder/x.txt", "a:b.txt", "ok.txt") else b""
            client.put_object(Bucket="tests", Key=f"{prefix}/{key}", Body=content)
    assert files_of(store) == ["a:b.txt", "folder/x.txt", "nothing.txt", "ok.txt"]
    store.download("", tmp_path / "all")
    found = sorted(path.relative_to(tmp_path / "all").as_posix() for path in (tmp_path / "all").rglob("*") if path.is_file())
    assert found == ["a:b.txt", "folder/x.txt", "nothing.txt", "ok.txt"]


def test_folders_of_azure_are_not_listed_as_files(azure_place, monkeypatch, tmp_path):
    from azure.storage.blob import BlobServiceClient

    for name, value in azure_place.environ.items():
        monkeypatch.setenv(name, value)
    prefix = uuid4().hex
    connection = f"DefaultEndpointsProtocol=http;{azure_place.environ['AZURE_STORAGE_CONNECTION_STRING']}"
    with BlobServiceClient.from_connection_string(connection) as service:
        container = service.get_container_client("tests")
        container.upload_blob(f"{prefix}/folder", b"", metadata={"hdi_isfolder": "true"})
        container.upload_blob(f"{prefix}/folder/x.txt", b"x")
    store = open_artifacts(f"{azure_place.root}/{prefix}")
    assert store.list() == [ArtifactEntry("folder", None, True)]
    store.download("", tmp_path / "all")
    assert (tmp_path / "all" / "folder" / "x.txt").read_bytes() == b"x"


@pytest.mark.parametrize(
    "value",
    [
        "AccountKey={key};BlobEndpoint={url}",
        "blobendpoint={url};accountkey={key};accountname=devstoreaccount1",
        " AccountName = devstoreaccount1 ; AccountKey = {key} ; BlobEndpoint = {url}/ ; ",
        '"AccountName=devstoreaccount1;AccountKey={key};BlobEndpoint={url};"',
    ],
)
def test_connection_strings_of_every_form_open_the_container(azure_place, monkeypatch, tmp_path, value):
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", value.format(key=AZURITE_KEY, url=azure_place.url))
    store = open_artifacts(f"az://tests/{uuid4().hex}")
    (tmp_path / "f").write_text("x")
    store.put("f", tmp_path / "f")
    assert read(store, "f") == b"x"


def test_connection_strings_of_an_emulator_and_of_a_signature():
    emulator = connection_settings("UseDevelopmentStorage=true")
    assert (emulator["accountname"], emulator["accountkey"]) == ("devstoreaccount1", AZURITE_KEY)
    assert emulator["blobendpoint"] == "http://127.0.0.1:10000/devstoreaccount1"
    proxied = connection_settings("usedevelopmentstorage=TRUE;DevelopmentStorageProxyUri=http://azurite")
    assert proxied["blobendpoint"] == "http://azurite:10000/devstoreaccount1"


class Recorder(BaseHTTPRequestHandler):
    """A proxy before S3 that records the headers of uploads; SeaweedFS has no keys for encryption."""

    def do_PUT(self):
        self.server.seen.append(dict(self.headers.items()))
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def recorder():
    with ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as server:
        server.seen = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_arguments_of_uploads_are_sent_with_each(in_s3, recorder, monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", f"http://127.0.0.1:{recorder.server_port}")
    monkeypatch.setenv("MLFLOW_S3_UPLOAD_EXTRA_ARGS", '{"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "key-1"}')
    (tmp_path / "f.json").write_text("x")
    store = open_artifacts(in_s3)
    store.put("f.json", tmp_path / "f.json")
    store.write("g", BytesIO(b"x"))
    signed = store.presign_upload("h", seconds=60)
    send("PUT", signed, b"x")
    assert [each["x-amz-server-side-encryption-aws-kms-key-id"] for each in map(lowered, recorder.seen)] == ["key-1"] * 3
    assert lowered(recorder.seen[0])["content-type"] == "application/json"
    assert "x-amz-server-side-encryption" in signed.url


def lowered(headers):
    return {name.lower(): value for name, value in headers.items()}


def test_arguments_of_uploads_work_with_large_files_and_readers(in_s3, monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_S3_UPLOAD_EXTRA_ARGS", '{"Metadata": {"team": "vision"}, "StorageClass": "STANDARD"}')

    class Slow:
        """A reader that returns less than it was asked for."""

        def __init__(self):
            self.left = large()

        def read(self, size=-1):
            part, self.left = self.left[:70_001], self.left[70_001:]
            return part

    (tmp_path / "f").write_bytes(large())
    store = open_artifacts(in_s3)
    store.put("f", tmp_path / "f")
    store.write("g", Slow())
    assert read(store, "f") == read(store, "g") == large()


@pytest.mark.parametrize("value", ["{", "[]", '{"Encryption": "yes"}'])
def test_invalid_arguments_of_uploads_are_refused_at_once(in_s3, monkeypatch, value):
    monkeypatch.setenv("MLFLOW_S3_UPLOAD_EXTRA_ARGS", value)
    with pytest.raises(InvalidInput, match="MLFLOW_S3_UPLOAD_EXTRA_ARGS"):
        open_artifacts(in_s3)


def test_a_missing_bucket_is_named(in_s3, tmp_path):
    store = open_artifacts("s3://no-such-bucket/x")
    (tmp_path / "f").write_text("x")
    with pytest.raises((StoreUnavailable, ArtifactNotFound), match="s3://no-such-bucket"):
        store.list()
    with pytest.raises(StoreUnavailable, match="s3://no-such-bucket"):
        store.put("f", tmp_path / "f", move=True)
    assert (tmp_path / "f").exists()


def test_a_silent_server_times_out_and_can_be_interrupted(in_s3, monkeypatch):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(16)
        monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        store = open_artifacts(in_s3)
        timer = threading.Timer(0.5, lambda: os.kill(os.getpid(), 2))
        before = time.monotonic()
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            store.list()
        assert time.monotonic() - before < 20


@pytest.mark.parametrize(
    ("uri", "value"),
    [
        ("s3:///x", "need a bucket; write s3://"),
        ("gs:/x", "need a bucket; write gs://"),
        ("s3://bucket/a/../b", "'..'"),
        ("s3://bucket/a?b", "query"),
        ("az://container/x", "AZURE_STORAGE_ACCOUNT_NAME"),
        ("sftp:///x", "need a machine"),
        ("dbfs:/x", "Databricks"),
        ("hdfs://host/x", "mount it"),
        ("nonsense://x", "not supported; give a folder"),
    ],
)
def test_the_error_for_an_unsupported_uri_names_the_remedy(uri, value, monkeypatch):
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    with pytest.raises(InvalidInput) as caught:
        open_artifacts(uri)
    assert value in str(caught.value)


def test_the_error_for_a_missing_library_names_the_extra(monkeypatch):
    for name, uri, extra in (("obstore.store", "s3://b/x", "s3"), ("paramiko", "sftp://h/x", "sftp")):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(InvalidInput, match=rf"pip install 'nbtrack\[{extra}\]'"):
            open_artifacts(uri)
