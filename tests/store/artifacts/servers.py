"""Servers for artifacts, run on this machine: SeaweedFS for S3 and Google Cloud Storage, Azurite for Azure, OpenSSH.

Each is a context manager that starts a server on free loopback ports, with its files in a folder of its own.
"""

from __future__ import annotations

import base64
import getpass
import hashlib
import hmac
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from ...needs import free_ports, missing

# Where .ci/install_programs.sh installs what is not a Debian package.
PROGRAMS = Path.home() / ".cache" / "nbtrack-tests"
AZURITE = PROGRAMS / "azurite" / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
# The account of every Azurite.
AZURITE_ACCOUNT = "devstoreaccount1"
AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@dataclass(frozen=True)
class Place:
    """A server: the URI of its only bucket or folder, and the environment of its user."""

    root: str
    url: str
    environ: Mapping[str, str] = field(default_factory=dict)


def answers(url: str) -> bool:
    """Tell whether an HTTP server answers, with any status."""
    try:
        urllib.request.urlopen(url, timeout=2).close()
    except urllib.error.HTTPError as error:
        error.close()
        return error.code < 500
    except OSError:
        return False
    return True


@contextmanager
def running(
    command: list[str], folder: Path, is_up: Callable[[], bool], environ: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Run a server until the block ends; AssertionError with its output if it does not start."""
    with (folder / "log").open("wb") as log:
        streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        process = subprocess.Popen(command, cwd=folder, env=environ, start_new_session=True, **streams)
        try:
            deadline = time.monotonic() + 180
            while not is_up():
                output = (folder / "log").read_text(errors="replace")[-2000:]
                assert process.poll() is None, output
                assert time.monotonic() < deadline, output
                time.sleep(0.05)
            yield
        finally:
            # Its children too, by SIGKILL: nothing of it is kept, and SeaweedFS takes ten seconds to stop.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def folder() -> Iterator[Path]:
    """Yield a new folder."""
    made = Path(tempfile.mkdtemp(prefix="nbtrack-artifacts-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def seaweed() -> Iterator[Place]:
    """Run SeaweedFS with an S3 gateway, and a bucket."""
    weed = shutil.which("weed") or shutil.which("weed", path=str(Path(sys.executable).parent)) or missing("weed is not installed")
    with folder() as here:
        ports = iter(free_ports(8))
        identity = {"accessKey": "tester", "secretKey": "tester-secret"}
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        identities = [{"name": "tester", "credentials": [identity], "actions": actions}]
        identities += [{"name": "anonymous", "actions": [f"{action}:google" for action in actions[1:]]}]
        (here / "s3.json").write_text(json.dumps({"identities": identities}))
        (here / "data").mkdir()
        options = [f"-{name}={next(ports)}" for name in ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc")]
        options += [f"-{name}={next(ports)}" for name in ("filer.port", "filer.port.grpc", "s3.port.grpc")]
        options += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={here / 'data'}", "-volume.max=0", "-master.telemetry=false"]
        options += [
            "-master.volumeSizeLimitMB=1024",
            "-s3.iam=false",
            "-s3.autoCreateBucket=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
        ]
        port = next(ports)
        url = f"http://127.0.0.1:{port}"
        command = [weed, "server", "-filer", "-s3", f"-s3.port={port}", f"-s3.config={here / 's3.json'}", *options]
        with running(command, here, lambda: answers(f"{url}/status")):
            yield Place("s3://tests", url, _with_bucket(url))


def _with_bucket(url: str) -> dict[str, str]:
    """Create the bucket as soon as the server accepts it, and return the environment to use it."""
    import boto3
    from botocore.exceptions import ClientError

    key, secret = "tester", "tester-secret"
    keys = {"aws_access_key_id": key, "aws_secret_access_key": secret}
    client = boto3.client("s3", endpoint_url=url, region_name="us-east-1", **keys)
    for bucket in ("tests", "google"):
        until(lambda bucket=bucket: client.create_bucket(Bucket=bucket), ClientError)
    client.close()
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "MLFLOW_S3_ENDPOINT_URL": url, "AWS_REGION": "us-east-1"}


def until(work, *errors):
    """Call ``work`` until it raises none of these errors, and return its result."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return work()
        except errors:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@contextmanager
def azurite() -> Iterator[Place]:
    """Run Azurite's blob service, and a container."""
    node = shutil.which("node") or missing("node is not installed")
    main = AZURITE if AZURITE.is_file() else missing(f"azurite is not installed in {PROGRAMS}")
    with folder() as here:
        port = free_ports(1)[0]
        url = f"http://127.0.0.1:{port}/{AZURITE_ACCOUNT}"
        options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(here), "--silent", "--disableTelemetry"]
        with running([node, str(main), *options, "--skipApiVersionCheck"], here, lambda: answers(url)):
            signed = _azure_headers(f"/{AZURITE_ACCOUNT}/{AZURITE_ACCOUNT}/tests\nrestype:container")
            put(f"{url}/tests?restype=container", signed)
            connection = f"AccountName={AZURITE_ACCOUNT};AccountKey={AZURITE_KEY};BlobEndpoint={url};"
            root = f"wasbs://tests@{AZURITE_ACCOUNT}.blob.core.windows.net"
            yield Place(root, url, {"AZURE_STORAGE_CONNECTION_STRING": connection})


def _azure_headers(resource: str) -> dict[str, str]:
    """Sign a PUT request without a body, which creates a container; the stores have no method for it."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-12-02"}
    text = "PUT" + "\n" * 12 + "".join(f"{name}:{value}\n" for name, value in headers.items()) + resource
    digest = hmac.new(base64.b64decode(AZURITE_KEY), text.encode(), hashlib.sha256).digest()
    return {**headers, "Authorization": f"SharedKey {AZURITE_ACCOUNT}:{base64.b64encode(digest).decode()}", "Content-Length": "0"}


def put(url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None, method: str = "PUT") -> None:
    """Send a request that must succeed."""
    urllib.request.urlopen(urllib.request.Request(url, body, dict(headers or {}), method=method), timeout=30).close()


TOKEN = "tester-token"


@contextmanager
def google(s3: Place) -> Iterator[Place]:
    """Run a gateway to SeaweedFS that speaks the XML API of Google Cloud Storage, which is that of S3 except for credentials.

    It lets in who has the token, as Google does, and asks SeaweedFS without one. What is not tested so: the other API, in JSON,
    which we do not use, and how credentials become a token.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Gateway, upstream=urlsplit(s3.url).netloc))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        yield Place("gs://google", url, {"GOOGLE_BASE_URL": url, "GOOGLE_BEARER_TOKEN": TOKEN})
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Gateway(BaseHTTPRequestHandler):
    """Forwards requests without their token."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *args: object, upstream: str) -> None:
        self.upstream = upstream
        super().__init__(*args)  # type: ignore[arg-type]

    def handle_one(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer(401, {}, b"<Error><Code>AuthenticationRequired</Code></Error>")
        dropped = {"authorization", "host", "content-length"}
        passed = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
        connection = http.client.HTTPConnection(self.upstream, timeout=60)
        try:
            connection.request(self.command, self.path, body, passed)
            response = connection.getresponse()
            self.answer(response.status, dict(response.headers), response.read())
        finally:
            connection.close()

    def answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def openssh() -> Iterator[Place]:
    """Run an SSH server for the user who runs the tests, with keys of its own."""
    sshd = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin") or missing("sshd is not installed")
    with folder() as here:
        for name in ("host", "user", "stranger"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(here / name)], check=True)
        (here / "authorized").write_text((here / "user.pub").read_text())
        port = free_ports(1)[0]
        host = (here / "host.pub").read_text().rsplit(None, 1)[0]
        (here / "known").write_text(f"[127.0.0.1]:{port} {host}\n")
        (here / "files").mkdir()
        with suppress(PermissionError):
            Path("/run/sshd").mkdir(exist_ok=True)
        config = {
            "ListenAddress": f"127.0.0.1:{port}",
            "HostKey": here / "host",
            "AuthorizedKeysFile": here / "authorized",
            "PidFile": "none",
            "StrictModes": "no",
            "PasswordAuthentication": "no",
            "PermitRootLogin": "prohibit-password",
            "UsePAM": "no",
            "Subsystem": "sftp internal-sftp",
            "MaxStartups": "100",
        }
        (here / "config").write_text("".join(f"{name} {value}\n" for name, value in config.items()))
        settings = {"IdentityFile": here / "user", "UserKnownHostsFile": here / "known"}
        (here / ".ssh").mkdir()
        (here / ".ssh" / "config").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        with running([sshd, "-D", "-e", "-f", str(here / "config")], here, lambda: _listens(port)):
            yield Place(f"sftp://{getpass.getuser()}@127.0.0.1:{port}{here / 'files'}", str(here), {"HOME": str(here)})


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextmanager
def mlflow(destination: str, environ: Mapping[str, str]) -> Iterator[Place]:
    """Run MLflow's tracking server, which proxies artifacts of a folder or a bucket."""
    program = shutil.which("mlflow", path=str(Path(sys.executable).parent)) or missing("mlflow is not installed")
    with folder() as here:
        port = free_ports(1)[0]
        options = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--serve-artifacts"]
        options += ["--backend-store-uri", f"sqlite:///{here / 'mlflow.db'}"]
        options += ["--artifacts-destination", destination or str(here / "files")]
        url = f"http://127.0.0.1:{port}"
        given = {**os.environ, **environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        with running([program, "server", *options], here, lambda: answers(f"{url}/health"), given):
            yield Place("mlflow-artifacts:", url)


@contextmanager
def nbtrack_server(s3: Place) -> Iterator[Place]:
    """Run nbtrack's server with a bucket."""
    with folder() as here:
        port = free_ports(1)[0]
        root, url = f"{s3.root}/server", f"http://127.0.0.1:{port}"
        options = ["--store", f"sqlite:///{here / 'runs.db'}", "--artifacts", root, "--port", str(port)]
        command = [sys.executable, "-c", "from nbtrack.cli import main; main()", "server", *options]
        with running(command, here, lambda: answers(f"{url}/health"), {**os.environ, **s3.environ}):
            yield Place(root, url)
