"""The contract of every store: the tests of a store are a subclass with the fixture ``store``, which overrides no test.

The figures in these tests are computed by hand or by plain Python, never by the code that is tested.
"""

from __future__ import annotations

import hashlib
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from nbtrack.delivery.crashed_runs import DeadOwner, close_runs, reopen_runs
from nbtrack.entities.events import (
    CLOSER,
    ArtifactLogged,
    Batch,
    Conflict,
    DatasetLogged,
    DocumentLogged,
    DocumentNamed,
    ParamsLogged,
    Progress,
    RunResumed,
    RunStarted,
    RunUpdated,
    TagsDeleted,
    TagsSet,
)
from nbtrack.entities.run import ArtifactRecord, Dataset, LifecycleStage, MetricSummary, Status, now_ms
from nbtrack.errors import AlreadyExists, Deleted, ExperimentNotFound, NotFound, ParamConflict, RunNotFound
from nbtrack.journal.owner import this_process
from nbtrack.journal.rows import stamp_of
from nbtrack.journal.writer import Writer
from nbtrack.store.filter import EXPERIMENTS, parse, parse_order
from nbtrack.store.protocol.search import Query
from nbtrack.store.protocol.store import Store

from .building import START, batch, direct, ended, lane, new_id, params, points, rows, series, started, tags

NAN, INF = math.nan, math.inf
LEAST, MOST = -(1 << 63), (1 << 63) - 1
FIELDS = tuple(MetricSummary.__dataclass_fields__)
AWKWARD_TEXTS = ["", " ", "é 中 🎉 \u202e", "' \" ; -- %s ? : \\ %", "\ttab\r\nline", "x" * 100_000, "\uffff\U0010ffff", "null"]

TYPED = {
    "bool": True,
    "false": False,
    "int": 64,
    "negative": -1,
    "huge": 10**30,
    "float": 0.001,
    "whole": 1.0,
    "tiny": 5e-324,
    "inf": INF,
    "minus inf": -INF,
    "none": None,
    "text": "adam",
    "number in a text": "0.10",
    "empty": "",
    "list": [1, 2.5, "x", None, True, [1]],
    "dict": {"a": {"b": [1]}, "é": "中"},
    "nothing": [],
}


def same(found, expected) -> bool:
    """Compare numbers and strings, NaN equal to NaN."""
    return len(found) == len(expected) and all(a == b or (a != a and b != b) for a, b in zip(found, expected, strict=True))


def same_points(found, expected) -> bool:
    return len(found) == len(expected) and all(map(same, found, expected))


def summary_of(store: Store, run_id: str, key: str) -> MetricSummary:
    (found,) = [row for row in store.metrics([run_id], FIELDS) if row[1] == key]
    return MetricSummary(*found[2:])


def values_of(store: Store, run_id: str, key: str) -> list[float]:
    return store.history(run_id, key).values.tolist()


class StoreContract:
    """Tests of one store, each with a new store."""

    @pytest.fixture
    def run(self, store: Store) -> str:
        """A run that has been started by the writer ``w``, which has sent one event."""
        run_id = new_id()
        store.apply([batch(run_id, started())])
        return run_id

    # Starting and ending.

    def test_a_run_is_as_it_was_started(self, store):
        run_id = new_id()
        store.apply([batch(run_id, started("fit", user="ada", tags={"team": "blue"}, owner="host:1"))])
        run = store.get_run(run_id)
        assert (run.id, run.name, run.user) == (run_id, "fit", "ada")
        assert (run.status, run.stage) == (Status.RUNNING, LifecycleStage.ACTIVE)
        assert (run.start_time, run.end_time) == (START, None)
        assert store.get_experiment(run.experiment_id).name == "Default"
        assert store.tags([run_id]) == [(run_id, "mlflow.runName", "fit"), (run_id, "team", "blue")]

    def test_a_run_has_a_place_of_its_own_for_artifacts(self, store, run):
        location = store.get_experiment("0").artifact_location
        assert store.get_run(run).artifact_uri == f"{location}/{run}/artifacts"

    def test_a_run_names_its_experiment_and_it_is_made(self, store):
        store.apply([batch(new_id(), started(experiment="vision")), batch(new_id(), started(experiment="vision"))])
        experiment = store.find_experiment("vision")
        assert [run.experiment_id for run in store.search_runs(Query((experiment.id,))).items] == [experiment.id] * 2
        assert len(store.experiments()) == 2

    def test_a_run_may_name_its_experiment_by_id(self, store):
        vision, run_id = store.create_experiment("vision"), new_id()
        store.apply([direct(run_id, started(experiment="", experiment_id=vision.id))])
        assert store.get_run(run_id).artifact_uri == f"{vision.artifact_location}/{run_id}/artifacts"
        with pytest.raises(ExperimentNotFound):
            store.apply([direct(new_id(), started(experiment="", experiment_id="17"))])
        assert len(store.experiments()) == 2

    def test_a_run_without_a_name_takes_it_from_its_tag(self, store):
        run_id = new_id()
        store.apply([batch(run_id, started("", tags={"mlflow.runName": "tagged"}))])
        assert store.get_run(run_id).name == "tagged"

    @pytest.mark.parametrize("status", [Status.FINISHED, Status.FAILED, Status.KILLED])
    def test_an_end_event_ends_a_run(self, store, run, status):
        store.apply([batch(run, ended(status, START + 5), first=1)])
        assert (store.get_run(run).status, store.get_run(run).end_time) == (status, START + 5)
        assert store.open_runs() == []

    def test_facts_of_a_run_are_set_one_by_one(self, store, run):
        store.apply([direct(run, RunUpdated(Status.SCHEDULED))])
        assert (store.get_run(run).status, store.get_run(run).end_time) == (Status.SCHEDULED, None)
        store.apply([direct(run, RunUpdated(end_time=START + 7))])
        assert (store.get_run(run).status, store.get_run(run).end_time) == (Status.SCHEDULED, START + 7)
        store.apply([direct(run, RunUpdated(Status.FINISHED))])
        assert (store.get_run(run).status, store.get_run(run).end_time) == (Status.FINISHED, START + 7)

    def test_a_resumed_run_is_running_again(self, store, run):
        store.apply([batch(run, ended(), RunResumed("host:2"), first=1)])
        assert (store.get_run(run).status, store.get_run(run).end_time) == (Status.RUNNING, None)
        assert [each.owner for each in store.open_runs()] == ["host:2"]

    def test_a_repeated_start_changes_nothing(self, store, run):
        store.apply([direct(run, started("other", "elsewhere", START + 1, tags={"new": "tag"}))])
        assert (store.get_run(run).name, store.get_run(run).start_time) == ("a run", START)
        assert store.tags([run]) == [(run, "mlflow.runName", "a run")]

    def test_a_batch_for_an_unknown_run_changes_nothing(self, store):
        run_id = new_id()
        with pytest.raises(RunNotFound, match="nowhere"):
            store.apply([batch(run_id, started()), batch("nowhere", tags(a="b"))])
        with pytest.raises(RunNotFound):
            store.get_run(run_id)

    @pytest.mark.parametrize("ask", ["get_run", "documents", "artifacts", "datasets", "delete_run", "restore_run"])
    def test_an_unknown_run_is_named(self, store, ask):
        with pytest.raises(RunNotFound, match="nowhere"):
            getattr(store, ask)("nowhere")

    def test_an_unknown_run_has_no_history(self, store):
        with pytest.raises(RunNotFound, match="nowhere"):
            store.history("nowhere", "loss")

    def test_applying_no_batches_returns_nothing(self, store):
        assert store.apply([]) == []

    # Exactly once.

    def test_progress_counts_events_and_rows(self, store):
        run_id = new_id()
        first = batch(run_id, started(), params(a=1), lanes=[rows({"loss": [3, 2, 1]}), rows({"acc": [1]}, number=4)])
        assert store.apply([first]) == [Progress(2, {0: 3, 4: 1})]
        more = batch(run_id, first=2, lanes=[rows({"loss": [0.5]}, steps=[3], first=3)])
        assert store.apply([more]) == [Progress(2, {0: 4, 4: 1})]

    def test_a_batch_applied_twice_changes_nothing(self, store):
        run_id = new_id()
        once = batch(run_id, started(), params(a=1), tags(t="1"), lanes=[rows({"loss": [3, 2, 1]})])
        twice = [store.apply([once]), store.apply([direct(run_id, tags(t="2"))]), store.apply([once])]
        assert twice[0] == twice[2]
        assert values_of(store, run_id, "loss") == [3, 2, 1]
        assert ("t", "2") in [each[1:] for each in store.tags([run_id])]

    def test_a_batch_applied_in_part_is_ignored_and_progress_says_so(self, store, run):
        store.apply([batch(run, first=1, lanes=[rows({"loss": [0, 1, 2]})])])
        overlapping = batch(run, params(a=1), first=0, lanes=[rows({"loss": [1, 2, 3]}, steps=[1, 2, 3], first=1)])
        assert store.apply([overlapping]) == [Progress(1, {0: 3})]
        assert store.params([run]) == []
        assert values_of(store, run, "loss") == [0, 1, 2]

    def test_rows_and_events_beyond_a_gap_are_applied(self, store, run):
        beyond = batch(run, params(a=1), first=7, lanes=[rows({"loss": [9]}, steps=[9], first=9)])
        assert store.apply([beyond]) == [Progress(8, {0: 10})]
        assert store.params([run]) == [(run, "a", 1)]

    def test_rows_without_points_count_as_progress(self, store, run):
        empty = lane(0, number=2)
        given_up = type(empty)(2, 0, 5, ())
        assert store.apply([batch(run, first=1, lanes=[given_up])]) == [Progress(1, {2: 5})]

    def test_a_lane_twice_in_a_batch_is_applied_in_order(self, store, run):
        parts = [rows({"m": [i]}, [i], first=first) for i, first in enumerate([0, 1, 0, 5])]
        assert store.apply([batch(run, first=1, lanes=parts)]) == [Progress(1, {0: 6})]
        assert values_of(store, run, "m") == [0, 1, 3]

    def test_lanes_and_events_have_separate_progress(self, store, run):
        store.apply([batch(run, first=1, lanes=[rows({"a": [1]})])])
        again = batch(run, params(p=1), first=1, lanes=[rows({"a": [1]}), rows({"b": [2]}, number=1)])
        assert store.apply([again]) == [Progress(2, {0: 1, 1: 1})]
        assert [row[1] for row in store.metrics([run], ["last"])] == ["a", "b"]

    def test_writers_have_separate_progress(self, store, run):
        other = batch(run, tags(by="other"), writer="v", lanes=[rows({"loss": [5]}, steps=[5])])
        assert store.apply([other]) == [Progress(1, {0: 1})]
        assert store.apply([batch(run, first=1, lanes=[rows({"loss": [6]}, steps=[6])])]) == [Progress(1, {0: 1})]
        assert sorted(values_of(store, run, "loss")) == [5, 6]

    def test_batches_of_one_call_are_applied_in_order(self, store):
        run_id = new_id()
        progress = store.apply(
            [
                batch(run_id, started()),
                batch(run_id, params(a=1), first=1, lanes=[rows({"loss": [1]})]),
                batch(run_id, ended(), first=2, lanes=[rows({"loss": [2]}, steps=[1], first=1)]),
            ]
        )
        assert progress == [Progress(1), Progress(2, {0: 1}), Progress(3, {0: 2})]
        assert (values_of(store, run_id, "loss"), store.get_run(run_id).status) == ([1, 2], Status.FINISHED)

    def test_many_threads_apply_the_same_batches_once(self, store, run):
        batches = [batch(run, tags(t=str(i)), first=i, lanes=[rows({"loss": [i]}, steps=[i], first=i - 1)]) for i in range(1, 13)]

        def apply_all(_):
            return [store.apply([each])[0].events for each in batches][-1]

        with ThreadPoolExecutor(4) as pool:
            reached = list(pool.map(apply_all, range(4)))
        assert max(reached) == 13
        steps = store.history(run, "loss").steps.tolist()
        assert len(steps) == len(set(steps)) == summary_of(store, run, "loss").count
        assert steps[-1] == 12

    def test_threads_write_different_runs_at_the_same_time(self, store):
        run_ids = [new_id() for _ in range(8)]
        begin = threading.Barrier(4)

        def write(mine):
            begin.wait()
            for run_id in mine:
                store.apply([batch(run_id, started(experiment="shared"), params(a=1), lanes=[rows({"m": range(50)})])])
                store.apply([batch(run_id, ended(), first=2)])

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(write, [run_ids[i::4] for i in range(4)]))
        assert [summary_of(store, run_id, "m").count for run_id in run_ids] == [50] * 8
        assert len({store.get_run(run_id).experiment_id for run_id in run_ids}) == 1

    # Direct changes.

    def test_a_direct_batch_has_no_progress(self, store, run):
        for value in ("1", "2"):
            assert store.apply([direct(run, tags(t=value), lanes=[rows({"loss": [1]}, steps=[int(value)])])]) == [Progress()]
        assert ("t", "2") in [each[1:] for each in store.tags([run])]
        assert values_of(store, run, "loss") == [1, 1]

    def test_a_direct_batch_can_start_a_run(self, store):
        run_id = new_id()
        store.apply([direct(run_id, started("direct"), params(a=1))])
        assert store.get_run(run_id).name == "direct"

    def test_a_conflict_in_a_direct_batch_is_an_error_and_nothing_is_applied(self, store, run):
        store.apply([direct(run, params(lr=0.1))])
        with pytest.raises(ParamConflict, match=r"'lr' is already 0\.1 and cannot become 0\.2"):
            store.apply([direct(run, params(other=1), tags(t="1"), params(lr=0.2), lanes=[rows({"loss": [1]})])])
        assert store.params([run]) == [(run, "lr", 0.1)]
        assert store.tags([run]) == [(run, "mlflow.runName", "a run")]
        assert store.metrics([run], ["last"]) == []

    def test_a_deleted_run_refuses_direct_batches_and_accepts_its_writers(self, store, run):
        store.delete_run(run)
        with pytest.raises(Deleted, match="restore"):
            store.apply([direct(run, tags(a="b"))])
        store.apply([batch(run, ended(), first=1, lanes=[rows({"loss": [1]})])])
        assert (store.get_run(run).status, values_of(store, run, "loss")) == (Status.FINISHED, [1])

    # Params.

    def test_params_keep_their_types(self, store, run):
        store.apply([batch(run, ParamsLogged(TYPED), first=1)])
        found = {key: value for _, key, value in store.params([run])}
        assert found == TYPED
        assert {key: type(value) for key, value in found.items()} == {key: type(value) for key, value in TYPED.items()}

    def test_a_param_may_be_nan(self, store, run):
        store.apply([batch(run, params(p=NAN, q=[NAN]), first=1)])
        (_, _, p), (_, _, q) = store.params([run])
        assert math.isnan(p)
        assert math.isnan(q[0])

    def test_changing_a_returned_param_does_not_change_the_store(self, store, run):
        store.apply([batch(run, params(a=[1], b=[1]), first=1)])
        store.params([run])[0][2].append(2)
        assert [value for _, _, value in store.params([run])] == [[1], [1]]

    def test_the_first_value_of_a_param_stays_and_the_conflict_is_reported(self, store, run):
        progress = store.apply([batch(run, params(lr=0.1), first=1), batch(run, params(lr=0.2, a="b"), writer="v")])
        assert progress[1].conflicts == (Conflict("lr", 0.1, 0.2),)
        assert store.params([run]) == [(run, "a", "b"), (run, "lr", 0.1)]

    def test_a_param_that_replaces_another_takes_its_place(self, store, run):
        store.apply([batch(run, params(lr=0.1, n=1), first=1)])
        instead = ParamsLogged({"lr": "0.2", "new": [1]}, replaces=True)
        (progress,) = store.apply([batch(run, instead, params(lr=0.3), first=2)])
        assert progress.conflicts == (Conflict("lr", "0.2", 0.3),)
        assert store.params([run]) == [(run, "lr", "0.2"), (run, "n", 1), (run, "new", [1])]

    def test_a_conflict_within_a_batch_is_reported(self, store, run):
        (progress,) = store.apply([batch(run, params(a="1"), params(a="2"), first=1)])
        assert progress.conflicts == (Conflict("a", "1", "2"),)

    @pytest.mark.parametrize(
        "value, text", [(0.1, "0.1"), (True, "True"), (None, "None"), ([1, 2], "[1, 2]"), (3, "3"), (NAN, "nan")]
    )
    def test_params_with_equal_strings_are_equal(self, store, run, value, text):
        store.apply([direct(run, params(p=value))])
        store.apply([direct(run, params(p=value)), direct(run, params(p=text))])
        assert same([store.params([run])[0][2]], [value])

    @pytest.mark.parametrize("value, other", [(1, 1.0), (1, True), ("a", "A"), (None, "")])
    def test_params_with_different_strings_differ(self, store, run, value, other):
        store.apply([direct(run, params(p=value))])
        with pytest.raises(ParamConflict):
            store.apply([direct(run, params(p=other))])

    # Tags and names.

    def test_tags_are_set_overwritten_and_deleted(self, store, run):
        store.apply([batch(run, tags(a="1", b="1"), tags(b="2", c="3"), TagsDeleted(("c", "never")), first=1)])
        store.apply([batch(run, TagsDeleted(("a",)), tags(a="again"), TagsDeleted(("b",)), first=4)])
        assert store.tags([run]) == [(run, "a", "again"), (run, "mlflow.runName", "a run")]

    def test_the_name_is_also_a_tag(self, store, run):
        store.apply([batch(run, TagsSet({"mlflow.runName": "renamed", "x": "y"}), first=1)])
        assert store.get_run(run).name == "renamed"
        assert store.tags([run]) == [(run, "mlflow.runName", "renamed"), (run, "x", "y")]

    def test_an_empty_or_deleted_tag_does_not_erase_a_name(self, store, run):
        store.apply([batch(run, TagsSet({"mlflow.runName": ""}), TagsDeleted(("mlflow.runName",)), first=1)])
        assert store.get_run(run).name == "a run"
        assert store.tags([run]) == [(run, "mlflow.runName", "a run")]

    @pytest.mark.parametrize("text", AWKWARD_TEXTS, ids=range(len(AWKWARD_TEXTS)))
    def test_any_string_is_stored_unchanged(self, store, text):
        run_id = new_id()
        events = started(f"n{text}", user=text, tags={"t": text}), params(p=text), DocumentLogged("code", text)
        store.apply([batch(run_id, *events, ArtifactLogged("a.txt", 1, "0" * 64), ended())])
        run = store.get_run(run_id)
        assert (run.name, run.user) == (f"n{text}", text)
        assert (run_id, "t", text) in store.tags([run_id])
        assert store.params([run_id]) == [(run_id, "p", text)]
        assert store.read_document(store.documents(run_id)["code"]) == text

    def test_nul_and_lone_surrogates_are_replaced_by_every_store(self, store):
        run_id = new_id()
        odd, kept = "a\0b\ud800c", "a\ufffdb\ufffdc"
        store.apply([batch(run_id, started(odd), params(p=odd), TagsSet({odd: odd}), DocumentLogged("d", odd))])
        assert store.get_run(run_id).name == kept
        assert store.params([run_id]) == [(run_id, "p", kept)]
        assert (run_id, kept, kept) in store.tags([run_id])
        assert store.documents(run_id) == {"d": hashlib.sha256(kept.encode()).hexdigest()}
        assert store.create_experiment(odd).name == store.find_experiment(odd).name == kept

    @pytest.mark.parametrize("key", ["k" * 250, "a/b.c-d e:f", "中" * 250, "Key", "select", "%s"])
    def test_similar_keys_are_different(self, store, run, key):
        other = key[:-1].swapcase() + "!"
        values = {key: [1.0], other: [2.0]}
        store.apply([batch(run, ParamsLogged({key: 1, other: 2}), TagsSet({key: "1"}), first=1, lanes=[rows(values)])])
        assert dict(each[1:] for each in store.params([run])) == {key: 1, other: 2}
        assert dict(each[1:] for each in store.metrics([run], ["last"])) == {key: 1.0, other: 2.0}
        assert values_of(store, run, key) == [1.0]

    def test_keys_come_sorted_by_code_point_and_runs_as_asked(self, store):
        first, second = new_id(), new_id()
        keys = ["b", "B", "é", "a", "_", "10", "9", "🎉", "\uffff"]
        for run_id in (first, second):
            what = [started("n"), ParamsLogged(dict.fromkeys(keys, 1)), TagsSet(dict.fromkeys(keys, "1"))]
            store.apply([batch(run_id, *what, lanes=[rows({key: [1] for key in keys})])])
        asked = [second, "nowhere", first]
        expected = [(run_id, key) for run_id in (second, first) for key in sorted(keys)]
        assert [each[:2] for each in store.params(asked)] == expected
        assert [each[:2] for each in store.metrics(asked, ["last"])] == expected
        assert [each[:2] for each in store.tags(asked) if each[1] != "mlflow.runName"] == expected
        assert [each[:2] for each in store.histories(asked, None)] == expected

    # Points.

    def test_points_come_back_in_the_order_logged(self, store, run):
        steps = [5, 3, -7, 3, 100]
        store.apply([batch(run, first=1, lanes=[rows({"loss": [1, 2, 3, 4, 5]}, steps, [START] * 5)])])
        assert points(store, run, "loss") == [(step, START, value) for step, value in zip(steps, [1, 2, 3, 4, 5], strict=True)]

    def test_a_history_is_three_arrays_of_one_length(self, store, run):
        store.apply([batch(run, first=1, lanes=[rows({"loss": [1, 2]})])])
        found = store.history(run, "loss")
        assert [column.dtype for column in (found.steps, found.timestamps, found.values)] == [np.int64, np.int64, np.float64]
        assert len(found) == 2
        nothing = store.history(run, "other")
        assert (len(nothing), nothing.steps.dtype, nothing.values.tolist()) == (0, np.int64, [])

    def test_points_keep_every_bit(self, store, run):
        values = [0.0, -0.0, NAN, INF, -INF, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, 1 / 3]
        store.apply([batch(run, first=1, lanes=[rows({"m": values})])])
        found = store.history(run, "m").values
        assert np.array_equal(found.view(np.int64), np.array(values).view(np.int64))

    def test_steps_and_times_may_be_any_int64(self, store, run):
        steps, timestamps = [LEAST, MOST, 0, -1], [0, MOST, LEAST, -1]
        store.apply([batch(run, first=1, lanes=[rows({"m": [1, 2, 3, 4]}, steps, timestamps)])])
        assert points(store, run, "m") == list(zip(steps, timestamps, [1.0, 2.0, 3.0, 4.0], strict=True))
        summary = summary_of(store, run, "m")
        assert (summary.first_step, summary.first_timestamp, summary.first) == (LEAST, 0, 1.0)
        assert (summary.last_step, summary.last_timestamp, summary.last) == (MOST, MOST, 2.0)

    def test_metrics_may_be_logged_together_or_separately(self, store, run):
        store.apply([batch(run, first=1, lanes=[rows({"a": [1, 2], "b": [3, 4]}), rows({"a": [5]}, [2], number=1)])])
        store.apply([batch(run, first=1, lanes=[rows({"a": [6, 7], "b": [8, 9]}, [3, 4], first=2)])])
        assert values_of(store, run, "a") == [1, 2, 5, 6, 7]
        assert values_of(store, run, "b") == [3, 4, 8, 9]

    def test_a_stretch_has_all_points_of_its_range(self, store, run):
        store.apply([batch(run, first=1, lanes=[rows({"loss": range(100)}, range(100))])])
        store.apply([batch(run, first=1, lanes=[rows({"loss": range(100, 5000)}, range(100, 5000), first=100)])])
        ((_, _, found),) = store.stretches(run, ["loss"], "step", 40, 60)
        assert set(range(40, 61)) <= set(found.steps.tolist())
        assert found.values.tolist() == found.steps.tolist()
        times = store.history(run, "loss").timestamps
        ((_, _, found),) = store.stretches(run, ["loss"], "time", int(times[7]), int(times[9]))
        assert set(times[7:10].tolist()) <= set(found.timestamps.tolist())
        assert store.stretches(run, ["other"], "step", 0, 10) == []

    def test_stretches_of_many_metrics(self, store, run):
        values = {key: np.arange(5000) * factor for factor, key in enumerate(["a", "b", "é"], 1)}
        store.apply([batch(run, first=1, lanes=[rows(values), rows({"c": [7, 8]}, [5000, 0], number=1)])])
        found = store.stretches(run, ["é", "c", "a", "none"], "step", 100, 5000)
        assert [(run_id, key) for run_id, key, _ in found] == [(run, "a"), (run, "c"), (run, "é")]
        for (_, _, each), factor in ((found[0], 1), (found[2], 3)):
            assert (each.steps * factor).tolist() == each.values.tolist()
            assert set(range(100, 5000)) <= set(each.steps.tolist())
        assert dict(zip(found[1][2].steps.tolist(), found[1][2].values.tolist(), strict=True))[5000] == 7
        with pytest.raises(RunNotFound, match="nowhere"):
            store.stretches("nowhere", ["a"], "step", 0, 1)

    def test_histories_of_many_runs_and_metrics(self, store):
        first, second = new_id(), new_id()
        for run_id in (first, second):
            store.apply([batch(run_id, started(), lanes=[rows({"a": [1, 2], "b": [3, 4]}), rows({"c": [5]}, number=1)])])
        store.apply([batch(second, first=1, lanes=[rows({"a": [6]}, [2], first=2)])])

        def ask(run_ids, keys):
            return [(run_id, key, found.values.tolist()) for run_id, key, found in store.histories(run_ids, keys)]

        assert ask([second, first], ["c", "a", "none"]) == [
            (second, "a", [1, 2, 6]),
            (second, "c", [5]),
            (first, "a", [1, 2]),
            (first, "c", [5]),
        ]
        assert [key for _, key, _ in ask([first], None)] == ["a", "b", "c"]
        assert ask([], None) == ask([first], []) == ask(["nowhere"], None) == []

    def test_a_long_run_in_small_batches_keeps_all_points(self, store, run):
        for first in range(0, 300, 3):
            values = {"a": [first, first + 1, first + 2], "b": [-first, 0.5, NAN]}
            store.apply([batch(run, first=1, lanes=[rows(values, range(first, first + 3), first=first)])])
        assert store.history(run, "a").steps.tolist() == values_of(store, run, "a") == list(range(300))
        store.apply([batch(run, ended(), first=1)])
        assert values_of(store, run, "a") == list(range(300))
        assert same(values_of(store, run, "b")[:6], [-0.0, 0.5, NAN, -3, 0.5, NAN])
        assert summary_of(store, run, "b").nan_count == 100

    def test_metrics_logged_separately_for_a_while_keep_their_order(self, store, run):
        expected = {"a": [], "b": []}
        for step in range(200):
            keys = ["a"] if step % 3 else ["a", "b"]
            number = 1 if step % 3 else 0
            first = sum(1 for each in range(step) if bool(each % 3) == bool(number))
            store.apply([batch(run, first=1, lanes=[rows({key: [step] for key in keys}, [step], first=first, number=number)])])
            for key in keys:
                expected[key].append(step)
        store.apply([batch(run, ended(), first=1)])
        assert {key: values_of(store, run, key) for key in expected} == expected

    # The same point twice is one.

    def test_a_point_logged_twice_is_one(self, store, run):
        twice = rows({"m": [1, 1, 2, 1, NAN, NAN, -0.0, 0.0]}, [0, 0, 0, 0, 1, 1, 2, 2], [START] * 8)
        store.apply([batch(run, first=1, lanes=[twice])])
        expected = [(0, START, 1.0), (0, START, 2.0), (1, START, NAN), (2, START, -0.0)]
        assert same_points(points(store, run, "m"), expected)
        assert summary_of(store, run, "m").count == 4

    @pytest.mark.parametrize("writer", ["v", ""])
    def test_a_point_logged_by_two_writers_is_one(self, store, run, writer):
        store.apply([batch(run, first=1, lanes=[rows({"a": [1, 2, NAN], "b": [4, 5, 6]})])])
        again = rows({"a": [1, 7, NAN, 8], "b": [4, 5, 6, 8]}, range(4))
        store.apply([batch(run, lanes=[again], writer=writer)])
        assert same(values_of(store, run, "a"), [1, 2, NAN, 7, 8])
        assert values_of(store, run, "b") == [4, 5, 6, 8]
        assert (summary_of(store, run, "a").count, summary_of(store, run, "b").total) == (5, 23)

    def test_points_that_differ_in_anything_are_two(self, store, run):
        store.apply([batch(run, first=1, lanes=[rows({"m": [1]}, [1], [START])])])
        others = rows({"m": [1, 1, 2]}, [1, 2, 1], [START + 1, START, START], first=1)
        store.apply([batch(run, first=1, lanes=[others])])
        assert len(store.history(run, "m")) == 4

    def test_many_points_at_one_step_and_time(self, store, run):
        for first in range(0, 40, 10):
            values = [float(value % 25) for value in range(first, first + 10)]
            store.apply([batch(run, first=1, lanes=[rows({"m": values}, [0] * 10, [START] * 10, first=first)])])
        assert values_of(store, run, "m") == [float(value) for value in range(25)]
        assert summary_of(store, run, "m").count == 25

    def test_two_series_of_one_batch_have_a_point_in_common(self, store, run):
        both = lane(0, series({"m": [1, 2]}), series({"m": [2, 3]}, [1, 2]))
        store.apply([batch(run, first=1, lanes=[both])])
        assert values_of(store, run, "m") == [1, 2, 3]

    # Summaries.

    def test_a_summary_has_first_last_min_and_max(self, store, run):
        store.apply([batch(run, first=1, lanes=[rows({"m": [3, 1, 4, 1, 5, 9, 2, 6]})])])
        assert summary_of(store, run, "m") == MetricSummary(
            first=3,
            first_step=0,
            first_timestamp=START,
            last=6,
            last_step=7,
            last_timestamp=START + 70,
            min=1,
            min_step=1,
            max=9,
            max_step=5,
            total=31,
            count=8,
            nan_count=0,
        )

    def test_last_is_the_greatest_step_then_time_then_value(self, store, run):
        steps, timestamps = [9, 9, 9, 1, 9], [5, 7, 7, 99, 7]
        store.apply([batch(run, first=1, lanes=[rows({"m": [50, 1, 3, 99, NAN]}, steps, timestamps)])])
        summary = summary_of(store, run, "m")
        assert (summary.last, summary.last_step, summary.last_timestamp) == (3, 9, 7)
        assert (summary.first, summary.first_step, summary.first_timestamp) == (99, 1, 99)

    def test_first_is_the_smallest_and_nan_is_smaller_than_numbers(self, store, run):
        store.apply([batch(run, first=1, lanes=[rows({"m": [3, NAN, -INF]}, [1, 1, 1], [5, 5, 5])])])
        assert math.isnan(summary_of(store, run, "m").first)
        assert summary_of(store, run, "m").last == 3

    def test_min_and_max_are_at_their_lowest_step(self, store, run):
        store.apply([batch(run, first=1, lanes=[rows({"m": [1, 5, 5, 1]}, [9, 8, 2, 3], [START] * 4)])])
        summary = summary_of(store, run, "m")
        assert (summary.min, summary.min_step, summary.max, summary.max_step) == (1, 3, 5, 2)

    def test_summaries_grow_batch_by_batch(self, store, run):
        pieces = [([5, 6], [3, NAN]), ([1], [7]), ([5], [3]), ([0, 7], [-2, 9]), ([6], [9])]
        row = 0
        for index, (steps, values) in enumerate(pieces):
            lanes = [rows({"m": values}, steps, [START + index] * len(steps), first=row)]
            store.apply([batch(run, first=1, lanes=lanes)])
            row += len(steps)
        summary = summary_of(store, run, "m")
        assert (summary.first, summary.first_step, summary.last, summary.last_step) == (-2, 0, 9, 7)
        assert (summary.min, summary.min_step, summary.max, summary.max_step) == (-2, 0, 9, 6)
        assert (summary.total, summary.count, summary.nan_count) == (29, 7, 1)

    def test_a_metric_with_only_nan_exists(self, store, run):
        store.apply([batch(run, first=1, lanes=[rows({"m": [NAN, NAN]}, [4, 2])])])
        summary = summary_of(store, run, "m")
        assert all(map(math.isnan, (summary.first, summary.last, summary.min, summary.max, summary.mean)))
        assert (summary.min_step, summary.max_step, summary.total, summary.count, summary.nan_count) == (2, 2, 0, 2, 2)
        store.apply([batch(run, first=1, lanes=[rows({"m": [7]}, [3], first=2)])])
        summary = summary_of(store, run, "m")
        assert (summary.min, summary.min_step, summary.max, summary.max_step) == (7, 3, 7, 3)

    def test_summaries_of_infinities(self, store, run):
        values = {"up": [1, INF], "down": [-INF, 1], "both": [INF, -INF], "over": [1.7e308, 1.7e308]}
        store.apply([batch(run, first=1, lanes=[rows(values)])])
        found = {key: stats for _, key, *stats in store.metrics([run], ["min", "max", "total", "mean"])}
        assert found["up"] == [1, INF, INF, INF]
        assert found["down"] == [-INF, 1, -INF, -INF]
        assert same(found["both"], [-INF, INF, NAN, NAN])
        assert found["over"][2] == INF

    def test_metrics_are_asked_for_by_statistic(self, store, run):
        store.apply([batch(run, first=1, lanes=[rows({"a": [1, 2, NAN]}), rows({"b": [NAN]}, number=1)])])
        assert same(store.metrics([run], ["mean", "count", "last_step"])[0], (run, "a", 1.5, 3, 2))
        assert same(store.metrics([run], ["mean", "count", "last_step"])[1], (run, "b", NAN, 1, 0))
        assert store.metrics([run], []) == [(run, "a"), (run, "b")]

    # Documents, artifacts, datasets.

    def test_a_document_is_kept_once_and_read_back(self, store):
        first, second = new_id(), new_id()
        text = "import numpy\n" * 1000 + "é"
        for run_id in (first, second):
            store.apply([batch(run_id, started(), DocumentLogged("code", text), DocumentLogged("", "kept only"))])
        digest = hashlib.sha256(text.encode()).hexdigest()
        assert store.documents(first) == store.documents(second) == {"code": digest}
        assert store.read_document(digest) == text
        assert store.read_document(hashlib.sha256(b"kept only").hexdigest()) == "kept only"
        assert store.read_document("0" * 64) is None

    def test_the_last_document_of_a_kind_wins(self, store, run):
        store.apply([batch(run, DocumentLogged("z", "1"), DocumentLogged("code", "2"), DocumentLogged("code", "3"), first=1)])
        assert list(store.documents(run)) == ["code", "z"]
        store.apply([batch(run, DocumentLogged("code", "4"), first=4)])
        assert store.read_document(store.documents(run)["code"]) == "4"

    def test_a_run_refers_to_a_document_logged_before(self, store, run):
        other = new_id()
        digest = hashlib.sha256(b"text").hexdigest()
        store.apply([batch(run, DocumentLogged("", "text"), first=1), batch(other, started(), DocumentNamed("cells", digest))])
        assert store.documents(other) == {"cells": digest}
        store.apply([batch(other, DocumentNamed("lost", "1" * 64), first=2)])
        assert store.read_document(store.documents(other)["lost"]) is None

    def test_artifacts_are_recorded_by_path(self, store, run):
        store.apply([batch(run, ArtifactLogged("z.txt", 1, "a" * 64), ArtifactLogged("a/b.png", 1 << 40, "b" * 64), first=1)])
        store.apply([batch(run, ArtifactLogged("z.txt", 2, "c" * 64, spool="gone"), first=3)])
        noted = [ArtifactRecord("a/b.png", 1 << 40, "b" * 64), ArtifactRecord("z.txt", 2, "c" * 64)]
        assert store.artifacts(run) == noted
        other = new_id()
        store.apply([batch(other, started(), ArtifactLogged("a.txt", 3, "d" * 64))])
        assert [(run_id, record) for run_id, record in store.artifacts_of([other, "nowhere", run])] == [
            (other, ArtifactRecord("a.txt", 3, "d" * 64)),
            *((run, record) for record in noted),
        ]

    def test_many_runs_are_read_at_once_in_the_order_asked_for(self, store):
        first, second, deleted = new_id(), new_id(), new_id()
        code = DocumentLogged("code", "1")
        store.apply([batch(first, started(), params(lr=0.1), tags(a="b"), code)])
        store.apply([batch(second, started(), code, DocumentLogged("", "kept only"), lanes=[rows({"loss": [3.0, 1.0]})])])
        store.apply([batch(deleted, started())])
        store.delete_run(deleted)
        ids = [second, "nowhere", deleted, first]
        assert store.get_runs(ids) == [store.get_run(run_id) for run_id in (second, deleted, first)]
        found = store.details(ids, ["last", "min"])
        assert (found.params, found.tags) == (store.params(ids), store.tags(ids))
        assert [tuple(row) for row in found.metrics] == [(second, "loss", 1.0, 1.0)]
        digest = hashlib.sha256(b"1").hexdigest()
        assert [tuple(row) for row in store.documents_of(ids)] == [(second, "code", digest), (first, "code", digest)]
        assert store.read_documents([digest, "0" * 64, digest]) == {digest: "1"}
        assert (store.get_runs([]), store.documents_of([]), store.read_documents([]), store.artifacts_of([])) == ([], [], {}, [])

    def test_an_overview_has_what_a_notebook_shows_of_a_run(self, store):
        run, plain = new_id(), new_id()
        logged = (params(lr=0.1), tags(a="b"), DocumentLogged("traceback", "KeyError"), ArtifactLogged("a.txt", 1, "a" * 64))
        store.apply([batch(run, started(), *logged, lanes=[rows({"loss": [3.0, 1.0], "accuracy": [0.5, 0.75]})])])
        store.apply([batch(plain, started())])
        found = store.overview(run, 2, ["traceback", "code"])
        assert found.details == store.details([run], tuple(MetricSummary.__dataclass_fields__))
        curves = {key: points.values.tolist() for _, key, points in found.histories}
        assert curves == {"loss": [3.0, 1.0], "accuracy": [0.5, 0.75]}
        assert (found.artifact_count, found.documents) == (len(store.artifacts(run)), {"traceback": "KeyError"})
        assert store.overview(run, 1).histories == []
        nothing = store.overview(plain, 2, ["traceback"])
        assert (nothing.details.metrics, nothing.histories, nothing.artifact_count, nothing.documents) == ([], [], 0, {})

    def test_a_dataset_is_identified_by_name_and_digest(self, store):
        first, second = new_id(), new_id()
        digits = Dataset("digits", "abc", "local", "digits.csv", '{"columns": []}', '{"rows": 1797}', "train")
        other = Dataset("digits", "abc", "elsewhere", "", "", "", "test")
        store.apply([batch(first, started(), DatasetLogged(digits), DatasetLogged(other), DatasetLogged(Dataset("a", "1")))])
        store.apply([batch(second, started(), DatasetLogged(other))])
        assert store.datasets(first) == [Dataset("a", "1"), digits]
        (found,) = store.datasets(second)
        assert (found.source_type, found.profile, found.context) == ("local", '{"rows": 1797}', "test")

    def test_the_first_record_of_a_dataset_stays_with_its_tags(self, store):
        first, second = new_id(), new_id()
        tags = (("empty", ""), ("seed", "7"), ("split", "é 中 '%"))
        tagged, later = Dataset("digits", "abc", context="train", tags=tags), Dataset("digits", "abc", tags=(("split", "b"),))
        plain = Dataset("iris", "1")
        store.apply([batch(first, started(), DatasetLogged(plain), DatasetLogged(tagged), DatasetLogged(later))])
        store.apply([direct(first, DatasetLogged(later), DatasetLogged(Dataset("iris", "1", tags=tags)))])
        store.apply([batch(second, started(), DatasetLogged(later))])
        assert store.datasets(first) == [tagged, plain]
        assert store.datasets_of([second, first]) == [(second, later), (first, tagged), (first, plain)]
        of_experiment = store.datasets_in([store.get_run(first).experiment_id])
        assert [each for _, each in of_experiment] == [replace(later, tags=()), replace(tagged, tags=()), plain]

    def test_datasets_of_many_runs_and_of_experiments(self, store):
        first, second, elsewhere = new_id(), new_id(), new_id()
        train, test = Dataset("digits", "abc", "local", context="train"), Dataset("digits", "abc", "local", context="test")
        store.apply([batch(first, started(), DatasetLogged(train), DatasetLogged(Dataset("a", "1")))])
        store.apply([batch(second, started(), DatasetLogged(test))])
        store.apply([batch(elsewhere, started(experiment="vision"), DatasetLogged(train))])
        vision = store.find_experiment("vision").id
        assert store.datasets_of([second, "nowhere", first]) == [(second, test), (first, Dataset("a", "1")), (first, train)]
        assert store.datasets_in(["0", "17", "x"]) == [("0", Dataset("a", "1")), ("0", test), ("0", train)]
        assert store.datasets_in([vision, "0"])[-1] == (vision, train)

    def test_reads_together_return_the_same_as_single_reads(self, store, run):
        def read():
            return store.get_run(run), store.tags([run]), store.search_runs(Query(("0",)))

        with store.together(), store.together():
            found = read()
            with pytest.raises(RunNotFound):
                store.get_run("nowhere")
        store.apply([batch(run, tags(a="b"), first=1)])
        assert (found[0], len(found[1])) == (store.get_run(run), 1)
        with store.together():
            assert read() == (store.get_run(run), store.tags([run]), store.search_runs(Query(("0",))))
            assert len(store.tags([run])) == 2

    def test_a_run_without_data_has_empty_lists(self, store, run):
        assert (store.params([run]), store.metrics([run], ["last"]), store.documents(run)) == ([], [], {})
        assert (store.artifacts(run), store.datasets(run), store.params([])) == ([], [], [])

    # Who is alive.

    def test_open_runs_have_owner_heartbeat_and_tags(self, store):
        first, second = new_id(), new_id()
        store.apply([batch(first, started(owner="host:1:2", tags={"a": "b"})), batch(second, started(), ended())])
        (found,) = store.open_runs()
        assert (found.run_id, found.owner) == (first, "host:1:2")
        assert found.tags == {"a": "b", "mlflow.runName": "a run"}
        store.heartbeat([first, "nowhere"], START + 60_000)
        store.heartbeat([], START)
        assert store.open_runs()[0].heartbeat >= found.heartbeat

    @pytest.mark.parametrize("hours", [-13, 0, 13])
    def test_the_age_of_a_heartbeat_is_by_the_store_s_own_clock(self, store, hours):
        run, theirs = new_id(), now_ms() + hours * 3_600_000
        store.apply([batch(run, RunStarted("Default", "x", theirs, owner="host:1:2"))])
        assert abs(store.open_runs()[0].silent) < 60_000
        store.heartbeat([run], theirs)
        assert abs(store.open_runs()[0].silent) < 60_000
        store.apply([batch(run, RunResumed("host:3:4"), first=1)])
        assert abs(store.open_runs()[0].silent) < 60_000

    def test_a_closer_closes_a_run_that_is_running_once_and_no_other(self, store, run):
        def close(name):
            store.apply([Batch(run, CLOSER + name, events=(tags(ended="crashed"), ended(Status.FAILED, START + 9000)))])
            found = store.get_run(run)
            return found.status, found.end_time

        assert close("a") == (Status.FAILED, START + 9000)
        store.apply([batch(run, RunResumed("host:1:2"), TagsDeleted(("ended",)), first=1)])
        assert close("a") == (Status.RUNNING, None)  # it is late: its deed was undone
        assert close("b") == (Status.FAILED, START + 9000)
        store.apply([batch(run, RunResumed("host:1:2"), TagsDeleted(("ended",)), ended(Status.FINISHED), first=3)])
        assert close("c") == (Status.FINISHED, START + 1000)
        assert "ended" not in {key for _, key, _ in store.tags([run])}

    def test_a_live_run_closed_by_mistake_is_reopened_with_nothing_lost(self, store):
        writer = Writer(None, new_id(), owns=True)
        writer.append(started(owner=this_process().to_json()))
        writer.log({"loss": 1.0}, 0, stamp_of(START))

        def deliver():
            while (found := writer.outbox.take(10)) is not None:
                writer.outbox.applied(*store.apply([found]))

        deliver()
        close_runs(store, {writer.run_id: DeadOwner(this_process().to_json(), 1, START + 500)}, lambda _: False)
        closed = store.get_run(writer.run_id)
        assert (closed.status, closed.end_time) == (Status.FAILED, START + 500)
        writer.append(params(lr=0.1))
        writer.append(tags(stage="two"))
        writer.log({"loss": 0.5}, 1, stamp_of(START + 10))
        deliver()
        reopen_runs(store, [writer])
        deliver()
        going_on = store.get_run(writer.run_id)
        assert (going_on.status, going_on.end_time) == (Status.RUNNING, None)
        assert {key for _, key, _ in store.tags([writer.run_id])} == {"mlflow.runName", "stage"}
        assert store.params([writer.run_id]) == [(writer.run_id, "lr", 0.1)]
        assert values_of(store, writer.run_id, "loss") == [1.0, 0.5]
        reopen_runs(store, [writer])
        writer.append(ended())
        reopen_runs(store, [writer])
        deliver()
        assert store.get_run(writer.run_id).status is Status.FINISHED

    def test_a_deleted_run_may_still_be_open(self, store, run):
        store.delete_run(run)
        assert [each.run_id for each in store.open_runs()] == [run]

    # Deleting and restoring.

    def test_a_deleted_run_is_hidden_until_restored(self, store, run):
        store.delete_run(run)
        store.delete_run(run)
        assert store.get_run(run).stage is LifecycleStage.DELETED
        assert store.search_runs(Query()).items == ()
        assert [each.id for each in store.search_runs(Query(view="deleted")).items] == [run]
        assert [each.id for each in store.search_runs(Query(view="all")).items] == [run]
        store.restore_run(run)
        assert store.get_run(run).stage is LifecycleStage.ACTIVE
        assert store.search_runs(Query(view="deleted")).items == ()

    def test_purging_removes_a_deleted_run_with_all_its_data(self, store, run):
        other, kept = new_id(), new_id()
        everything = (params(a=1), tags(b="c"), DocumentLogged("code", "x"), ArtifactLogged("a.txt", 1, "0" * 64))
        dataset = DatasetLogged(Dataset("digits", "abc"))
        store.apply([batch(each, started(), *everything, dataset, lanes=[rows({"m": [1]})]) for each in (other, kept)])
        store.delete_run(other)
        store.purge_runs([other, kept, run, "nowhere", other])
        store.purge_runs([])
        assert {each.id for each in store.search_runs(Query(view="all")).items} == {kept, run}
        with pytest.raises(RunNotFound):
            store.get_run(other)
        assert (store.params([other]), store.tags([other]), store.metrics([other], ["last"])) == ([], [], [])
        assert values_of(store, kept, "m") == [1]
        store.apply([batch(other, started("again"))])
        assert store.get_run(other).name == "again"
        assert (store.params([other]), store.metrics([other], ["last"]), store.datasets(other)) == ([], [], [])

    # Experiments.

    def test_the_default_experiment_exists(self, store):
        (default,) = store.experiments()
        assert (default.id, default.name, default.stage) == ("0", "Default", LifecycleStage.ACTIVE)
        assert store.get_experiment("0") == store.find_experiment("Default") == default

    def test_an_experiment_is_created_with_tags_and_location(self, store):
        made = store.create_experiment("vision", artifact_location="s3://bucket/vision", tags={"team": "blue"})
        assert (made.name, made.artifact_location, made.tags) == ("vision", "s3://bucket/vision", {"team": "blue"})
        assert made.created == made.updated > START
        assert store.get_experiment(made.id) == store.find_experiment("vision") == made
        other = store.create_experiment("audio")
        assert int(other.id) > int(made.id)
        assert other.artifact_location.endswith(f"/{other.id}")

    def test_a_run_s_artifacts_are_below_its_experiment_s_location(self, store):
        store.create_experiment("vision", artifact_location="s3://bucket/vision")
        run_id = new_id()
        store.apply([batch(run_id, started(experiment="vision"))])
        assert store.get_run(run_id).artifact_uri == f"s3://bucket/vision/{run_id}/artifacts"

    def test_experiments_come_newest_first(self, store):
        names = [store.create_experiment(f"e{i}").name for i in range(3)]
        found = store.experiments()
        assert {each.name for each in found} == {*names, "Default"}
        assert found == sorted(found, key=lambda each: (-each.created, int(each.id)))

    @pytest.mark.parametrize("experiment_id", ["77", "-1", "x", "", "00", "9" * 30, "٣", "0 "])
    def test_an_unknown_experiment_is_named(self, store, experiment_id):
        for ask in (store.get_experiment, store.delete_experiment, store.restore_experiment, store.update_experiment):
            with pytest.raises(ExperimentNotFound, match="no experiment"):
                ask(experiment_id)
        assert store.find_experiment("nowhere") is None

    def test_an_experiment_is_renamed_and_tagged(self, store):
        made = store.create_experiment("old", tags={"a": "1"})
        store.update_experiment(made.id, name="new", tags={"a": "2", "b": "3"})
        assert (store.get_experiment(made.id).name, store.get_experiment(made.id).tags) == ("new", {"a": "2", "b": "3"})
        assert store.find_experiment("old") is None
        store.update_experiment(made.id, name="new")
        assert store.get_experiment(made.id).updated >= made.updated

    def test_a_tag_of_an_experiment_is_deleted(self, store):
        made = store.create_experiment("vision", tags={"a": "1", "b": "2"})
        store.delete_experiment_tag(made.id, "a")
        assert store.get_experiment(made.id).tags == {"b": "2"}
        with pytest.raises(NotFound, match="'a'"):
            store.delete_experiment_tag(made.id, "a")
        store.delete_experiment(made.id)
        with pytest.raises(Deleted, match="restore"):
            store.delete_experiment_tag(made.id, "b")

    @pytest.mark.parametrize(
        "text, order, expected",
        [
            (None, "name", ["Default", "a", "b", "c"]),
            (None, "name DESC", ["c", "b", "a", "Default"]),
            (None, "experiment_id DESC", ["c", "b", "a", "Default"]),
            (None, ["tags.team"], ["b", "c", "a", "Default"]),
            ("name ILIKE 'B'", None, ["b"]),
            ("tags.team = 'blue'", "name", ["b", "c"]),
            ("tags.team IS NULL AND name != 'Default'", None, ["a"]),
            ("experiment_id IN ('0', '1')", "experiment_id", ["Default", "a"]),
            ("creation_time > 0 and last_update_time < 1", None, []),
        ],
    )
    def test_experiments_are_searched(self, store, text, order, expected):
        for name, team in (("a", {}), ("b", {"team": "blue"}), ("c", {"team": "blue"})):
            store.create_experiment(name, tags=team)
        query = Query(None, parse(text, names=EXPERIMENTS), parse_order(order, names=EXPERIMENTS))
        found = [each.name for each in store.search_experiments(query).items]
        assert found == expected if order != ["tags.team"] else set(found[:2]) == {"b", "c"}

    def test_pages_of_experiments(self, store):
        made = {store.create_experiment(f"e{i}").id for i in range(4)} | {"0"}
        store.delete_experiment("2")
        pages = [store.search_experiments(Query(view="all", limit=2, offset=offset)) for offset in (0, 2, 4)]
        assert [page.more for page in pages] == [True, True, False]
        assert {each.id for page in pages for each in page.items} == made
        assert [each.id for each in store.search_experiments(Query(view="deleted")).items] == ["2"]

    def test_a_name_can_be_used_once(self, store):
        made = store.create_experiment("vision")
        other = store.create_experiment("Vision")
        for ask in (lambda: store.create_experiment("vision"), lambda: store.update_experiment(other.id, name="vision")):
            with pytest.raises(AlreadyExists, match="'vision' already"):
                ask()
        store.delete_experiment(made.id)
        with pytest.raises(AlreadyExists, match="restore"):
            store.create_experiment("vision")

    def test_runs_are_deleted_and_restored_with_their_experiment(self, store):
        kept, early, late = new_id(), new_id(), new_id()
        store.apply([batch(each, started(experiment="vision")) for each in (kept, early)] + [batch(late, started())])
        store.delete_run(early)
        experiment = store.find_experiment("vision")
        store.delete_experiment(experiment.id)
        assert store.get_experiment(experiment.id).stage is LifecycleStage.DELETED
        assert store.find_experiment("vision").stage is LifecycleStage.DELETED
        assert [each.name for each in store.experiments()] == ["Default"]
        assert [each.name for each in store.experiments("deleted")] == ["vision"]
        assert {each.name for each in store.experiments("all")} == {"Default", "vision"}
        assert store.get_run(kept).stage is LifecycleStage.DELETED
        assert [each.id for each in store.search_runs(Query(view="all")).items] == [late]
        store.restore_experiment(experiment.id)
        assert {each.id for each in store.search_runs(Query()).items} == {kept, early, late}

    def test_a_deleted_experiment_cannot_be_changed(self, store):
        made = store.create_experiment("vision")
        store.delete_experiment(made.id)
        with pytest.raises(Deleted, match="restore"):
            store.update_experiment(made.id, tags={"a": "b"})
        with pytest.raises(Deleted, match="restore"):
            store.apply([direct(new_id(), started(experiment="vision"))])

    def test_a_run_cannot_start_in_a_deleted_experiment(self, store):
        made, run_id = store.create_experiment("vision"), new_id()
        store.delete_experiment(made.id)
        start = batch(run_id, started(experiment="vision"), lanes=[rows({"m": [1]})])
        with pytest.raises(Deleted, match="nbtrack experiments --restore vision"):
            store.apply([start])
        with pytest.raises(RunNotFound):
            store.get_run(run_id)
        store.restore_experiment(made.id)
        store.apply([start])
        assert (store.get_run(run_id).stage, values_of(store, run_id, "m")) == (LifecycleStage.ACTIVE, [1])

    def test_a_run_cannot_be_restored_before_its_experiment(self, store):
        run_id = new_id()
        store.apply([batch(run_id, started(experiment="vision"))])
        experiment = store.find_experiment("vision")
        store.delete_experiment(experiment.id)
        with pytest.raises(Deleted, match="nbtrack experiments --restore vision"):
            store.restore_run(run_id)
        assert store.get_run(run_id).stage is LifecycleStage.DELETED
        store.restore_experiment(experiment.id)
        store.restore_run(run_id)
        assert store.get_run(run_id).stage is LifecycleStage.ACTIVE

    # Pages; filters and orders have tests of their own.

    def test_runs_come_newest_first_and_by_id(self, store):
        ids = [new_id() for _ in range(4)]
        times = [START, START + 5, START + 5, START + 9]
        store.apply([batch(each, started(start_time=time)) for each, time in zip(ids, times, strict=True)])
        assert [run.id for run in store.search_runs(Query()).items] == [ids[3], ids[1], ids[2], ids[0]]

    @pytest.mark.parametrize(
        "limit, offset, expected, more",
        [
            (2, 0, [4, 3], True),
            (2, 3, [1, 0], False),
            (5, 0, [4, 3, 2, 1, 0], False),
            (4, 0, [4, 3, 2, 1], True),
            (3, 9, [], False),
        ],
    )
    def test_a_page_says_whether_there_are_more(self, store, limit, offset, expected, more):
        ids = [new_id() for _ in range(5)]
        store.apply([batch(each, started(start_time=START + i)) for i, each in enumerate(ids)])
        page = store.search_runs(Query(limit=limit, offset=offset))
        assert ([ids.index(run.id) for run in page.items], page.more) == (expected, more)

    def test_runs_of_some_experiments(self, store):
        ids = [new_id() for _ in range(3)]
        store.apply([batch(each, started(experiment=f"e{i}")) for i, each in enumerate(ids)])
        asked = tuple(store.find_experiment(name).id for name in ("e0", "e2"))
        assert {run.id for run in store.search_runs(Query(asked)).items} == {ids[0], ids[2]}
        assert store.search_runs(Query(())).items == store.search_runs(Query(("99", "x"))).items == ()

    # The end.

    def test_closing_twice_is_fine(self, store):
        store.close()
        store.close()
