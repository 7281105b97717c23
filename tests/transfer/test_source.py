"""What an import reads and reports: every form of a URI, only the source's own files, everything that is left out."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from nbtrack.errors import InvalidInput, StoreUnavailable
from nbtrack.store.artifacts.open import open_artifacts
from nbtrack.store.memory import MemoryStore
from nbtrack.store.open import open_store
from nbtrack.transfer.copy import copy_all
from nbtrack.transfer.open import open_source
from nbtrack.transfer.run_copy import Target

from ..store.building import batch, ended, started

RUN, OTHER = "0123456789abcdef" * 2, "f" * 32


def experiment(root, number="1", name="e", stage="active"):
    folder = Path(root) / number
    folder.mkdir(parents=True)
    (folder / "meta.yaml").write_text(f"experiment_id: '{number}'\nname: {name}\nlifecycle_stage: {stage}\n")
    return folder


def add_run(folder, run_id=RUN, uri=None, files=("a.txt",)):
    run = folder / run_id
    for name in ("metrics", "params", "tags"):
        (run / name).mkdir(parents=True)
    uri = uri or f"{run}/artifacts"
    (run / "meta.yaml").write_text(f"run_id: {run_id}\nrun_name: r\nstatus: 3\nstart_time: 1\nend_time: 2\nartifact_uri: {uri}\n")
    (run / "params" / "lr").write_text("0.1")
    for name in files:
        put(run / "artifacts" / name)
    return run


def put(path, content="hello"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def database(path, *runs, location=""):
    """Make a database of MLflow with runs, each an id and its artifact_uri."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num)")
        connection.execute("CREATE TABLE experiments (experiment_id, name, artifact_location, lifecycle_stage)")
        connection.execute("CREATE TABLE runs (run_uuid, status, start_time, lifecycle_stage, artifact_uri, experiment_id)")
        connection.execute("CREATE TABLE metrics (key, value, timestamp, run_uuid, step, is_nan)")
        for table in ("params", "tags"):
            connection.execute(f"CREATE TABLE {table} (key, value, run_uuid)")
        connection.execute("INSERT INTO experiments VALUES (1, 'e', ?, 'active')", [location])
        connection.executemany("INSERT INTO runs VALUES (?, 'FINISHED', 1, 'active', ?, 1)", runs)
        connection.commit()
    return path


def imported(source, folder, *places):
    store = MemoryStore(str(folder / "copied"))
    with closing(open_source(str(source), places)) as opened:
        return store, copy_all(opened, Target(store, open_artifacts))


def files(store, run_id=RUN):
    return [record.path for record in store.artifacts(run_id)]


def fingerprint(place):
    return sorted((str(path), path.lstat().st_mtime_ns) for path in [place, *place.rglob("*")])


# Addresses.


@pytest.fixture
def mlruns(tmp_path, monkeypatch):
    """A folder of MLflow in a folder with a space and a percent sign in its name, the working directory."""
    project = tmp_path / "my project 100%25"
    add_run(experiment(project / "mlruns"))
    monkeypatch.chdir(project)
    return project / "mlruns"


FORMS = {
    "relative": lambda path: "mlruns",
    "relative with a dot": lambda path: "./mlruns",
    "absolute": str,
    "a slash more": lambda path: f"{path}/",
    "the project": lambda path: ".",
    "file: relative": lambda path: "file:./mlruns",
    "file: relative without a dot": lambda path: "file:mlruns",
    "file: with one slash": lambda path: "file:" + str(path).replace("%", "%25"),
    "file: with three": lambda path: path.as_uri(),
    "file: of this host": lambda path: path.as_uri().replace("file://", "FILE://localhost"),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_of_a_uri_is_read_and_nothing_is_made_there(mlruns, tmp_path, form):
    before = fingerprint(mlruns.parent)
    store, outcome = imported(form(mlruns), tmp_path)
    assert (outcome.copied, outcome.problems, files(store)) == ([RUN], [], ["a.txt"])
    assert fingerprint(mlruns.parent) == before


NOWHERE = {
    "nothing": "nothing",
    "file: to nothing": "file:./nothing",
    "file: of another host": "file://elsewhere/mlruns",
    "a database that is not there": "sqlite:///nothing.db",
    "a database without a name": "sqlite://",
    "an empty folder": "empty",
    "file: to an empty folder": "file:empty",
    "a folder with an empty folder of ours": "project",
    "an empty folder of ours": "project/.nbtrack",
    "an empty runs.db": "blank",
    "an empty file": "blank/runs.db",
    "a database of others": "other",
    "another kind": "ftp://host/mlruns",
    "memory": "memory:",
}


@pytest.mark.parametrize("uri", NOWHERE.values(), ids=NOWHERE)
def test_a_uri_without_runs_is_an_error_and_nothing_is_made_there(tmp_path, monkeypatch, uri):
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "project/.nbtrack", "blank", "other"):
        Path(name).mkdir(parents=True)
    Path("blank/runs.db").touch()
    with closing(sqlite3.connect("other/runs.db")) as connection:
        connection.execute("CREATE TABLE t (a)")
    before = fingerprint(tmp_path)
    with pytest.raises((InvalidInput, StoreUnavailable), match=r"there is no file|holds no runs|names no file|no folder|host"):
        open_source(uri)
    assert fingerprint(tmp_path) == before


def test_a_database_with_any_name_is_read(tmp_path):
    path = database(tmp_path / "a ?&#%20" / "m l.db", (RUN, "x"))
    assert imported(path, tmp_path)[1].copied == [RUN]
    assert imported(path.as_uri(), tmp_path)[1].copied == [RUN]


def test_a_store_is_found_by_its_folder_its_file_and_its_project(tmp_path):
    folder = tmp_path / "project" / ".nbtrack"
    folder.mkdir(parents=True)
    with closing(open_store(f"sqlite:///{folder}/runs.db", artifact_root=str(folder / "artifacts"))) as store:
        store.apply([batch(RUN, started(), ended())])
        open_artifacts(store.get_run(RUN).artifact_uri).put("a.txt", Path(__file__))
    for source in (folder, folder / "runs.db", folder.parent, f"sqlite:///{folder}/runs.db", folder.as_uri()):
        target, outcome = imported(source, tmp_path)
        assert (outcome.copied, outcome.problems, files(target)) == ([RUN], [], ["a.txt"])


def test_a_project_with_runs_in_several_places_names_them(mlruns, tmp_path):
    database(mlruns.parent / "mlflow.db", (OTHER, f"{mlruns}/1/{OTHER}/artifacts"))
    with pytest.raises(InvalidInput, match=r"holds runs in several places.*/mlruns, .*/mlflow\.db"):
        open_source(".")
    assert imported("mlflow.db", tmp_path)[1].copied == [OTHER]


# Files: of the source's own folder and of places that the user names.


@pytest.fixture
def secret(tmp_path):
    """A folder of another user, named like MLflow's folder of a run."""
    folder = tmp_path / "home" / "1" / RUN / "artifacts"
    put(folder / "id_rsa", "secret")
    return folder


URIS = ["{secret}", "file://{secret}", "file:{secret}", "{up}{secret}", "link/1/{run}/artifacts", "file:link/1/{run}/artifacts"]


@pytest.mark.parametrize("kind", ["folder", "database"])
@pytest.mark.parametrize("uri", URIS)
def test_files_outside_the_source_are_not_copied(tmp_path, secret, kind, uri):
    download = tmp_path / "downloads" / "x"
    uri = uri.format(secret=secret, run=RUN, up="../" * 20)
    if kind == "folder":
        source = add_run(experiment(download / "mlruns"), uri=uri, files=()).parents[1]
        (source / "link").symlink_to(secret.parents[2])
    else:
        source = database(download / "mlflow.db", (RUN, uri))
        (download / "link").symlink_to(secret.parents[2])
    store, outcome = imported(source, tmp_path)
    assert (outcome.copied, files(store)) == ([RUN], [])
    (problem,) = [each for each in outcome.problems if not each.endswith("is a link and is left out")]
    assert problem.startswith(f"the files of run {RUN}: ")
    assert "outside the source's own folder" in problem
    assert "--artifacts-from" in problem
    assert not list((tmp_path / "copied").rglob("id_rsa"))
    # Who knows that they are their own may say so.
    store, outcome = imported(source, tmp_path / "again", secret.parents[2])
    assert files(store) == ["id_rsa"]


ODD = ["~nobody-here/{}/artifacts", "~/{}/artifacts", "a\0b/{}/artifacts", "n" * 5000 + "/{}/artifacts", "{}/artifacts"]
ODD += ["file:///%00/{}/artifacts", "file://h/{}/artifacts", "s3:///{}/artifacts", "http://[/{}/artifacts", "x/../{}/artifacts"]


@pytest.mark.parametrize("uri", [*ODD, "", "..", "artifacts", "/", "file:"])
def test_no_artifact_uri_stops_an_import(tmp_path, uri):
    source = database(tmp_path / "db" / "mlflow.db", (RUN, uri.format(RUN)), (OTHER, f"mlruns/1/{OTHER}/artifacts"))
    put(tmp_path / "db" / "mlruns" / "1" / OTHER / "artifacts" / "a.txt")
    for places in ((), ("elsewhere",)):
        store, outcome = imported(source, tmp_path / str(len(places)), *places)
        assert sorted(outcome.copied) == [RUN, OTHER]
        assert (files(store, RUN), files(store, OTHER)) == ([], ["a.txt"])


def test_artifacts_that_are_a_link_are_not_copied(tmp_path, secret):
    run = add_run(experiment(tmp_path / "mlruns"), files=())
    (run / "artifacts").symlink_to(secret)
    store, outcome = imported(tmp_path / "mlruns", tmp_path)
    assert files(store) == []
    assert "outside the source's own folder" in outcome.problems[0]


@pytest.mark.parametrize("name", ["runs.db", "mlflow.db", "mlruns", ".nbtrack"])
def test_a_link_out_of_the_source_is_opened_only_if_it_is_named(tmp_path, name):
    theirs, download = tmp_path / "theirs", tmp_path / "download"
    download.mkdir()
    if name.endswith(".db"):
        database(theirs / name, (RUN, f"{theirs}/a"))
    else:
        add_run(experiment(theirs / name))
    (download / name).symlink_to(theirs / name)
    with pytest.raises(InvalidInput, match=r"is a link to .*outside that folder"):
        open_source(str(download))
    with closing(open_source(str(download), [str(theirs)])) as runs:
        assert runs.label


def test_links_among_files_are_reported(tmp_path, secret):
    run = add_run(experiment(tmp_path / "mlruns"))
    (run / "artifacts" / "key").symlink_to(secret / "id_rsa")
    (run / "artifacts" / "deep").mkdir()
    (run / "artifacts" / "deep" / "er").symlink_to(secret)
    (run / "artifacts" / "alias").symlink_to("a.txt")
    store, outcome = imported(tmp_path / "mlruns", tmp_path)
    assert files(store) == ["a.txt", "alias"]
    assert outcome.problems == [
        f"a file of run {RUN} is left out: 'key' is a link to elsewhere",
        f"a file of run {RUN} is left out: 'deep/er' is a link to elsewhere",
    ]


@pytest.mark.parametrize(
    "uri, where",
    [
        ("{here}/mlruns/1/{run}/artifacts", "mlruns/1"),
        ("file://{here}/mlruns/1/{run}/artifacts", "mlruns/1"),
        ("./mlruns/1/{run}/artifacts", "mlruns/1"),
        ("mlruns/1/{run}/artifacts", "mlruns/1"),
        ("file:./mlruns/1/{run}/artifacts", "mlruns/1"),
        ("mlflow-artifacts:/1/{run}/artifacts", "mlartifacts/1"),
        ("mlflow-artifacts://host:5000/api/2.0/mlflow-artifacts/artifacts/1/{run}/artifacts", "mlartifacts/1"),
        ("/old/place/mlruns/1/{run}/artifacts", "mlruns/1"),
        ("file:///C:/Users/me/mlruns/1/{run}/artifacts", "mlruns/1"),
        ("/old/place/1/{run}/artifacts", "1"),
    ],
)
def test_files_of_a_database_are_found_beside_it(tmp_path, uri, where):
    source = database(tmp_path / "moved" / "mlflow.db", (RUN, uri.format(here=tmp_path / "moved", run=RUN)))
    put(tmp_path / "moved" / where / RUN / "artifacts" / "deep" / "a.txt")
    store, outcome = imported(source, tmp_path)
    assert (outcome.problems, files(store)) == ([], ["deep/a.txt"])


@pytest.mark.parametrize("uri", ["/old/1/{}/artifacts", "mlflow-artifacts:/1/{}/artifacts", "s3://bucket/old/1/{}/artifacts"])
def test_files_that_were_moved_are_found_where_the_user_says(tmp_path, uri, monkeypatch):
    source = database(tmp_path / "db" / "mlflow.db", (RUN, uri.format(RUN)), (OTHER, uri.format(OTHER)))
    put(tmp_path / "new place" / "1" / RUN / "artifacts" / "a.txt")
    problems = imported(source, tmp_path)[1].problems
    assert len(problems) == 2
    assert "--artifacts-from" in problems[0]
    monkeypatch.chdir(tmp_path)
    for place in ("new place", (tmp_path / "new place").as_uri(), "file:new%20place"):
        store, outcome = imported(source, tmp_path, "nowhere", place)
        assert files(store) == ["a.txt"]
        # Of the other run no folder is there: it has no files, unless its own place is one that cannot be looked at.
        assert [OTHER in problem for problem in outcome.problems] == ([] if uri.startswith("/old") else [True])


def test_runs_without_files_are_not_a_problem(tmp_path):
    folder = tmp_path / "moved"
    source = database(folder / "mlflow.db", (RUN, f"{folder}/mlruns/1/{RUN}/artifacts"))
    assert imported(source, tmp_path)[1].problems == []
    source = database(
        folder / "two.db", (RUN, f"/old/mlruns/1/{RUN}/artifacts"), (OTHER, f"mlflow-artifacts:/7/{OTHER}/artifacts")
    )
    assert len(imported(source, tmp_path)[1].problems) == 2
    put(folder / "mlruns" / "1" / OTHER / "artifacts" / "a.txt")
    put(folder / "mlartifacts" / "1" / OTHER / "artifacts" / "a.txt")
    assert imported(source, tmp_path)[1].problems == []


# What is left out is named.


def test_everything_that_is_left_out_is_reported(tmp_path):
    root = tmp_path / "mlruns"
    folder = experiment(root)
    run = add_run(folder)
    (root / "2" / OTHER).mkdir(parents=True)
    (folder / OTHER / "params").mkdir(parents=True)
    (root / "3").symlink_to(folder)
    (folder / ("e" * 32)).symlink_to(run)
    (run / "params" / "linked").symlink_to(run / "params" / "lr")
    (run / "tags" / "folder").symlink_to(run)
    (run / "inputs" / "i1").mkdir(parents=True)
    for known in ("models", "traces"):
        (root / known / "m1").mkdir(parents=True)
    for known in ("datasets", "tags", "traces"):
        (folder / known).mkdir()
    store, outcome = imported(root, tmp_path)
    assert (outcome.copied, store.params([RUN])) == ([RUN], [(RUN, "lr", "0.1")])
    assert set(outcome.problems) == {
        f"{folder}/{'e' * 32}: is a link and is left out",
        f"{folder}/{OTHER}: is left out because it has no meta.yaml",
        f"{run}/inputs/i1: is left out because it has no meta.yaml",
        f"{run}/params/linked: is a link and is left out",
        f"{run}/tags/folder: is a link and is left out",
        f"{root}/2: is left out because it has no meta.yaml",
        f"{root}/3: is a link and is left out",
    }
    assert len(outcome.problems) == 7


def test_a_deleted_experiment_with_the_number_of_another_is_read_too(tmp_path):
    root = tmp_path / "mlruns"
    add_run(experiment(root))
    add_run(experiment(root / ".trash", name="old", stage="deleted"), OTHER)
    store, outcome = imported(root, tmp_path)
    assert (sorted(outcome.copied), outcome.problems) == ([RUN, OTHER], [])
    assert {each.name for each in store.experiments("deleted")} == {"old"}


def test_a_folder_with_only_deleted_experiments_is_read(tmp_path):
    add_run(experiment(tmp_path / "mlruns" / ".trash", stage="deleted"))
    assert imported(tmp_path / "mlruns", tmp_path)[1].copied == [RUN]


TEXTS = ["a\r\nb\r\n", "a\rb", "a\n", "\n", "", " a ", "\ttabs\t", "é\u2028\u0085", "\ufeffbom", "\r\n"]


def test_strings_are_copied_unchanged(tmp_path):
    root = tmp_path / "mlruns"
    run = add_run(experiment(root))
    for number, text in enumerate(TEXTS):
        for kind in ("params", "tags"):
            (run / kind / f"k{number}").write_bytes(text.encode())
    store, outcome = imported(root, tmp_path)
    assert outcome.problems == []
    for found in (store.params([RUN]), store.tags([RUN])):
        values = {key: value for _, key, value in found}
        assert [values[f"k{number}"] for number in range(len(TEXTS))] == TEXTS


@pytest.mark.slow
def test_strings_are_what_mlflow_itself_reads(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_FILE_STORE_WARNING", "true")
    from mlflow.store.tracking.file_store import FileStore

    root = tmp_path / "mlruns"
    run = add_run(experiment(root))
    for number, text in enumerate(TEXTS):
        (run / "params" / f"k{number}").write_bytes(text.encode())
    with (run / "meta.yaml").open("a") as file:
        file.write("experiment_id: '1'\nuser_id: me\n")
    data = FileStore(str(root)).get_run(RUN).data
    store, _ = imported(root, tmp_path)
    assert {key: value for _, key, value in store.params([RUN])} == data.params


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_old_images_are_imported(tmp_path):
    name = "images/dog%step%3%timestamp%1724213639123%ace60e60-f4da-41ab-a4ab-40f085b26941.png"
    add_run(experiment(tmp_path / "mlruns"), files=(name, "k.txt", "odd#1/x", "z.txt"))
    store, outcome = imported(tmp_path / "mlruns", tmp_path)
    assert files(store) == [name, "k.txt", "z.txt"]
    (problem,) = outcome.problems
    assert problem.startswith(f"a file of run {RUN} is left out: artifact path 'odd#1' has a '#'")
