"""Who owns a run, how it ends, and what may be logged after its end."""

import asyncio
import gc
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import nbtrack
from nbtrack.entities.events import Batch, RunStarted
from nbtrack.entities.run import Experiment, Status
from nbtrack.errors import InvalidInput, NoActiveRun
from nbtrack.journal.owner import this_process
from nbtrack.tracking.tracker import connection_of

forking = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")


def facts(run):
    """Return what the store has of a run."""
    read = nbtrack.get_run(run.id)
    return read.status, read.end_time, read.traceback, dict(read.tags), {key: len(read.metrics[key]) for key in read.metrics}


# Reading a run


@pytest.mark.parametrize("error", [None, KeyError("no such metric"), KeyboardInterrupt()])
@pytest.mark.parametrize("found", [lambda run: nbtrack.get_run(run.id), lambda run: nbtrack.runs()[0]])
def test_a_block_of_a_run_that_was_read_changes_nothing(tracker, found, error):
    with nbtrack.start_run("trained") as run:
        run.log(loss=0.1)
    before = facts(run)
    try:
        with found(run) as looked_at:
            assert looked_at.metrics["loss"].last == 0.1
            if error is not None:
                raise error
    except type(error):
        pass
    found(run).end("KILLED")
    assert facts(run) == before


def looks_wrongly(run):
    with run:
        raise KeyError("no such metric")


@pytest.mark.slow
@forking
def test_a_block_of_a_run_that_was_read_changes_nothing_in_a_worker(tracker):
    with nbtrack.start_run("trained") as run:
        run.log(loss=0.1)
    before, run_id = facts(run), run.id
    del run
    gc.collect()
    with multiprocessing.get_context("fork").Pool(1) as pool, pytest.raises(KeyError):
        pool.apply(looks_wrongly, (nbtrack.get_run(run_id),))
    assert facts(nbtrack.get_run(run_id)) == before


def test_reading_a_run_that_is_open_here_does_not_end_it(tracker):
    with nbtrack.start_run() as run:
        with nbtrack.get_run(run.id) as looked_at:
            looked_at.log(extra=1.0)
        assert (run.status, facts(run)[0]) == ("RUNNING", "RUNNING")
        nbtrack.log(own=1.0)
    assert sorted(run.metrics) == ["extra", "own"]


def test_end_of_a_run_that_was_read_ends_the_open_one(tracker):
    run = nbtrack.start_run()
    nbtrack.get_run(run.id).end("KILLED")
    assert (run.status, facts(run)[0], nbtrack.active_run()) == ("KILLED", "KILLED", None)


@pytest.mark.parametrize("owner", ["", '{"host": "gone", "boot": "b", "space": "s", "pid": 1, "started": "1"}'])
def test_a_run_that_a_machine_left_running_can_be_ended(tracker, owner):
    store = connection_of(tracker).store()
    run_id = "a" * 32
    store.apply([Batch(run_id, "w", events=(RunStarted("Default", "left", 1, "me", {}, owner),))])
    nbtrack.get_run(run_id).end("FAILED")
    assert nbtrack.get_run(run_id).status == "FAILED"


OWNER = """
import sys, nbtrack
nbtrack.connect(sys.argv[1])
run = nbtrack.start_run("elsewhere")
run.log(x=1.0)
nbtrack.flush()
run.log(x=2.0)
print(run.id, flush=True)
sys.stdin.readline()
run.log(x=3.0, step=9)
run.end()
"""


@pytest.fixture
def elsewhere(tracker, tmp_path):
    """A run that is open in another process, which goes on when its standard input is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path / "store")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield process.stdout.readline().strip(), process
    process.communicate(timeout=60)


@pytest.mark.slow
def test_a_run_that_is_open_in_another_process_cannot_be_ended_here(elsewhere, caplog):
    run_id, process = elsewhere
    with pytest.raises(InvalidInput, match=f"is open in process {process.pid}, which ends it"):
        nbtrack.get_run(run_id).end("FAILED")
    with nbtrack.start_run(resume=run_id, tags={"by": "another"}) as added:
        assert f"is open in process {process.pid}" in caplog.text
        nbtrack.log(x=7.0)
    assert nbtrack.get_run(run_id).status == "RUNNING"
    process.communicate(timeout=60)
    read = nbtrack.get_run(run_id)
    assert (read.status, read.tags["by"], added) == ("FINISHED", "another", run_id)
    assert read.metrics["x"].steps.tolist() == [
        0,
        1,
        2,
        9,
    ]  # steps count on from rows that the other process had not delivered yet


CRASHES = """
import os, sys, nbtrack
tracker = nbtrack.connect(sys.argv[1])
run = nbtrack.start_run("crashes")
print(run.id, flush=True)
sys.stdin.readline()
nbtrack.flush()
tracker._connection.flusher.close(0)  # so that nothing more is delivered
run.log(x=1.0)
run.log(x=2.0)
os._exit(1)
"""


@pytest.mark.slow
def test_a_resumed_run_does_not_reuse_steps_of_a_crashed_process(tracker, tmp_path):
    nbtrack.runs()  # recovery has run in this process, before the other one crashes
    child = subprocess.Popen(
        [sys.executable, "-c", CRASHES, str(tmp_path / "store")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    run_id = child.stdout.readline().strip()
    child.communicate(timeout=60)
    with nbtrack.start_run(resume=run_id) as run:
        run.log(x=3.0)
    assert nbtrack.get_run(run_id).metrics["x"].steps.tolist() == [0, 1, 2]


# Workers


def leaves_with(run):
    with run:
        run.log(worker=1.0)


def raises_in_with(run):
    with run:
        run.log(worker=1.0)
        raise ValueError("one fold failed")


def ends(run):
    run.log(worker=1.0)
    run.end("FAILED")


def ends_current(run):
    run.log(worker=1.0)
    while nbtrack.active_run() is not None:
        nbtrack.end_run()


def finds_and_ends(run):
    run.log(worker=1.0)
    nbtrack.connect("store")
    with pytest.raises(InvalidInput, match="which ends it"):
        nbtrack.get_run(run.id).end()


def resumes(run):
    nbtrack.connect("store")
    with nbtrack.start_run(resume=run.id) as again:
        again.log(worker=1.0, step=5)


@pytest.mark.slow
@forking
@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("work", [leaves_with, raises_in_with, ends, ends_current, finds_and_ends, resumes])
def test_a_worker_does_not_end_the_run(tracker, work, method):
    with nbtrack.start_run() as run:
        nbtrack.flush()
        process = multiprocessing.get_context(method).Process(target=work, args=(run,))
        process.start()
        process.join(60)
        assert process.exitcode == (1 if work is raises_in_with else 0)
        assert (run.status, facts(run)[0]) == ("RUNNING", "RUNNING")
        assert nbtrack.active_run() is run
        nbtrack.log(own=1.0)
    read = nbtrack.get_run(run.id)
    assert (read.status, read.traceback, sorted(read.metrics)) == ("FINISHED", None, ["own", "worker"])
    failed = "ValueError: one fold failed" if work is raises_in_with else None
    assert read.tags.get("nbtrack.worker.failed") == failed


@pytest.mark.slow
@forking
def test_a_forked_child_that_leaves_the_block_does_not_end_the_run(tracker):
    with nbtrack.start_run() as run:
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            assert facts(run)[0] == "RUNNING"
    if not child:
        os._exit(0)
    assert facts(run)[0] == "FINISHED"


@pytest.mark.slow
@forking
def test_a_killed_owner_has_crashed_although_its_worker_left_the_block(tracker, tmp_path):
    program = f"""
import multiprocessing, os, nbtrack
nbtrack.connect({str(tmp_path / "store")!r})
def work(run):
    with run: run.log(worker=1.0)
with nbtrack.start_run("killed") as run:
    nbtrack.flush()
    process = multiprocessing.get_context("fork").Process(target=work, args=(run,))
    process.start(); process.join()
    os._exit(1)
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=False, timeout=60)
    connection_of(tracker).recover()
    (run,) = nbtrack.runs()
    assert (run.status, run.tags["nbtrack.ended"], list(run.metrics)) == ("FAILED", "crashed", ["worker"])


# How a run ends


def batches(run):
    with run:
        yield 1
        yield 2


def test_a_run_in_a_generator_that_is_left_is_finished(tracker):
    for _ in batches(by_break := nbtrack.start_run()):
        break
    closed = batches(by_close := nbtrack.start_run())
    next(closed)
    closed.close()
    dropped = batches(by_collection := nbtrack.start_run())
    next(dropped)
    del dropped
    gc.collect()
    for run in (by_break, by_close, by_collection):
        read = nbtrack.get_run(run.id)
        assert (read.status, read.traceback, "nbtrack.ended" in read.tags) == ("FINISHED", None, False)
    assert nbtrack.active_run() is None


def test_an_exception_in_a_generator_fails_the_run(tracker):
    def fails(run):
        with run:
            yield next(iter(()))

    with pytest.raises(RuntimeError):
        next(fails(run := nbtrack.start_run()))
    assert facts(run)[0] == "FAILED"


def test_a_generator_collected_by_the_flusher_blocks_nobody(tracker):
    flusher = connection_of(tracker).flusher
    run = nbtrack.start_run()
    held = [batches(run)]
    next(held[0])
    took = []

    def drop(rows):
        if held:
            held.clear()
            took.append(run.status)

    stop = flusher.follow(run.id, drop)
    while not took:
        assert nbtrack.flush(8), "the end of a run waits for 10 seconds"
    stop()
    nbtrack.flush()
    assert took == ["FINISHED"]
    assert facts(run)[0] == "FINISHED"


def test_a_cancelled_task_is_killed(tracker):
    async def train():
        with nbtrack.start_run() as run:
            runs.append(run)
            await asyncio.sleep(60)

    async def main():
        task = asyncio.create_task(train())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    runs = []
    asyncio.run(main())
    assert facts(runs[0])[0] == "KILLED"


def test_a_pruned_trial_is_killed(tracker):
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def objective(trial):
        with nbtrack.start_run(params={"x": trial.suggest_float("x", 0, 1)}):
            raise optuna.TrialPruned

    optuna.create_study().optimize(objective, n_trials=2)
    assert [(run.status, run.tags["nbtrack.ended"], run.traceback) for run in nbtrack.runs()] == [("KILLED", "pruned", None)] * 2


class Enough(Exception):
    """An exception of a user, who raises it when training is good enough."""


class MoreThanEnough(Enough):
    """A subclass of it."""


@pytest.mark.parametrize("named", [[Enough], "Enough", [f"{__name__}.Enough"], (ZeroDivisionError, MoreThanEnough)])
def test_a_run_is_finished_by_an_exception_in_not_failures(tracker, named):
    with pytest.raises(Enough), nbtrack.start_run(not_failures=named) as run:
        raise MoreThanEnough
    assert (run.status, run.tags["nbtrack.ended"], run.traceback) == ("FINISHED", "MoreThanEnough", None)
    with pytest.raises(Enough), nbtrack.start_run() as run:
        raise MoreThanEnough
    assert run.status == "FAILED"


def test_settings_name_exceptions_that_are_no_failure(tracker, monkeypatch):
    monkeypatch.setenv("NBTRACK_NOT_FAILURES", f"package.Other, {__name__}.Enough")
    with pytest.raises(Enough), nbtrack.start_run() as run:
        raise Enough
    assert run.status == "FINISHED"


def test_not_failures_must_be_exceptions(tracker):
    with pytest.raises(InvalidInput, match="3 is no exception: give a class, or its name"):
        nbtrack.start_run(not_failures=[3])
    assert nbtrack.runs().df().empty


def test_an_exception_after_the_end_is_not_recorded(tracker):
    with pytest.raises(ValueError, match="later"), nbtrack.start_run() as run:
        run.end()
        raise ValueError("later")
    assert facts(run)[:1] + facts(run)[2:3] == ("FINISHED", None)


# After the end


@pytest.mark.parametrize(
    "log",
    [
        lambda run: run.log(x=2.0),
        lambda run: run.log({"x": 2.0}, step=5),
        lambda run: run.log(new=2.0),
        lambda run: run.log_metric("x", 2.0),
        lambda run: run.log_metrics({"x": 2.0}),
        lambda run: run.log_param("lr", 1),
        lambda run: run.log_params({"lr": 1}),
    ],
)
def test_an_ended_run_refuses_metrics_and_params(tracker, log):
    with nbtrack.start_run() as run:
        run.log(x=1.0)
    before = facts(run), dict(run.params)
    for _ in range(2):
        with pytest.raises(
            NoActiveRun, match=rf"has ended \(FINISHED\): go on with it by nbtrack.start_run\(resume='{run.id}'\)"
        ):
            log(run)
    nbtrack.flush()
    assert (facts(run), dict(nbtrack.get_run(run.id).params)) == before


def test_an_ended_run_can_be_annotated(tracker):
    with nbtrack.start_run() as run:
        pass
    run.set_tag("reviewed", "yes")
    run.note, run.name = "the best", "best"
    run.log_text("a report", "report.txt")
    read = nbtrack.get_run(run.id)
    assert (read.tags["reviewed"], read.note, read.name, read.status) == ("yes", "the best", "best", "FINISHED")
    assert read.artifacts.read_text("report.txt") == "a report"


def test_a_run_that_was_read_can_be_added_to_after_its_end(tracker):
    with nbtrack.start_run() as run:
        run.log(x=1.0, step=0)
    end = run.end_time
    nbtrack.get_run(run.id).log(x=2.0, step=1)
    with nbtrack.get_run(run.id) as evaluated:
        evaluated.log(x=3.0, step=2)
        evaluated.log_param("split", "test")
    read = nbtrack.get_run(run.id)
    assert (read.metrics["x"].values.tolist(), dict(read.params)) == ([1.0, 2.0, 3.0], {"split": "test"})
    assert (read.status, read.end_time) == ("FINISHED", end)


# Resuming


def test_resuming_an_open_run_returns_the_same_object(tracker):
    with nbtrack.start_run() as run:
        run.log(x=1.0)
        with nbtrack.start_run("other"):
            with nbtrack.start_run(resume=run.id, tags={"a": "b"}, params={"lr": 1}) as again:
                assert again is run
                assert nbtrack.active_run() is run
                nbtrack.log(x=2.0)
            assert nbtrack.active_run().name == "other"
        assert nbtrack.active_run() is run
        run.log(x=3.0)
        assert facts(run)[0] == "RUNNING"
    read = nbtrack.get_run(run.id)
    assert read.metrics["x"].steps.tolist() == [0, 1, 2]
    assert (read.tags["a"], read.params["lr"], read.status, read.parent) == ("b", 1, "FINISHED", None)
    assert nbtrack.active_run() is None


def test_resuming_a_run_that_ended_here_returns_the_same_object(tracker):
    go = threading.Event()

    def late():
        go.wait(30)
        nbtrack.log(x=3.0)

    with nbtrack.start_run() as run:
        thread = threading.Thread(target=late)
        thread.start()
        run.log(x=1.0)
    with nbtrack.start_run(resume=run.id) as again:
        assert again is run
        run.log(x=2.0)
        go.set()
        thread.join()
        run.log(x=4.0)
    history = nbtrack.get_run(run.id).metrics["x"]
    assert (history.steps.tolist(), history.values.tolist()) == ([0, 1, 2, 3], [1.0, 2.0, 3.0, 4.0])
    assert (run.status, "nbtrack.ended" in run.tags) == ("FINISHED", False)


def test_a_run_can_be_resumed_several_times(tracker):
    with nbtrack.start_run("outer") as outer, nbtrack.start_run("inner") as inner:
        for _ in range(3):
            nbtrack.start_run(resume=inner)
        with nbtrack.start_run(resume=outer), nbtrack.start_run(resume=outer):
            nbtrack.log(x=1.0)
        assert nbtrack.active_run() is inner
        with nbtrack.start_run(resume=outer):
            with nbtrack.start_run(resume=outer), outer:
                pass
            assert nbtrack.active_run() is outer
        assert nbtrack.active_run() is inner
        inner.end()
        assert nbtrack.active_run() is outer
    assert (outer.status, inner.status) == ("FINISHED", "FINISHED")


def test_resuming_a_bare_run_in_a_block_ends_it_there(tracker):
    run = nbtrack.start_run()
    with nbtrack.start_run(resume=run):
        nbtrack.log(x=1.0)
    assert (run.status, nbtrack.active_run()) == ("FINISHED", None)


def test_a_block_within_a_block_of_one_run_does_not_end_it(tracker):
    with nbtrack.start_run() as run:
        with pytest.raises(ValueError, match="inner"), run:
            raise ValueError("inner")
        assert nbtrack.active_run() is run
        run.log(x=1.0)
    assert (run.status, nbtrack.get_run(run.id).traceback) == ("FINISHED", None)


def test_a_pickled_run_of_a_process_that_is_gone_is_read(tracker):
    with nbtrack.start_run() as run:
        run.log(x=1.0)
    pickled, run_id = pickle.dumps(run), run.id
    del run
    gc.collect()
    with pickle.loads(pickled) as read:
        assert (read.id, read.status, read.metrics["x"].last) == (run_id, Status.FINISHED, 1.0)
    assert nbtrack.get_run(run_id).status == "FINISHED"
    assert this_process().is_alive()


def test_a_run_that_was_pickled_by_an_earlier_version_is_read(tracker):
    """tests/tracking/frozen has ``pickle.dumps(nbtrack.get_run(…))`` of 0.1, whose project no longer exists."""
    pickled = Path(__file__).with_name("frozen").joinpath("run-0.1.pickle").read_bytes()
    run_id = "827b46f7b00353f82b5228b8e2bfc482"
    connection_of(tracker).store().apply([Batch(run_id, "", events=(RunStarted("before", "before", 1),))])
    assert pickle.loads(pickled).name == "before"


@pytest.mark.parametrize("kind", [Status, Experiment])
def test_entities_that_were_pickled_by_an_earlier_version_are_read(kind):
    assert pickle.loads(f"cnbtrack.entities\n{kind.__name__}\n.".encode()) is kind
