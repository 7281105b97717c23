"""The store in a MySQL or MariaDB database."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest
import sqlalchemy as sa

from nbtrack.errors import InvalidInput, SchemaError, StoreError, StoreUnavailable
from nbtrack.store.filter import parse
from nbtrack.store.open import open_store
from nbtrack.store.protocol.search import Query
from nbtrack.store.sql.dialects import dialect_of, mysql
from nbtrack.store.sql.schema import migrate, tables

from ....databases import NOT_DURABLE
from ....databases import maria_server as run_maria
from ...building import batch, new_id, params, rows, started, tags
from ...contract import INF, summary_of, values_of
from ..durable import DurableContract

pytestmark = pytest.mark.slow


class TestMariaDB(DurableContract):
    @pytest.fixture
    def uri(self, new_maria_url):
        return new_maria_url()


@pytest.fixture
def url(new_maria_url):
    return new_maria_url()


@pytest.fixture
def store(url):
    store = open_store(url, artifact_root="artifacts")
    yield store
    store.close()


@pytest.fixture
def other(url):
    """Somebody else's connection."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def guest_url(url, other):
    """The URI of the store for a user who may not do everything."""
    database = sa.make_url(url).database
    other.execute(sa.text(f"CREATE USER guest_{database}@localhost WITH MAX_USER_CONNECTIONS 2"))
    other.execute(sa.text(f"GRANT ALL ON {database}.* TO guest_{database}@localhost"))
    return url.replace("root@", f"guest_{database}@")


def connections(other):
    database = other.engine.url.database
    return sa.text(f"SELECT id FROM information_schema.processlist WHERE db = '{database}' AND id <> CONNECTION_ID()")


def kill_all(other):
    for (number,) in other.execute(connections(other)).all():
        other.execute(sa.text(f"KILL {number}"))


@pytest.mark.parametrize("scheme", ["mysql", "mariadb", "mysql+pymysql", "mariadb+pymysql"])
def test_any_name_for_it_will_do(url, scheme):
    store = open_store(url.replace("mysql+pymysql", scheme), artifact_root="artifacts")
    assert store.find_experiment("Default")
    store.close()


@pytest.mark.parametrize(
    "option", ["connect_timeout=5", "charset=utf8mb4", "ssl_mode=DISABLED", "ssl_disabled=true", "use_unicode=1"]
)
def test_options_of_the_address(url, option):
    store = open_store(f"{url}&{option}", artifact_root="artifacts")
    assert store.find_experiment("Default")
    store.close()


@pytest.mark.parametrize(
    "option, said",
    [
        ("ssl_mode=maybe", "'ssl_mode' takes DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY, not 'maybe'"),
        ("connect_timeout=soon", "'connect_timeout' takes a whole number, not 'soon'"),
        ("charset=latin1", "'charset' takes utf8mb4 alone"),
        ("sslmode=require", "did you mean 'ssl_mode'"),
        ("ssl_ca=/nowhere/ca.pem", "certificates in /nowhere/ca.pem cannot be used"),
        ("cursorclass=dict", "'cursorclass' that is unknown"),
    ],
)
def test_an_option_that_cannot_be_is_named(url, option, said):
    with pytest.raises(InvalidInput, match=said):
        open_store(f"{url}&{option}", artifact_root="artifacts")


def test_a_connection_that_must_be_encrypted_is_none_without_a_certificate_of_the_server(url):
    with pytest.raises(StoreError, match="SSL is required"):
        open_store(f"{url}&ssl_mode=REQUIRED", artifact_root="artifacts")


def test_a_server_on_which_a_double_quote_begins_a_name_and_a_backslash_is_a_letter():
    with run_maria((*NOT_DURABLE["mariadb"], "--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES")) as server:
        store = open_store(server.new_url(), artifact_root="artifacts")
        note = """it's "quoted" \\ and `ticked`"""
        store.apply([batch("r", started(), params(lr=0.1), tags(note=note), lanes=[rows({"m": [1, 2]})])])
        condition = parse("params.lr < 1 and metrics.m.max > 1 and tags.note like '%quoted%'")
        assert [run.id for run in store.search_runs(Query(None, condition)).items] == ["r"]
        assert [value for _, key, value in store.tags(["r"]) if key == "note"] == [note]
        store.close()


def test_a_server_that_is_not_there_is_unavailable_and_the_password_is_not_told():
    with pytest.raises(StoreUnavailable, match="cannot be reached or used now") as caught:
        open_store("mysql://test:secret@127.0.0.1:9/db", artifact_root="artifacts")
    assert "secret" not in str(caught.value)


def test_a_database_that_is_not_there_is_unavailable(url):
    with pytest.raises(StoreUnavailable, match="nowhere"):
        open_store(url.replace("/store", "/nowhere"), artifact_root="artifacts")


def test_a_uri_names_a_database():
    with pytest.raises(InvalidInput, match="names no database: write mysql"):
        open_store("mysql://root@localhost", artifact_root="artifacts")


def test_connections_that_the_server_closed_are_made_anew(store, other):
    store.apply([batch("r", started())])
    kill_all(other)
    assert store.get_run("r").name == "a run"
    kill_all(other)
    store.apply([batch("r", first=1, lanes=[rows({"m": [1]})])])
    assert values_of(store, "r", "m") == [1]


def test_a_connection_lost_in_a_transaction_leaves_the_store_unchanged(store, other, monkeypatch):
    store.apply([batch("r", started())])
    everything = mysql.MySQL.inserted_key

    def lose(self, cursor):
        kill_all(other)
        return everything(self, cursor)

    with monkeypatch.context() as patch, pytest.raises(StoreUnavailable):
        patch.setattr(mysql.MySQL, "inserted_key", lose)
        store.apply([batch("r", tags(a="b"), first=1, lanes=[rows({"m": [1]})])])
    store.apply([batch("r", tags(a="b"), first=1, lanes=[rows({"m": [1]})])])
    assert values_of(store, "r", "m") == [1]


def test_a_run_that_someone_holds_is_unavailable_and_not_waited_for_without_end(url, other, monkeypatch):
    monkeypatch.setattr(mysql, "_LOCK_TIMEOUT", 1)
    store = open_store(url, artifact_root="artifacts")
    store.apply([batch("r", started())])
    other.execute(sa.text("SELECT * FROM runs FOR UPDATE"))
    with pytest.raises(StoreUnavailable, match="Lock wait timeout"):
        store.apply([batch("r", tags(a="b"), first=1)])
    other.rollback()
    store.apply([batch("r", tags(a="b"), first=1)])
    store.close()


def test_a_read_only_server_is_unavailable(guest_url, other):
    store = open_store(guest_url, artifact_root="artifacts")
    other.execute(sa.text("SET GLOBAL read_only = 1"))
    try:
        with pytest.raises(StoreUnavailable, match="read-only"):
            store.apply([batch("r", started())])
        assert store.find_experiment("Default")
    finally:
        other.execute(sa.text("SET GLOBAL read_only = 0"))
        store.close()


def test_no_connection_left_is_unavailable_until_there_is_one(guest_url):
    taken = sa.create_engine(guest_url)
    with taken.connect(), taken.connect(), pytest.raises(StoreUnavailable, match="max_user_connections"):
        open_store(guest_url, artifact_root="artifacts")
    taken.dispose()
    open_store(guest_url, artifact_root="artifacts").close()


def test_writers_that_lock_the_same_runs_in_another_order_both_get_through(store):
    ids = [new_id() for _ in range(6)]
    store.apply([batch(each, started()) for each in ids])
    begin = threading.Barrier(2)
    failed = []

    def write(writer, order):
        begin.wait()
        try:
            for i in range(20):
                store.apply([batch(each, tags(**{writer: str(i)}), first=i, writer=writer) for each in order])
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=pair) for pair in (("a", ids), ("b", ids[::-1]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sum(1 for _, key, value in store.tags(ids) if key in "ab" and value == "19") == 12


def test_the_database_of_another_program_is_left_alone(url, other):
    other.execute(sa.text("CREATE TABLE alembic_version (id int)"))
    other.execute(sa.text("CREATE TABLE runs (id int)"))
    with pytest.raises(SchemaError, match="of MLflow"):
        open_store(url, artifact_root="artifacts")


def test_tables_that_were_half_made_are_finished(url, monkeypatch):
    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(migrate, "now_ms", crash)
        open_store(url, artifact_root="artifacts")
    engine = dialect_of(sa.make_url(url)).engine()
    tables.run_dataset_tags.drop(engine)
    engine.dispose()
    store = open_store(url, artifact_root="artifacts")
    store.apply([batch("r", started())])
    assert [each.name for each in store.experiments()] == ["Default"]
    store.close()


def test_chunks_of_more_than_64_kilobytes(store):
    values = np.random.default_rng(0).normal(size=100_000)
    store.apply([batch("r", started(), lanes=[rows({"m": values})])])
    assert np.array_equal(store.history("r", "m").values, values)


def test_an_infinity_is_no_number_however_large(store):
    """There is no infinity in a DOUBLE of MySQL, and the largest number gives its place to it."""
    largest = sys.float_info.max
    ids = [new_id() for _ in range(3)]
    for run_id, value in zip(ids, [INF, largest, -INF], strict=True):
        store.apply([batch(run_id, started(), params(p=value), lanes=[rows({"m": [value]})])])
    assert [values_of(store, run_id, "m") for run_id in ids] == [[INF], [largest], [-INF]]
    assert [summary_of(store, run_id, "m").last for run_id in ids] == [INF, pytest.approx(largest), -INF]
    assert summary_of(store, ids[1], "m").last < INF
    assert [value for _, _, value in store.params(ids)] == [INF, largest, -INF]
