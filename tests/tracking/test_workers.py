"""Threads and processes log into the run that they belong to."""

import asyncio
import multiprocessing
import pickle
import sys
import threading
import types
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

import nbtrack

POINTS = 50


def work(run, worker):
    for step in range(POINTS):
        run.log({"shared": float(worker)}, step=worker * POINTS + step)
    run.log_param(f"worker{worker}", worker)
    run.log_text(f"from {worker}", f"workers/{worker}.txt")
    return worker


def work_on_the_current_run(worker):
    nbtrack.log({"shared": float(worker)}, step=worker)


def check(run, workers):
    points = run.metrics["shared"]
    assert sorted(points.steps.tolist()) == list(range(workers * POINTS))
    assert sorted(set(points.values.tolist())) == [float(worker) for worker in range(workers)]
    assert run.params == {f"worker{worker}": worker for worker in range(workers)}
    assert [str(entry) for entry in run.artifacts.list("workers")] == [f"workers/{worker}.txt" for worker in range(workers)]


def quietly(method):
    """Ignore that Python warns about forks in a process with threads, of which the flusher is one."""
    return pytest.param(method, marks=pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"))


@pytest.mark.slow
@pytest.mark.parametrize("method", [quietly("fork"), "spawn"])
def test_a_pickled_run_logs_into_the_same_run_from_processes(tracker, method):
    with nbtrack.start_run() as run:
        run.log(shared=-1.0, step=-1)
        context = multiprocessing.get_context(method)
        with context.Pool(3) as pool:
            assert pool.starmap(work, [(run, worker) for worker in range(6)]) == list(range(6))
        run.delete_tag("none")
        points = run.metrics["shared"]
        assert len(points) == 6 * POINTS + 1, "what workers have logged is there while they and the run live"
    assert sorted(run.metrics["shared"].steps.tolist()) == list(range(-1, 6 * POINTS))
    assert run.params == {f"worker{worker}": worker for worker in range(6)}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_concurrent_futures(tracker):
    with nbtrack.start_run() as run, ProcessPoolExecutor(2) as pool:
        assert list(pool.map(work, [run] * 4, range(4))) == list(range(4))
    check(run, 4)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["loky", "threading"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_joblib(tracker, backend):
    joblib = pytest.importorskip("joblib")
    with nbtrack.start_run() as run:
        joblib.Parallel(2, backend=backend)(joblib.delayed(work)(run, worker) for worker in range(4))
    check(run, 4)
    if backend == "loky":
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor().shutdown(wait=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_has_the_current_run_and_does_not_end_it(tracker):
    with nbtrack.start_run() as run:
        process = multiprocessing.get_context("fork").Process(target=work_on_the_current_run, args=(7,))
        process.start()
        process.join()
        assert process.exitcode == 0
        assert run.metrics["shared"].values.tolist() == [7.0]
        assert nbtrack.get_run(run.id).status == "RUNNING"


def test_a_run_unpickled_in_its_own_process_is_the_same_object(tracker):
    with nbtrack.start_run() as run:
        assert pickle.loads(pickle.dumps(run)) is run


def test_threads_log_into_the_run_in_which_they_were_started(tracker):
    go = threading.Event()

    def later():
        go.wait(30)
        nbtrack.log(late=1.0)

    with nbtrack.start_run("first") as first:
        thread = threading.Thread(target=later)
        thread.start()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work_on_the_current_run, range(100)))
    with nbtrack.start_run("second") as second:
        go.set()
        thread.join()
        nbtrack.log(own=1.0)
    assert sorted(first.metrics) == ["late", "shared"]
    assert sorted(first.metrics["shared"].steps.tolist()) == list(range(100))
    assert list(second.metrics) == ["own"]
    assert first.status == "FINISHED"


def test_two_runs_at_once_in_two_threads(tracker):
    meet = threading.Barrier(2)
    runs = {}

    def train(name):
        with nbtrack.start_run(name) as run:
            runs[name] = run
            meet.wait(30)
            nbtrack.log({name: 1.0})
            meet.wait(30)

    threads = [threading.Thread(target=train, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: list(run.metrics) for name, run in runs.items()} == {"a": ["a"], "b": ["b"]}
    assert [run.parent for run in runs.values()] == [None, None]


def test_two_runs_at_once_in_two_tasks(tracker):
    async def train(name):
        with nbtrack.start_run(name) as run:
            await asyncio.sleep(0)
            nbtrack.log({name: 1.0})
            await asyncio.sleep(0)
        return run

    async def both():
        return await asyncio.gather(train("a"), train("b"))

    a, b = asyncio.run(both())
    assert (list(a.metrics), list(b.metrics)) == (["a"], ["b"])


@pytest.mark.parametrize("name", ["asyncio", "asyncio.tasks"])
def test_asyncio_being_imported_by_another_thread_is_harmless(tracker, monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    with nbtrack.start_run() as run:
        nbtrack.log(x=1)
    assert run.status == "FINISHED"
