"""The endpoints of traces, in both versions."""

import json

import pytest

from nbtrack.entities.trace import Assessment

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


def test_a_trace_is_returned_as_it_was_sent(server, trace, store):
    location = f"{store.get_experiment('0').artifact_location}/traces/tr-1/artifacts"
    assert trace == {**INFO, "tags": {**INFO["tags"], "mlflow.artifactLocation": location}}
    assert server.get("traces/tr-1", api=V3).json["trace"]["trace_info"] == trace
    assert server.get("traces/tr-1", api=V3, trace_id="none").json["trace"]["trace_info"] == trace
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
def test_a_bad_trace_is_refused(server, changes, said):
    status, code, message = server.post("traces", {"trace": {"trace_info": {**INFO, **changes}}}, api=V3).error
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert said in message


def test_traces_are_searched_in_both_versions(server, trace):
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


def test_a_trace_starts_and_ends_in_version_2(server, store):
    body = {"experiment_id": "0", "timestamp_ms": 1000, "request_metadata": [{"key": "a", "value": "1"}]}
    began = server.post("traces", body).json["trace_info"]
    assert (began["status"], began["request_metadata"]) == ("IN_PROGRESS", [{"key": "a", "value": "1"}])
    end = {"timestamp_ms": 1250, "status": "ERROR", "tags": [{"key": "t", "value": "2"}]}
    ended = server.post(f"traces/{began['request_id']}", end, method="PATCH").json["trace_info"]
    assert (ended["status"], ended["execution_time_ms"]) == ("ERROR", 250)
    assert {"key": "t", "value": "2"} in ended["tags"]
    assert server.get(f"traces/{began['request_id']}/info").json["trace_info"] == ended


@pytest.mark.parametrize("api", ["/api/2.0/mlflow/", V3])
def test_tags_are_set_and_deleted(server, trace, api):
    assert server.post("traces/tr-1/tags", {"key": "t", "value": "v"}, method="PATCH", api=api).json == {}
    assert server.get("traces/tr-1", api=V3).json["trace"]["trace_info"]["tags"]["t"] == "v"
    assert server.post("traces/tr-1/tags", {"key": "t"}, method="DELETE", api=api).json == {}
    assert server.post("traces/tr-1/tags", {"key": "t"}, method="DELETE", api=api).error[:2] == (404, "RESOURCE_DOES_NOT_EXIST")
    too_long = server.post("traces/tr-1/tags", {"key": "k" * 251, "value": ""}, method="PATCH", api=api)
    assert too_long.error[:2] == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("api", ["/api/2.0/mlflow/", V3])
def test_traces_are_deleted_by_id_or_age(server, trace, api):
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


def test_assessments_are_created_changed_and_deleted(server, trace):
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


def assess(server, **given):
    answer = server.post("traces/tr-1/assessments", {"assessment": {"assessment_name": "good", **given}}, api=V3)
    assert answer.status == 200, answer.body
    return answer.json["assessment"]


def assessed(server, assessment):
    return server.get(f"traces/tr-1/assessments/{assessment['assessment_id']}", api=V3).json["assessment"]


def test_an_overridden_assessment_is_invalid_until_the_other_is_deleted(server, trace):
    first = assess(server, feedback={"value": 4})
    second = assess(server, feedback={"value": 3}, overrides=first["assessment_id"])
    assert (first["valid"], second["valid"]) == (True, True)
    assert (assessed(server, first)["valid"], assessed(server, second)["overrides"]) == (False, first["assessment_id"])
    path = f"traces/tr-1/assessments/{second['assessment_id']}"
    assert server.post(path, method="DELETE", api=V3).json == {}
    assert assessed(server, first) == first
    assert server.post(path, method="DELETE", api=V3).json == {}
    unknown = {"assessment_name": "good", "feedback": {"value": 1}, "overrides": "a-none"}
    refused = server.post("traces/tr-1/assessments", {"assessment": unknown}, api=V3).error
    assert refused == (404, "RESOURCE_DOES_NOT_EXIST", "Assessment with ID 'a-none' not found for trace 'tr-1'")
    assert server.get("traces/tr-1", api=V3).json["trace"]["trace_info"]["assessments"] == [first]


def test_an_expectation_may_be_any_json(server, trace):
    wanted = {"ms": 10, "passed": True}
    made = assess(server, expectation={"value": wanted})
    serialized = made["expectation"]["serialized_value"]
    assert (serialized["serialization_format"], json.loads(serialized["value"])) == ("JSON_FORMAT", wanted)
    assert assess(server, expectation={"value": "42"})["expectation"] == {"value": "42"}
    body = {"assessment": {"feedback": {"value": 1}}, "update_mask": "feedback"}
    refused = server.post(f"traces/tr-1/assessments/{made['assessment_id']}", body, method="PATCH", api=V3)
    assert refused.error[:2] == (400, "INVALID_PARAMETER_VALUE")
    for kinds in ({}, {"feedback": {"value": 1}, "expectation": {"value": 1}}):
        refused = server.post("traces/tr-1/assessments", {"assessment": {"assessment_name": "good", **kinds}}, api=V3)
        assert refused.error[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_metadata_of_an_assessment_is_merged(server, trace):
    made = assess(server, feedback={"value": 1}, metadata={"model": "a", "by": "me"})
    body = {"assessment": {"metadata": {"model": "b"}}, "update_mask": "metadata"}
    changed = server.post(f"traces/tr-1/assessments/{made['assessment_id']}", body, method="PATCH", api=V3).json["assessment"]
    assert changed["metadata"] == {"model": "b", "by": "me"}


def test_an_assessment_stored_without_validity_is_valid(server, store, trace):
    body = {"assessment_id": "a-1", "assessment_name": "good", "trace_id": "tr-1", "feedback": {"value": 1}}
    store.traces.assess("tr-1", Assessment("a-1", "good", 1, 1, json.dumps(body)))
    assert server.get("traces/tr-1/assessments/a-1", api=V3).json["assessment"]["valid"] is True
    (shown,) = server.get("traces/tr-1", api=V3).json["trace"]["trace_info"]["assessments"]
    assert shown["valid"] is True


def test_a_run_finds_the_traces_linked_to_it(server, trace):
    def of_run(run_id):
        asked = {"locations": [INFO["trace_location"]], "filter": f"attribute.run_id = '{run_id}'"}
        return [each["trace_id"] for each in server.post("traces/search", asked, api=V3).json.get("traces", [])]

    assert (of_run("r1"), of_run("r2")) == (["tr-1"], [])
    for run_id in ("r2", "r3", "r2"):
        assert server.post("traces/link-to-run", {"trace_ids": ["tr-1", "none"], "run_id": run_id}).json == {}
    assert [of_run(run_id) for run_id in ("r1", "r2", "r3", "r4")] == [["tr-1"], ["tr-1"], ["tr-1"], []]
    assert server.get("traces/tr-1", api=V3).json["trace"]["trace_info"] == trace
    old = server.get("traces/tr-1/info").json["trace_info"]
    assert old["request_metadata"] == [{"key": "mlflow.sourceRun", "value": "r1"}]
    many = server.post("traces/link-to-run", {"trace_ids": ["x"] * 101, "run_id": "r2"})
    assert many.error[:2] == (400, "INVALID_PARAMETER_VALUE")
    for lacking in ({"trace_ids": ["tr-1"]}, {"run_id": "r1"}):
        assert "Missing value for required parameter" in server.post("traces/link-to-run", lacking).error[2]


SPAN = {
    "trace_id": "j3la7ZydRCcpG8ojTExv4A==",
    "span_id": "D9ZCo2FJA/s=",
    "parent_span_id": None,
    "name": "f",
    "start_time_unix_nano": 1795716353374853270,
    "end_time_unix_nano": 1795716353468639524,
    "events": [{"name": "e", "time_unix_nano": 9, "attributes": {"n": 2}}],
    "status": {"code": "STATUS_CODE_OK", "message": ""},
    "attributes": {"s": '"é"', "n": "3", "f": "0.5", "b": "true", "none": "null", "all": '{"x": [1, null]}'},
}


def test_a_trace_is_sent_with_its_spans(server, trace, tmp_path):
    assert server.get("traces/get", api=V3, trace_id="tr-1").json["trace"] == {"trace_info": trace}
    folder = tmp_path / "artifacts" / "0" / "traces" / "tr-1" / "artifacts"
    folder.mkdir(parents=True)
    child = {**SPAN, "span_id": "GTrPflPfGT4=", "parent_span_id": SPAN["span_id"], "events": [], "attributes": {}}
    (folder / "traces.json").write_text(json.dumps({"spans": [SPAN, child]}))
    whole = server.get("traces/get", api=V3, trace_id="tr-1", allow_partial="True").json["trace"]
    first, second = whole["spans"]
    assert (first["name"], first["start_time_unix_nano"]) == ("f", SPAN["start_time_unix_nano"])
    assert first["events"] == [{"time_unix_nano": 9, "name": "e", "attributes": [{"key": "n", "value": {"int_value": 2}}]}]
    assert first["status"] == {"code": "STATUS_CODE_OK"}
    assert "parent_span_id" not in first
    assert second["parent_span_id"] == first["span_id"]
    assert first["attributes"] == [
        {"key": "s", "value": {"string_value": "é"}},
        {"key": "n", "value": {"int_value": 3}},
        {"key": "f", "value": {"double_value": 0.5}},
        {"key": "b", "value": {"bool_value": True}},
        {"key": "none"},
        {
            "key": "all",
            "value": {"kvlist_value": {"values": [{"key": "x", "value": {"array_value": {"values": [{"int_value": 1}, {}]}}}]}},
        },
    ]
    several = server.get("traces/batchGet", api=V3, trace_ids=["none", "tr-1"]).json["traces"]
    assert several == [whole]
    assert server.get("traces/batchGet", api=V3).error[:2] == (400, "INVALID_PARAMETER_VALUE")
    (folder / "traces.json").write_text("{}")
    assert server.get("traces/get", api=V3, trace_id="tr-1").error[:2] == (400, "BAD_REQUEST")


def test_single_spans_are_refused(server):
    answer = server.request("POST", "/v1/traces", b"\x0a", headers={"Content-Type": "application/x-protobuf"})
    assert answer.error[:2] == (501, "NOT_IMPLEMENTED")
    assert "REST OTLP span logging is not supported" in answer.error[2]
