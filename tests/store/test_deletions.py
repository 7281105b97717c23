"""Deleting an experiment while a run starts in it leaves no run that is not deleted."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from nbtrack.entities.run import LifecycleStage
from nbtrack.errors import Deleted
from nbtrack.store.open import open_store
from nbtrack.store.sql import experiments, writes

from .building import batch, new_id, started

pytestmark = pytest.mark.slow
_MOMENT = 1.0  # seconds for which one waits whether the other gets in between


@pytest.fixture(params=["new_postgres_url", "new_maria_url"])
def stores(request):
    url = request.getfixturevalue(request.param)()
    stores = [open_store(url, artifact_root="artifacts") for _ in range(2)]
    yield stores
    for store in stores:
        store.close()


def while_it_is_open(store, work, other):
    """Run some work, and let ``other`` try before its transaction ends."""
    tried = threading.Event()

    def and_wait(connection):
        work(connection)
        future = pool.submit(other)
        future.add_done_callback(lambda _: tried.set())
        tried.wait(_MOMENT)
        return future

    with ThreadPoolExecutor(1) as pool:
        return store._database.write(and_wait)


def test_a_deletion_waits_for_a_run_that_starts(stores):
    made, run_id = stores[0].create_experiment("tuning"), new_id()
    start = [batch(run_id, started(experiment="tuning"))]
    deletion = while_it_is_open(
        stores[0], lambda connection: writes.apply(connection, start), lambda: stores[1].delete_experiment(made.id)
    )
    deletion.result(30)
    assert stores[0].get_run(run_id).stage is LifecycleStage.DELETED


def test_a_run_that_starts_waits_for_a_deletion(stores):
    made, run_id = stores[0].create_experiment("tuning"), new_id()
    beginning = while_it_is_open(
        stores[0],
        lambda connection: experiments.set_stage(connection, made.id, LifecycleStage.DELETED),
        lambda: stores[1].apply([batch(run_id, started(experiment="tuning"))]),
    )
    with pytest.raises(Deleted, match="tuning"):
        beginning.result(30)
