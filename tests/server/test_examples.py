"""Every row of the table that is served is asked for in a test of its subject."""

import re
from pathlib import Path

import pytest

from nbtrack.server.handlers.table import HANDLERS, STREAMERS
from nbtrack.store.mlflow_api import artifacts, experiments, metrics, models, registry, runs, service, traces
from nbtrack.store.mlflow_api.table import ENDPOINTS

HERE = Path(__file__).parent
TESTS = {
    "handlers/test_experiments.py": experiments,
    "handlers/test_runs.py": (runs, metrics),
    "handlers/test_artifacts.py test_bucket.py": artifacts,
    "handlers/test_models.py": models,
    "handlers/test_registry.py": registry,
    "handlers/test_traces.py": traces,
    "test_app.py test_guard.py": service,
}
ROWS = {
    names: [row for each in (subject if isinstance(subject, tuple) else (subject,)) for row in each.ENDPOINTS]
    for names, subject in TESTS.items()
}


def test_every_row_has_a_handler_and_a_test():
    served = {*HANDLERS, *STREAMERS, service.OPENAPI.name}
    assert [row.name for row in ENDPOINTS if row.name not in served] == []
    assert {row for rows in ROWS.values() for row in rows} == set(ENDPOINTS)


@pytest.mark.parametrize("names", TESTS)
def test_every_row_has_an_example(names):
    text = "".join((HERE / name).read_text(encoding="utf-8") for name in names.split())
    words = {[part for part in row.path.split("/") if "{" not in part][-1] for row in ROWS[names]}
    assert sorted(word for word in words if not re.search(rf"\b{word}\b", text)) == []
