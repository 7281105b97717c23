"""The contract of stores outside the process: durability and several processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from nbtrack.entities.run import Status
from nbtrack.store.open import open_store
from nbtrack.store.protocol.search import Query
from nbtrack.store.protocol.store import Store

from ..building import START, batch, ended, new_id, params, rows, started, tags
from ..contract import StoreContract, summary_of, values_of

WRITES_AND_IS_KILLED = """
import os, signal, sys
from nbtrack.store.open import open_store
from tests.store.building import *
store = open_store(sys.argv[1], artifact_root="artifacts")
store.apply([batch("killed", started(), params(a=1), lanes=[rows({"m": range(1000)})])])
os.kill(os.getpid(), signal.SIGKILL)
"""


def open_and_write(uri: str, begin, run_id: str) -> None:
    """Open a store when all other processes do, and start a run in an experiment that all create."""
    begin.wait()
    store = open_store(uri, artifact_root="artifacts")
    store.apply([batch(run_id, started(experiment="shared"), lanes=[rows({"m": range(10)})])])
    store.close()


def apply_all(uri: str, begin, run_id: str) -> None:
    """Write a run batch by batch, while other processes write the same one."""
    store = open_store(uri, artifact_root="artifacts")
    begin.wait()
    store.apply([batch(run_id, started(), params(a=1))])
    for i in range(20):
        lanes = [rows({"m": [i, i + 0.5]}, [2 * i, 2 * i + 1], first=2 * i)]
        store.apply([batch(run_id, tags(t=str(i)), first=2 + i, lanes=lanes)])
    store.close()


def in_processes(target, uri: str, run_ids: list[str]) -> None:
    context = multiprocessing.get_context("spawn")
    begin = context.Barrier(len(run_ids))
    processes = [context.Process(target=target, args=(uri, begin, run_id)) for run_id in run_ids]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * len(processes)


class DurableContract(StoreContract):
    """Tests of a store at ``uri``, new for each."""

    @pytest.fixture
    def store(self, uri: str, tmp_path) -> Iterator[Store]:
        store = open_store(uri, artifact_root=str(tmp_path / "artifacts"))
        yield store
        store.close()

    def test_applied_batches_are_there_after_reopening(self, store, uri, run):
        store.apply([batch(run, params(a=[1]), ended(), first=1, lanes=[rows({"m": [1, 2]})])])
        store.close()
        again = open_store(uri, artifact_root="elsewhere")
        assert again.get_run(run) == store.get_run(run)
        assert again.params([run]) == [(run, "a", [1])]
        assert values_of(again, run, "m") == [1, 2]
        assert len(again.experiments("all")) == 1
        again.close()

    def test_a_closed_store_reopens_when_used(self, store, run):
        store.close()
        assert store.get_run(run).status is Status.RUNNING

    def test_what_was_applied_survives_a_kill(self, store, uri):
        done = subprocess.run([sys.executable, "-c", WRITES_AND_IS_KILLED, uri], check=False)
        assert done.returncode == -signal.SIGKILL
        assert len(store.history("killed", "m")) == 1000
        assert store.params(["killed"]) == [("killed", "a", 1)]

    @pytest.mark.slow
    def test_processes_open_a_new_store_at_once(self, uri):
        run_ids = [new_id() for _ in range(4)]
        in_processes(open_and_write, uri, run_ids)
        store = open_store(uri, artifact_root="artifacts")
        assert {run.id for run in store.search_runs(Query()).items} == set(run_ids)
        assert sorted(each.name for each in store.experiments()) == ["Default", "shared"]
        store.close()

    @pytest.mark.slow
    def test_processes_apply_the_same_batches_once(self, store, uri):
        run_id = new_id()
        in_processes(apply_all, uri, [run_id] * 3)
        assert store.history(run_id, "m").steps.tolist() == list(range(40))
        assert summary_of(store, run_id, "m").count == 40
        assert ("t", "19") in [each[1:] for each in store.tags([run_id])]

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
    @pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
    def test_a_forked_child_and_its_parent_write_on(self, store, run):
        other = new_id()
        child = os.fork()
        if child == 0:
            try:
                store.apply([batch(other, started(), lanes=[rows({"m": range(100)})])])
                store.close()
            finally:
                os._exit(0 if len(values_of(store, other, "m")) == 100 else 1)
        store.apply([batch(run, first=1, lanes=[rows({"m": [1]})])])
        assert os.waitpid(child, 0)[1] == 0
        store.apply([batch(run, ended(), first=1), batch(other, ended(), first=1)])
        assert [store.get_run(each).end_time for each in (run, other)] == [START + 1000] * 2
