"""Host and Origin checks against DNS rebinding and CSRF, and CORS for allowed origins."""

import pytest

from nbtrack.server.app import create_app
from nbtrack.server.origin_checks import OriginChecks
from nbtrack.store.artifacts.local import LocalArtifacts
from nbtrack.store.memory import MemoryStore

from .app_client import AppClient


@pytest.fixture
def guarded(tmp_path):
    """Return a function that makes a server with some allowed hosts and origins."""
    apps = []

    def make(hosts=(), origins=()):
        apps.append(create_app(MemoryStore(), LocalArtifacts(tmp_path)))
        return AppClient(OriginChecks(apps[-1], hosts, origins))

    yield make
    for app in apps:
        app.close()


def status(server, host, *, path="/api/2.0/mlflow/experiments/get", method="GET", origin=None):
    headers = {"Host": host, "Content-Type": "application/json"} | ({"Origin": origin} if origin else {})
    body = b'{"experiment_id": "0", "key": "a"}' if method == "POST" else b""
    return server.request(method, path, body, query={"experiment_id": "0"}, headers=headers).status


@pytest.mark.parametrize("host", ["localhost", "localhost:5000", "127.0.0.1:80", "[::1]:5000", "LOCALHOST"])
def test_loopback_hosts_are_allowed(guarded, host):
    assert status(guarded(), host) == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:5000", "localhost.evil.example", "10.0.0.1", "", "[::2]"])
def test_other_hosts_are_refused(guarded, host):
    server = guarded(["0.0.0.0"])
    assert (status(server, host), status(server, host)) == (403, 403)
    assert server.request("GET", "/api/2.0/mlflow/experiments/get", headers={"Host": host}).error[1] == "PERMISSION_DENIED"


@pytest.mark.parametrize("host, known", [("runs.example", ["runs.example"]), ("a.lab", ["*.lab"]), ("any.where", ["*"])])
def test_hosts_named_in_the_options_are_allowed(guarded, host, known):
    assert status(guarded(known), host) == 200


def test_health_and_version_answer_any_host(guarded):
    assert (status(guarded(), "10.0.0.1", path="/health"), status(guarded(), "10.0.0.1", path="/version")) == (200, 200)


SET = {"path": "/api/2.0/mlflow/experiments/set-experiment-tag", "method": "POST"}


@pytest.mark.parametrize(
    "origin, expected",
    [
        (None, 200),
        ("http://localhost:8888", 200),
        ("http://127.0.0.1", 200),
        ("http://runs.example", 200),
        ("https://evil.example", 403),
        ("null", 403),
        ("http://localhost.evil.example", 403),
        ("https://page.lab", 200),
    ],
)
def test_changes_are_refused_from_other_origins(guarded, origin, expected):
    server = guarded(["runs.example"], ["https://page.lab"])
    assert status(server, "runs.example", origin=origin, **SET) == expected
    assert status(server, "runs.example", origin=origin) == 200  # the browser keeps the answer from the page


PAGE = "https://page.lab"


def ask_from(server, origin, method="GET", **headers):
    path = "/api/2.0/mlflow/experiments/get"
    sent = {"Host": "runs.example", "Origin": origin, **headers}
    return server.request(method, path, query={"experiment_id": "0"}, headers=sent)


def test_an_allowed_origin_passes_the_preflight_and_reads_the_answer(guarded):
    server = guarded(["runs.example"], [PAGE])
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    permission = ask_from(server, PAGE, "OPTIONS", **asked)
    assert permission.status == 204
    assert permission.headers["access-control-allow-origin"] == PAGE
    assert "POST" in permission.headers["access-control-allow-methods"]
    assert {"authorization", "content-type"} <= set(permission.headers["access-control-allow-headers"].split(", "))
    answer = ask_from(server, PAGE)
    assert (answer.status, answer.headers["access-control-allow-origin"], answer.headers["vary"]) == (200, PAGE, "origin")
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://page.lab.evil.example"])
def test_other_origins_get_no_cors_headers(guarded, origin):
    server = guarded(["runs.example"], [PAGE])
    refused = ask_from(server, origin, "OPTIONS", **{"Access-Control-Request-Method": "POST"})
    assert refused.status >= 400
    for answer in (refused, ask_from(server, origin)):
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_an_origin_pattern_allows_subdomains(guarded):
    server = guarded(["runs.example"], ["https://*.lab"])
    assert ask_from(server, "https://a.b.lab").headers["access-control-allow-origin"] == "https://a.b.lab"
