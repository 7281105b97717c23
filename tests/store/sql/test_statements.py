"""How many statements a request costs: each is a round trip to a database on another machine.

SQLite tells every statement that it runs to a trace callback of the connection. PostgreSQL writes every statement that reaches
it to its log: BEGIN, COMMIT and a pool's question whether the connection is alive are seen there too.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from nbtrack.entities.events import DatasetLogged, ModelMade
from nbtrack.entities.run import Dataset
from nbtrack.server.app import create_app
from nbtrack.store.artifacts.local import LocalArtifacts
from nbtrack.store.open import open_store

from ...server.app_client import AppClient
from ..building import direct, new_id, params, rows, started

SEARCHES = {
    "filtered": {"filter": "metrics.loss < 0.5 and params.p0 = '1'"},
    "ordered by a metric": {"filter": "params.p0 = '1'", "order_by": ["metrics.loss ASC"]},
}
MOST = 4


def filled(uri: str):
    store = open_store(uri, artifact_root="artifacts")
    for number in range(200):
        values = params(**{f"p{j}": str((number + j) % 7) for j in range(10)})
        read = DatasetLogged(Dataset("digits", "1", tags=(("split", "train"),)))
        metrics = rows({f"m{j}": [0.1] for j in range(9)} | {"loss": [number / 200]})
        store.apply([direct(new_id(), started(tags={"team": "blue"}), values, read, ModelMade("m-1"), lanes=[metrics])])
    return store


def search(asking: AppClient, asked: dict) -> int:
    answer = asking.post("runs/search", {"experiment_ids": ["0"], "max_results": 1000, **asked})
    return len(answer.json["runs"])


@pytest.fixture
def asking(uri, tmp_path):
    store = filled(uri)
    app = create_app(store, LocalArtifacts(tmp_path / "artifacts"), version="0")
    yield AppClient(app)
    app.close()
    store.close()


class TestSQLite:
    @pytest.fixture
    def uri(self, tmp_path):
        return f"sqlite:///{tmp_path}/runs.db"

    @pytest.mark.parametrize("asked", SEARCHES.values(), ids=list(SEARCHES))
    def test_a_search_of_200_runs_takes_few_statements(self, asking, asked):
        search(asking, asked)
        statements: list[str] = []

        def trace(driver, *_):
            driver.set_trace_callback(statements.append)

        sa.event.listen(sa.pool.Pool, "checkout", trace)
        try:
            assert search(asking, asked) > 10
        finally:
            sa.event.remove(sa.pool.Pool, "checkout", trace)
        assert 0 < len(statements) <= MOST, statements


@pytest.mark.slow
class TestPostgreSQL:
    @pytest.fixture
    def uri(self, new_postgres_url):
        return f"{new_postgres_url()}%20-clog_statement%3Dall"

    @pytest.mark.parametrize("asked", SEARCHES.values(), ids=list(SEARCHES))
    def test_a_search_of_200_runs_takes_few_statements(self, asking, asked, postgres_server):
        log = Path(postgres_server.folder / "log")
        search(asking, asked)
        before = log.stat().st_size
        assert search(asking, asked) > 10
        statements = re.findall(r"LOG:  (?:statement|execute [^:]*): (.*)", log.read_bytes()[before:].decode())
        assert 0 < len(statements) <= MOST, statements
