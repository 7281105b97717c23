"""Projects in folders whose names have a meaning in a URI, a pattern or a shell."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

import nbtrack
from nbtrack.cli import main
from nbtrack.errors import InvalidInput
from nbtrack.server.auth.accounts import open_accounts
from nbtrack.settings import resolve
from nbtrack.system.file_uri import database_path, path_of_file_uri, sqlite_uri
from nbtrack.tracking.tracker import connection_of
from nbtrack.transfer import import_, push

from ..server.test_process import serving

NAMES = [
    "100% done #2?",
    "a%20b",
    "%2e%2e%2Fout",
    "what?timeout=x",
    "#1",
    'it\'s a "quoted" name',
    "späße 日本",
    "two\nlines",
    " spaces ",
    "a&b=c;d@e:f",
    "[x]*",
    "-dash",
]
some = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def folder(tmp_path, monkeypatch, name):
    """A folder of that name, alone in its parent, as the working directory."""
    (tmp_path / "all" / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "all" / name)
    yield tmp_path / "all" / name
    nbtrack.connect("memory:")


def log(tracker):
    """Log a run with a row and a file."""
    with tracker.start_run("logged") as run:
        run.log(loss=0.5)
        run.log_text("hello", "plots/a.txt")
    assert tracker.flush()
    return run


def seen(tracker):
    (run,) = tracker.runs()
    assert run.artifacts.read_text("plots/a.txt") == "hello"
    return run.name, run.metrics["loss"].last


def asked(capsys, *arguments):
    """Return the JSON output of a command."""
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@some
@pytest.mark.parametrize("uri", [None, "here", "sqlite", "file"])
def test_runs_and_files_are_in_the_folder_itself_however_it_is_named(folder, uri):
    database = folder / (".nbtrack" if uri != "sqlite" else "") / "runs.db"
    forms = {"here": database.parent, "sqlite": sqlite_uri(database), "file": f"file://{quote(str(database.parent))}"}
    tracker = nbtrack.connect(forms.get(uri))
    log(tracker)
    assert seen(tracker) == ("logged", 0.5)
    assert database.is_file()
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert len(list(folder.rglob("a.txt"))) == 1
    assert seen(nbtrack.connect(connection_of(tracker).settings.uri)) == ("logged", 0.5)


@some
def test_commands_find_it(folder, capsys):
    log(nbtrack.connect())
    said = asked(capsys, "doctor")
    assert all(each["is_well"] for each in said)
    assert said[1]["said"] == "yes, with 1 experiments, 0 runs going on"
    assert asked(capsys, "sync")["delivered"] == 0
    assert [run["name"] for run in asked(capsys, "runs", "list")] == ["logged"]
    assert [run["name"] for run in asked(capsys, "runs", "list", "--store", str(folder / ".nbtrack"))] == ["logged"]


@some
def test_it_is_pushed_from_and_to_and_imported(folder, tmp_path):
    log(nbtrack.connect())
    plain = tmp_path / "plain"
    push(None, str(plain))
    assert seen(nbtrack.connect(plain)) == ("logged", 0.5)
    push(None, str(folder / "copy"), source=str(plain))
    assert seen(nbtrack.connect(folder / "copy")) == ("logged", 0.5)
    import_(str(folder), target=str(tmp_path / "imported"))
    assert seen(nbtrack.connect(tmp_path / "imported")) == ("logged", 0.5)
    assert import_(sqlite_uri(folder / "copy" / "runs.db"), target=str(plain)).unchanged == 1


@some
def test_it_is_moved_and_renamed(folder, tmp_path, monkeypatch):
    tracker = nbtrack.connect()
    log(tracker)
    connection_of(tracker).close(5)
    folder.rename(tmp_path / "plain")
    monkeypatch.chdir(tmp_path / "plain")
    tracker = nbtrack.connect()
    assert seen(tracker) == ("logged", 0.5)
    (tmp_path / "plain").rename(folder)
    assert seen(tracker) == ("logged", 0.5)
    assert connection_of(tracker).settings.database == folder / ".nbtrack" / "runs.db"


@some
def test_a_store_of_an_earlier_version_is_migrated_there(folder):
    frozen = Path(__file__).parents[1] / "store" / "sql" / "frozen" / "schema-0001.db"
    (folder / ".nbtrack").mkdir()
    shutil.copy(frozen, folder / ".nbtrack" / "runs.db")
    assert len(nbtrack.connect().runs(view="all")) > 0
    assert (folder / ".nbtrack" / "runs.db.0001.backup").is_file()


@some
def test_users_are_kept_in_it(folder):
    with closing(open_accounts(sqlite_uri(folder / "users.db"))) as accounts:
        accounts.users.add("ada", "hash", is_admin=False)
    assert (folder / "users.db").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("name", [NAMES[0], NAMES[7]])
def test_it_is_served(folder):
    log(nbtrack.connect())
    with serving(folder, "--store", ".nbtrack") as (process, url):
        assert seen(nbtrack.connect(url)) == ("logged", 0.5)
        process.terminate()
        process.communicate()


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("sqlite:///runs.db", "runs.db"),
        ("sqlite:////data/runs.db?timeout=3", "/data/runs.db"),
        ("sqlite+pysqlite:///a%20b.db", "a b.db"),
        ("sqlite:///100% sure.db", "100% sure.db"),
        ("sqlite:///a%3Fb%23c%25d.db", "a?b#c%d.db"),
    ],
)
def test_percent_signs_of_a_uri_are_decoded(uri, path):
    assert database_path(uri) == Path(path)
    assert database_path(sqlite_uri(Path(path))) == Path(path)


def test_a_uri_with_percent_signs_keeps_database_and_earlier_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert resolve("sqlite:///my%20runs.db").journal == tmp_path / "my runs.db.files" / "journal"
    (tmp_path / "my%20runs.db.files").mkdir()
    settings = resolve("sqlite:///my%20runs.db")
    assert settings.database == tmp_path / "my runs.db"
    assert settings.artifacts == str(tmp_path / "my%20runs.db.files" / "artifacts")


@pytest.mark.parametrize(("name", "elsewhere"), [("a%20b", "a b/.nbtrack/runs.db"), ("what?", "what")])
def test_runs_that_an_earlier_version_put_elsewhere_are_reported(folder, elsewhere, caplog, capsys):
    (folder.parent / elsewhere).parent.mkdir(parents=True, exist_ok=True)
    (folder.parent / elsewhere).touch()
    nbtrack.connect()
    assert f"move it to {folder}/.nbtrack/runs.db" in caplog.text
    assert main(["doctor"]) == 1
    assert str(folder.parent / elsewhere) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("uri", "folder"), [("file:runs", "runs"), ("file:./runs", "runs"), ("file:my%20runs", "my runs"), ("FILE:a/../b", "a/../b")]
)
def test_a_file_uri_may_be_relative(tmp_path, monkeypatch, uri, folder):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert resolve().folder == tmp_path / folder


@pytest.mark.parametrize("uri", ["file://host/x", "file://./x", "file:///x?y", "file:///x#y", "file:", "file:///x%00"])
def test_a_file_uri_of_no_local_folder_is_refused(uri):
    with pytest.raises(InvalidInput, match=r"names the host|a query or a fragment|is not a path"):
        resolve(uri)
    with pytest.raises(InvalidInput):
        path_of_file_uri(uri)


@pytest.mark.parametrize("meta", ["0/meta.yaml", ".trash/1/meta.yaml"])
@pytest.mark.parametrize("uri", ["file:./mlruns", "file:mlruns", "mlruns", "file://{}/mlruns", "{}/mlruns"])
def test_no_store_is_made_in_mlflows_own_folder(tmp_path, monkeypatch, meta, uri):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlruns" / meta).parent.mkdir(parents=True)
    (tmp_path / "mlruns" / meta).touch()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri.format(tmp_path))
    with pytest.raises(InvalidInput, match=f"`nbtrack import {tmp_path}/mlruns` copies MLflow's runs"):
        nbtrack.connect()
    assert [path.name for path in (tmp_path / "mlruns").iterdir()] == [meta.split("/")[0]]
    monkeypatch.setenv("NBTRACK_URI", ".nbtrack")
    assert connection_of(nbtrack.connect()).settings.folder == tmp_path / ".nbtrack"


def test_a_store_that_an_earlier_version_made_in_mlflows_folder_still_opens(tmp_path):
    (tmp_path / "mlruns" / "0").mkdir(parents=True)
    log(nbtrack.connect(tmp_path / "mlruns"))
    (tmp_path / "mlruns" / "0" / "meta.yaml").touch()
    assert seen(nbtrack.connect(tmp_path / "mlruns")) == ("logged", 0.5)
    nbtrack.connect("memory:")
