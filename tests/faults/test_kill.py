"""Processes are killed at random moments: no point whose call returned is lost, none is duplicated, each run is closed."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import tempfile
import time
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from nbtrack.entities.run import Status
from nbtrack.journal.reader import journals
from nbtrack.store.protocol.search import Query
from nbtrack.store.sql.schema.tables import HEAD

from ..store.sql.frozen.make import SMOOTH
from .child import CONTEXT
from .record import END, FILE, START, TAG, Record, point_of
from .rounds import done, rounds, seeded
from .victim import Life, live, recover

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL"),
]

LIVES = {
    "one thread": Life("", ""),
    "many threads": Life("", "", threads=6, points=60),
    "forked workers": Life("", "", workers=2, points=100),
    "spawned workers": Life("", "", workers=1, method="spawn", points=100),
    "large runs": Life("", "", runs=1, threads=2, points=20_000, files=1),
    "many small runs": Life("", "", runs=12, points=3, files=1),
    "large files": Life("", "", points=10, files=6, file_size=500_000),
}
FOREVER = 1 << 60
FROZEN = Path(__file__).parents[1] / "store" / "sql" / "frozen"


class Round:
    """One victim in a folder of its own, and the record of its calls."""

    def __init__(self, folder: Path, life: Life) -> None:
        folder.mkdir()
        self.store = folder / "store"
        # On another file system, where there is one, files are not moved but copied.
        artifacts = tempfile.mkdtemp(dir="/dev/shm") if life.file_size > 1 and Path("/dev/shm").exists() else ""
        self.life = replace(life, folder=str(self.store), record=str(folder / "record"), artifacts=artifacts)
        self.record = Record(folder / "record")

    def start(self):
        process = CONTEXT.Process(target=live, args=(self.life,))
        process.start()
        return process

    def recovering(self, dies_at: int = 0):
        process = CONTEXT.Process(target=recover, args=(str(self.store), "", dies_at))
        process.start()
        return process

    def close(self) -> None:
        self.record.close()
        shutil.rmtree(self.store.parent)
        if self.life.artifacts:
            shutil.rmtree(self.life.artifacts)

    def check(self, store) -> None:
        """Compare what is in the store with what was recorded."""
        found = {run.name: run for run in store.search_runs(Query()).items}
        for number in range(self.life.runs):
            run = found.pop(f"run-{number}", None)
            if self.record.returned(number, START):
                assert run is not None, f"run {number} is lost"
            if run is not None:
                assert self.record.begun(number, START), "a run that nobody started"
                self._check_run(store, number, run)
        assert found == {}
        assert journals(self.store / "journal") == []
        assert not (self.store / "journal" / "damaged").exists()

    def _check_run(self, store, number: int, run) -> None:
        self._check_status(store, number, run)
        self._check_points(store, number, run.id)
        if self.record.returned(number, START):
            assert store.params([run.id]) == [(run.id, "number", number)]
        self._check_files(store, number, run.id, run.artifact_uri)

    def _check_status(self, store, number: int, run) -> None:
        tags = {key: value for _, key, value in store.tags([run.id])}
        has_ended = (run.status, tags.get("nbtrack.ended")) == (Status.FINISHED, None)
        has_crashed = (run.status, tags.get("nbtrack.ended")) == (Status.FAILED, "crashed")
        if self.record.returned(number, END):
            assert has_ended, (run, tags)
        elif self.record.begun(number, END):
            assert has_ended or has_crashed, (run, tags)
        else:
            assert has_crashed, (run, tags)
        assert run.end_time >= run.start_time
        index = int(tags.get("index", -1)) + 1
        assert self.record.returned(number, TAG) <= index <= self.record.begun(number, TAG)

    def _check_points(self, store, number: int, run_id: str) -> None:
        loss, writer = store.history(run_id, "loss"), store.history(run_id, "writer")
        assert loss.values.tolist() == [step / 4 for step in loss.steps.tolist()]
        for one in range(self.life.writers):
            steps = loss.steps[writer.values == one].tolist()
            place = point_of(one)
            confirmed, begun = self.record.returned(number, place), self.record.begun(number, place)
            assert confirmed <= len(steps) <= begun, "points are lost, or there are too many"
            assert steps == [self.life.writers * i + one for i in range(len(steps))], "points are doubled or out of order"
            done["points whose call had returned, of them lost: 0, doubled: 0"] += confirmed
        assert [row[2] for row in store.metrics([run_id], ("count",))] == [len(loss)] * (2 if len(loss) else 0)

    def _check_files(self, store, number: int, run_id: str, root: str) -> None:
        paths = [record.path for record in store.artifacts(run_id)]
        assert self.record.returned(number, FILE) <= len(paths) <= self.record.begun(number, FILE)
        assert sorted(paths) == sorted(f"files/{i}.txt" for i in range(len(paths)))
        for path in paths:
            text = Path(root, path).read_text()
            assert text == self.life.text(int(Path(path).stem)), f"{path} is not what was logged"
        done["files that were logged, of them lost: 0"] += self.record.returned(number, FILE)


@pytest.fixture
def new_round(tmp_path):
    """Start a round; its folder is deleted when the next one starts."""
    begun = []

    def begin(life):
        while begun:
            before = begun.pop()
            before.close()
        begun.append(Round(tmp_path / "round", life))
        return begun[-1]

    yield begin
    for each in begun:
        each.close()


def wait_for(condition, process) -> None:
    while not condition() and process.is_alive():
        time.sleep(0.0005)


def kill_all(process, how: int) -> None:
    """Kill a victim and its workers, and wait until they are dead."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, how)
    process.join()
    with suppress(ProcessLookupError):
        for _ in range(1000):
            os.killpg(process.pid, signal.SIGKILL)  # a worker that was being made just then
            time.sleep(0.001)


def calls_of(life: Life) -> int:
    return life.runs * (2 + 2 * life.files + life.writers * life.points)


@pytest.mark.parametrize("kind", LIVES)
def test_a_killed_process_loses_nothing(new_round, opened, kind):
    rng = seeded(kind)
    for _ in range(rounds(1, 1 / len(LIVES))):
        round_ = new_round(LIVES[kind])
        calls, how = rng.randrange(calls_of(round_.life)), rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
        pause = rng.choice([0, rng.random() / 1000, rng.random() / 20])
        process = round_.start()
        wait_for(lambda: round_.record.calls() >= calls, process)  # noqa: B023
        time.sleep(pause)
        kill_all(process, how)
        round_.check(opened(round_.store, round_.life.artifacts))
        done[f"processes killed from outside, {signal.Signals(how).name}: {kind}"] += 1


@pytest.fixture(scope="module")
def lines_of(tmp_path_factory):
    """Count the lines of nbtrack that a life executes."""
    counted = {}

    def count(kind):
        if kind not in counted:
            round_ = Round(tmp_path_factory.mktemp("count") / "round", replace(LIVES[kind], dies_at=FOREVER))
            round_.start().join()
            counted[kind] = round_.record.lines
            round_.close()
        return counted[kind]

    return count


@pytest.mark.parametrize("kind", ["one thread", "many threads", "many small runs", "large files"])
def test_a_process_that_dies_at_any_line_of_the_package_loses_nothing(new_round, opened, lines_of, kind):
    rng = seeded(kind)
    for _ in range(rounds(2, 1 / 2)):
        round_ = new_round(replace(LIVES[kind], dies_at=rng.randrange(1, lines_of(kind))))
        process = round_.start()
        process.join()
        round_.check(opened(round_.store, round_.life.artifacts))
        assert process.exitcode in (0, -signal.SIGKILL)
        done[f"processes that died at a line of nbtrack: {kind}"] += 1


def test_killed_or_concurrent_recoveries_lose_and_duplicate_nothing(new_round, opened):
    rng = seeded("recoverers")
    for _ in range(rounds(2, 1 / 2)):
        round_ = new_round(replace(LIVES[rng.choice(["one thread", "many threads", "many small runs"])], runs=3))
        calls = rng.randrange(calls_of(round_.life))
        process = round_.start()
        wait_for(lambda: round_.record.calls() >= calls, process)  # noqa: B023
        kill_all(process, signal.SIGKILL)
        for _ in range(rng.randrange(3)):
            round_.recovering(rng.randrange(1, 1600)).join()
            done["recoverers killed"] += 1
        others = [round_.recovering() for _ in range(rng.randrange(3))]
        store = opened(round_.store, round_.life.artifacts)
        for other in others:
            other.join()
            assert other.exitcode == 0
        done["recoverers at once with another"] += len(others)
        round_.check(store)


def test_a_killed_worker_does_not_end_the_run(new_round, opened):
    import psutil

    rng = seeded("worker")
    for _ in range(rounds(1, 1 / 10)):
        round_ = new_round(replace(LIVES["forked workers"], runs=1, points=3000))
        process = round_.start()
        first = point_of(round_.life.threads)
        calls = rng.randrange(3000)
        wait_for(lambda: round_.record.begun(0, first) >= calls, process)  # noqa: B023
        with suppress(psutil.NoSuchProcess):
            psutil.Process(process.pid).children()[0].kill()
        process.join()
        assert process.exitcode == 0
        round_.check(opened(round_.store, round_.life.artifacts))
        done["workers killed while their run goes on"] += 1


def test_a_killed_migration_is_repeated_by_the_next_process(tmp_path, opened):
    rng = seeded("migration")
    for number in range(rounds(2, 1 / 4)):
        folder = tmp_path / str(number)
        folder.mkdir()
        shutil.copy(FROZEN / "schema-0001.db", folder / "runs.db")
        for column, table in (("artifact_uri", "runs"), ("artifact_location", "experiments")):  # as if it was made here
            query(folder / "runs.db", f"UPDATE {table} SET {column} = replace({column}, '/data', '{folder}')")
        while True:
            process = CONTEXT.Process(target=recover, args=(str(folder), "", rng.randrange(1, 1200)))
            process.start()
            process.join()
            if process.exitcode == 0 or rng.random() < 0.5:
                break
            done["migrations killed"] += 1
        store = opened(folder)
        assert store.history("finished", "loss").values.tolist() == SMOOTH
        assert store.get_run("finished").artifact_uri == f"{folder}/artifacts/1/finished/artifacts"
        assert query(folder / "runs.db", "SELECT count(*) FROM runs WHERE artifact_uri NOT LIKE 'nbtrack-store:%'") == [(0,)]
        assert query(folder / "runs.db", "SELECT version_num FROM nbtrack_version") == [(HEAD,)]
        assert query(folder / "runs.db.0001.backup", "SELECT version_num, count(*) FROM nbtrack_version, runs") == [("0001", 3)]


def query(path: Path, sql: str):
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(sql).fetchall()
