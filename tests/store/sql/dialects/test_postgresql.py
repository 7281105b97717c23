"""The store in a PostgreSQL database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest
import sqlalchemy as sa

from nbtrack.errors import SchemaError, StoreUnavailable
from nbtrack.store.open import open_store
from nbtrack.store.protocol.search import Query
from nbtrack.store.sql.dialects import postgresql

from ....databases import pgbouncer
from ...building import batch, new_id, rows, started
from ...contract import values_of
from ..durable import DurableContract
from .server_contract import ServerContract

pytestmark = pytest.mark.slow


class TestPostgreSQL(DurableContract):
    @pytest.fixture
    def uri(self, new_postgres_url):
        return new_postgres_url()


@pytest.fixture
def url(new_postgres_url):
    return new_postgres_url()


class TestPostgreSQLServer(ServerContract):
    schemes = ("postgresql+psycopg", "postgresql", "postgres")
    options = ("prepare_threshold=5", "prepare_threshold=none", "sslmode=prefer", "application_name=lab")
    wrong_options: ClassVar = {
        "prepare_threshold=soon": "'prepare_threshold' takes a whole number or none, not 'soon'",
        "connect_timeout=-1": "'connect_timeout' takes a whole number, not '-1'",
        "connect_timeout=1&connect_timeout=2": "'connect_timeout' more than once",
        "client_encoding=latin1": "'client_encoding' takes utf8 alone",
        "ssl_mode=require": "did you mean 'sslmode'",
        "row_factory=dict": "'row_factory' that is unknown",
    }
    unreachable = "postgresql://test:secret@/db?host=/nowhere"
    missing = ("/nbtrack", "/nowhere")
    module, dialect = postgresql, postgresql.PostgreSQL
    lock_timeout, lock_error = "50ms", "lock timeout"

    def kill_all(self, other, *, in_transaction=False):
        which = "state = 'idle in transaction'" if in_transaction else "pid <> pg_backend_pid()"
        kill = sa.text(f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE {which}")
        other.rollback()
        other.execution_options(isolation_level="AUTOCOMMIT").execute(kill)

    @pytest.fixture
    def url(self, new_postgres_url):
        return new_postgres_url()


@pytest.fixture
def store(url):
    store = open_store(url, artifact_root="artifacts")
    yield store
    store.close()


@pytest.fixture
def other(url):
    """A connection of another program."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_stores_work_through_pgbouncer_in_transaction_mode(postgres_server):
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


def test_the_password_is_not_shown(url):
    store = open_store(url.replace("test@", "test:secret@"), artifact_root="artifacts")
    assert "secret" not in store.uri
    store.close()


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


def test_schemas_of_one_database_are_separate_stores(store, new_postgres_url, postgres_server):
    store.apply([batch("r", started())])
    for url in (new_postgres_url(), postgres_server.url):
        beside = open_store(url, artifact_root="artifacts")
        assert beside.open_runs() == []
        beside.close()


def test_another_program_may_use_a_later_schema_of_the_search_path(postgres_server):
    postgres_server.execute("CREATE SCHEMA ours; CREATE SCHEMA theirs; CREATE TABLE theirs.experiments (experiment_id int)")
    address = f"{postgres_server.url}&options=-csearch_path%3Dours,theirs"
    for count in (1, 2):
        store = open_store(address, artifact_root="artifacts")
        store.apply([batch(new_id(), started())])
        assert len(store.search_runs(Query(None)).items) == count
        store.close()
    with pytest.raises(SchemaError, match="experiments"):
        open_store(address.replace("ours,theirs", "theirs,ours"), artifact_root="artifacts")
