"""Copies of runs between stores: complete, once, and continued after an interruption."""

from __future__ import annotations

import hashlib
import io
import math
from dataclasses import replace

import numpy as np
import pytest

from nbtrack.entities.events import (
    ArtifactLogged,
    DatasetLogged,
    DocumentLogged,
    ModelMade,
    ModelMeasured,
    ModelRead,
    RunUpdated,
    TagsSet,
)
from nbtrack.entities.model import LoggedModelStatus, ModelMetric
from nbtrack.entities.run import Dataset, LifecycleStage, Status
from nbtrack.errors import StoreUnavailable
from nbtrack.server.app import create_app
from nbtrack.store.artifacts.local import LocalArtifacts
from nbtrack.store.artifacts.open import open_artifacts
from nbtrack.store.memory import MemoryStore
from nbtrack.store.nbtrack_server.store import NbtrackServerStore
from nbtrack.store.open import open_store
from nbtrack.store.protocol.search import Query
from nbtrack.transfer import store_source
from nbtrack.transfer.copy import copy_all
from nbtrack.transfer.run_copy import Target
from nbtrack.transfer.store_source import StoredRuns

from ..server.app_client import InProcess
from ..store.building import START, batch, direct, ended, params, rows, started, tags

TYPED = {"lr": 0.1, "n": 3, "flag": True, "none": None, "text": "0.10", "list": [1, {"a": 2}], "nan": math.nan}
RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A store with a run that has everything, its child, an open one, a scheduled one and deleted ones."""
    store = MemoryStore(str(tmp_path_factory.mktemp("source")))
    store.create_experiment("vision", artifact_location=None, tags={"team": "blue"})
    everything = [
        started("all", "vision", user="ada"),
        params(**TYPED),
        tags(a="1", **{"mlflow.note.content": "a note"}),
        DocumentLogged("code", "print()\n" * 99),
        DatasetLogged(Dataset("iris", "d1", "local", "iris.csv", "{}", '{"rows": 150}', "train", (("seed", "7"),))),
        DatasetLogged(Dataset("iris", "d1", "local", context="test")),
    ]
    values = {key: [1.0, math.nan, math.inf, -0.0, 5e-324] for key in ("loss", "acc")}
    together = rows(values, [0, 1, -5, 7, 7], [START + i for i in (0, 1, 2, 3, 3)])
    long = rows({"long": RANDOM.normal(size=3000)}, range(3000), number=1)
    store.apply([batch("all", *everything, lanes=[together, long]), batch("all", ended(Status.FAILED), first=6)])
    put(store, "all", **{"a.txt": b"hello", "deep/er/b.bin": bytes(3 << 20), "empty": b""})
    store.apply([batch("child", started("child", "vision", tags={"mlflow.parentRunId": "all"}), ended())])
    store.apply([batch("open", started("open"), lanes=[rows({"loss": [1]})])])
    store.apply([batch("planned", started("planned")), direct("planned", RunUpdated(Status.SCHEDULED))])
    store.apply([batch("gone", started("gone"), ended())])
    store.delete_run("gone")
    store.apply([batch("buried", started("buried", "old"), ended())])
    store.delete_experiment(store.find_experiment("old").id)
    return store


def put(store, run_id, **files):
    artifacts = open_artifacts(store.get_run(run_id).artifact_uri)
    for path, content in files.items():
        artifacts.write(path, io.BytesIO(content))
        store.apply([direct(run_id, ArtifactLogged(path, len(content), hashlib.sha256(content).hexdigest()))])


@pytest.fixture(params=["memory", "sqlite", *(pytest.param(name, marks=pytest.mark.slow) for name in ("postgres", "maria"))])
def target(request, tmp_path):
    uris = {"memory": "memory:", "sqlite": f"sqlite:///{tmp_path}/runs.db"}
    uri = uris.get(request.param) or request.getfixturevalue(f"new_{request.param}_url")()
    store = open_store(uri, artifact_root=str(tmp_path / "artifacts"))
    yield Target(store, open_artifacts)
    store.close()


def copied(source, target, *run_ids):
    return copy_all(StoredRuns(source, open_artifacts, run_ids or None), target)


def same(found, expected):
    return repr(found) == repr(expected)


def check(source, target, run_id):
    one, other = source.get_run(run_id), target.get_run(run_id)
    for name in ("id", "name", "status", "start_time", "end_time", "user", "stage"):
        assert getattr(one, name) == getattr(other, name)
    assert source.get_experiment(one.experiment_id).name == target.get_experiment(other.experiment_id).name
    for ask in ("params", "tags"):
        assert same(getattr(source, ask)([run_id]), getattr(target, ask)([run_id]))
    for ask in ("documents", "datasets", "artifacts"):
        assert getattr(source, ask)(run_id) == getattr(target, ask)(run_id)
    for sha256 in source.documents(run_id).values():
        assert target.read_document(sha256) == source.read_document(sha256)
    for record in source.artifacts(run_id):
        with open_artifacts(other.artifact_uri).open(record.path) as file:
            assert hashlib.sha256(file.read()).hexdigest() == record.sha256
    expected, found = source.histories([run_id], None), target.histories([run_id], None)
    assert [each[:2] for each in expected] == [each[:2] for each in found]
    for (_, _, one), (_, _, other) in zip(expected, found, strict=True):
        for name in ("steps", "timestamps", "values"):
            assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


def test_a_copy_has_everything(source, target):
    outcome = copied(source, target)
    assert (sorted(outcome.copied), outcome.problems) == (["all", "buried", "child", "gone", "open", "planned"], [])
    for run_id in outcome.copied:
        check(source, target.store, run_id)
    assert target.store.find_experiment("vision").tags == {"team": "blue"}
    assert target.store.find_experiment("old").stage is LifecycleStage.DELETED
    again = copied(source, target)
    assert (again.copied, again.unchanged, again.problems) == ([], 6, [])


def store_with(path, experiment, *runs, deleted=False):
    """A store with runs in one experiment."""
    store = MemoryStore(str(path))
    for run_id in runs:
        store.apply([batch(run_id, started(run_id, experiment), params(lr=0.1), ended())])
    if deleted:
        store.delete_experiment(store.find_experiment(experiment).id)
    return store


def stages(store):
    everywhere = Query(tuple(each.id for each in store.experiments("all")), view="all")
    return {run.id: str(run.stage) for run in store.search_runs(everywhere).items}


def test_an_experiment_that_was_there_is_not_deleted(target, tmp_path):
    target.store.apply([batch("mine", started("mine", "Default"), ended())])
    source = store_with(tmp_path / "s", "Default", "theirs", deleted=True)
    for _ in range(2):
        outcome = copied(source, target)
        assert outcome.problems == []
        assert target.store.find_experiment("Default").stage is LifecycleStage.ACTIVE
        assert stages(target.store) == {"mine": "active", "theirs": "deleted"}
    assert copied(store_with(tmp_path / "o", "Default", "other", deleted=True), target).notes == [
        "the experiment 'Default' is deleted in memory:; its runs are deleted runs of the one of that name here"
    ]


def test_a_deleted_experiment_accepts_no_copies_until_it_is_restored(target, tmp_path):
    target.store.apply([batch("mine", started("mine", "tuning"), ended())])
    tuning = target.store.find_experiment("tuning")
    target.store.delete_experiment(tuning.id)
    source = store_with(tmp_path / "s", "tuning", "one", "two")
    source.apply([batch("other", started("other"), ended())])
    outcome = copied(source, target)
    assert outcome.copied == ["other"]
    (problem,) = outcome.problems
    assert problem.startswith("2 runs of memory: are left out: the experiment 'tuning' is deleted; restore it")
    assert target.store.get_experiment(tuning.id).stage is LifecycleStage.DELETED
    target.store.restore_experiment(tuning.id)
    assert sorted(copied(source, target).copied) == ["one", "two"]
    assert set(stages(target.store).values()) == {"active"}


def test_runs_deleted_in_the_source_after_a_copy_stay(target, tmp_path):
    source = store_with(tmp_path / "s", "tuning", "one", "two")
    copied(source, target)
    source.delete_run("one")
    source.delete_experiment(source.find_experiment("tuning").id)
    assert (copied(source, target).copied, set(stages(target.store).values())) == ([], {"active"})
    assert target.store.find_experiment("tuning").stage is LifecycleStage.ACTIVE


class Named(StoredRuns):
    """A source whose experiments all have one name, as is possible in MLflow's folder."""

    def experiments(self):
        return [replace(each, name="tuning") for each in super().experiments()]


@pytest.mark.parametrize("order", [1, -1])
def test_an_active_experiment_stays_active_beside_a_deleted_one_of_its_name(target, tmp_path, order):
    source = MemoryStore(str(tmp_path / "s"))
    for name in ("gone", "kept", "gone too")[::order]:
        source.apply([batch(name.replace(" ", "-"), started(name, name), ended())])
    for name in ("gone", "gone too", "Default"):
        source.delete_experiment(source.find_experiment(name).id)
    assert copy_all(Named(source, open_artifacts), target).problems == []
    assert target.store.find_experiment("tuning").stage is LifecycleStage.ACTIVE
    assert stages(target.store) == {"gone": "deleted", "kept": "active", "gone-too": "deleted"}


def test_only_the_named_runs_are_copied(source, tmp_path):
    target = Target(MemoryStore(str(tmp_path)), open_artifacts)
    assert copied(source, target, "child").copied == ["child"]
    assert {each.name for each in target.store.experiments()} == {"vision", "Default"}
    check(source, target.store, "child")


def test_what_a_run_logged_after_a_copy_is_copied(source, tmp_path):
    middle, target = MemoryStore(str(tmp_path / "m")), Target(MemoryStore(str(tmp_path / "t")), open_artifacts)
    copied(source, Target(middle, open_artifacts), "all", "open")
    copied(middle, target)
    middle.apply([batch("open", tags(a="b"), ended(), lanes=[rows({"loss": [1, 2], "new": [3, 4]}, [0, 1])])])
    put(middle, "all", **{"a.txt": b"changed", "c.txt": b"new"})
    assert sorted(copied(middle, target).copied) == ["all", "open"]
    for run_id in ("all", "open"):
        check(middle, target.store, run_id)


class Failing:
    """A store that fails at the n-th change."""

    def __init__(self, store, changes):
        self._store, self._left = store, changes

    def __getattr__(self, name):
        return getattr(self._store, name)

    def apply(self, batches):
        self._left -= 1
        if self._left < 0:
            raise StoreUnavailable("away")
        return self._store.apply(batches)


def test_an_interrupted_copy_is_continued(source, tmp_path, monkeypatch):
    monkeypatch.setattr(store_source, "_AT_ONCE", 1000)  # values, so that a history comes in pieces
    store, tries = MemoryStore(str(tmp_path)), 0
    while True:
        tries += 1
        try:
            copied(source, Target(Failing(store, 2), open_artifacts), "all")
            break
        except StoreUnavailable:
            assert tries < 100
    assert tries > 5
    check(source, store, "all")


def test_long_histories_are_copied_in_pieces(source, monkeypatch):
    monkeypatch.setattr(store_source, "_AT_ONCE", 1000)
    pieces = list(StoredRuns(source, open_artifacts).points(source.get_run("all")))
    assert max(len(piece.steps) * len(piece.keys) for piece in pieces) <= 1001
    assert sum(len(piece.steps) for piece in pieces if "long" in piece.keys) == 3000
    assert [piece.keys for piece in pieces if "loss" in piece.keys] == [("acc", "loss")]


def test_a_different_value_of_a_param_stays_and_is_reported(source, tmp_path):
    target = Target(MemoryStore(str(tmp_path)), open_artifacts)
    target.store.apply([batch("all", started("all", "vision"), params(lr=0.2))])
    outcome = copied(source, target, "all")
    assert outcome.problems == ["run all: param 'lr' stays 0.2 there"]
    assert dict(row[1:] for row in target.store.params(["all"]))["lr"] == 0.2


def test_a_file_that_cannot_be_read_is_named_and_tried_again(source, tmp_path):
    middle, target = MemoryStore(str(tmp_path / "m")), Target(MemoryStore(str(tmp_path / "t")), open_artifacts)
    copied(source, Target(middle, open_artifacts), "all")
    broken = {"a.txt"}

    class Files:
        def __init__(self, uri):
            self._files = open_artifacts(uri)
            self.list = self._files.list

        def open(self, path):
            if path in broken:
                raise OSError(5, "Input/output error")
            return self._files.open(path)

    outcome = copy_all(StoredRuns(middle, Files), target)
    assert outcome.problems == ["the file a.txt of run all: [Errno 5] Input/output error"]
    assert [record.path for record in target.store.artifacts("all")] == ["deep/er/b.bin", "empty"]
    broken.clear()
    assert copy_all(StoredRuns(middle, Files), target).copied == ["all"]
    check(middle, target.store, "all")


def test_an_invalid_name_excludes_no_other_file(source, tmp_path):
    middle, target = MemoryStore(str(tmp_path / "m")), Target(MemoryStore(str(tmp_path / "t")), open_artifacts)
    copied(source, Target(middle, open_artifacts), "all")
    folder = LocalArtifacts(middle.get_run("all").artifact_uri).root
    (folder / "odd#1").mkdir()
    (folder / "odd#1" / "b.txt").write_text("b")
    (folder / "tab\tc.txt").write_text("c")
    outcome = copied(middle, target)
    assert [problem.partition(";")[0] for problem in outcome.problems] == [
        "a file of run all is left out: artifact path 'odd#1' has a '#', which a URI cannot hold",
        "a file of run all is left out: artifact path 'tab\\tc.txt' has a control character, or one that is not Unicode",
    ]
    check(source, target.store, "all")


def test_progress_is_reported(source, tmp_path):
    told = {"runs": 0, "points": 0, "bytes": 0}

    def tell(what, number):
        told[what] += number

    copy_all(StoredRuns(source, open_artifacts, ["all"]), Target(MemoryStore(str(tmp_path)), open_artifacts), tell)
    assert told == {"runs": 1, "points": 3010, "bytes": 5 + (3 << 20)}


def test_tags_of_the_target_stay(source, tmp_path):
    target = Target(MemoryStore(str(tmp_path)), open_artifacts)
    copied(source, target, "child")
    target.store.apply([direct("child", TagsSet({"mine": "1"}))])
    copied(source, target, "child")
    assert ("mine", "1") in [row[1:] for row in target.store.tags(["child"])]


@pytest.fixture
def with_models(tmp_path):
    """A store in which one run made a model with files, and a later one read and measured it."""
    store = MemoryStore(str(tmp_path / "source"))
    store.apply([batch("made", started("made"))])
    model = store.models.create("0", name="net", model_type="Agent", source_run_id="made", params={"lr": "0.1"}, tags={"t": "v"})
    open_artifacts(model.artifact_uri).write("MLmodel", io.BytesIO(b"flavors"))
    open_artifacts(model.artifact_uri).write("data/model.bin", io.BytesIO(bytes(100_000)))
    store.models.finalize(model.id, LoggedModelStatus.READY)
    store.apply([direct("made", ModelMade(model.id, 3))])
    measured = ModelMeasured(model.id, (ModelMetric("loss", 0.5, 1, 2, "", "iris", "d1"),))
    store.apply([batch("read", started("read", start_time=START + 5)), direct("read", ModelRead(model.id), measured)])
    return store, model.id


def test_logged_models_are_copied_with_their_runs(with_models, target):
    store, model_id = with_models
    assert copied(store, target).problems == []
    before, after = store.models.get(model_id), target.store.models.get(model_id)
    assert replace(after, artifact_uri="", experiment_id="") == replace(before, artifact_uri="", experiment_id="")
    there = open_artifacts(after.artifact_uri)
    for path, content in (("MLmodel", b"flavors"), ("data/model.bin", bytes(100_000))):
        with there.open(path) as file:
            assert file.read() == content
    for links in ("outputs", "inputs"):
        assert getattr(target.store.models, links)(["made", "read"]) == getattr(store.models, links)(["made", "read"])
    assert copied(store, target).copied == []


def test_an_invalid_name_excludes_no_other_file_of_a_model(with_models, tmp_path):
    store, model_id = with_models
    (LocalArtifacts(store.models.get(model_id).artifact_uri).root / "a#b").write_text("odd")
    target = Target(MemoryStore(str(tmp_path / "target")), open_artifacts)
    (problem, *others) = set(copied(store, target).problems)
    assert others == []
    assert problem.startswith(f"a file of the logged model {model_id} is left out: artifact path 'a#b' has a '#'")
    with open_artifacts(target.store.models.get(model_id).artifact_uri).open("MLmodel") as file:
        assert file.read() == b"flavors"


def test_logged_models_are_copied_to_a_server(with_models, tmp_path):
    store, model_id = with_models
    served = MemoryStore("mlflow-artifacts:")
    app = create_app(served, LocalArtifacts(tmp_path / "served"))
    remote = Target(NbtrackServerStore(InProcess(app)), lambda uri: LocalArtifacts(tmp_path / "served" / uri.partition(":/")[2]))
    assert copied(store, remote).problems == []
    assert served.models.get(model_id).metrics == store.models.get(model_id).metrics
    assert (tmp_path / "served" / "0" / "models" / model_id / "artifacts" / "MLmodel").read_bytes() == b"flavors"
    app.close()
