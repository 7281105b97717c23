"""Fixtures of the tests of faults: a store opened after a fault, and a summary of what was tried."""

import pytest

from nbtrack.delivery.connection import Connection
from nbtrack.settings import resolve

from . import rounds

PLACES = {"NBTRACK_ARTIFACT_PLACES": "/dev/shm"}  # where victims put their files


@pytest.fixture
def opened(monkeypatch):
    """Open a store as the next process does, after its recovery."""
    monkeypatch.setenv("NBTRACK_ARTIFACT_PLACES", PLACES["NBTRACK_ARTIFACT_PLACES"])
    connections = []

    def open_(folder, artifacts=None):
        connections.append(Connection(resolve(folder, artifacts=artifacts or None, environ=PLACES)))
        return connections[-1].read()

    yield open_
    for connection in connections:
        connection.close(10)


def pytest_terminal_summary(terminalreporter):
    if rounds.IS_LONG and rounds.done:
        terminalreporter.section("faults: what was tried")
        for what, count in sorted(rounds.done.items()):
            terminalreporter.write_line(f"{count:>12,}  {what}")
