"""A tracked cell whose runs live on a server."""

import pytest

import nbtrack
from nbtrack.tracking.tracker import connection_of

from ..server.test_process import serving

pytestmark = pytest.mark.slow


def test_a_cell_is_a_run_on_a_server(cells, tmp_path):
    (tmp_path / "server").mkdir()
    with serving(tmp_path / "server") as (_, url):
        source = "%%track baseline\nlr = 0.1\nfor step in range(3):\n    nbtrack.log(loss=lr / (step + 1))\n'done'"
        before, cell, table = cells("a = 1", source, "%runs", environ={"NBTRACK_URI": url})
        assert (before.success, cell.success, table.success, cell.value) == (True, True, True, "'done'")
        assert "baseline" in table.stdout + str(table.value)
        nbtrack.connect(url)
        (run,) = nbtrack.runs()
        assert (run.name, run.status, run.params) == ("baseline", nbtrack.Status.FINISHED, {"lr": 0.1})
        assert run.metrics["loss"].values.tolist() == [0.1, 0.05, 0.1 / 3]
        assert (run.code, run.code.cells[1:]) == (source, ("a = 1",))
        connection_of(nbtrack.api.tracker()).close(10)
