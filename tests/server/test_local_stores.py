"""A store that was used locally and is then served: clients' files go to the server although its rows name local folders."""

from __future__ import annotations

import pytest

import nbtrack
from nbtrack.cli import main
from nbtrack.server.handlers.artifact_paths import folder_at
from nbtrack.settings import resolve

from .test_process import serving


@pytest.fixture
def project(tmp_path):
    """A project with a run, its files, and a registered model."""
    tracker = nbtrack.connect(tmp_path / "project" / ".nbtrack")
    with tracker.start_run("local") as run:
        run.log_text("hello", "a.txt")
        run.log_text("weights", "net/MLmodel")
    tracker.flush()
    nbtrack.register_model(f"runs:/{run.id}/net", "digits")
    yield tmp_path / "project"
    nbtrack.connect("memory:")


def files_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def log(url):
    """Log a run with a file to a server, and return all runs there with their files."""
    tracker = nbtrack.connect(url)
    with tracker.start_run("remote") as run:
        run.log_text("precious", "b.txt")
    tracker.flush()
    return {run.name: run for run in tracker.runs()}


@pytest.mark.slow
@pytest.mark.parametrize("store", [".nbtrack", "link", "sqlite:///.nbtrack/runs.db"])
def test_clients_of_a_store_that_was_used_locally_upload_to_the_server(project, store):
    (project / "link").symlink_to(project / ".nbtrack")
    with serving(project, "--store", store) as (process, url):
        runs = log(url)
        assert {run.artifact_uri for run in runs.values()} == {f"mlflow-artifacts:/0/{run.id}/artifacts" for run in runs.values()}
        assert runs["local"].artifacts.read_text("a.txt") == "hello"
        assert runs["remote"].artifacts.read_text("b.txt") == "precious"
        assert nbtrack.get_model("digits").artifacts.read_text("MLmodel") == "weights"
        runs["local"].log_text("more", "c.txt")
        nbtrack.flush()
        process.terminate()
        assert "earlier runs" not in process.communicate()[1]
    kept = project / ".nbtrack" / "artifacts" / "0"
    assert files_in(kept / runs["remote"].id) == ["b.txt"]
    assert files_in(kept / runs["local"].id) == ["MLmodel", "a.txt", "c.txt"]
    again = nbtrack.connect(project / ".nbtrack").get_run(runs["remote"].id)
    assert again.artifacts.read_text("b.txt") == "precious"


@pytest.mark.slow
def test_mlflows_client_uploads_to_the_server_too(project, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    with serving(project, "--store", ".nbtrack") as (_, url):
        client = mlflow.MlflowClient(url)
        (local,) = client.search_runs(["0"])
        new = client.create_run("0")
        for run in (local, new):
            client.log_text(run.info.run_id, "precious", "d.txt")
            assert run.info.artifact_uri.startswith("mlflow-artifacts:/0/")
        assert {each.path for each in client.list_artifacts(local.info.run_id)} == {"a.txt", "d.txt", "net"}
        (version,) = client.search_model_versions("name = 'digits'")
        assert client.get_model_version_download_uri("digits", version.version).startswith("mlflow-artifacts:/0/")
    assert files_in(project / ".nbtrack" / "artifacts" / "0" / new.info.run_id) == ["d.txt"]


@pytest.mark.slow
def test_unserved_folders_are_warned_of_and_new_files_go_to_the_server(project, tmp_path):
    chosen = tmp_path / "chosen"
    nbtrack.connect(tmp_path / "other", artifacts=chosen).start_run("local").end()
    nbtrack.flush()
    for folder, root in ((project / ".nbtrack", project / ".nbtrack" / "artifacts"), (tmp_path / "other", chosen)):
        with serving(tmp_path, "--store", str(folder), "--artifacts", str(tmp_path / "served")) as (process, url):
            runs = log(url)
            process.terminate()
            told = process.communicate()[1]
        assert f"nbtrack: files of earlier runs are in {root}, which this server does not serve: start it with" in told
        assert {run.artifact_uri.partition(":")[0] for run in runs.values()} == {"mlflow-artifacts"}
        assert files_in(tmp_path / "served" / "0" / runs["remote"].id) == ["b.txt"]


def test_several_workers_require_a_shared_store(capsys):
    assert main(["server", "--store", "memory:", "--workers", "2", "--port", "0"]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(
        "nbtrack: each of 2 workers would have a memory: of its own: leave --workers out, or give them a store"
    )


def test_a_project_s_database_is_its_folder_s_store(tmp_path):
    folder, database = resolve(tmp_path / ".nbtrack"), resolve(f"sqlite:///{tmp_path}/.nbtrack/runs.db?timeout=9")
    assert (database.artifacts, database.journal) == (folder.artifacts, folder.journal)
    assert database.uri == f"{folder.uri}?timeout=9"
    (tmp_path / ".nbtrack" / "runs.db.files").mkdir(parents=True)
    assert resolve(folder.uri).journal == tmp_path / ".nbtrack" / "runs.db.files" / "journal"


def test_a_folder_named_through_a_symbolic_link_is_served(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for root, uri in (("real", "link"), ("link", "real")):
        assert folder_at(f"{tmp_path}/{uri}/0/r/artifacts", (tmp_path / root).as_uri()) == "0/r/artifacts"
    with pytest.raises(Exception, match="does not store these artifacts"):
        folder_at(f"{tmp_path}/real2/0", (tmp_path / "real").as_uri())
