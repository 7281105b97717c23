"""A server of several workers with users: a change in one is seen by all."""

from __future__ import annotations

import base64
import io
import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from nbtrack.cli import main

from ..test_process import serving

pytestmark = pytest.mark.slow

ADMIN, PASSWORD, OTHER = "an administrator's password", "the password of ada", "another password of ada"
API = "/api/2.0/mlflow/"


def basic(name, password):
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@pytest.fixture
def server(tmp_path, monkeypatch):
    """The address of a server of two workers, whose store is in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NBTRACK_ADMIN_PASSWORD", ADMIN)
    with serving(tmp_path, "--workers", "2", "--auth", "--default-permission", "NO_PERMISSIONS") as (_, url):
        yield url


def ask(url, who, path, body=None, method="POST"):
    """Ask over a new connection, and return (status, answer)."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Authorization": who}
    request = urllib.request.Request(f"{url}{path}", data, headers, method=method if data else "GET")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def told_by_all(url, who, experiment="0", times=24):
    """Return the statuses of many requests at once, so many that each worker has some of them."""

    def read(_):
        return ask(url, who, f"{API}experiments/get?experiment_id={experiment}")[0]

    with ThreadPoolExecutor(8) as threads:
        return set(threads.map(read, range(times)))


def test_a_change_by_one_worker_holds_for_all(server, monkeypatch, capsys):
    def as_admin(path, body, method="POST", api=API):
        status, answer = ask(server, basic("admin", ADMIN), f"{api}{path}", body, method)
        assert status == 200, answer
        return answer

    def users(*arguments):
        monkeypatch.setattr("sys.stdin", io.StringIO())
        assert main(["users", "--store", "sqlite:///runs.db", *arguments]) == 0
        return capsys.readouterr().out.strip()

    ada = basic("ada", PASSWORD)
    assert told_by_all(server, ada, times=4) == {401}  # after ten failures passwords are no longer checked
    as_admin("users/create", {"username": "ada", "password": PASSWORD})
    assert told_by_all(server, ada) == {403}  # authenticated, but not permitted

    thing = {"username": "ada", "resource_type": "experiment", "resource_id": "0", "permission": "READ"}
    as_admin("users/permissions/grant", thing, api="/api/3.0/mlflow/")
    assert told_by_all(server, ada) == {200}
    as_admin("users/permissions/revoke", thing, api="/api/3.0/mlflow/")
    assert told_by_all(server, ada) == {403}

    status, own = ask(server, ada, f"{API}experiments/create", {"name": "of ada"})
    assert (status, told_by_all(server, ada, own["experiment_id"])) == (200, {200})

    as_admin("users/update-password", {"username": "ada", "password": OTHER}, "PATCH")
    assert told_by_all(server, basic("ada", OTHER), own["experiment_id"]) == {200}
    assert told_by_all(server, ada, own["experiment_id"], times=4) == {401}

    token = "Bearer " + users("token", "create", "ada", "ci")
    assert told_by_all(server, token, own["experiment_id"]) == {200}
    users("token", "revoke", "ada", "ci")
    assert told_by_all(server, token, own["experiment_id"]) == {401}

    token = "Bearer " + users("token", "create", "ada", "other")
    as_admin("users/delete", {"username": "ada"}, "DELETE")
    assert told_by_all(server, token, own["experiment_id"]) == {401}
