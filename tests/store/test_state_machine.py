"""Stores under any sequence of changes, compared with the store in memory."""

from __future__ import annotations

import math
import shutil
import sys
import tempfile
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from nbtrack.entities.events import (
    ArtifactLogged,
    Batch,
    DatasetLogged,
    DocumentLogged,
    LaneRows,
    ModelMade,
    ModelMeasured,
    ModelRead,
    ParamsLogged,
    RunEnded,
    RunResumed,
    RunStarted,
    Series,
    TagsDeleted,
    TagsSet,
)
from nbtrack.entities.model import ModelMetric
from nbtrack.entities.run import Dataset, MetricSummary, Status
from nbtrack.errors import NbtrackError
from nbtrack.server.app import create_app
from nbtrack.store.artifacts.local import LocalArtifacts
from nbtrack.store.memory import MemoryStore
from nbtrack.store.nbtrack_server.store import NbtrackServerStore
from nbtrack.store.open import open_store
from nbtrack.store.protocol.search import Query

from ..server.app_client import InProcess

FIELDS = tuple(MetricSummary.__dataclass_fields__)
LARGEST = math.nextafter(sys.float_info.max, 0)  # to which MySQL takes down what is larger
NAMES = st.sampled_from(["a", "b", "c", "é/x", "mlflow.runName"])
TEXTS = st.one_of(st.sampled_from(["", "x", "1"]), st.text(max_size=5))
VALUES = st.one_of(st.sampled_from([0.0, -0.0, 1.0, math.nan, math.inf, -math.inf]), st.floats(-1e6, 1e6), st.floats())
INTS = st.one_of(st.integers(0, 5), st.integers(-(1 << 63), (1 << 63) - 1))
PARAMS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.lists(st.integers(), max_size=2))
STATUSES = st.sampled_from([Status.FINISHED, Status.FAILED, Status.KILLED])

MARKS = st.dictionaries(st.sampled_from(["a", "b"]), TEXTS, max_size=2).map(lambda found: tuple(sorted(found.items())))
MODELS = st.sampled_from(["m-1", "m-2"])

EVENTS = st.one_of(
    st.builds(ParamsLogged, st.dictionaries(NAMES, PARAMS, max_size=3), st.booleans()),
    st.dictionaries(NAMES, TEXTS, max_size=3).map(TagsSet),
    st.lists(NAMES, max_size=2).map(tuple).map(TagsDeleted),
    st.builds(DocumentLogged, st.sampled_from(["", "code", "diff"]), TEXTS),
    st.builds(ArtifactLogged, st.sampled_from(["a.txt", "b/c.png"]), st.integers(0, 1 << 40), st.just("0" * 64)),
    st.builds(DatasetLogged, st.builds(Dataset, st.sampled_from(["d", "e"]), st.sampled_from(["1", "2"]), TEXTS, tags=MARKS)),
    st.builds(RunEnded, STATUSES, st.integers(0, 1 << 41)),
    st.builds(RunResumed, TEXTS),
    st.builds(ModelMade, MODELS, st.integers(0, 3)),
    st.builds(ModelRead, MODELS),
    st.builds(ModelMeasured, MODELS, st.just((ModelMetric("loss", 0.5, 1),))),
)


@st.composite
def some_series(draw):
    """Points of one to three metrics: often in order, as logged; often at the same few steps and times."""
    keys = tuple(draw(st.lists(st.sampled_from(["loss", "acc", "lr"]), min_size=1, max_size=3, unique=True)))
    count = draw(st.integers(1, 12))
    start = draw(st.integers(0, 60))
    steps = draw(st.one_of(st.just(list(range(start, start + count))), st.lists(INTS, min_size=count, max_size=count)))
    times = draw(st.one_of(st.just([7] * count), st.just(steps), st.lists(INTS, min_size=count, max_size=count)))
    values = [np.array(draw(st.lists(VALUES, min_size=count, max_size=count))) for _ in keys]
    return Series(keys, np.array(steps, np.int64), np.array(times, np.int64), tuple(values))


def comparable(value):
    """Return a value that compares NaN equal to NaN, and numbers equal only to those of their type."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else ("float", min(max(value, -LARGEST), LARGEST) if math.isfinite(value) else value)
    if isinstance(value, (list, tuple)):
        return [comparable(each) for each in value]
    return (type(value).__name__, value)


def answer(ask):
    """Return the result of a store, or the class of the error that it raises."""
    try:
        return ask()
    except NbtrackError as error:
        return type(error)


class Beside(RuleBasedStateMachine):
    """A new store (from ``open``) and one in memory, with the same changes."""

    runs = Bundle("runs")
    sent = Bundle("sent")

    def open(self):
        raise NotImplementedError

    def reopen(self):
        raise NotImplementedError

    @initialize()
    def begin(self):
        self.memory, self.store = MemoryStore("artifacts"), self.open()
        self.marks: dict[tuple[str, str], tuple[int, int]] = {}
        self.number = 0

    def teardown(self):
        if hasattr(self, "store"):
            self.store.close()

    def both(self, ask):
        expected, found = answer(lambda: ask(self.memory)), answer(lambda: ask(self.store))
        if isinstance(expected, type) or isinstance(found, type):
            assert expected == found
        return expected, found

    def apply(self, *batches):
        expected, found = self.both(lambda store: store.apply(batches))
        if isinstance(expected, type):
            return
        assert comparable([[p.events, sorted(p.lanes.items())] for p in expected]) == comparable(
            [[p.events, sorted(p.lanes.items())] for p in found]
        )
        conflicts = [[[c.key, c.kept, c.refused] for p in progress for c in p.conflicts] for progress in (expected, found)]
        assert comparable(conflicts[0]) == comparable(conflicts[1])

    # What can happen.

    @rule(
        target=runs,
        name=TEXTS,
        experiment=st.sampled_from(["Default", "e1", "e2"]),
        tags=st.dictionaries(NAMES, TEXTS, max_size=2),
    )
    def start(self, name, experiment, tags):
        self.number += 1
        run_id = f"run{self.number}"
        self.apply(Batch(run_id, "w", 0, (RunStarted(experiment, name, 1000 + self.number % 3, tags=tags),)))
        self.marks[run_id, "w"] = (1, 0)
        return run_id

    @rule(
        target=sent,
        run_id=runs,
        writer=st.sampled_from(["w", "v"]),
        events=st.lists(EVENTS, max_size=4),
        series=st.lists(some_series(), max_size=3),
        behind=st.integers(0, 1),
        ahead=st.integers(0, 1),
    )
    def write(self, run_id, writer, events, series, behind, ahead):
        """Send what is next, or sometimes a repetition or what lies beyond a gap."""
        event, row = self.marks.get((run_id, writer), (0, 0))
        count = sum(len(each.steps) for each in series)
        first_event, first_row = max(0, event - behind) + ahead, max(0, row - behind) + ahead
        lanes = (LaneRows(0, first_row, count, tuple(series)),) if series else ()
        batch = Batch(run_id, writer, first_event, tuple(events), lanes)
        self.apply(batch)
        events_now = max(event, first_event + len(events)) if events and first_event >= event else event
        rows_now = first_row + count if series and first_row >= row else row
        self.marks[run_id, writer] = (events_now, rows_now)
        return batch

    @rule(batch=sent)
    def send_again(self, batch):
        event, row = self.marks[batch.run_id, batch.writer]
        if batch.first_event < event or not batch.events:
            self.apply(replace(batch, lanes=tuple(lane for lane in batch.lanes if lane.first < row)))

    @rule(batch=sent)
    def send_points_again_as_another(self, batch):
        self.apply(replace(batch, writer="", events=()))

    @rule(run_id=runs, events=st.lists(EVENTS, max_size=3), series=st.lists(some_series(), max_size=1))
    def change(self, run_id, events, series):
        count = sum(len(each.steps) for each in series)
        self.apply(Batch(run_id, "", 0, tuple(events), (LaneRows(0, 0, count, tuple(series)),)))

    @rule(run_id=runs, verb=st.sampled_from(["delete_run", "restore_run"]))
    def delete_or_restore_run(self, run_id, verb):
        self.both(lambda store: getattr(store, verb)(run_id))

    @rule(number=st.integers(0, 3), verb=st.sampled_from(["delete_experiment", "restore_experiment"]))
    def delete_or_restore_experiment(self, number, verb):
        self.both(lambda store: getattr(store, verb)(str(number)))

    @rule(name=st.sampled_from(["e1", "e2", "e3", "Default"]), tags=st.dictionaries(NAMES, TEXTS, max_size=2))
    def create_experiment(self, name, tags):
        self.both(lambda store: store.create_experiment(name, tags=tags))

    @rule(
        number=st.integers(0, 3),
        name=st.one_of(st.none(), st.sampled_from(["e1", "e3", "e4"])),
        tags=st.dictionaries(NAMES, TEXTS),
    )
    def update_experiment(self, number, name, tags):
        self.both(lambda store: store.update_experiment(str(number), name=name, tags=tags))

    @rule(run_id=runs, time=st.integers(0, 1 << 41))
    def beat(self, run_id, time):
        self.both(lambda store: store.heartbeat([run_id], time))

    @rule()
    def open_again(self):
        self.store = self.reopen()

    # What must be the same.

    @invariant()
    def same_runs(self):
        if hasattr(self, "store"):
            everything = Query(tuple(str(number) for number in range(6)), view="all")
            expected, found = self.both(lambda store: store.search_runs(everything).items)
            assert expected == found
            expected, found = self.both(lambda store: [replace(e, created=0, updated=0) for e in store.experiments("all")])
            assert sorted(expected, key=lambda e: e.id) == sorted(found, key=lambda e: e.id)

    @rule(run_id=runs)
    def same_contents(self, run_id):
        for ask in ("params", "tags"):
            expected, found = self.both(lambda store, ask=ask: getattr(store, ask)([run_id]))
            assert comparable(expected) == comparable(found)
        for ask in ("documents", "artifacts", "datasets"):
            expected, found = self.both(lambda store, ask=ask: getattr(store, ask)(run_id))
            assert expected == found
        for ask in ("outputs", "inputs"):
            expected, found = self.both(lambda store, ask=ask: getattr(store.models, ask)([run_id]))
            assert expected == found
        expected, found = self.both(lambda store: {run.run_id: (run.owner, run.tags) for run in store.open_runs()})
        assert expected == found

    @rule(run_id=runs)
    def same_points(self, run_id):
        expected, found = self.both(lambda store: store.histories([run_id], None))
        assert [each[:2] for each in expected] == [each[:2] for each in found]
        for (_, _, expected_points), (_, _, found_points) in zip(expected, found, strict=True):
            assert expected_points.steps.tolist() == found_points.steps.tolist()
            assert expected_points.timestamps.tolist() == found_points.timestamps.tolist()
            assert expected_points.values.tobytes() == found_points.values.tobytes()

    @rule(run_id=runs)
    def same_summaries(self, run_id):
        expected, found = self.both(lambda store: store.metrics([run_id], FIELDS))
        assert [each[:2] for each in expected] == [each[:2] for each in found]
        for one, other in zip(expected, found, strict=True):
            one, other = MetricSummary(*one[2:]), MetricSummary(*other[2:])
            exact = [field.name for field in fields(one) if field.name != "total"]
            assert [comparable(getattr(one, name) + 0) for name in exact] == [
                comparable(getattr(other, name) + 0) for name in exact
            ]
            assert other.total == pytest.approx(one.total, rel=1e-9, abs=1e-3, nan_ok=True)


class BesideSQLite(Beside):
    def open(self):
        self.folder = tempfile.mkdtemp()
        return self.reopen()

    def reopen(self):
        if hasattr(self, "store"):
            self.store.close()
        return open_store(f"sqlite:///{self.folder}/runs.db", artifact_root="artifacts")

    def teardown(self):
        super().teardown()
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)


PHASES = [phase for phase in Phase if phase is not Phase.explain]
CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def run(machine, examples, steps):
    chosen = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=CHECKS, phases=PHASES
    )
    run_state_machine_as_test(machine, settings=chosen)


def test_sqlite_behaves_as_memory():
    run(BesideSQLite, examples=25, steps=20)


@pytest.mark.slow
def test_sqlite_behaves_as_memory_in_long_runs():
    run(BesideSQLite, examples=100, steps=60)


def test_a_remote_store_behaves_as_memory():
    class BesideRemote(Beside):
        def open(self):
            self.app = create_app(MemoryStore("artifacts"), LocalArtifacts("artifacts"))
            return self.reopen()

        def reopen(self):
            return NbtrackServerStore(InProcess(self.app))

        def teardown(self):
            super().teardown()
            if hasattr(self, "app"):
                self.app.close()

    run(BesideRemote, examples=15, steps=20)


@pytest.mark.slow
@pytest.mark.parametrize("server, examples", [("postgres", 20), ("maria", 10)])
def test_a_server_behaves_as_memory(server, examples, request):
    new_url = request.getfixturevalue(f"new_{server}_url")

    class BesideServer(Beside):
        def open(self):
            self.url = new_url()
            return self.reopen()

        def reopen(self):
            if hasattr(self, "store"):
                self.store.close()
            return open_store(self.url, artifact_root="artifacts")

    run(BesideServer, examples=examples, steps=30)
