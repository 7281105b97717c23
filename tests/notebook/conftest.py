"""Shells and kernels to run cells in."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import nbtrack
from nbtrack.settings import resolve
from nbtrack.tracking.tracker import Tracker, connection_of

from .kernel import plain_environment


@dataclass(frozen=True)
class Cell:
    """The outcome of one cell: its outputs in order, as lists that begin with their kind."""

    shown: list[list]
    success: bool
    error: str | None
    message: str

    def of(self, kind):
        return [each for each in self.shown if each[0] == kind]

    @property
    def stdout(self):
        return "".join(text for _, text in self.of("stdout"))

    @property
    def stderr(self):
        return "".join(text for _, text in self.of("stderr"))

    @property
    def value(self):
        return self.of("value")[0][1]["text/plain"] if self.of("value") else None


class ShellServer:
    """Runs lists of cells, each list in a process of its own."""

    def __init__(self, home):
        environ = plain_environment(home) | {"MPLBACKEND": "agg"}
        script = Path(__file__).with_name("shell_server.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script)], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, folder, *cells, environ=None, config=None):
        request = {"folder": str(folder), "cells": cells, "environ": environ or {}, "config": config or {}}
        print(json.dumps(request), file=self.process.stdin, flush=True)
        answers = json.loads(self.process.stdout.readline())
        assert answers is not None, "the shell died"
        return [Cell(**answer) for answer in answers]

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture(scope="session")
def shell_server(tmp_path_factory):
    server = ShellServer(tmp_path_factory.mktemp("home"))
    yield server
    server.close()


@pytest.fixture
def cells(shell_server, tmp_path):
    """Run cells in a shell that has nbtrack loaded, and return the outcome of each."""

    def run(*cells, **options):
        return shell_server.run(tmp_path, "%load_ext nbtrack", *cells, **options)[1:]

    return run


@pytest.fixture
def stored(tmp_path):
    """Read the runs in the store of a folder, the oldest first, also while a shell uses it."""
    trackers = []

    def read(folder=tmp_path):
        trackers.append(Tracker(resolve(folder / ".nbtrack")))
        return [nbtrack.Run(connection_of(trackers[-1]), run.id) for run in reversed(trackers[-1].runs(experiment="*"))]

    yield read
    for tracker in trackers:
        connection_of(tracker).close(10)
