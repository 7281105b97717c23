"""The store in a SQLite file."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest
import sqlalchemy as sa

from nbtrack.entities.events import DocumentLogged, Series
from nbtrack.errors import SchemaError, StoreError, StoreUnavailable
from nbtrack.store.open import open_store
from nbtrack.store.protocol.search import Query

from ...building import START, batch, ended, lane, new_id, rows, started, tags
from ...contract import values_of
from ..durable import DurableContract


class TestSQLite(DurableContract):
    @pytest.fixture
    def uri(self, tmp_path):
        return f"sqlite:///{tmp_path}/folder/that is new/runs.db"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.db"


@pytest.fixture
def opened(path):
    """Return a function that opens the store with the shortest timeout for locks."""
    stores = []

    def open_one(uri=f"sqlite:///{path}?timeout=0.05"):
        stores.append(open_store(uri, artifact_root="artifacts"))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


def every_connection(store, *statements):
    """Let each new connection of a store execute something first."""

    def prepare(connection, _):
        for statement in statements:
            connection.execute(statement)

    store.close()
    sa.event.listen(store._database._engine, "connect", prepare)


def query(path, sql):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


# A store that cannot be used now.


def test_a_locked_store_is_unavailable_and_unchanged_but_can_be_read(opened, path):
    store = opened()
    store.apply([batch("r", started())])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match=r"runs\.db is locked by another process"):
            store.apply([batch("r", tags(a="b"), first=1)])
        assert len(store.tags(["r"])) == 1
        other.execute("ROLLBACK")
    store.apply([batch("r", tags(a="b"), first=1)])
    assert len(store.tags(["r"])) == 2


def test_a_store_locked_during_creation_is_unavailable(opened, path):
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailable, match="locked"):
            opened()
    assert opened().find_experiment("Default")


def test_threads_wait_for_each_other_however_short_the_timeout(opened):
    store = opened()
    begin = threading.Barrier(8)

    def write(number):
        begin.wait()
        for i in range(10):
            store.apply([batch(f"r{number}-{i}", started(), lanes=[rows({"m": range(1000)})])])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert len(store.search_runs(Query()).items) == 80


@pytest.mark.parametrize(
    "statement, said", [("PRAGMA max_page_count = 1", "has no space left"), ("PRAGMA query_only = ON", "is read-only")]
)
def test_a_full_or_read_only_store_is_unavailable(opened, statement, said):
    store = opened()
    every_connection(store, statement)
    noise = np.random.default_rng(0).random(50_000)
    with pytest.raises(StoreUnavailable, match=said):
        store.apply([batch("r", started(), lanes=[rows({"m": noise})])])
    assert store.search_runs(Query()).items == ()


def test_a_folder_that_cannot_be_created_is_unavailable(opened, tmp_path):
    (tmp_path / "file").write_text("here")
    with pytest.raises(StoreUnavailable, match=r"folder of .* cannot be made"):
        opened(f"sqlite:///{tmp_path}/file/runs.db")


def test_a_folder_in_place_of_the_file_is_an_error(opened, path):
    path.mkdir()
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        opened()


# What is not a store.


def test_a_file_that_is_not_a_database_is_an_error(opened, path):
    path.write_text("run,loss\n" * 1000)
    with pytest.raises(SchemaError, match="not a SQLite database"):
        opened()
    assert path.read_text() == "run,loss\n" * 1000


@pytest.mark.parametrize(
    "tables, said",
    [(["alembic_version", "runs", "latest_metrics"], "database of MLflow"), (["runs"], "database of another program")],
)
def test_the_database_of_another_program_is_left_alone(opened, path, tables, said):
    with closing(sqlite3.connect(path)) as other:
        for table in tables:
            other.execute(f"CREATE TABLE {table} (id)")
    with pytest.raises(SchemaError, match=f"{said}.* called runs of its own; give nbtrack another"):
        opened()
    assert {name for (name,) in query(path, "SELECT name FROM sqlite_master")} == set(tables)


def test_other_tables_in_the_file_are_ignored(opened, path):
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE notes (id)")
    assert opened().find_experiment("Default")


def test_a_damaged_file_is_an_error_that_says_so(opened, path):
    store = opened()
    store.apply([batch("r", started(), DocumentLogged("code", "x" * 100_000))])
    store.close()
    content = bytearray(path.read_bytes())
    content[4096 : 5 * 4096] = b"\xff" * (4 * 4096)
    path.write_bytes(content)
    with pytest.raises((StoreError, SchemaError), match=r"runs\.db is damaged"):
        opened().tags(["r"])


def test_a_damaged_chunk_is_an_error(opened, path):
    store = opened()
    store.apply([batch("r", started(), lanes=[rows({"m": range(1000)})])])
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE columns SET data = x'00'")
    with pytest.raises(StoreError, match="chunk"):
        store.history("r", "m").values  # noqa: B018


# How it is kept.


def test_readers_and_a_writer_do_not_wait_for_each_other(opened, path):
    opened()
    assert query(path, "PRAGMA journal_mode") == [("wal",)]


def test_a_file_system_without_shared_memory_is_enough(opened, path, monkeypatch):
    connect = sqlite3.connect

    def without_shared_memory(database, **options):
        return connect(f"file:{database}?vfs=unix-dotfile", uri=True, **options)

    monkeypatch.setattr("sqlite3.dbapi2.connect", without_shared_memory)
    store = opened()
    run_id = new_id()
    store.apply([batch(run_id, started(), ended(), lanes=[rows({"m": [1]})])])
    assert values_of(store, run_id, "m") == [1]
    store.close()
    assert query(path, "PRAGMA journal_mode") != [("wal",)]


def test_the_log_is_checkpointed_when_a_large_run_ends(opened, tmp_path):
    store = opened()
    noise = np.random.default_rng(0).random(1_000_000)
    store.apply([batch("r", started(), lanes=[rows({"m": noise})])])
    log = tmp_path / "runs.db-wal"
    assert log.stat().st_size > 5_000_000
    store.apply([batch("r", ended(), first=1)])
    assert log.stat().st_size == 0


def written(store, run_id, columns, piece):
    """Write a run of these columns batch by batch, as the flusher does, and end it."""
    count = len(next(iter(columns.values())))
    steps = np.arange(count)
    timestamps = START + steps // 450
    store.apply([batch(run_id, started())])
    for first in range(0, count, piece):
        part = slice(first, first + piece)
        values = tuple(column[part] for column in columns.values())
        store.apply([batch(run_id, first=1, lanes=[lane(first, Series(tuple(columns), steps[part], timestamps[part], values))])])
    store.apply([batch(run_id, ended(), first=1)])


def test_bytes_per_point_in_the_file(opened, path):
    store = opened()
    steps = np.arange(200_000)
    loop = {"loss": 1 / (steps + 1), "acc": steps * 1e-6, "lr": np.full(len(steps), 1e-3), "grad": (steps * 7919 % 1000) / 1000}
    written(store, "loop", loop, 30_000)
    store.close()
    assert path.stat().st_size / (4 * len(steps)) <= 1
    random = np.random.default_rng(0)
    written(store, "noise", {key: random.standard_normal(len(steps)) for key in loop}, 30_000)
    store.close()
    assert path.stat().st_size / (4 * len(steps)) <= 8


def test_a_long_run_of_small_batches_is_a_few_chunks(opened, path):
    store = opened()
    store.apply([batch("r", started())])
    for first in range(0, 3000, 10):
        part = np.arange(first, first + 10)
        store.apply([batch("r", first=1, lanes=[rows({"a": part, "b": -part}, part, first=first)])])
    assert query(path, "SELECT count(*) < 12, sum(count), sum(width) = 2 * count(*) FROM axes") == [(1, 3000, 1)]
    store.apply([batch("r", ended(), first=1)])
    assert query(path, "SELECT count, width FROM axes") == [(3000, 2)]
    assert query(path, "SELECT key FROM columns") == [("a",), ("b",)]


def test_a_range_of_a_long_metric_reads_a_small_part(opened, path):
    run_id, steps = new_id(), np.arange(200_000)
    values = np.sin(steps / 1000)
    store = opened()
    store.apply([batch(run_id, started(), lanes=[lane(0, Series(("a", "b"), steps, START + steps, (values, -values)))])])
    ((_, _, found),) = store.stretches(run_id, ["b"], "step", 120_000, 121_000)
    assert set(range(120_000, 121_001)) <= set(found.steps.tolist())
    assert len(found.steps) < 70_000
    np.testing.assert_array_equal(store.history(run_id, "b").values, -values)


def test_empty_chunks_are_deleted_when_metrics_separate(opened, path):
    store = opened()
    store.apply([batch("r", started(), lanes=[rows({"a": [1], "b": [2]})])])
    store.apply([batch("r", first=1, lanes=[rows({"a": [3]}, [1], number=1)])])
    assert query(path, "SELECT count, width FROM axes ORDER BY key") == [(1, 1), (2, 1)]
    store.apply([batch("r", first=1, lanes=[rows({"a": [4], "b": [5]}, [2], first=1)])])
    assert query(path, "SELECT count, width FROM axes ORDER BY key") == [(3, 1), (2, 1)]
    assert query(path, "SELECT count(*) FROM columns") == [(2,)]


def test_equal_documents_are_kept_once_and_small(opened, path):
    store = opened()
    text = "numpy==2.0\n" * 10_000
    store.apply([batch(new_id(), started(), DocumentLogged("packages", text)) for _ in range(5)])
    assert query(path, "SELECT count(*), size, length(body) < 1000 FROM documents") == [(1, len(text), 1)]


def test_a_connection_in_use_is_closed_when_it_returns_to_the_pool(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/runs.db", artifact_root="artifacts")
    database = store._database
    with database.read() as connection:
        driver = connection._driver
        store.close()
        assert driver.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        driver.execute("SELECT 1")
    assert store.find_experiment("Default") is not None
    store.close()
