"""The server tested by schemathesis over the network: its answers match its OpenAPI description."""

from __future__ import annotations

import pytest
from hypothesis import given

from nbtrack.store.mlflow_api.table import ENDPOINTS

from ..served import serving
from .examples import fuzz

schemathesis = pytest.importorskip("schemathesis")
checks = schemathesis.checks
pytestmark = pytest.mark.slow

CHECKS = [checks.status_code_conformance, checks.content_type_conformance, checks.response_schema_conformance]


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    """The description, read from the server."""
    with serving(str(tmp_path_factory.mktemp("served"))) as address:
        yield schemathesis.openapi.from_url(f"{address}/store/openapi.json")


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: each.name)
def test_an_endpoint_answers_as_it_is_described(described, endpoint):
    operation = described.find_operation_by_id(endpoint.name)

    @fuzz(10)
    @given(case=operation.as_strategy())
    def check(case):
        answer = case.call()
        # What a folder cannot do that a bucket can is said as MLflow says it.
        assert answer.status_code < 500 or answer.json()["error_code"] == "NOT_IMPLEMENTED", answer.text
        case.validate_response(answer, checks=CHECKS)

    check()
