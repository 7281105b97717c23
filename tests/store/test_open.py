"""Opening stores by URI, and the errors of those that cannot be opened."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nbtrack.errors import InvalidInput
from nbtrack.store.memory import MemoryStore
from nbtrack.store.open import open_store


def test_memory(tmp_path):
    store = open_store("memory:", artifact_root=f"{tmp_path}/")
    assert isinstance(store, MemoryStore)
    assert store.get_experiment("0").artifact_location == f"{tmp_path}/0"


def test_a_relative_file_stays_where_it_was_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///runs.db", artifact_root="artifacts")
    store.close()
    monkeypatch.chdir("/")
    assert store.find_experiment("Default").id == "0"
    store.close()
    assert (tmp_path / "runs.db").exists()


@pytest.mark.parametrize(
    "uri, said",
    [
        ("http://host:port", "address of the server cannot be read"),
        ("https://", "address of a server is written http://host:5000"),
        ("mysql+pymysql://host", "names no database"),
        ("mongodb://host/db", "not the URI of a store; use sqlite:///"),
        ("runs.db", "not the URI of a store"),
        ("", "not the URI of a store"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "memory:"),
        ("sqlite:runs.db", "cannot be read"),
        ("postgresql://host:port/db", "cannot be read"),
    ],
)
def test_a_uri_that_cannot_be_opened_is_refused_with_what_can(uri, said):
    with pytest.raises(InvalidInput, match=said.replace("+", r"\+")):
        open_store(uri, artifact_root="artifacts")


@pytest.mark.parametrize("engine, library", [("postgresql", "psycopg"), ("mysql", "pymysql")])
def test_the_library_for_a_server_is_named_where_it_is_missing(engine, library, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, f"nbtrack.store.sql.dialects.{engine}", raising=False)
    with pytest.raises(InvalidInput, match=rf"pip install 'nbtrack\[{engine}\]'"):
        open_store(f"{engine}://host/db", artifact_root="artifacts")


@pytest.mark.parametrize(
    "uri, foreign",
    [
        ("memory:", ["sqlalchemy", "alembic", "psycopg"]),
        ("sqlite:///{}/runs.db", ["alembic", "psycopg", "sqlalchemy.dialects.postgresql"]),
    ],
)
def test_only_what_a_store_needs_is_loaded(uri, foreign, tmp_path):
    code = (
        "import sys; from nbtrack.store.open import open_store; open_store(sys.argv[1], artifact_root='a'); "
        "print([name for name in sys.argv[2:] if name in sys.modules])"
    )
    command = [sys.executable, "-W", "error", "-c", code, uri.format(tmp_path), *foreign]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip() == "[]"


@pytest.mark.parametrize("uri", ["memory:", "sqlite:///runs.db"])
def test_a_relative_place_for_artifacts_stays_where_it_was_named(tmp_path, monkeypatch, uri):
    monkeypatch.chdir(tmp_path)
    store = open_store(uri, artifact_root="artifacts")
    made = store.create_experiment("vision", artifact_location="files/vision")
    assert store.get_experiment(made.id).artifact_location == made.artifact_location == f"{tmp_path}/files/vision"
    store.close()
