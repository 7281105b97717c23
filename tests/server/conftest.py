"""A server in this process over an empty store."""

import pytest

from nbtrack.server.app import create_app
from nbtrack.store.artifacts.local import LocalArtifacts
from nbtrack.store.memory import MemoryStore

from .app_client import AppClient


@pytest.fixture
def store():
    return MemoryStore("mlflow-artifacts:")


@pytest.fixture
def server(store, tmp_path):
    """A client of an application over an empty store in memory."""
    app = create_app(store, LocalArtifacts(tmp_path / "artifacts"), version="0")
    yield AppClient(app)
    app.close()
