"""The places that a store may name for files: its own folder, and those that the user's settings name."""

from pathlib import Path
from urllib.parse import quote

import pytest

import nbtrack
from nbtrack.errors import PlaceNotAllowed
from nbtrack.settings import artifact_places, resolve
from nbtrack.store.artifacts.allowed_places import AllowedPlaces

BUCKETS = ["s3://bucket/team/7", "s3a://bucket/team/7", "gs://bucket/x", "az://c/x", "abfss://c@account.dfs.core.windows.net/x"]


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project" / ".nbtrack"
    (folder / "artifacts" / "0").mkdir(parents=True)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years of work")
    return folder


def places(folder, *named):
    return AllowedPlaces.of(resolve(folder, environ={})) if not named else AllowedPlaces(((folder, "artifacts"),), named)


@pytest.mark.parametrize("form", ["{}", "file://{}", "file:{}", "{}/", "{}/../r"])
def test_a_folder_of_the_store_is_allowed_in_every_form(project, form):
    assert places(project).allows(form.format(project / "artifacts" / "0" / "r"))


@pytest.mark.parametrize(
    "uri",
    [
        "{home}",
        "file://{home}",
        "file:{home}",
        "FILE://localhost{home}",
        "{project}",
        "{project}/artifacts",
        "{project}/artifacts/",
        "{project}/artifacts/0/../../../../home",
        "file://{project}/artifacts/%2e%2e/%2e%2e/%2e%2e/home",
        "{project}/artifacts-of-others/x",
        "{project}/artifacts/0/out",
        "{project}/artifacts/0/out/deeper",
        "{project}/artifacts/0/round/x/../../out",
        "home",
        "../home",
        "~",
        "~nobody-here/x",
        "file://otherhost{home}",
        "file://{home}?x",
        "a\0b",
        "file:%00",
        "\udc80/\ud800",
        "x" * 10_000,
        "",
        "mlflow-artifacts:/0/run/artifacts",
        "http://host/api/2.0/mlflow-artifacts/artifacts/0",
        "ftp://host/x",
        "unknown:/x",
        "sftp://host/x",
        *BUCKETS,
    ],
)
def test_other_places_are_not_allowed(project, uri, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (project / "artifacts" / "0" / "out").symlink_to(tmp_path / "home")
    (project / "artifacts" / "0" / "round").symlink_to("round")
    assert not places(project).allows(uri.format(home=tmp_path / "home", project=project))
    with pytest.raises(PlaceNotAllowed, match="NBTRACK_ARTIFACT_PLACES"):
        places(project).open(uri.format(home=tmp_path / "home", project=project))


def test_a_database_is_named_by_its_uri(project):
    by_uri = AllowedPlaces.of(resolve(f"sqlite:///{project}/runs.db", environ={}))
    assert by_uri.allows(str(project / "artifacts" / "0" / "r"))
    assert by_uri.allows(str(project / "runs.db.files" / "artifacts" / "0" / "r"))
    assert places(project).allows(str(project / "runs.db.files" / "artifacts" / "0" / "r"))
    other = AllowedPlaces.of(resolve(f"sqlite:///{project}/other.db", environ={}))
    assert not other.allows(str(project / "artifacts" / "0" / "r"))
    assert other.allows(str(project / "other.db.files" / "artifacts" / "0" / "r"))


def test_files_beside_a_database_that_are_a_link_are_not_allowed(project, tmp_path):
    other = AllowedPlaces.of(resolve(f"sqlite:///{project}/other.db", environ={}))
    (project / "other.db.files").symlink_to(tmp_path)
    assert not other.allows(str(tmp_path / "artifacts" / "0"))
    assert not other.allows(str(project / "other.db.files" / "artifacts" / "0"))


def test_places_named_by_settings_are_allowed(project, tmp_path):
    (tmp_path / "disk").symlink_to(tmp_path / "home")  # the user's own link on the way to a place
    allowed = places(project, str(tmp_path / "disk"), "s3://bucket/team/", "sftp://ada@host/x")
    assert allowed.allows(str(tmp_path / "home" / "1"))
    assert allowed.allows(f"file://{tmp_path}/disk/1")
    assert allowed.allows("s3://bucket/team/7/artifacts")
    assert allowed.allows("s3a://bucket/team/7/artifacts")
    assert not allowed.allows("s3://bucket/teams")
    assert not allowed.allows("s3://bucket")
    assert not allowed.allows("s3://bucket/team/../other")
    assert not allowed.allows("s3://bucket2/team/7")
    assert allowed.allows("sftp://ada@host/x/1")
    assert not allowed.allows("sftp://eve@host/x/1")


def test_a_folder_of_artifacts_that_is_a_link_is_allowed_when_a_setting_names_it(project, tmp_path):
    (project / "artifacts" / "0").rmdir()
    (project / "artifacts").rmdir()
    (project / "artifacts").symlink_to(tmp_path / "home")
    assert not places(project).allows(str(project / "artifacts" / "0"))
    assert places(project, str(project / "artifacts")).allows(str(project / "artifacts" / "0"))


def test_a_project_reached_by_a_link_is_allowed(project, tmp_path):
    (tmp_path / "shortcut").symlink_to(project.parent)
    by_link = places(tmp_path / "shortcut" / ".nbtrack")
    assert by_link.allows(str(project / "artifacts" / "0" / "r"))
    assert places(project).allows(str(tmp_path / "shortcut" / ".nbtrack" / "artifacts" / "0" / "r"))


SERVER = "https://ada:secret@tracking.example:5000/base"


@pytest.mark.parametrize("uri", [*BUCKETS, "mlflow-artifacts:/0/r", "mlflow-artifacts://tracking.example:5000/0/r"])
def test_a_server_may_name_buckets_and_itself(uri):
    assert AllowedPlaces.of_server(SERVER).allows(uri)
    assert AllowedPlaces.of(resolve(SERVER, environ={})).allows(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "/home/ada",
        "file:///home/ada",
        "home",
        "mlflow-artifacts://evil/0/r",
        "mlflow-artifacts://evil@tracking.example:5000/r",
        "http://evil/api/2.0/mlflow-artifacts/artifacts/0",
        "sftp://localhost/home/ada",
        "wasbs://container@account.evil.com/x",
        "wasbs://container@core.windows.net.evil.com/x",
        "s3://evil.com?/x",
        "s3://evil.com#/x",
        "gs://evil.com\\/x",
        "http:/api/2.0/mlflow-artifacts/artifacts/0",
        "https://tracking.example:5000@evil/api/2.0/mlflow-artifacts/artifacts/0",
        "https://evil?@tracking.example:5000/api/2.0/mlflow-artifacts/artifacts/0",
    ],
)
def test_a_server_may_not_name_local_folders_or_other_servers(uri):
    assert not AllowedPlaces.of_server(SERVER).allows(uri)


def test_environment_and_configuration_name_places(tmp_path):
    environ = {"NBTRACK_ARTIFACT_PLACES": " s3://team/runs , data,", "NBTRACK_ARTIFACTS": "/disk"}
    assert artifact_places(environ=environ, config={}, cwd=tmp_path) == ("s3://team/runs", f"{tmp_path}/data", "/disk")
    assert artifact_places(environ={}, config={"artifact_places": "~/x"}, cwd=tmp_path) == (str(Path.home() / "x"),)
    assert artifact_places(environ={}, config={}) == ()


def test_a_folder_with_a_comma_is_named_by_its_uri(tmp_path, monkeypatch):
    monkeypatch.setenv("NBTRACK_ARTIFACT_PLACES", f"file://{quote(str(tmp_path / 'a, b'), safe='/')}".replace(",", "%2C"))
    assert AllowedPlaces((), artifact_places()).allows(str(tmp_path / "a, b" / "c"))


def test_a_file_waits_until_a_setting_names_its_place(tmp_path, monkeypatch):
    nbtrack.connect(tmp_path / "p")
    with nbtrack.start_run() as first:
        first.log(loss=0.5)
    nbtrack.flush()
    elsewhere = tmp_path / "team"
    connection = first._session.connection
    made = connection.store().create_experiment("team", artifact_location=str(elsewhere))
    run = nbtrack.start_run("r", experiment="team")
    run.log_text("hello", "a.txt")
    assert not connection.flusher.flush(10, is_patient=False)
    assert "NBTRACK_ARTIFACT_PLACES" in connection.flusher.problem
    assert not elsewhere.exists()
    monkeypatch.setenv("NBTRACK_ARTIFACT_PLACES", str(elsewhere))
    run.end()
    assert nbtrack.flush()
    assert run.artifacts.read_text("a.txt") == "hello"
    assert (Path(made.artifact_location) / run.id / "artifacts" / "a.txt").exists()
    monkeypatch.delenv("NBTRACK_ARTIFACT_PLACES")
    with pytest.raises(PlaceNotAllowed, match="team"):
        run.artifacts.list()


@pytest.mark.parametrize("level", ["run", "experiment", "artifacts"])
def test_a_folder_that_becomes_a_link_is_not_used(tmp_path, level):
    victim = tmp_path / "victim"
    (victim / "sub").mkdir(parents=True)
    nbtrack.connect(tmp_path / "p")
    with nbtrack.start_run() as run:
        run.log_text("mine", "sub/a.txt")
    nbtrack.flush()
    files = Path(run.artifact_uri.removeprefix("file://"))
    replaced = {"run": files.parent, "experiment": files.parent.parent, "artifacts": files}[level]
    inside = victim / files.relative_to(replaced) / "sub"
    inside.mkdir(parents=True, exist_ok=True)
    (inside / "a.txt").write_text("theirs")
    replaced.rename(tmp_path / "aside")
    replaced.symlink_to(victim)
    store = run._session.connection.artifacts
    for use in (
        lambda: run.artifacts.list(),
        lambda: run.artifacts.read_text("sub/a.txt"),
        lambda: run.artifacts.download("", tmp_path / "copy"),
        lambda: store(run.artifact_uri).put("sub/a.txt", inside / "a.txt"),
        lambda: store(run.artifact_uri).delete(""),
    ):
        with pytest.raises(PlaceNotAllowed):
            use()
    assert (inside / "a.txt").read_text() == "theirs"
    assert not (tmp_path / "copy").exists()


def test_files_once_served_from_the_stores_own_place_are_found(tmp_path):
    settings = resolve(tmp_path / "store")
    kept = tmp_path / "store" / "artifacts" / "0" / "run" / "artifacts"
    kept.mkdir(parents=True)
    (kept / "a.txt").write_text("hello")
    allowed = AllowedPlaces.of(settings)
    with allowed.open("mlflow-artifacts:/0/run/artifacts").open("a.txt") as file:
        assert file.read() == b"hello"
    (tmp_path / "secret").mkdir()
    for uri in ("mlflow-artifacts:/0/other", "mlflow-artifacts:/0/../../../secret", "mlflow-artifacts://host/0/run/artifacts"):
        with pytest.raises(PlaceNotAllowed):
            allowed.open(uri)
    (tmp_path / "store" / "artifacts" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(PlaceNotAllowed):
        allowed.open("mlflow-artifacts:/link")
