"""A tracking server that names local folders, or other machines, as artifact stores: they are not used."""

from __future__ import annotations

import pytest

import nbtrack
from nbtrack.errors import PlaceNotAllowed, StoreUnavailable
from nbtrack.store.artifacts.presigned import check_addresses
from nbtrack.store.artifacts.protocol import SignedRequest
from nbtrack.tracking.tracker import connection_of

from ..server.test_process import ask, serving

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "thesis.tex").write_text("years of work")
    return folder


@pytest.fixture
def server(tmp_path, home):
    (tmp_path / "server").mkdir()
    with serving(tmp_path / "server", "--no-serve-artifacts", "--artifacts", str(home)) as (_, url):
        yield url


@pytest.fixture(params=["MLflow's protocol", "nbtrack's own"])
def tracker(request, server, tmp_path, monkeypatch):
    """Connect in a new project, by either protocol."""
    if request.param == "MLflow's protocol":
        monkeypatch.setattr("nbtrack.store.nbtrack_server.handshake.native_protocol", lambda client: 0)
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return nbtrack.connect(server)


def test_a_local_folder_that_a_server_names_is_used_only_if_settings_name_it(tracker, home, monkeypatch):
    run = nbtrack.start_run("r")
    run.log(loss=0.5)
    run.log_text("hello", "thesis.tex")
    assert not connection_of(tracker).flusher.flush(20, is_patient=False)
    assert "NBTRACK_ARTIFACT_PLACES" in connection_of(tracker).flusher.problem
    assert nbtrack.get_run(run.id).metrics["loss"].last == 0.5
    assert [each.name for each in home.iterdir()] == ["thesis.tex"]
    with pytest.raises(PlaceNotAllowed, match=str(home)):
        run.artifacts.list()
    monkeypatch.setenv("NBTRACK_ARTIFACT_PLACES", str(home))
    run.end()
    assert tracker.flush(10), connection_of(tracker).flusher.problem
    assert run.artifacts.read_text("thesis.tex") == "hello"
    assert (home / "thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize(
    "place",
    ["{home}/docs", "file://{home}", "sftp://localhost{home}", "http://127.0.0.1:9/x", "mlflow-artifacts://127.0.0.1:9/x"],
)
def test_a_local_folder_that_an_experiment_names_is_not_used(tracker, server, home, place):
    where = place.format(home=home)
    ask(server, "/api/2.0/mlflow/experiments/create", {"name": "theirs", "artifact_location": where})
    run = nbtrack.start_run("r", experiment="theirs")
    run.log_text("hello", "a.txt")
    assert not connection_of(tracker).flusher.flush(20, is_patient=False)
    assert "NBTRACK_ARTIFACT_PLACES" in connection_of(tracker).flusher.problem
    assert [each.name for each in home.iterdir()] == ["thesis.tex"]
    with pytest.raises(PlaceNotAllowed):
        run.artifacts.read_text("thesis.tex")


ELSEWHERE = "http://192.0.2.1:5000"


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:2375/containers",
        "http://localhost:8888/api",
        "http://[::1]/x",
        "http://2130706433/x",
        "http://0.0.0.0:8080/x",
        "http://169.254.169.254/latest/meta-data",
        "http://user@127.1/x",
    ],
)
def test_a_server_elsewhere_signs_no_requests_to_this_machine(address):
    with pytest.raises(StoreUnavailable, match="this machine"):
        check_addresses([SignedRequest("http://192.0.2.7/bucket"), SignedRequest(address)], ELSEWHERE)


@pytest.mark.parametrize("address", ["http://192.0.2.7/bucket/key?X-Amz-Signature=1", "https://no-such-host.invalid/key"])
def test_a_server_signs_requests_to_a_bucket(address):
    check_addresses([SignedRequest(address)], ELSEWHERE)


def test_a_local_server_may_have_a_local_bucket():
    check_addresses([SignedRequest("http://127.0.0.1:9000/bucket")], "http://localhost:5000")
