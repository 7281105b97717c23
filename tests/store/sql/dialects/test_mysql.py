"""The store in a MySQL or MariaDB database."""

from __future__ import annotations

import sys
from typing import ClassVar

import numpy as np
import pytest
import sqlalchemy as sa

from nbtrack.errors import InvalidInput, StoreError, StoreUnavailable
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
from .server_contract import ServerContract

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


class TestMariaDBServer(ServerContract):
    schemes = ("mysql+pymysql", "mysql", "mariadb", "mariadb+pymysql")
    options = ("connect_timeout=5", "charset=utf8mb4", "ssl_mode=DISABLED", "ssl_disabled=true", "use_unicode=1")
    wrong_options: ClassVar = {
        "ssl_mode=maybe": "'ssl_mode' takes DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY, not 'maybe'",
        "connect_timeout=soon": "'connect_timeout' takes a whole number, not 'soon'",
        "charset=latin1": "'charset' takes utf8mb4 alone",
        "sslmode=require": "did you mean 'ssl_mode'",
        "ssl_ca=/nowhere/ca.pem": "certificates in /nowhere/ca.pem cannot be used",
        "cursorclass=dict": "'cursorclass' that is unknown",
    }
    unreachable = "mysql://test:secret@127.0.0.1:9/db"
    missing = ("/store", "/nowhere")
    module, dialect = mysql, mysql.MySQL
    lock_timeout, lock_error = 1, "Lock wait timeout"

    def kill_all(self, other, *, in_transaction=False):
        database = other.engine.url.database
        theirs = f"SELECT id FROM information_schema.processlist WHERE db = '{database}' AND id <> CONNECTION_ID()"
        for (number,) in other.execute(sa.text(theirs)).all():
            other.execute(sa.text(f"KILL {number}"))

    @pytest.fixture
    def url(self, new_maria_url):
        return new_maria_url()


@pytest.fixture
def other(url):
    """A connection of another program."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def guest_url(url, other):
    """The URI of the store for a user with fewer rights."""
    database = sa.make_url(url).database
    other.execute(sa.text(f"CREATE USER guest_{database}@localhost WITH MAX_USER_CONNECTIONS 2"))
    other.execute(sa.text(f"GRANT ALL ON {database}.* TO guest_{database}@localhost"))
    return url.replace("root@", f"guest_{database}@")


def test_encryption_that_the_server_does_not_offer_is_an_error(url):
    with pytest.raises(StoreError, match="SSL is required"):
        open_store(f"{url}&ssl_mode=REQUIRED", artifact_root="artifacts")


def test_a_server_with_ansi_quotes_and_no_backslash_escapes():
    with run_maria((*NOT_DURABLE["mariadb"], "--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES")) as server:
        store = open_store(server.new_url(), artifact_root="artifacts")
        note = """it's "quoted" \\ and `ticked`"""
        store.apply([batch("r", started(), params(lr=0.1), tags(note=note), lanes=[rows({"m": [1, 2]})])])
        condition = parse("params.lr < 1 and metrics.m.max > 1 and tags.note like '%quoted%'")
        assert [run.id for run in store.search_runs(Query(None, condition)).items] == ["r"]
        assert [value for _, key, value in store.tags(["r"]) if key == "note"] == [note]
        store.close()


def test_a_uri_without_a_database_is_refused():
    with pytest.raises(InvalidInput, match="names no database: write mysql"):
        open_store("mysql://root@localhost", artifact_root="artifacts")


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


def test_too_many_connections_are_unavailable_until_one_is_free(guest_url):
    taken = sa.create_engine(guest_url)
    with taken.connect(), taken.connect(), pytest.raises(StoreUnavailable, match="max_user_connections"):
        open_store(guest_url, artifact_root="artifacts")
    taken.dispose()
    open_store(guest_url, artifact_root="artifacts").close()


def test_tables_of_an_interrupted_creation_are_completed(url, monkeypatch):
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


def test_chunks_may_exceed_64_kilobytes(store):
    values = np.random.default_rng(0).normal(size=100_000)
    store.apply([batch("r", started(), lanes=[rows({"m": values})])])
    assert np.array_equal(store.history("r", "m").values, values)


def test_infinity_differs_from_the_largest_number(store):
    """A DOUBLE of MySQL has no infinity, so the largest number is stored for it."""
    largest = sys.float_info.max
    ids = [new_id() for _ in range(3)]
    for run_id, value in zip(ids, [INF, largest, -INF], strict=True):
        store.apply([batch(run_id, started(), params(p=value), lanes=[rows({"m": [value]})])])
    assert [values_of(store, run_id, "m") for run_id in ids] == [[INF], [largest], [-INF]]
    assert [summary_of(store, run_id, "m").last for run_id in ids] == [INF, pytest.approx(largest), -INF]
    assert summary_of(store, ids[1], "m").last < INF
    assert [value for _, _, value in store.params(ids)] == [INF, largest, -INF]
