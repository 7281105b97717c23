"""What all tests share: a tracker on a store of the test's own and none left behind; database servers."""

from collections.abc import Callable, Iterator

import pytest

import nbtrack
from nbtrack.tracking import current_tracker
from nbtrack.tracking.run import current_runs
from nbtrack.tracking.tracker import connection_of

from .databases import MariaServer, PostgresServer
from .databases import maria_server as run_maria
from .databases import postgres_server as run_postgres
from .store.artifacts.servers import Place, seaweed


@pytest.fixture(autouse=True)
def _nothing_left_behind(monkeypatch, tmp_path):
    """Keep tests out of the project's own store and environment, and end what they leave open."""
    names = ("URI", "EXPERIMENT", "ARTIFACTS", "ARTIFACT_PLACES")
    for name in (*(f"NBTRACK_{each}" for each in names), "MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(current_tracker, "_tracker", None)
    yield
    for run in current_runs.open():
        run.end()
    if current_tracker._tracker is not None:
        connection_of(current_tracker._tracker).close(10)


@pytest.fixture
def tracker(tmp_path, monkeypatch):
    """A tracker on a SQLite store in a folder of its own, which is the working directory too."""
    monkeypatch.chdir(tmp_path)
    return nbtrack.connect(tmp_path / "store")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with run_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def new_postgres_url(postgres_server: PostgresServer) -> Callable[[], str]:
    """Return what gives the URI of a new store with each call."""
    return postgres_server.new_url


@pytest.fixture(scope="module")
def postgres_url(new_postgres_url: Callable[[], str]) -> str:
    """Return the URI of a new store, one a module."""
    return new_postgres_url()


@pytest.fixture(scope="session")
def maria_server() -> Iterator[MariaServer]:
    with run_maria() as server:
        yield server


@pytest.fixture(scope="session")
def new_maria_url(maria_server: MariaServer) -> Callable[[], str]:
    """Return what gives the URI of a new store with each call."""
    return maria_server.new_url


@pytest.fixture(scope="module")
def maria_url(new_maria_url: Callable[[], str]) -> str:
    """Return the URI of a new store, one a module."""
    return new_maria_url()


@pytest.fixture(scope="session")
def s3_place() -> Iterator[Place]:
    """Give a bucket in SeaweedFS."""
    with seaweed() as place:
        yield place
