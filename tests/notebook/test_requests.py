"""How many requests a tracked cell makes of a server."""

import ast

import pytest

from ..served import serving

COUNT = """
from nbtrack.store.http.client import HttpClient
asked, request = [], HttpClient.request
def counted(client, method, path, **options):
    asked.append(path.rpartition("/")[2])
    return request(client, method, path, **options)
HttpClient.request = counted
"""
TRAINS = "%%track\nlr = 0.1\nfor step in range(3):\n    nbtrack.log(loss=lr / (step + 1), accuracy=lr * step)"
# The first run of a process also asks what kind of server it is, and recovers what gone processes left.
FIRST = "%%track\npass"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(str(tmp_path_factory.mktemp("served"))) as url:
        yield url


@pytest.mark.parametrize("body", [TRAINS, f"{TRAINS}\n1 / 0"], ids=["finished", "failed"])
def test_a_tracked_cell_makes_three_requests(cells, server, body):
    """One asks for the experiment, one delivers what was logged, one reads the summary.

    The flusher delivers a few times a second; a longer cell has more deliveries, for which nobody waits.
    """
    asked = cells(COUNT, FIRST, "nbtrack.flush(); asked.clear()", body, "asked", environ={"NBTRACK_URI": f"{server}/cells"})[-1]
    found = ast.literal_eval(asked.value)
    assert [each for each in found if each not in ("apply", "heartbeat")] == ["find_experiment", "overview"]
    assert "apply" in found
