"""Locations of files: in rows, for readers, and after a store is moved, copied or served."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrack.entities.events import ModelMade
from nbtrack.entities.tags import TRACE_LOCATION
from nbtrack.errors import InvalidInput
from nbtrack.store.artifacts.open import open_artifacts
from nbtrack.store.filter import RUNS, VERSIONS, parse, parse_order
from nbtrack.store.open import open_store
from nbtrack.store.protocol.search import Query
from nbtrack.store.registration import origin_of, register
from nbtrack.store.sql.places import Home, places_of
from nbtrack.store.sql.served import served_places

from ..building import batch, direct, started

FROZEN = Path(__file__).with_name("frozen")
PROXIED = "mlflow-artifacts:"


@pytest.fixture
def opened():
    """Return a function that opens the store in a folder, with its default root unless another is given."""
    stores = []

    def open_one(folder, root=None, **options):
        root = str(root or folder / "artifacts")
        stores.append(open_store(f"sqlite:///{folder}/runs.db", artifact_root=root, **options))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


def query(folder, sql, *values):
    with closing(sqlite3.connect(folder / "runs.db")) as connection, connection:
        return connection.execute(sql, values).fetchall()


def filled(store):
    """Fill a store with a run that has a file, a logged model, a version of it and a trace; return the model's id."""
    store.create_experiment("vision")
    store.apply([batch("r", started("fit", "vision"))])
    put(store.get_run("r").artifact_uri, "a.txt")
    made = store.models.create("1", name="net", source_run_id="r")
    put(made.artifact_uri, "net.bin")
    store.apply([direct("r", ModelMade(made.id))])
    store.registry.create_model("digits")
    register(store, "digits", made.artifact_uri, origin=origin_of(store, made.artifact_uri, "r", made.id))
    return made.id


def put(uri, name):
    target = Path(uri, name)
    target.parent.mkdir(parents=True)
    target.write_text("hello")


def places_in(store, model_id):
    version = store.registry.get_version("digits", 1)
    run, model = store.get_run("r"), store.models.get(model_id)
    return [store.get_experiment("1").artifact_location, run.artifact_uri, model.artifact_uri, version.source, version.location]


def expected_in(root, model_id):
    model = f"{root}/1/models/{model_id}/artifacts"
    return [f"{root}/1", f"{root}/1/r/artifacts", model, model, model]


@pytest.mark.parametrize("name", ["artifacts", "runs.db.files/artifacts", ".nbtrack/elsewhere"])
def test_a_store_that_is_moved_or_copied_has_its_own_files(tmp_path, opened, name):
    first, second = tmp_path / "a é#" / ".nbtrack", tmp_path / "b" / ".nbtrack"
    root, moved = ((folder / name.removeprefix(".nbtrack/")) for folder in (first, second))
    store = opened(first, root)
    model_id = filled(store)
    assert places_in(store, model_id) == expected_in(root, model_id)
    store.close()
    shutil.copytree(first, second)
    copy = opened(second)
    assert places_in(copy, model_id) == expected_in(moved, model_id)
    assert Path(copy.get_run("r").artifact_uri, "a.txt").read_text() == "hello"
    open_artifacts(copy.get_run("r").artifact_uri).delete("")
    assert Path(store.get_run("r").artifact_uri, "a.txt").exists()
    copy.apply([batch("later", started("fit", "vision"))])
    assert copy.get_run("later").artifact_uri == f"{moved}/1/later/artifacts"
    assert str(first) not in str(query(second, "SELECT artifact_uri FROM runs UNION SELECT artifact_location FROM experiments"))


def test_a_database_that_is_renamed_with_its_files_keeps_them(tmp_path):
    for name in ("runs", "results"):
        store = open_store(f"sqlite:///{tmp_path}/{name}.db", artifact_root=f"{tmp_path}/{name}.db.files/artifacts")
        if name == "runs":
            filled(store)
        assert Path(store.get_run("r").artifact_uri, "a.txt").read_text() == "hello"
        assert store.get_run("r").artifact_uri == f"{tmp_path}/{name}.db.files/artifacts/1/r/artifacts"
        store.close()
        for path in tmp_path.glob("runs.db*"):
            path.rename(tmp_path / path.name.replace("runs", "results"))


@pytest.mark.parametrize("root", ["s3://bucket/x", "/data/elsewhere", "mlflow-artifacts:", "file:///data/x"])
def test_a_root_that_somebody_chose_elsewhere_stays_where_it_is(tmp_path, opened, root):
    store = opened(tmp_path / "a", root)
    store.apply([batch("r", started("fit"))])
    store.close()
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert opened(tmp_path / "b").get_run("r").artifact_uri == f"{root}/0/r/artifacts"


def test_old_runs_stay_in_the_store_when_another_root_is_set(tmp_path, opened):
    model_id = filled(opened(tmp_path))
    later = opened(tmp_path, "s3://bucket/x")
    assert places_in(later, model_id) == expected_in(tmp_path / "artifacts", model_id)
    assert later.create_experiment("new").artifact_location == "s3://bucket/x/2"


def test_searches_see_what_readers_see(tmp_path, opened):
    model_id = filled(opened(tmp_path / "a"))
    (tmp_path / "a").rename(tmp_path / "b")
    store = opened(tmp_path / "b")
    where = tmp_path / "b" / "artifacts"

    def found(condition):
        order = parse_order(["attributes.artifact_uri DESC"], names=RUNS)
        return [run.id for run in store.search_runs(Query(filter=parse(condition, names=RUNS), order=order)).items]

    assert found(f"attributes.artifact_uri = '{where}/1/r/artifacts'") == ["r"]
    assert found(f"attributes.artifact_uri LIKE '{where}/%'") == ["r"]
    assert found("attributes.artifact_uri LIKE 'nbtrack%'") == found(f"attributes.artifact_uri LIKE '{tmp_path}/a/%'") == []
    source = f"source_path = '{where}/1/models/{model_id}/artifacts'"
    assert len(store.registry.search_versions(Query(filter=parse(source, names=VERSIONS))).items) == 1


@pytest.mark.parametrize("uri", ["nbtrack-store:/artifacts/9", "nbtrack-store:/../../etc", "nbtrack-files:x"])
def test_schemes_of_rows_are_refused_from_callers(tmp_path, opened, uri):
    store = opened(tmp_path)
    with pytest.raises(InvalidInput, match="is not a place for artifacts"):
        store.create_experiment("x", artifact_location=uri)
    store.registry.create_model("m")
    with pytest.raises(InvalidInput, match="is not a place for artifacts"):
        store.registry.create_version("m", uri)
    assert [each.name for each in store.experiments("all")] == ["Default"]


@pytest.mark.parametrize("uri", ["nbtrack-store:/artifacts/../../etc", "nbtrack-files:/..", "nbtrack-store:/artifactsx"])
def test_a_forged_location_in_a_row_opens_nothing(tmp_path, opened, uri):
    store = opened(tmp_path)
    store.apply([batch("r", started("fit"))])
    query(tmp_path, "UPDATE runs SET artifact_uri = ?", uri)
    assert store.get_run("r").artifact_uri == uri
    with pytest.raises(InvalidInput):
        open_artifacts(uri).list()


@given(st.lists(st.text(st.characters(exclude_characters="/\\\0", exclude_categories=("Cs",)), min_size=1), min_size=1))
def test_a_location_is_read_back_unchanged(parts):
    home = Home(Path("/p/.nbtrack/runs.db"))
    for places, root in (
        (places_of("/p/.nbtrack/artifacts", home), "/p/.nbtrack/artifacts"),
        (served_places(PROXIED, home, "file:///p/.nbtrack/artifacts"), PROXIED),
    ):
        uri = "/".join((root, *parts))
        assert places.shown(places.kept(uri)) == uri


def test_a_root_named_through_a_link_is_the_store_s_own(tmp_path, opened):
    (tmp_path / "link").symlink_to(tmp_path / "a")
    opened(tmp_path / "a", tmp_path / "link" / "artifacts").apply([batch("r", started("fit"))])
    (tmp_path / "a").rename(tmp_path / "b")
    assert opened(tmp_path / "b").get_run("r").artifact_uri == f"{tmp_path}/b/artifacts/0/r/artifacts"


# Behind a server.


@pytest.mark.parametrize("through", ["a", "link"])
def test_clients_of_a_server_see_no_path_of_its_machine(tmp_path, opened, through):
    local = opened(tmp_path / "a")
    model_id = filled(local)
    local.create_experiment("elsewhere", artifact_location="s3://bucket/x")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    folder = tmp_path / through
    served = opened(folder, PROXIED, served=open_artifacts(str(folder / "artifacts")).uri)
    assert places_in(served, model_id) == expected_in(PROXIED, model_id)
    assert served.get_experiment("2").artifact_location == "s3://bucket/x"
    served.apply([batch("new", started("fit", "vision")), batch("other", started("fit", "made here"))])
    assert served.get_run("new").artifact_uri == f"{PROXIED}/1/new/artifacts"
    assert served.get_run("other").artifact_uri == f"{PROXIED}/3/other/artifacts"
    source = f"{PROXIED}/1/new/artifacts/net"
    assert served.registry.create_version("digits", source).location == source
    here = tmp_path / "a" / "artifacts"  # where it is used on the server's machine again
    assert local.get_run("other").artifact_uri == f"{here}/3/other/artifacts"
    assert local.registry.get_version("digits", 2).source == f"{here}/1/new/artifacts/net"


def test_files_that_a_server_does_not_keep_are_not_shown_as_local(tmp_path, opened):
    model_id = filled(opened(tmp_path / "a"))
    served = opened(tmp_path / "a", PROXIED, served="s3://bucket/x")
    assert places_in(served, model_id) == expected_in(PROXIED, model_id)
    served.apply([batch("new", started("fit", "vision"))])
    assert query(tmp_path / "a", "SELECT artifact_uri FROM runs WHERE id = 'new'") == [(f"{PROXIED}/1/new/artifacts",)]


# Stores made before places were relative.


def older(folder, root, *, version="0003"):
    """Create a store of an earlier version, with the given default root."""
    folder.mkdir(parents=True)
    shutil.copy(FROZEN / f"schema-{version}.db", folder / "runs.db")
    for table, column in (
        ("experiments", "artifact_location"),
        ("runs", "artifact_uri"),
        ("logged_models", "artifact_uri"),
        ("model_versions", "location"),
    ):
        query(folder, f"UPDATE {table} SET {column} = replace({column}, '/data/artifacts', ?)", str(root))
    query(folder, "UPDATE model_versions SET source = ? WHERE version = 1", f"file://{root}/1/finished/artifacts/net")
    query(folder, "INSERT INTO trace_tags SELECT key, ?, ? FROM traces", TRACE_LOCATION, f"{root}/1/traces/tr-1/artifacts")


def check_migrated(store, root):
    assert [each.artifact_location for each in store.experiments()] == [f"{root}/1", f"{root}/0"]
    assert [store.get_run(run).artifact_uri for run in ("finished", "open")] == [
        f"{root}/1/finished/artifacts",
        f"{root}/0/open/artifacts",
    ]
    made = store.models.get(store.models.outputs(["finished"])[0].model_id)
    assert made.artifact_uri == f"{root}/1/models/{made.id}/artifacts"
    version = store.registry.get_version("digits", 1)
    assert version.source.removeprefix("file://") == f"{root}/1/finished/artifacts/net"
    assert version.location == "/data/net"
    assert store.traces.get(["tr-1"])[0].tags[TRACE_LOCATION] == f"{root}/1/traces/tr-1/artifacts"


def test_an_older_store_is_relative_from_now_on(tmp_path, opened):
    older(tmp_path / "a", tmp_path / "a" / "artifacts")
    check_migrated(opened(tmp_path / "a"), tmp_path / "a" / "artifacts")
    (tmp_path / "a").rename(tmp_path / "b")
    check_migrated(opened(tmp_path / "b"), tmp_path / "b" / "artifacts")


@pytest.mark.parametrize(
    ("before", "folder", "name"),
    [
        ("old/.nbtrack/artifacts", "new/.nbtrack", "artifacts"),
        ("old/.nbtrack/runs.db.files/artifacts", "new/.nbtrack", "runs.db.files/artifacts"),
        ("old/.nbtrack/mine", "new/.nbtrack", "mine"),
        ("old/runs.db.files/artifacts", "new", "runs.db.files/artifacts"),
        ("old/store/artifacts", "new/store", "artifacts"),
    ],
)
def test_an_older_store_that_was_moved_before_has_its_files_again(tmp_path, opened, before, folder, name):
    older(tmp_path / folder, tmp_path / before)
    store = opened(tmp_path / folder)
    assert "nbtrack-" in query(tmp_path / folder, "SELECT artifact_uri FROM runs")[0][0]
    check_migrated(store, tmp_path / folder / name)


def test_an_older_store_whose_folder_was_renamed_is_known_by_its_files(tmp_path, opened):
    older(tmp_path / "new", tmp_path / "old" / "artifacts")
    put(tmp_path / "new" / "artifacts" / "1" / "finished" / "artifacts", "a.txt")
    check_migrated(opened(tmp_path / "new"), tmp_path / "new" / "artifacts")


def test_an_older_store_keeps_a_root_that_somebody_chose(tmp_path, opened):
    share = tmp_path / "share" / "artifacts"
    share.mkdir(parents=True)
    older(tmp_path / "a", share)
    check_migrated(opened(tmp_path / "a"), share)


def test_files_that_a_moved_project_left_in_the_old_place_are_still_found(tmp_path, opened):
    old, new = tmp_path / "old" / ".nbtrack", tmp_path / "new" / ".nbtrack"
    older(new, old / "artifacts")
    for folder, experiment, run in ((old, 1, "finished"), (new, 1, "finished"), (old, 0, "open")):
        put(folder / "artifacts" / str(experiment) / run / "artifacts", "a.txt")
    store = opened(new)
    assert store.get_run("finished").artifact_uri == f"{new}/artifacts/1/finished/artifacts"
    assert store.get_run("open").artifact_uri == f"{old}/artifacts/0/open/artifacts"
    store.apply([batch("later", started("fit"))])
    assert store.get_run("later").artifact_uri == f"{new}/artifacts/0/later/artifacts"


def test_an_older_store_with_any_string_as_location_is_migrated(tmp_path, opened):
    older(tmp_path / "a", tmp_path / "a" / "artifacts")
    odd = [f"{tmp_path}/a/artifacts/../../x", "x" * 9000, f"{tmp_path}/a/artifacts/{'y' * 9000}", "", "\0/0"]
    for number, place in enumerate(odd):
        query(tmp_path / "a", "INSERT INTO experiments VALUES (?, ?, ?, 'active', 1, 1)", 10 + number, f"e{number}", place)
    store = opened(tmp_path / "a")
    assert [store.get_experiment(str(10 + number)).artifact_location for number in range(len(odd))] == odd


def test_the_oldest_store_is_migrated_through_every_version(tmp_path, opened):
    shutil.copy(FROZEN / "schema-0001.db", tmp_path / "runs.db")
    query(tmp_path, "UPDATE runs SET artifact_uri = replace(artifact_uri, '/data', ?)", str(tmp_path))
    query(tmp_path, "UPDATE experiments SET artifact_location = replace(artifact_location, '/data', ?)", str(tmp_path))
    assert opened(tmp_path).get_run("finished").artifact_uri == os.fspath(tmp_path / "artifacts/1/finished/artifacts")
    assert query(tmp_path, "SELECT artifact_uri FROM runs WHERE id = 'open'") == [("nbtrack-store:/artifacts/0/open/artifacts",)]
