"""MLflow's REST API: messages as JSON, page tokens, errors, and the table of endpoints."""

from __future__ import annotations

import math
import sys

import pytest

from nbtrack.errors import AlreadyExists, InvalidInput, NotFound, StoreError, StoreUnavailable
from nbtrack.store.mlflow_api import codec, runs
from nbtrack.store.mlflow_api.artifacts import DOWNLOAD_ARTIFACT, ArtifactAt
from nbtrack.store.mlflow_api.errors import STATUSES, ApiError, code_of, error_of
from nbtrack.store.mlflow_api.experiments import GET_EXPERIMENT, ExperimentRequest
from nbtrack.store.mlflow_api.message import KeyValue, RunRequest
from nbtrack.store.mlflow_api.metrics import GET_HISTORY_BULK
from nbtrack.store.mlflow_api.page_tokens import read_token, token_at
from nbtrack.store.mlflow_api.table import ENDPOINTS

# Decoding.


@pytest.mark.parametrize(
    "text, value", [("1.5", 1.5), ('"1.5"', 1.5), ('"-Infinity"', -math.inf), ("3", 3.0), ("Infinity", math.inf)]
)
def test_a_number_may_be_sent_as_a_string(text, value):
    body = f'{{"run_id": "r", "key": "k", "value": {text}, "timestamp": "12", "step": "-3"}}'
    metric = codec.from_body(runs.LOG_METRIC, body.encode())
    assert (metric.value, metric.timestamp, metric.step) == (value, 12, -3)


@pytest.mark.parametrize("text", ['"NaN"', "NaN"])
def test_nan_may_be_sent_as_a_string_or_a_literal(text):
    body = f'{{"run_id": "r", "key": "k", "value": {text}, "timestamp": 12}}'
    assert math.isnan(codec.from_body(runs.LOG_METRIC, body.encode()).value)


@pytest.mark.parametrize("body", [b'{"run_id": "r"}', b'{"run_uuid": "r"}', b'{"run_id": null, "run_uuid": "r"}'])
def test_a_run_is_named_by_either_field(body):
    assert codec.from_body(runs.DELETE_RUN, body).run == "r"


@pytest.mark.parametrize(
    "field, value", [("value", "true"), ("timestamp", "1.5"), ("step", '"x"'), ("key", "1"), ("run_id", "[]")]
)
def test_a_value_of_a_wrong_type_is_named(field, value):
    facts = {"run_id": '"r"', "key": '"k"', "value": "1", "timestamp": "1"} | {field: value}
    body = "{" + ",".join(f'"{name}": {text}' for name, text in facts.items()) + "}"
    with pytest.raises(ApiError, match=f"for parameter '{field}' supplied"):
        codec.from_body(runs.LOG_METRIC, body.encode())


def test_a_wrong_type_in_a_list_shows_the_whole_list():
    with pytest.raises(ApiError, match=r'Invalid value \[\{"key":1\}\] for parameter \'tags\' supplied'):
        codec.from_body(runs.LOG_BATCH, b'{"run_id": "r", "tags": [{"key": 1}]}')


def test_a_query_has_lists_and_single_values():
    request = codec.from_query(GET_HISTORY_BULK, [("run_id", "a"), ("run_id", "b"), ("max_results", "7"), ("x", "y")])
    assert (request.run_id, request.max_results, request.metric_key) == (["a", "b"], 7, None)
    with pytest.raises(ApiError, match="Missing value for required parameter 'experiment_id'"):
        codec.from_query(GET_EXPERIMENT, [("experiment_id", "")])


def test_a_decoded_query_equals_the_encoded_one():
    request = ExperimentRequest(experiment_id="7")
    assert codec.from_query(GET_EXPERIMENT, codec.to_query(request)) == request


# Encoding.


def test_defaults_are_left_out_except_empty_values_of_tags():
    assert codec.encode(RunRequest(run_id="r")) == b'{"run_id":"r"}'
    assert codec.encode(KeyValue(key="k", value="")) == b'{"key":"k","value":""}'


@pytest.mark.parametrize(
    "value, text",
    [(0.0, b"0.0"), (math.nan, b'"NaN"'), (math.inf, b"1.7976931348623157e308"), (-math.inf, b"-1.7976931348623157e308")],
)
def test_numbers_that_json_does_not_have(value, text):
    written = codec.encode(runs.Metric("k", codec.number_out(value), 1, 0))
    assert written == b'{"key":"k","value":%s,"timestamp":1,"step":0}' % text
    read = codec.decode(written, runs.Metric).value
    assert read == max(min(value, sys.float_info.max), -sys.float_info.max) or (math.isnan(read) and math.isnan(value))


# Tokens and errors.


@pytest.mark.parametrize("offset", [1, 1000, 10**12])
def test_a_token_is_decoded_to_its_offset(offset):
    assert read_token(token_at(offset)) == offset


@pytest.mark.parametrize("token", ["x", "é", "e30=", "bnVsbA==", "eyJvZmZzZXQiOiAtMX0=", "W10="])
def test_an_invalid_token_is_refused(token):
    with pytest.raises(ApiError, match="Invalid page token"):
        read_token(token)


@pytest.mark.parametrize("kind", [NotFound, AlreadyExists, InvalidInput, StoreError, StoreUnavailable])
def test_a_client_raises_the_error_of_the_server(kind):
    code = code_of(kind("why"))
    assert type(error_of(code, "why", STATUSES[code])) is kind


# The table.


def test_each_path_and_method_is_unique():
    served = [(endpoint.method, path) for endpoint in ENDPOINTS for path in endpoint.paths]
    assert len(set(served)) == len(served)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: f"{endpoint.method} {endpoint.path}")
def test_a_row_names_fields_of_its_request(endpoint):
    fields = set(endpoint.request.__struct_fields__)
    assert {*endpoint.required, *endpoint.variables} <= fields
    assert endpoint.response.__struct_fields__ is not None


def test_get_requests_are_repeatable_and_requests_that_create_are_not():
    repeatable = {row.name for row in ENDPOINTS if row.name.startswith("create_") and row.is_repeatable}
    assert repeatable == set()
    assert all(row.is_repeatable for row in ENDPOINTS if row.method == "GET")


def test_variables_are_written_into_the_path():
    url = DOWNLOAD_ARTIFACT.url(ArtifactAt(path="0/a b/c#.txt"))
    assert url == "/api/2.0/mlflow-artifacts/artifacts/0/a%20b/c%23.txt"
    assert (
        DOWNLOAD_ARTIFACT.pattern(DOWNLOAD_ARTIFACT.paths[0]).fullmatch("/api/2.0/mlflow-artifacts/artifacts/0/a")["path"]
        == "0/a"
    )
