"""Every endpoint has a route, and a request in a test of its subject."""

import re
from pathlib import Path

import pytest

from nbtrack.server.handlers.routes import ROUTES
from nbtrack.server.route import StreamRoute
from nbtrack.store.mlflow_api import (
    artifacts,
    experiments,
    logged_models,
    metrics,
    model_versions,
    old_traces,
    registered_models,
    runs,
    service,
    traces,
)
from nbtrack.store.mlflow_api.table import ENDPOINTS

HERE = Path(__file__).parent
TESTS = {
    "handlers/test_experiments.py": experiments,
    "handlers/test_runs.py": (runs, metrics),
    "handlers/test_artifacts.py test_bucket.py": artifacts,
    "handlers/test_logged_models.py": logged_models,
    "handlers/test_model_registry.py": (registered_models, model_versions),
    "handlers/test_traces.py": (traces, old_traces),
    "test_app.py test_origin_checks.py": service,
}
ROWS = {
    names: [row for each in (subject if isinstance(subject, tuple) else (subject,)) for row in each.ENDPOINTS]
    for names, subject in TESTS.items()
}


def test_every_endpoint_has_one_route_and_a_test():
    served = [route.endpoint for route in ROUTES] + [service.OPENAPI]
    assert len(served) == len(set(served))
    assert set(served) == set(ENDPOINTS)
    assert {row for rows in ROWS.values() for row in rows} == set(ENDPOINTS)


def test_endpoints_of_file_contents_have_streaming_handlers():
    assert [route for route in ROUTES if route.endpoint.raw is not isinstance(route, StreamRoute)] == []


@pytest.mark.parametrize("names", TESTS)
def test_every_endpoint_is_requested_in_the_tests_of_its_subject(names):
    text = "".join((HERE / name).read_text(encoding="utf-8") for name in names.split())
    words = {[part for part in row.path.split("/") if "{" not in part][-1] for row in ROWS[names]}
    assert sorted(word for word in words if not re.search(rf"\b{word}\b", text)) == []
