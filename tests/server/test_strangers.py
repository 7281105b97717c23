"""Limits on clients that are not authenticated: they delay nobody, occupy little memory and learn little."""

from __future__ import annotations

import asyncio
import json
import socket
import urllib.error
import urllib.request
from base64 import b64encode
from contextlib import ExitStack
from pathlib import Path

import pytest

from nbtrack.cli import main
from nbtrack.server import exchange as exchanges
from nbtrack.server.origin_checks import OriginChecks

from .test_process import ask, serving

pytestmark = pytest.mark.slow

FILES = "/api/2.0/mlflow-artifacts/artifacts"


def request(url, path, method="GET", body=None, headers=()):
    """Return the status, headers and content of an answer."""
    asked = urllib.request.Request(f"{url}{path}", body, {"Content-Type": "application/json", **dict(headers)}, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def address(url):
    host, _, port = url.removeprefix("http://").rpartition(":")
    return host, int(port)


def stalled(url, path):
    """Begin to upload a file, and stop in the middle."""
    begun = socket.create_connection(address(url))
    head = f"PUT {FILES}/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n\r\n"
    begun.sendall(head.encode() + bytes(2_000_000))
    return begun


def test_stalled_uploads_delay_no_other_request(tmp_path):
    with serving(tmp_path) as (_, url), ExitStack() as open_sockets:
        assert request(url, f"{FILES}/0/a.txt", "PUT", b"hello")[0] == 200
        for n in range(40):
            open_sockets.enter_context(stalled(url, f"0/stalled {n}".replace(" ", "%20")))
        assert request(url, f"{FILES}/0/b.bin", "PUT", bytes(3_000_000))[0] == 200
        assert request(url, f"{FILES}/0/a.txt")[2] == b"hello"
        assert len(request(url, f"{FILES}/0/b.bin")[2]) == 3_000_000
        listed = json.loads(request(url, f"{FILES}?path=0")[2])["files"]
        assert [each["path"] for each in listed] == ["a.txt", "b.bin"]
        assert ask(url, "/api/2.0/mlflow/experiments/get?experiment_id=0")


def test_simultaneous_uploads_of_one_client_are_limited(tmp_path):
    with serving(tmp_path) as (_, url), ExitStack() as open_sockets:
        for n in range(64):
            open_sockets.enter_context(stalled(url, f"0/{n}"))
        statuses = {request(url, f"{FILES}/0/more-{n}", "PUT", b"x")[0] for n in range(3)}
        assert statuses == {429}


def test_an_interrupted_upload_leaves_no_file(tmp_path):
    with serving(tmp_path) as (process, url):
        stalled(url, "0/broken").close()
        assert request(url, f"{FILES}/0/whole", "PUT", bytes(2_000_000))[0] == 200
        process.terminate()
        process.wait(30)
    found = [path for path in (tmp_path / "runs.db.files").rglob("*") if path.is_file()]
    assert [path.name for path in found] == ["whole"]


def test_an_endless_request_head_is_refused(tmp_path):
    with serving(tmp_path) as (_, url), socket.create_connection(address(url)) as client:
        client.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: ")
        with pytest.raises(OSError):
            for _ in range(400):
                client.sendall(b"x" * 65_536)
        assert request(url, "/health")[0] == 200


def test_a_silent_client_gets_a_timeout(server, monkeypatch):
    monkeypatch.setattr(exchanges, "SILENCE", 0.05)
    sent = []

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    headers = [(b"content-length", b"10"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/api/2.0/mlflow/runs/create", "query_string": b"", "headers": headers}
    asyncio.run(server.app(scope, receive, send))
    assert sent[0]["status"] == 408


def test_the_cache_of_allowed_hosts_is_bounded(server):
    checks = OriginChecks(server.app, ["*.lab"])
    for n in range(10_000):
        for host in (b"host-%d.lab" % n, b"localhost:" + b"9" * 50_000 + b"%d" % n):
            assert checks._reason_to_refuse({"headers": [(b"host", host)], "method": "GET"}) is None
    assert sum(map(len, checks._allowed)) < 20_000


def guess(url, n, **headers):
    sent = {"Authorization": f"Basic {b64encode(b'admin:guess %d' % n).decode()}", **headers}
    return request(url, "/api/2.0/mlflow/experiments/search", "POST", b"{}", sent.items())[0]


def test_a_forwarded_for_header_of_an_untrusted_client_is_ignored(tmp_path, monkeypatch):
    monkeypatch.setenv("NBTRACK_ADMIN_PASSWORD", "correct horse battery")
    with serving(tmp_path, "--auth") as (_, url):
        statuses = [guess(url, n, **{"X-Forwarded-For": f"10.0.0.{n}"}) for n in range(12)]
        assert statuses == [401] * 10 + [429] * 2


def test_a_trusted_proxy_names_the_client_address(tmp_path, monkeypatch):
    monkeypatch.setenv("NBTRACK_ADMIN_PASSWORD", "correct horse battery")
    with serving(tmp_path, "--auth", "--trusted-proxies", "127.0.0.1") as (_, url):
        assert [guess(url, n, **{"X-Forwarded-For": f"10.0.0.{n}"}) for n in range(12)] == [401] * 12


@pytest.mark.parametrize("options", [(), ("--auth",)], ids=["open", "users"])
def test_internal_errors_go_to_the_log_only(tmp_path, monkeypatch, options):
    monkeypatch.setenv("NBTRACK_ADMIN_PASSWORD", "correct horse battery")
    with serving(tmp_path, *options) as (process, url):
        for path in tmp_path.glob("runs.db*"):
            if path.is_file():
                path.write_bytes(b"no database" * 1000)
        answers = [request(url, "/api/2.0/mlflow/experiments/search", "POST", b"{}", {"Authorization": "Basic YTpi"}.items())]
        answers += [request(url, path) for path in ("/version", "/health", "/openapi.json", f"{FILES}?path=0")]
        said = b"".join(content + str(headers).encode() for _, headers, content in answers)
        process.terminate()
        log = process.communicate(timeout=30)[1]
    assert answers[0][0] in (500, 503)
    assert b"its log says why" in answers[0][2] or b"the server's log says why" in answers[0][2]
    for secret in (str(tmp_path), "sqlite", "runs.db", "uvicorn", "SQLAlchemy", "Python"):
        assert secret.encode() not in said
    assert "runs.db" in log


@pytest.mark.parametrize(
    "options, said",
    [
        (["--port", "99999"], "--port must be a number up to 65535"),
        (["--port", "-1"], "--port must be a number up to 65535"),
        (["--host", ""], "--host is empty"),
        (["--host", "no.such.host.invalid"], "cannot listen on no.such.host.invalid"),
    ],
)
def test_an_invalid_address_is_a_one_line_error(tmp_path, monkeypatch, capsys, options, said):
    monkeypatch.chdir(tmp_path)
    assert main(["server", "--store", "sqlite:///runs.db", *options]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.strip().splitlines()) == 1
    assert not Path("nothing").exists()
