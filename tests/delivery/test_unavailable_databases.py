"""A database server that stops during training, or has no free connection: training goes on and nothing is lost."""

import contextlib
import logging

import pytest
import sqlalchemy as sa

import nbtrack
from nbtrack.errors import StoreUnavailable
from nbtrack.store.open import open_store
from nbtrack.tracking.tracker import connection_of

from ..databases import NOT_DURABLE, maria_server, postgres_server

# PyMySQL leaves the socket of a connection that was refused to the garbage collector.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")]

POINTS = 2000
# Forgets nothing when its process is killed; when the machine is, it would.
KILLED = tuple(option.replace("trx-commit=0", "trx-commit=2") for option in NOT_DURABLE["mariadb"])
STARTERS = {"postgres": postgres_server, "maria": lambda: maria_server(KILLED)}
FEW = {
    "postgres": [
        "CREATE ROLE few LOGIN CONNECTION LIMIT 2",
        "GRANT ALL ON DATABASE nbtrack TO few",
        "GRANT ALL ON SCHEMA {} TO few",
    ],
    "maria": ["CREATE USER few@localhost WITH MAX_USER_CONNECTIONS 2", "GRANT ALL ON {}.* TO few@localhost"],
}


@pytest.fixture(scope="module", params=["postgres", "maria"])
def server(request):
    """A server that may be stopped, because no other test uses it."""
    with STARTERS[request.param]() as server:
        server.kind = request.param
        yield server


def train(run, first):
    for step in range(first, first + POINTS):
        run.log({"loss": step / 4}, step=step)


def test_a_server_that_crashes_and_restarts_loses_nothing(server, tracker, caplog):
    tracker = nbtrack.connect(server.new_url())
    with caplog.at_level(logging.WARNING, "nbtrack"), tracker.start_run("long", params={"lr": 0.1}) as run:
        train(run, 0)
        assert run.flush(30)
        train(run, POINTS)  # some of it is on its way
        server.stop()
        train(run, 2 * POINTS)
        run.set_tag("said", "meanwhile")
        assert not run.flush(1)
        server.start()
        train(run, 3 * POINTS)
    assert tracker.flush(60)
    assert run.metrics["loss"].values.tolist() == [step / 4 for step in range(4 * POINTS)]
    assert (run.status, run.tags["said"], run.params["lr"]) == ("FINISHED", "meanwhile", 0.1)
    assert len([record for record in caplog.records if "the store is unavailable" in record.message]) == 1
    connection_of(tracker).close(10)


def test_a_server_without_free_connections_loses_nothing(server, tracker):
    url = server.new_url()
    open_store(url, artifact_root="artifacts").close()
    few = as_guest(server, url)
    engine = sa.create_engine(few)
    with contextlib.ExitStack() as taken:
        for _ in range(2):
            taken.enter_context(engine.connect())
        with pytest.raises(StoreUnavailable, match=r"too many connections|max_user_connections"):
            open_store(few, artifact_root="artifacts")
        tracker = nbtrack.connect(few)
        with tracker.start_run("patient") as run:
            train(run, 0)
            assert not run.flush(1)
            taken.close()
            engine.dispose()
    assert tracker.flush(60)
    assert run.metrics["loss"].values.tolist() == [step / 4 for step in range(POINTS)]
    connection_of(tracker).close(10)


def as_guest(server, url):
    """Return the URI for a user who may have two connections."""
    place = url.rpartition("%3D")[2] if server.kind == "postgres" else sa.make_url(url).database
    for statement in FEW[server.kind]:
        server.execute(statement.format(place))
    if server.kind == "postgres":
        server.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA {place} TO few")
        server.execute(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA {place} TO few")
    return url.replace("test@", "few@").replace("root@", "few@")
