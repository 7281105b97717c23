"""The store in a PostgreSQL database."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from nbtrack.errors import InvalidInput, SchemaError, StoreUnavailable
from nbtrack.store.open import open_store
from nbtrack.store.protocol.search import Query
from nbtrack.store.sql.dialects import postgresql

from ....databases import pgbouncer
from ...building import batch, new_id, rows, started, tags
from ...contract import values_of
from ..durable import DurableContract

pytestmark = pytest.mark.slow


class TestPostgreSQL(DurableContract):
    @pytest.fixture
    def uri(self, new_postgres_url):
        return new_postgres_url()


@pytest.fixture
def url(new_postgres_url):
    return new_postgres_url()


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


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_any_name_for_it_will_do(url, scheme):
    store = open_store(url.replace("postgresql+psycopg", scheme), artifact_root="artifacts")
    assert store.find_experiment("Default")
    store.close()


@pytest.mark.parametrize("option", ["prepare_threshold=5", "prepare_threshold=none", "sslmode=prefer", "application_name=lab"])
def test_options_of_the_address(url, option):
    store = open_store(f"{url}&{option}", artifact_root="artifacts")
    assert store.find_experiment("Default")
    store.close()


@pytest.mark.parametrize(
    "option, said",
    [
        ("prepare_threshold=soon", "'prepare_threshold' takes a whole number or none, not 'soon'"),
        ("connect_timeout=-1", "'connect_timeout' takes a whole number, not '-1'"),
        ("connect_timeout=1&connect_timeout=2", "'connect_timeout' more than once"),
        ("client_encoding=latin1", "'client_encoding' takes utf8 alone"),
        ("ssl_mode=require", "did you mean 'sslmode'"),
        ("row_factory=dict", "'row_factory' that is unknown"),
    ],
)
def test_an_option_that_cannot_be_is_named(url, option, said):
    with pytest.raises(InvalidInput, match=said):
        open_store(f"{url}&{option}", artifact_root="artifacts")


def test_a_pooler_that_gives_connections_to_others_after_each_transaction(postgres_server):
    with pgbouncer(postgres_server) as uri:
        stores = [open_store(uri, artifact_root="artifacts") for _ in range(4)]

        def work(store, run_id):
            store.apply([batch(run_id, started(), lanes=[rows({"m": [1, 2, 3]})])])
            for _ in range(40):
                assert store.get_run(run_id).name == "a run"
                assert values_of(store, run_id, "m") == [1, 2, 3]

        with ThreadPoolExecutor(8) as pool:
            for done in [pool.submit(work, stores[n % 4], f"{n:032x}") for n in range(16)]:
                done.result()
        assert len(stores[0].search_runs(Query(None)).items) == 16
        for store in stores:
            store.close()


def test_its_password_is_not_told(url):
    store = open_store(url.replace("test@", "test:secret@"), artifact_root="artifacts")
    assert "secret" not in store.uri
    store.close()


def test_a_server_that_is_not_there_is_unavailable(tmp_path):
    with pytest.raises(StoreUnavailable, match="cannot be reached or used now") as caught:
        open_store(f"postgresql://test:secret@/db?host={tmp_path}", artifact_root="artifacts")
    assert "secret" not in str(caught.value)


def test_a_database_that_is_not_there_is_unavailable(url):
    with pytest.raises(StoreUnavailable, match="nowhere"):
        open_store(url.replace("/nbtrack", "/nowhere"), artifact_root="artifacts")


def test_connections_that_the_server_closed_are_made_anew(store, other):
    store.apply([batch("r", started())])
    other.execute(sa.text("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"))
    assert store.get_run("r").name == "a run"
    store.apply([batch("r", first=1, lanes=[rows({"m": [1]})])])
    assert values_of(store, "r", "m") == [1]


def test_a_connection_lost_in_a_transaction_leaves_the_store_unchanged(store, other, monkeypatch):
    store.apply([batch("r", started())])
    kill = sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'")
    everything = postgresql.PostgreSQL.inserted_key

    def lose(self, cursor):
        other.execution_options(isolation_level="AUTOCOMMIT").execute(kill)
        return everything(self, cursor)

    with monkeypatch.context() as patch, pytest.raises(StoreUnavailable):
        patch.setattr(postgresql.PostgreSQL, "inserted_key", lose)
        store.apply([batch("r", tags(a="b"), first=1, lanes=[rows({"m": [1]})])])
    store.apply([batch("r", tags(a="b"), first=1, lanes=[rows({"m": [1]})])])
    assert values_of(store, "r", "m") == [1]


def test_a_run_that_someone_holds_is_unavailable_and_not_waited_for_without_end(store, other, monkeypatch):
    monkeypatch.setattr(postgresql, "_LOCK_TIMEOUT", "50ms")
    store.apply([batch("r", started())])
    other.execute(sa.text("SELECT * FROM runs FOR UPDATE"))
    with pytest.raises(StoreUnavailable, match="lock timeout"):
        store.apply([batch("r", tags(a="b"), first=1)])
    other.rollback()
    store.apply([batch("r", tags(a="b"), first=1)])


def test_a_read_only_database_is_unavailable(store, other):
    other.execute(sa.text("ALTER ROLE test SET default_transaction_read_only = on"))
    other.commit()
    store.close()
    try:
        with pytest.raises(StoreUnavailable, match="read-only"):
            store.apply([batch("r", started())])
        assert store.find_experiment("Default")
    finally:
        other.execute(sa.text("SET default_transaction_read_only = off"))
        other.execute(sa.text("ALTER ROLE test RESET default_transaction_read_only"))
        other.commit()


def test_writers_that_lock_the_same_runs_in_another_order_both_get_through(store):
    ids = [new_id() for _ in range(6)]
    store.apply([batch(each, started()) for each in ids])
    begin = threading.Barrier(2)
    failed = []

    def write(writer, order):
        begin.wait()
        for i in range(20):
            store.apply([batch(each, tags(**{writer: str(i)}), first=i, writer=writer) for each in order])

    def note(error):
        failed.append(error.exc_value)

    hook, threading.excepthook = threading.excepthook, note
    threads = [threading.Thread(target=write, args=pair) for pair in (("a", ids), ("b", ids[::-1]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    threading.excepthook = hook
    assert failed == []
    assert sum(1 for _, key, value in store.tags(ids) if key in "ab" and value == "19") == 12


def test_the_database_of_another_program_is_left_alone(url, other):
    other.execute(sa.text("CREATE TABLE alembic_version (id int); CREATE TABLE runs (id int)"))
    other.commit()
    with pytest.raises(SchemaError, match="of MLflow"):
        open_store(url, artifact_root="artifacts")


def test_stores_live_beside_each_other_in_schemas(store, new_postgres_url, postgres_server):
    store.apply([batch("r", started())])
    for url in (new_postgres_url(), postgres_server.url):
        beside = open_store(url, artifact_root="artifacts")
        assert beside.open_runs() == []
        beside.close()


def test_a_store_in_a_schema_before_that_of_another_program(postgres_server):
    postgres_server.execute("CREATE SCHEMA ours; CREATE SCHEMA theirs; CREATE TABLE theirs.experiments (experiment_id int)")
    address = f"{postgres_server.url}&options=-csearch_path%3Dours,theirs"
    for count in (1, 2):
        store = open_store(address, artifact_root="artifacts")
        store.apply([batch(new_id(), started())])
        assert len(store.search_runs(Query(None)).items) == count
        store.close()
    with pytest.raises(SchemaError, match="experiments"):
        open_store(address.replace("ours,theirs", "theirs,ours"), artifact_root="artifacts")
