"""Queries of an unopened SQLite store agree with the opened one, and are quick or give up."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from nbtrack.errors import StoreUnavailable
from nbtrack.store.open import open_store
from nbtrack.store.sql.dialects.unopened import is_deleted

FROZEN = Path(__file__).parents[1] / "frozen"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs é?.db"


@pytest.fixture
def store(path, monkeypatch):
    store = open_store(f"sqlite:///{path.with_name('runs.db')}", artifact_root="")
    store.create_experiment("active")
    store.delete_experiment(store.create_experiment("it's gone").id)
    yield store
    store.close()


def check(path):
    assert [is_deleted(path, name) for name in ("active", "it's gone", "none", "Default")] == [False, True, False, False]


def test_deleted_experiments_of_open_closed_and_renamed_stores(store, path):
    plain = path.with_name("runs.db")
    check(plain)
    store.close()
    assert not plain.with_name("runs.db-wal").exists()
    check(plain)
    plain.rename(path)
    check(path)
    link = path.with_name("link.db")
    link.symlink_to(path)
    check(link)
    assert sorted(each.name for each in path.parent.iterdir()) == ["link.db", path.name]


def test_deleted_experiments_of_a_store_being_written_to(store, path):
    other = open_store(f"sqlite:///{path.with_name('runs.db')}", artifact_root="")
    made = other.create_experiment("soon gone")
    assert not is_deleted(path.with_name("runs.db"), "soon gone")
    with sqlite3.connect(path.with_name("runs.db"), isolation_level=None) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE experiments SET stage = 'active'")
        check(path.with_name("runs.db"))
        connection.execute("ROLLBACK")
    connection.close()
    other.delete_experiment(made.id)
    assert is_deleted(path.with_name("runs.db"), "soon gone")
    other.close()


def test_a_missing_store_has_no_deleted_experiment(tmp_path):
    assert not is_deleted(tmp_path / "none" / "runs.db", "Default")
    assert not is_deleted(tmp_path, "Default")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("frozen", sorted(FROZEN.glob("*.db")), ids=lambda each: each.stem)
def test_deleted_experiments_of_stores_of_earlier_versions(frozen, tmp_path):
    copy = tmp_path / "runs.db"
    copy.write_bytes(frozen.read_bytes())
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE experiments SET stage = 'deleted' WHERE name = 'Default'")
    connection.close()
    assert is_deleted(copy, "Default")


VIEW = (
    "CREATE VIEW experiments AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i AS stage, i AS name FROM n"
)


def _no_database(path):
    path.write_bytes(b"x" * 5000)


def _empty(path):
    path.touch()


def _mlflows(path):
    _execute(path, "CREATE TABLE experiments (name, lifecycle_stage)")


def _endless(path):
    _execute(path, VIEW)


def _log_is_a_link(path):
    _execute(path, "CREATE TABLE experiments (name, stage)")
    path.with_name("runs.db-wal").symlink_to(path.with_name("precious"))


def _execute(path, statement):
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("spoil", [_no_database, _empty, _mlflows, _endless, _log_is_a_link])
def test_other_and_hostile_files_have_no_deleted_experiment(tmp_path, spoil):
    path = tmp_path / "runs.db"
    spoil(path)
    with pytest.raises(StoreUnavailable, match=r"runs\.db"):
        is_deleted(path, "Default")
    assert not (tmp_path / "precious").exists()


def test_a_lock_is_not_waited_for_long(tmp_path):
    path = tmp_path / "runs.db"
    _execute(path, "CREATE TABLE experiments (name, stage)")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("INSERT INTO experiments VALUES ('Default', 'active')")
    with pytest.raises(StoreUnavailable, match="locked"):
        is_deleted(path, "Default")
    connection.execute("ROLLBACK")
    assert not is_deleted(path, "Default")
    connection.close()
