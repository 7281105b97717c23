"""What all tests share: a tracker on a store of the test's own, and none left behind."""

import pytest

import nbtrack
from nbtrack import active, api


@pytest.fixture(autouse=True)
def _nothing_left_behind(monkeypatch, tmp_path):
    """Keep tests out of the project's own store and environment, and end what they leave open."""
    for name in ("NBTRACK_URI", "MLFLOW_TRACKING_URI", "NBTRACK_EXPERIMENT", "MLFLOW_EXPERIMENT_NAME", "NBTRACK_ARTIFACTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(api, "_tracker", None)
    yield
    for run in active.open_runs():
        run.end()
    if api._tracker is not None:
        api._tracker.connection.close(10)


@pytest.fixture
def tracker(tmp_path, monkeypatch):
    """A tracker on a SQLite store in a folder of its own, which is the working directory too."""
    monkeypatch.chdir(tmp_path)
    return nbtrack.connect(tmp_path / "store")
