"""What all endpoints have in common: paths, methods, content types, errors."""

import json

from nbtrack.server.app import App
from nbtrack.server.route import Route
from nbtrack.server.service import Service
from nbtrack.store.artifacts.local import LocalArtifacts
from nbtrack.store.mlflow_api import experiments

from .app_client import AppClient


def test_an_unknown_path_is_answered_in_mlflows_form(server):
    assert server.get("nowhere").error[:2] == (404, "ENDPOINT_NOT_FOUND")


def test_a_tracking_uri_may_end_in_a_slash(server):
    assert server.request("GET", "//api/2.0/mlflow/experiments/get", query={"experiment_id": "0"}).status == 200


def test_a_method_that_a_path_does_not_allow_is_refused(server):
    assert server.get("experiments/create").status == 405


def test_paths_of_mlflows_web_pages_are_served_too(server):
    assert server.get("experiments/get", api="/ajax-api/2.0/mlflow/", experiment_id="0").status == 200


def test_a_body_requires_the_content_type_of_json(server):
    path, body = "/api/2.0/mlflow/experiments/create", b'{"name": "a"}'
    assert server.request("POST", path, body).error[2] == "Bad Request. Content-Type header is missing."
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert "Content-Type must be one of" in server.request("POST", path, body, headers=form).error[2]
    charset = {"Content-Type": "application/json; charset=utf-8"}
    assert server.request("POST", path, body, headers=charset).status == 200


def test_a_body_may_be_encoded_twice_or_be_missing(server):
    kind = {"Content-Type": "application/json"}
    twice = json.dumps(json.dumps({"name": "twice"})).encode()
    assert server.request("POST", "/api/2.0/mlflow/experiments/create", twice, headers=kind).status == 200
    empty = server.request("POST", "/api/2.0/mlflow/experiments/create", b"", headers=kind)
    assert "Missing value for required parameter 'name'" in empty.error[2]


def test_a_body_that_is_not_a_json_object_is_a_bad_request(server):
    kind = {"Content-Type": "application/json"}
    for body in (b"{", b"[1]", b"\xff", b"[" * 100_000):
        answer = server.request("POST", "/api/2.0/mlflow/experiments/create", body, headers=kind)
        assert answer.error[:2] == (400, "BAD_REQUEST")


def test_unknown_fields_of_a_request_are_ignored(server):
    assert server.post("experiments/create", {"name": "a", "colour": "red", "artifact_location": None}).status == 200


def test_a_bug_of_the_server_reveals_no_details(store, tmp_path, monkeypatch):
    def broken(service, request):
        raise RuntimeError("/home/ada/secret.py")

    monkeypatch.setattr("nbtrack.server.app.ROUTES", [Route(experiments.GET_EXPERIMENT, broken, "READ")])
    app = App(Service(store, LocalArtifacts(tmp_path)))
    answer = AppClient(app).get("experiments/get", experiment_id="0")
    assert answer.error[:2] == (500, "INTERNAL_ERROR")
    assert b"secret" not in answer.body
    app.close()


def test_server_info_names_version_and_protocol(server):
    answer = server.get("server-info", api="/api/3.0/mlflow/")
    assert (answer.json["store_type"], answer.json["nbtrack"]) == ("SqlStore", {"version": "0", "protocol": 2})


def test_the_openapi_description_matches_the_endpoints(server):
    described = server.request("GET", "/openapi.json").json
    assert described["openapi"].startswith("3.1")
    batch = described["paths"]["/api/2.0/mlflow/runs/log-batch"]["post"]
    assert batch["requestBody"]["content"]["application/json"]["schema"]["allOf"] == [{"$ref": "#/components/schemas/LogBatch"}]
    (name,) = described["paths"]["/api/2.0/mlflow/experiments/get-by-name"]["get"]["parameters"]
    assert (name["name"], name["in"], name["required"]) == ("experiment_name", "query", True)
    (path,) = described["paths"]["/api/2.0/mlflow-artifacts/artifacts/{path}"]["put"]["parameters"]
    assert (path["in"], path["required"]) == ("path", True)
