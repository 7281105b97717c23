"""The endpoints of traces, in both versions."""

import pytest

V3 = "/api/3.0/mlflow/"
INFO = {
    "trace_id": "tr-1",
    "client_request_id": "c",
    "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
    "request_preview": "?",
    "response_preview": "é",
    "request_time": "2026-11-25T22:00:00.250Z",
    "execution_duration": "1.500s",
    "state": "OK",
    "trace_metadata": {"mlflow.sourceRun": "r1"},
    "tags": {"mlflow.traceName": "f"},
}


@pytest.fixture
def trace(server):
    made = server.post("traces", {"trace": {"trace_info": INFO}}, api=V3)
    assert made.status == 200, made.body
    return made.json["trace"]["trace_info"]


def test_a_trace_is_kept_as_it_came(server, trace, store):
    location = f"{store.get_experiment('0').artifact_location}/traces/tr-1/artifacts"
    assert trace == {**INFO, "tags": {**INFO["tags"], "mlflow.artifactLocation": location}}
    assert server.get("traces/tr-1", api=V3).json["trace"]["trace_info"] == trace
    several = server.post("traces/batchGetInfos", {"trace_ids": ["tr-1", "none"]}, api=V3).json
    assert several == {"trace_infos": [trace]}
    assert server.get("traces/none", api=V3).error[:2] == (404, "RESOURCE_DOES_NOT_EXIST")


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"request_time": "yesterday"}, "request_time"),
        ({"execution_duration": "long"}, "execution_duration"),
        ({"state": "DONE"}, "state"),
        ({"trace_id": "../x"}, "trace_id"),
        ({"trace_id": ""}, "trace_id"),
        ({"trace_location": None}, "trace_location"),
        ({"assessments": [{}]}, "assessment_name"),
    ],
)
def test_what_can_be_no_trace(server, changes, said):
    status, code, message = server.post("traces", {"trace": {"trace_info": {**INFO, **changes}}}, api=V3).error
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert said in message


def test_traces_are_found_in_both_versions(server, trace):
    old = server.post("traces", {"experiment_id": "0", "timestamp_ms": 5}).json["trace_info"]
    places = [INFO["trace_location"]]

    def search(**more):
        answer = server.post("traces/search", {"locations": places, **more}, api=V3).json
        return [each["trace_id"] for each in answer.get("traces", [])], answer.get("next_page_token")

    assert search() == (["tr-1", old["request_id"]], None)
    assert search(filter="request_metadata.`mlflow.sourceRun` = 'r1'") == (["tr-1"], None)
    assert search(filter="trace.status = 'IN_PROGRESS'") == ([old["request_id"]], None)
    names, token = search(order_by=["timestamp_ms ASC"], max_results=1)
    assert names == [old["request_id"]]
    assert search(order_by=["timestamp_ms ASC"], max_results=1, page_token=token) == (["tr-1"], None)
    found = server.get("traces", experiment_ids=["0"], filter="name = 'f'").json["traces"]
    assert [(each["request_id"], each["status"], each["execution_time_ms"]) for each in found] == [("tr-1", "OK", 1500)]
    assert server.get("traces", experiment_ids=["0"], max_results=501).error[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_a_trace_begins_and_ends_in_version_2(server, store):
    body = {"experiment_id": "0", "timestamp_ms": 1000, "request_metadata": [{"key": "a", "value": "1"}]}
    began = server.post("traces", body).json["trace_info"]
    assert (began["status"], began["request_metadata"]) == ("IN_PROGRESS", [{"key": "a", "value": "1"}])
    end = {"timestamp_ms": 1250, "status": "ERROR", "tags": [{"key": "t", "value": "2"}]}
    ended = server.post(f"traces/{began['request_id']}", end, method="PATCH").json["trace_info"]
    assert (ended["status"], ended["execution_time_ms"]) == ("ERROR", 250)
    assert {"key": "t", "value": "2"} in ended["tags"]
    assert server.get(f"traces/{began['request_id']}/info").json["trace_info"] == ended


@pytest.mark.parametrize("api", ["/api/2.0/mlflow/", V3])
def test_tags(server, trace, api):
    assert server.post("traces/tr-1/tags", {"key": "t", "value": "v"}, method="PATCH", api=api).json == {}
    assert server.get("traces/tr-1", api=V3).json["trace"]["trace_info"]["tags"]["t"] == "v"
    assert server.post("traces/tr-1/tags", {"key": "t"}, method="DELETE", api=api).json == {}
    assert server.post("traces/tr-1/tags", {"key": "t"}, method="DELETE", api=api).error[:2] == (404, "RESOURCE_DOES_NOT_EXIST")
    too_long = server.post("traces/tr-1/tags", {"key": "k" * 251, "value": ""}, method="PATCH", api=api)
    assert too_long.error[:2] == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("api", ["/api/2.0/mlflow/", V3])
def test_deleting(server, trace, api):
    assert server.post("traces/delete-traces", {"experiment_id": "0", "request_ids": ["none"]}, api=api).json == {
        "traces_deleted": 0
    }
    assert server.post("traces/delete-traces", {"experiment_id": "0", "request_ids": ["tr-1"]}, api=api).json == {
        "traces_deleted": 1
    }
    for more in ({}, {"max_timestamp_millis": 1, "request_ids": ["a"]}, {"request_ids": ["a"], "max_traces": 1}):
        asked = server.post("traces/delete-traces", {"experiment_id": "0", **more}, api=api)
        assert asked.error[:2] == (400, "INVALID_PARAMETER_VALUE")
    old = {"experiment_id": "0", "max_timestamp_millis": 5, "max_traces": 0}
    assert server.post("traces/delete-traces", old, api=api).error[2] == "`max_traces` must be a positive integer, received 0."


def test_assessments(server, trace):
    given = {"assessment_name": "good", "feedback": {"value": True}, "source": {"source_type": "HUMAN", "source_id": "ada"}}
    made = server.post("traces/tr-1/assessments", {"assessment": given}, api=V3).json["assessment"]
    assert made | given | {"trace_id": "tr-1"} == made
    path = f"traces/tr-1/assessments/{made['assessment_id']}"
    assert server.get(path, api=V3).json["assessment"] == made
    body = {"assessment": {"rationale": "why", "assessment_name": "bad"}, "update_mask": "rationale"}
    changed = server.post(path, body, method="PATCH", api=V3).json["assessment"]
    assert (changed["rationale"], changed["assessment_name"], changed["create_time"]) == ("why", "good", made["create_time"])
    assert server.get("traces/tr-1", api=V3).json["trace"]["trace_info"]["assessments"] == [changed]
    assert server.post(path, method="DELETE", api=V3).json == {}
    assert server.get(path, api=V3).error[:2] == (404, "RESOURCE_DOES_NOT_EXIST")


def test_spans_are_not_taken_one_by_one(server):
    answer = server.request("POST", "/v1/traces", b"\x0a", headers={"Content-Type": "application/x-protobuf"})
    assert answer.error[:2] == (501, "NOT_IMPLEMENTED")
    assert "REST OTLP span logging is not supported" in answer.error[2]
