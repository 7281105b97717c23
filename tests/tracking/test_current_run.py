"""The current run in threads, pools, tasks and callbacks."""

import asyncio
import decimal
import threading
import traceback
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.pool import ThreadPool

import pytest

import nbtrack
from nbtrack.errors import NoActiveRun


def log(value=1.0):
    nbtrack.log(x=value)
    return value


def logged(run):
    return run.metrics["x"].values.tolist() if "x" in run.metrics else []


def by_executor(pool):
    return lambda values: list(pool.map(log, values))


POOLS = {
    "map": lambda pool: lambda values: list(pool.map(log, values)),
    "starmap": lambda pool: lambda values: pool.starmap(log, [(value,) for value in values]),
    "imap": lambda pool: lambda values: list(pool.imap(log, values)),
    "imap_unordered": lambda pool: lambda values: list(pool.imap_unordered(log, values)),
    "apply": lambda pool: lambda values: [pool.apply(log, (value,)) for value in values],
    "map_async": lambda pool: lambda values: pool.map_async(log, values).get(30),
}


def check_three(work):
    """Assert that work submitted in each of three runs logs into that run."""
    runs = []
    for first in (0.0, 10.0, 20.0):
        with nbtrack.start_run() as run:
            work([first, first + 1, first + 2])
        runs.append(run)
    assert [sorted(logged(run)) for run in runs] == [[0.0, 1.0, 2.0], [10.0, 11.0, 12.0], [20.0, 21.0, 22.0]]


def test_an_executor_that_outlives_runs(tracker):
    with ThreadPoolExecutor(2) as pool:
        check_three(by_executor(pool))


@pytest.mark.parametrize("how", POOLS)
def test_a_thread_pool_that_outlives_runs(tracker, how):
    with ThreadPool(2) as pool:
        check_three(POOLS[how](pool))


# Python warns about forks in a process with threads, and the flusher is one.
forking = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")


def current_id(_=None):
    return nbtrack.active_run() and nbtrack.active_run().id


@pytest.mark.slow
@forking
def test_an_executor_of_forked_processes_that_outlives_runs(tracker):
    with nbtrack.start_run("first") as first, ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        pool.submit(log, -1.0).result()
        check_three(by_executor(pool))
        first.end()
        assert pool.submit(current_id).result() is None
        with pytest.raises(ValueError, match="invalid literal"):
            pool.submit(int, "x").result()
    assert logged(first) == [-1.0]


@pytest.mark.slow
@forking
@pytest.mark.parametrize("how", POOLS)
def test_a_pool_of_forked_processes_that_outlives_runs(tracker, how):
    with nbtrack.start_run("first") as first, get_context("fork").Pool(2) as pool:
        pool.apply(log, (-1.0,))
        check_three(POOLS[how](pool))
        first.end()
        assert pool.map(current_id, range(2)) == [None, None]
    assert logged(first) == [-1.0]


@pytest.mark.slow
def test_pools_of_spawned_processes_are_unchanged(tracker):
    with nbtrack.start_run(), get_context("spawn").Pool(1) as pool:
        assert pool.map(abs, [-1]) == [1]
        assert pool.apply(current_id) is None


def test_a_pool_made_in_a_run_that_has_ended(tracker):
    with nbtrack.start_run("first") as first:
        pool = ThreadPoolExecutor(1)
        pool.submit(log, -1.0).result()
    with pool:
        check_three(by_executor(pool))
    assert logged(first) == [-1.0]


@pytest.mark.slow
def test_joblib_s_threads_that_outlive_runs(tracker):
    joblib = pytest.importorskip("joblib")
    with joblib.Parallel(2, backend="threading", batch_size=1, pre_dispatch=1) as parallel:
        check_three(lambda values: parallel(joblib.delayed(log)(value) for value in values))


def test_work_submitted_in_a_run_and_done_after_it(tracker, caplog):
    go = threading.Event()

    def late():
        go.wait(30)
        nbtrack.log(late=1.0)

    with ThreadPoolExecutor(1) as pool:
        with nbtrack.start_run("first") as first:
            work = pool.submit(late)
        with nbtrack.start_run("second") as second:
            go.set()
            work.result()
    assert (list(first.metrics), list(second.metrics)) == (["late"], [])
    assert caplog.text.count(f"run {first.id} has ended, and a thread or task that was started in it goes on logging") == 1


def test_work_submitted_where_no_run_is_open_has_none(tracker):
    go = threading.Event()

    def late():
        go.wait(30)
        nbtrack.log(late=1.0)

    with nbtrack.start_run():
        pass
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(late)
        with nbtrack.start_run() as run:
            go.set()
            with pytest.raises(NoActiveRun, match=r"where .* this work submitted: .* hand it the run and use run\.log"):
                work.result()
    assert list(run.metrics) == []


def test_a_run_left_open_by_work_is_not_the_next_work_s(tracker):
    with ThreadPoolExecutor(1) as pool, nbtrack.start_run("outer") as outer:
        left = pool.submit(nbtrack.start_run, "left").result()
        assert pool.submit(nbtrack.active_run).result() is outer
        assert left.parent == outer
        left.end()


def test_an_ended_run_refuses_threads_that_it_did_not_start(tracker):
    with nbtrack.start_run() as run:
        pass
    errors = []

    def work():
        try:
            run.log(x=1.0)
        except NoActiveRun as error:
            errors.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert "has ended (FINISHED)" in errors[0]
    assert logged(run) == []


def test_work_keeps_the_context_of_its_thread(tracker):
    """Context variables of the thread are unchanged, and the traceback has no frames of nbtrack."""

    def initialize():
        decimal.getcontext().prec = 5

    def work():
        raise ValueError(f"{decimal.getcontext().prec}")

    with (
        nbtrack.start_run(),
        ThreadPoolExecutor(1, initializer=initialize) as pool,
        pytest.raises(ValueError, match="5") as caught,
    ):
        pool.submit(work).result()
    names = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert not [name for name in names if "/nbtrack/" in name and "/tests/" not in name]
    with ThreadPoolExecutor(1) as pool, pytest.raises(TypeError):
        pool.submit(None).result()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(int, "11", base=2).result() == 3


def test_asyncio_s_executor(tracker):
    async def train():
        loop = asyncio.get_running_loop()
        for value in (1.0, 2.0):
            with nbtrack.start_run() as run:
                await loop.run_in_executor(None, log, value)
                await asyncio.to_thread(log, value + 10)
                child = await loop.run_in_executor(None, nested)
            runs.append((logged(run), child.parent == run))

    def nested():
        with nbtrack.start_run() as run:
            return run

    runs = []
    asyncio.run(train())
    assert runs == [([1.0, 11.0], True), ([2.0, 12.0], True)]


def test_end_run_terminates_where_the_current_run_ended_elsewhere(tracker):
    go = threading.Event()

    def end_all():
        go.wait(30)
        while nbtrack.active_run() is not None:
            nbtrack.end_run()

    with ThreadPoolExecutor(1) as pool:
        with nbtrack.start_run("outer"), nbtrack.start_run("inner") as inner:
            work = pool.submit(end_all)
            thread = threading.Thread(target=end_all)
            thread.start()
        go.set()
        work.result(30)
        thread.join(30)
    assert not thread.is_alive()
    assert inner.status == "FINISHED"


def test_a_thread_adds_to_the_run_it_was_started_in_from_within_its_own(tracker):
    go = threading.Event()

    def folds():
        go.wait(30)
        for fold in range(2):
            with nbtrack.start_run(f"fold {fold}"):
                outer.log(x=float(fold))

    with nbtrack.start_run("outer") as outer:
        thread = threading.Thread(target=folds)
        thread.start()
    go.set()
    thread.join()
    assert logged(outer) == [0.0, 1.0]


# Tasks


async def train(name):
    with nbtrack.start_run(name) as run:
        for _ in range(3):
            nbtrack.log(x=float(name))
            await asyncio.sleep(0)
    return run


async def train_bare(name):
    run = nbtrack.start_run(name)
    await asyncio.sleep(0)
    nbtrack.log(x=float(name))
    await asyncio.sleep(0)
    nbtrack.end_run()
    return run


@pytest.mark.parametrize("work", [train, train_bare])
def test_runs_of_independent_tasks_are_not_nested(tracker, work):
    async def main():
        return await asyncio.gather(*(work(str(i)) for i in range(4)))

    runs = asyncio.run(main())
    assert [run.parent for run in runs] == [None] * 4
    assert [set(logged(run)) for run in runs] == [{0.0}, {1.0}, {2.0}, {3.0}]


@pytest.mark.parametrize("work", [train, train_bare])
def test_tasks_are_nested_in_the_run_in_which_they_were_created(tracker, work):
    async def main():
        with nbtrack.start_run("outer") as outer:
            tasks = [asyncio.create_task(work(str(i))) for i in range(2)]
            with nbtrack.start_run("beside"):
                return outer, await asyncio.gather(*tasks)

    outer, runs = asyncio.run(main())
    assert [run.parent for run in runs] == [outer, outer]


def test_a_task_that_outlives_its_run_does_not_log_into_the_next(tracker):
    async def late(go):
        await go.wait()
        log(7.0)

    async def main():
        go = asyncio.Event()
        with nbtrack.start_run() as first:
            task = asyncio.create_task(late(go))
            asyncio.get_running_loop().call_soon(log, 8.0)
        with nbtrack.start_run() as second:
            go.set()
            await task
        return first, second

    first, second = asyncio.run(main())
    assert (sorted(logged(first)), logged(second)) == ([7.0, 8.0], [])


def test_a_run_that_a_task_left_open_goes_on_after_it(tracker):
    async def main():
        return await asyncio.create_task(start())

    async def start():
        return nbtrack.start_run()

    run = asyncio.run(main())
    log()
    nbtrack.end_run()
    assert (logged(run), run.status) == ([1.0], "FINISHED")


def test_a_task_goes_on_in_the_run_around_one_that_has_ended(tracker):
    async def main():
        with nbtrack.start_run("outer") as outer:
            inner = nbtrack.start_run("inner")
            inner.end()
            log()
        return outer

    assert logged(asyncio.run(main())) == [1.0]


def test_runs_of_independent_trio_tasks_are_not_nested(tracker):
    trio = pytest.importorskip("trio")
    pytest.importorskip("trio.testing")
    runs = []

    async def train_in_trio(name):
        with nbtrack.start_run(name) as run:
            runs.append(run)
            await trio.sleep(0)
            nbtrack.log(x=float(name))
            if name == "2":
                await trio.sleep_forever()

    async def main():
        async with trio.open_nursery() as nursery:
            for name in "012":
                nursery.start_soon(train_in_trio, name)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()

    trio.run(main)
    found = {run.name: (run.parent, logged(run), run.status) for run in runs}
    assert found == {"0": (None, [0.0], "FINISHED"), "1": (None, [1.0], "FINISHED"), "2": (None, [2.0], "KILLED")}


# Threads


def test_a_thread_carries_the_run_of_the_thread_that_starts_it(tracker):
    with nbtrack.start_run("first") as first:
        inner = threading.Thread(target=log, args=(2.0,))

        def outer():
            log(1.0)
            inner.start()
            inner.join()

        thread = threading.Thread(target=outer)
        thread.start()
        thread.join()
    assert logged(first) == [1.0, 2.0]


def test_runs_of_a_thread_started_before_are_not_nested(tracker):
    go, made = threading.Event(), []

    def serve():
        go.wait(30)
        with nbtrack.start_run("served") as run:
            made.append(run)
            log(3.0)

    thread = threading.Thread(target=serve)
    thread.start()
    with nbtrack.start_run("main") as run:
        go.set()
        thread.join()
    assert (made[0].parent, logged(made[0]), logged(run)) == (None, [3.0], [])
