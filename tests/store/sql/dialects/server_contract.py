"""What every database server must do, as tests: an engine is a subclass, and overrides no test."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod

import pytest
import sqlalchemy as sa

from nbtrack.errors import InvalidInput, SchemaError, StoreUnavailable
from nbtrack.store.open import open_store

from ...building import batch, new_id, rows, started, tags
from ...contract import values_of


class ServerContract(ABC):
    """Tests of one engine, each in a new database.

    Attributes:
        schemes: What a URI of the engine may begin with; the first is the one of ``url``.
        options: Options that a URL may have.
        wrong_options: Options that are refused, and the error.
        unreachable: A URL with the password "secret" where no server listens.
        missing: What to replace in ``url``, and with what, for a database called "nowhere".
        module: The module of the dialect.
        dialect: Its class.
        lock_timeout: A short one, as the module writes it.
        lock_error: What the server says after it.
    """

    schemes: tuple[str, ...]
    options: tuple[str, ...]
    wrong_options: dict[str, str]
    unreachable: str
    missing: tuple[str, str]
    module: object
    dialect: type
    lock_timeout: object
    lock_error: str

    @abstractmethod
    def kill_all(self, other, *, in_transaction: bool = False) -> None:
        """Close all connections of stores, or those in a transaction, as an administrator does."""

    @pytest.fixture
    def store(self, url):
        store = open_store(url, artifact_root="artifacts")
        yield store
        store.close()

    @pytest.fixture
    def other(self, url):
        """A connection of another program."""
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            yield connection
        engine.dispose()

    def test_every_scheme_of_the_engine_opens_the_store(self, url):
        for scheme in self.schemes:
            store = open_store(url.replace(self.schemes[0], scheme), artifact_root="artifacts")
            assert store.find_experiment("Default"), scheme
            store.close()

    def test_options_of_the_url_are_accepted(self, url):
        for option in self.options:
            store = open_store(f"{url}&{option}", artifact_root="artifacts")
            assert store.find_experiment("Default"), option
            store.close()

    def test_a_wrong_option_is_named_with_what_it_takes(self, url):
        for option, said in self.wrong_options.items():
            with pytest.raises(InvalidInput, match=said):
                open_store(f"{url}&{option}", artifact_root="artifacts")

    def test_an_unreachable_server_is_unavailable_and_its_password_is_not_shown(self):
        with pytest.raises(StoreUnavailable, match="cannot be reached or used now") as caught:
            open_store(self.unreachable, artifact_root="artifacts")
        assert "secret" not in str(caught.value)

    def test_a_missing_database_is_unavailable(self, url):
        with pytest.raises(StoreUnavailable, match="nowhere"):
            open_store(url.replace(*self.missing), artifact_root="artifacts")

    def test_connections_closed_by_the_server_are_replaced(self, store, other):
        store.apply([batch("r", started())])
        self.kill_all(other)
        assert store.get_run("r").name == "a run"
        self.kill_all(other)
        store.apply([batch("r", first=1, lanes=[rows({"m": [1]})])])
        assert values_of(store, "r", "m") == [1]

    def test_a_connection_lost_in_a_transaction_leaves_the_store_unchanged(self, store, other, monkeypatch):
        store.apply([batch("r", started())])
        inserted_key = self.dialect.inserted_key

        def lose(dialect, cursor):
            self.kill_all(other, in_transaction=True)
            return inserted_key(dialect, cursor)

        with monkeypatch.context() as patch, pytest.raises(StoreUnavailable):
            patch.setattr(self.dialect, "inserted_key", lose)
            store.apply([batch("r", tags(a="b"), first=1, lanes=[rows({"m": [1]})])])
        store.apply([batch("r", tags(a="b"), first=1, lanes=[rows({"m": [1]})])])
        assert values_of(store, "r", "m") == [1]

    def test_a_run_locked_by_another_transaction_is_unavailable_after_a_timeout(self, url, other, monkeypatch):
        monkeypatch.setattr(self.module, "_LOCK_TIMEOUT", self.lock_timeout)
        store = open_store(url, artifact_root="artifacts")
        store.apply([batch("r", started())])
        other.execute(sa.text("SELECT * FROM runs FOR UPDATE"))
        with pytest.raises(StoreUnavailable, match=self.lock_error):
            store.apply([batch("r", tags(a="b"), first=1)])
        other.rollback()
        store.apply([batch("r", tags(a="b"), first=1)])
        store.close()

    def test_writers_that_lock_the_same_runs_in_another_order_both_succeed(self, store):
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

    def test_the_database_of_another_program_is_refused(self, url, other):
        other.execute(sa.text("CREATE TABLE alembic_version (id int)"))
        other.execute(sa.text("CREATE TABLE runs (id int)"))
        other.commit()
        with pytest.raises(SchemaError, match="of MLflow"):
            open_store(url, artifact_root="artifacts")
