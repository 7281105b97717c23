"""A password in a URI, a token in the environment: whatever fails, neither is in a file, log, tag or error."""

from __future__ import annotations

import traceback

import pytest

import nbtrack
from nbtrack.cli import main
from nbtrack.delivery import flusher
from nbtrack.errors import NbtrackError
from nbtrack.settings import resolve
from nbtrack.store.open import open_store
from nbtrack.tracking.tracker import connection_of

from ..server.test_process import serving
from ..store.faults import HTML, SERVER_ERROR, FaultProxy, canned

PASSWORDS = ["geheim", "ge:heim", "ge/heim", "ge%40heim", "ge@heim", "ge heim", "ge?heim", "ge#heim"]
ADDRESSES = [
    "postgresql://ada:{}@nowhere.invalid:1/db",
    "postgresql://nowhere.invalid:1/db?user=ada&password={}",
    "postgrsql://ada:{}@host/db",
    "mysql+pymysql://ada:{}@nowhere.invalid:1/db",
    "http://ada:{}@127.0.0.1:9",
    "ftp://ada:{}@host",
    "postgresql+nothing://ada:{}@host/db",
    "postgresql://ada:{}@host:port/db",
]


# An @ that is not written as %40 in an option makes what follows it the name of a host, and is refused by nobody.
SHOWN = [(address, password) for address in ADDRESSES for password in PASSWORDS if not ("=" in address and "@" in password)]


@pytest.mark.parametrize("address, password", SHOWN)
def test_a_uri_is_shown_without_its_password(address, password, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    uri = address.format(password)
    told = []
    for use in (
        lambda: shown(resolve(uri, environ={})),
        lambda: open_store(uri, artifact_root="a"),
        lambda: nbtrack.connect(uri),
    ):
        try:
            told.append(repr(use()))
        except NbtrackError as error:
            told.append("".join(traceback.format_exception(error)))
    assert "heim" not in "".join(told)


def shown(settings):
    return repr(settings) + settings.shown


def secret_files(folder, *secrets):
    """Return the files below a folder that contain one of the secrets."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if any(secret.encode() in path.read_bytes() for secret in secrets)]


@pytest.mark.slow
def test_no_secret_leaks_when_everything_fails(tmp_path, monkeypatch, capsys, caplog):
    password, token, revoked = "the geheime password", "", ""
    caplog.set_level("DEBUG")
    monkeypatch.setattr(flusher, "_LONGEST_PAUSE", 0.2)
    monkeypatch.setenv("NBTRACK_ADMIN_PASSWORD", password)
    (tmp_path / "server").mkdir()
    (tmp_path / "client").mkdir()
    with serving(tmp_path / "server", "--auth") as (process, url):
        users = ["users", "--store", f"sqlite:///{tmp_path}/server/runs.db", "token"]
        for name in ("first", "second"):
            assert main([*users, "create", "admin", name]) == 0
            revoked, token = token, capsys.readouterr().out.strip()
        monkeypatch.chdir(tmp_path / "client")
        proxy = FaultProxy(int(url.rpartition(":")[2]))
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", revoked)
        tracker = nbtrack.connect(proxy.uri, experiment="secret")
        with nbtrack.start_run("patient") as run:
            run.log(loss=1.0)
            assert run.flush(20)
            assert main([*users, "revoke", "admin", "first"]) == 0  # expired in the middle
            run.log(loss=2.0)
            run.log_text("text", "a.txt")
            assert not run.flush(0.5)
            shown = [tracker.status(), repr(tracker), repr(run), repr(connection_of(tracker).settings)]
            monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", token)
            assert run.flush(20)
            proxy.faults = [
                SERVER_ERROR,
                HTML,
                canned("403 Forbidden"),
                canned("302 Found", b"", f"Location: http://x/?token={token}"),
            ] * 3
            run.log(loss=3.0)
            run.flush(0.5)
        proxy.faults = []
        assert tracker.flush(20)
        assert run.metrics["loss"].values.tolist() == [1.0, 2.0, 3.0]
        connection_of(tracker).close(10)
        for secret in (password, "wrong geheimes password"):
            monkeypatch.delenv("MLFLOW_TRACKING_TOKEN", raising=False)
            tracker = nbtrack.connect(proxy.uri.replace("//", f"//admin:{secret.replace(' ', '%20')}@"), experiment="secret")
            with nbtrack.start_run("by password") as run:
                run.log(loss=1.0)
                shown += [repr(run), tracker.status(), repr(tracker)]
            connection_of(tracker).close(0.5)
        proxy.close()
        process.terminate()
        said = process.communicate()
    told = capsys.readouterr()
    everything = "".join([*shown, *said, told.out, told.err, caplog.text])
    secrets = (password, password.replace(" ", "%20"), "geheimes", token, revoked)
    assert [secret for secret in secrets if secret in everything] == []
    assert secret_files(tmp_path, *secrets) == []
