"""What the tests of faults share: processes that are forked fast, and a summary of what was tried."""

import multiprocessing

import pytest

from nbtrack.connection import Connection
from nbtrack.settings import resolve

from . import rounds


@pytest.fixture(scope="session")
def forking():
    """A context whose processes are forked from one that has loaded everything and has no threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.victim"])
    return context


@pytest.fixture
def opened():
    """Open a store as the next process finds it, after the recovery that opening it begins with."""
    connections = []

    def open_(folder):
        connections.append(Connection(resolve(folder, environ={})))
        return connections[-1].read()

    yield open_
    for connection in connections:
        connection.close(10)


def pytest_terminal_summary(terminalreporter):
    if rounds.IS_LONG and rounds.done:
        terminalreporter.section("faults: what was tried")
        for what, count in sorted(rounds.done.items()):
            terminalreporter.write_line(f"{count:>12,}  {what}")
