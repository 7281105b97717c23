"""What holds for every endpoint: paths, methods, kinds of bodies, errors."""

import json

from nbtrack.server.app import App
from nbtrack.server.route import Route
from nbtrack.server.service import Service
from nbtrack.store.artifacts.local import LocalArtifacts
from nbtrack.store.mlflow_api import experiments

from .asking import Asking


def test_an_unknown_path_is_answered_in_mlflows_form(server):
    assert server.get("nowhere").error[:2] == (404, "ENDPOINT_NOT_FOUND")


def test_an_address_that_ends_in_a_slash_will_do(server):
    assert server.request("GET", "//api/2.0/mlflow/experiments/get", query={"experiment_id": "0"}).status == 200


def test_a_method_that_is_not_known_there_is_refused(server):
    assert server.get("experiments/create").status == 405


def test_the_web_pages_paths_are_served_too(server):
    assert server.get("experiments/get", api="/ajax-api/2.0/mlflow/", experiment_id="0").status == 200


def test_a_body_must_say_that_it_is_json(server):
    path, body = "/api/2.0/mlflow/experiments/create", b'{"name": "a"}'
    assert server.request("POST", path, body).error[2] == "Bad Request. Content-Type header is missing."
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert "Content-Type must be one of" in server.request("POST", path, body, headers=form).error[2]
    charset = {"Content-Type": "application/json; charset=utf-8"}
    assert server.request("POST", path, body, headers=charset).status == 200


def test_a_body_may_be_encoded_twice_or_not_be_there(server):
    kind = {"Content-Type": "application/json"}
    twice = json.dumps(json.dumps({"name": "twice"})).encode()
    assert server.request("POST", "/api/2.0/mlflow/experiments/create", twice, headers=kind).status == 200
    empty = server.request("POST", "/api/2.0/mlflow/experiments/create", b"", headers=kind)
    assert "Missing value for required parameter 'name'" in empty.error[2]


def test_a_body_that_is_no_json_is_a_bad_request(server):
    kind = {"Content-Type": "application/json"}
    for body in (b"{", b"[1]", b"\xff", b"[" * 100_000):
        answer = server.request("POST", "/api/2.0/mlflow/experiments/create", body, headers=kind)
        assert answer.error[:2] == (400, "BAD_REQUEST")


def test_what_is_unknown_in_a_request_is_passed_over(server):
    assert server.post("experiments/create", {"name": "a", "colour": "red", "artifact_location": None}).status == 200


def test_a_bug_of_the_server_reveals_no_details(store, tmp_path, monkeypatch):
    def broken(service, request):
        raise RuntimeError("/home/ada/secret.py")

    monkeypatch.setattr("nbtrack.server.app.ROUTES", [Route(experiments.GET_EXPERIMENT, broken, "READ")])
    app = App(Service(store, LocalArtifacts(tmp_path)))
    answer = Asking(app).get("experiments/get", experiment_id="0")
    assert answer.error[:2] == (500, "INTERNAL_ERROR")
    assert b"secret" not in answer.body
    app.close()


def test_it_says_what_it_is(server):
    answer = server.get("server-info", api="/api/3.0/mlflow/")
    assert (answer.json["store_type"], answer.json["nbtrack"]) == ("SqlStore", {"version": "0", "protocol": 2})


def test_it_describes_its_endpoints(server):
    described = server.request("GET", "/openapi.json").json
    assert described["openapi"].startswith("3.1")
    batch = described["paths"]["/api/2.0/mlflow/runs/log-batch"]["post"]
    assert batch["requestBody"]["content"]["application/json"]["schema"]["allOf"] == [{"$ref": "#/components/schemas/LogBatch"}]
    (name,) = described["paths"]["/api/2.0/mlflow/experiments/get-by-name"]["get"]["parameters"]
    assert (name["name"], name["in"], name["required"]) == ("experiment_name", "query", True)
    (path,) = described["paths"]["/api/2.0/mlflow-artifacts/artifacts/{path}"]["put"]["parameters"]
    assert (path["in"], path["required"]) == ("path", True)
