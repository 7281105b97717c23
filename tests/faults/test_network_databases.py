"""A database that becomes read-only, as in a failover of its server: training goes on, and nothing is lost.

A server that crashes, and one without free connections, are in tests/delivery/test_unavailable_databases.py.
"""

from __future__ import annotations

import pytest
import sqlalchemy as sa

import nbtrack
from nbtrack.delivery import flusher
from nbtrack.entities.events import Batch, TagsSet
from nbtrack.errors import StoreUnavailable
from nbtrack.tracking.tracker import connection_of

pytestmark = pytest.mark.slow

ROLE = "failing_over"
POINTS = 2000


@pytest.fixture
def role(postgres_server):
    """The URI of a store for a user of its own, and a function that runs a statement about that user and ends its connections."""
    url = postgres_server.new_url()
    schema = url.rpartition("%3D")[2]
    postgres_server.execute(f"CREATE ROLE {ROLE} LOGIN")
    postgres_server.execute(f"GRANT ALL ON SCHEMA {schema} TO {ROLE}")

    def change(statement):
        postgres_server.execute(f"ALTER ROLE {ROLE} {statement}")
        postgres_server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{ROLE}'")

    yield sa.make_url(url).set(username=ROLE).render_as_string(hide_password=False), change
    change("NOLOGIN")
    postgres_server.execute(f"DROP OWNED BY {ROLE}")
    postgres_server.execute(f"DROP ROLE {ROLE}")


def test_a_database_that_becomes_read_only_loses_nothing(role, tmp_path, monkeypatch, caplog):
    url, change = role
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(flusher, "_LONGEST_PAUSE", 0.2)
    tracker = nbtrack.connect(url)
    with tracker.start_run("long", params={"lr": 0.1}) as run:
        train(run, 0)
        assert run.flush(30)
        change("SET default_transaction_read_only = on")
        train(run, POINTS)
        run.set_tag("said", "meanwhile")
        assert not run.flush(0.5)
        assert run.metrics["loss"].count == POINTS  # what was delivered can still be read
        with pytest.raises(StoreUnavailable, match="read-only"):
            connection_of(tracker).store().apply([Batch(run.id, "", events=(TagsSet({"a": "b"}),))])
        train(run, 2 * POINTS)
    assert run.status == "FINISHED"
    assert len([record for record in caplog.records if "the store is unavailable" in record.message]) == 1
    change("RESET default_transaction_read_only")
    assert tracker.flush(60)
    assert run.metrics["loss"].values.tolist() == [step / 4 for step in range(3 * POINTS)]
    assert (nbtrack.get_run(run.id).status, run.tags["said"], run.params["lr"]) == ("FINISHED", "meanwhile", 0.1)
    connection_of(tracker).close(10)


def train(run, first):
    for step in range(first, first + POINTS):
        run.log({"loss": step / 4}, step=step)
