"""Stores to test with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbtrack.server.app import create_app
from nbtrack.store.artifacts.local import LocalArtifacts
from nbtrack.store.nbtrack_server.store import NbtrackServerStore
from nbtrack.store.open import open_store
from nbtrack.store.protocol.store import Store

from ..server.app_client import InProcess
from .artifacts.servers import Place, azurite, google, mlflow, nbtrack_server, openssh


@pytest.fixture(scope="session")
def azure_place() -> Iterator[Place]:
    """Give a container in Azurite."""
    with azurite() as place:
        yield place


@pytest.fixture(scope="session")
def google_place(s3_place: Place) -> Iterator[Place]:
    """Give a bucket behind the API of Google Cloud Storage."""
    with google(s3_place) as place:
        yield place


@pytest.fixture(scope="session")
def sftp_place() -> Iterator[Place]:
    """Give a folder of an SSH server."""
    with openssh() as place:
        yield place


@pytest.fixture(scope="session")
def mlflow_place() -> Iterator[Place]:
    """Give MLflow's server, with a folder behind it."""
    with mlflow("", {}) as place:
        yield place


@pytest.fixture(scope="session")
def server_place(s3_place: Place) -> Iterator[Place]:
    """Give an nbtrack server, with a bucket behind it."""
    with nbtrack_server(s3_place) as place:
        yield place


_KINDS = {"postgresql": "new_postgres_url", "mariadb": "new_maria_url"}


@pytest.fixture(params=["memory", "sqlite", "remote", *[pytest.param(kind, marks=pytest.mark.slow) for kind in _KINDS]])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Return a new store of each kind, for tests that all of them pass."""
    here = {"memory": "memory:", "sqlite": f"sqlite:///{tmp_path}/runs.db", "remote": "memory:"}
    uri = here.get(request.param) or request.getfixturevalue(_KINDS[request.param])()
    store = open_store(uri, artifact_root="artifacts")
    if request.param == "remote":
        app = create_app(store, LocalArtifacts(tmp_path))
        yield NbtrackServerStore(InProcess(app))
        app.close()
    else:
        yield store
        store.close()
