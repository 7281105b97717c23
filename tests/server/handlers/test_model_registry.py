"""The endpoints of the model registry."""

import json

import pytest

from nbtrack.entities.run import now_ms

from ...store.building import direct, started


@pytest.fixture
def run(store):
    store.apply([direct("r1", started())])
    return store.get_run("r1")


@pytest.fixture
def digits(server, run):
    """A model of two versions, one of them with an alias."""
    server.post("registered-models/create", {"name": "digits", "tags": [{"key": "team", "value": "blue"}]})
    for path in ("a", "b"):
        source = f"{run.artifact_uri}/{path}"
        made = server.post("model-versions/create", {"name": "digits", "source": source, "run_id": "r1"})
        assert made.status == 200, made.body
    server.post("registered-models/alias", {"name": "digits", "alias": "champion", "version": "2"})
    return "digits"


def test_a_model_is_created_and_described(server):
    made = server.post("registered-models/create", {"name": "m", "description": "d", "tags": [{"key": "k", "value": ""}]}).json
    model = made["registered_model"]
    assert (model["name"], model["description"], model["tags"]) == ("m", "d", [{"key": "k", "value": ""}])
    assert isinstance(model["creation_timestamp"], int)
    assert server.get("registered-models/get", name="m").json == made
    changed = server.post("registered-models/update", {"name": "m", "description": "e"}, method="PATCH").json
    assert changed["registered_model"]["description"] == "e"


def test_a_name_can_be_used_once(server, digits):
    assert server.post("registered-models/create", {"name": "digits"}).error[:2] == (400, "RESOURCE_ALREADY_EXISTS")
    assert "Registered Model (name=digits) already exists" in server.post("registered-models/create", {"name": "digits"}).error[2]
    server.post("registered-models/create", {"name": "other"})
    renamed = server.post("registered-models/rename", {"name": "other", "new_name": "digits"})
    assert renamed.error[:2] == (400, "RESOURCE_ALREADY_EXISTS")
    assert server.post("registered-models/rename", {"name": "other"}).error[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_a_model_shows_its_newest_versions_and_aliases(server, digits):
    model = server.get("registered-models/get", name="digits").json["registered_model"]
    assert [each["version"] for each in model["latest_versions"]] == ["2"]
    assert model["latest_versions"][0]["aliases"] == ["champion"]
    assert model["aliases"] == [{"alias": "champion", "version": "2"}]
    found = server.get("registered-models/search", filter="name = 'digits'").json
    assert found == {"registered_models": [model]}


def test_a_model_is_renamed_and_deleted(server, digits):
    renamed = server.post("registered-models/rename", {"name": "digits", "new_name": "numbers"}).json["registered_model"]
    assert renamed["name"] == renamed["latest_versions"][0]["name"] == "numbers"
    assert server.post("registered-models/delete", {"name": "numbers"}, method="DELETE").json == {}
    assert server.get("registered-models/get", name="numbers").error == (
        404,
        "RESOURCE_DOES_NOT_EXIST",
        "Registered Model with name=numbers not found",
    )


def test_tags_are_set_and_deleted(server, digits):
    of_model, of_version = {"name": "digits", "key": "k"}, {"name": "digits", "version": "1", "key": "k"}
    for path, tag in [("registered-models", of_model), ("model-versions", of_version)]:
        assert server.post(f"{path}/set-tag", {**tag, "value": "v"}).json == {}
        assert server.post(f"{path}/set-tag", tag).error[:2] == (400, "INVALID_PARAMETER_VALUE")
    version = server.get("model-versions/get", name="digits", version="1").json["model_version"]
    assert version["tags"] == [{"key": "k", "value": "v"}]
    for path, tag in [("registered-models", of_model), ("model-versions", of_version)]:
        assert server.post(f"{path}/delete-tag", tag, method="DELETE").json == {}
    assert "tags" not in server.get("model-versions/get", name="digits", version="1").json["model_version"]


def test_aliases_are_set_resolved_and_deleted(server, digits):
    found = server.get("registered-models/alias", name="digits", alias="champion").json["model_version"]
    assert (found["version"], found["run_id"], found["current_stage"], found["status"]) == ("2", "r1", "None", "READY")
    assert server.get("registered-models/alias", name="digits", alias="latest").json["model_version"]["version"] == "2"
    assert server.post("registered-models/alias", {"name": "digits", "alias": "champion"}, method="DELETE").json == {}
    assert server.get("registered-models/alias", name="digits", alias="champion").error == (
        400,
        "INVALID_PARAMETER_VALUE",
        "Registered model alias champion not found.",
    )
    for alias in ("latest", "v3", "a b"):
        body = {"name": "digits", "alias": alias, "version": "1"}
        assert server.post("registered-models/alias", body).error[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_a_version_moves_between_stages(server, digits):
    def move(version, stage, archive):
        body = {"name": "digits", "version": version, "stage": stage, "archive_existing_versions": archive}
        return server.post("model-versions/transition-stage", body)

    move("1", "production", False)
    assert move("2", "Production", True).json["model_version"]["current_stage"] == "Production"
    latest = server.post("registered-models/get-latest-versions", {"name": "digits", "stages": ["Archived"]}).json
    assert [each["version"] for each in latest["model_versions"]] == ["1"]
    both = server.get("registered-models/get-latest-versions", name="digits").json["model_versions"]
    assert [each["version"] for each in both] == ["1", "2"]
    assert "Invalid Model Version stage: nowhere" in move("1", "nowhere", False).error[2]
    assert move("1", "None", True).error[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_versions_are_updated_searched_and_deleted(server, digits, run):
    changed = server.post("model-versions/update", {"name": "digits", "version": "1", "description": "d"}, method="PATCH").json
    assert changed["model_version"]["description"] == "d"
    assert server.get("model-versions/get-download-uri", name="digits", version="1").json == {
        "artifact_uri": f"{run.artifact_uri}/a"
    }
    found = server.get("model-versions/search", filter="run_id = 'r1'", order_by="version_number ASC", max_results=1).json
    assert [each["version"] for each in found["model_versions"]] == ["1"]
    rest = server.get(
        "model-versions/search", filter="run_id = 'r1'", order_by="version_number ASC", page_token=found["next_page_token"]
    ).json
    assert [each["version"] for each in rest["model_versions"]] == ["2"]
    assert "next_page_token" not in rest
    assert server.post("model-versions/delete", {"name": "digits", "version": "2"}, method="DELETE").json == {}
    assert "aliases" not in server.get("registered-models/get", name="digits").json["registered_model"]
    assert server.get("model-versions/get", name="digits", version="2").error[:2] == (404, "RESOURCE_DOES_NOT_EXIST")


def test_tag_keys_that_mlflow_refuses_are_refused(server, digits):
    bad = {"key": "a*b", "value": ""}
    for path, body in [
        ("registered-models/create", {"name": "m", "tags": [bad]}),
        ("registered-models/set-tag", {"name": "digits", **bad}),
        ("model-versions/create", {"name": "digits", "source": "s3://m", "tags": [bad]}),
        ("model-versions/set-tag", {"name": "digits", "version": "1", **bad}),
    ]:
        assert server.post(path, body).error[:2] == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    "path, query, said",
    [
        ("model-versions/get", {"name": "digits", "version": "x"}, "Parameter 'version' must be an integer, got 'x'"),
        ("model-versions/get", {"name": "digits"}, "Missing value for required parameter 'version'"),
        ("registered-models/search", {"max_results": 1001}, "Invalid value 1001 for parameter 'max_results' supplied"),
        ("registered-models/search", {"filter": "metrics.x > 1"}, "no kind of value called 'metrics'"),
        ("registered-models/search", {"page_token": "?"}, "Invalid page token"),
        ("model-versions/search", {"max_results": 200_001}, "Invalid value 200001"),
        ("model-versions/search", {"order_by": "nothing"}, "there is no attribute called 'nothing'"),
    ],
)
def test_a_bad_request_is_refused(server, digits, path, query, said):
    status, code, message = server.get(path, **query).error
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert said in message


@pytest.mark.parametrize(
    "source, more",
    [
        ("/etc", {}),
        ("file:///etc", {"run_id": "r1"}),
        ("{run}/../../r2/artifacts", {"run_id": "r1"}),
        ("{run}/%252e%252e/r2", {"run_id": "r1"}),
        ("mlflow-artifacts:/0/r2/artifacts/m", {"run_id": "r1"}),
        ("mlflow-artifacts:/0/r1/artifacts/m", {}),
        ("http://host/api/2.0/mlflow-artifacts/artifacts/0/r2/artifacts", {"run_id": "r1"}),
        ("runs:/r1/model", {"run_id": "another"}),
        ("{run}/a/../../../r2/artifacts", {"run_id": "r1"}),
        ("mlflow-artifacts:/0/r1/artifacts/a/../a", {"run_id": "r1"}),
    ],
)
def test_a_source_that_is_not_the_runs_own_is_refused(server, digits, run, source, more):
    body = {"name": "digits", "source": source.format(run=run.artifact_uri), **more}
    status, code, message = server.post("model-versions/create", body).error
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert "Invalid model version source" in message


def test_a_source_uri_is_resolved_to_its_location(server, digits, run):
    def locate(source, **more):
        made = server.post("model-versions/create", {"name": "digits", "source": source, **more}).json["model_version"]
        where = server.get("model-versions/get-download-uri", name="digits", version=made["version"]).json["artifact_uri"]
        return where, made.get("run_id"), made["source"]

    assert locate("s3://bucket/m") == ("s3://bucket/m", None, "s3://bucket/m")
    assert locate("runs:/r1/model") == (f"{run.artifact_uri}/model", "r1", "runs:/r1/model")
    assert locate("models:/digits@champion")[:2] == (f"{run.artifact_uri}/b", "r1")
    assert locate("models:/digits/1")[:2] == (f"{run.artifact_uri}/a", "r1")


@pytest.mark.parametrize("form", ["{}", "file://{}"], ids=["path", "URI"])
def test_a_local_source_is_checked_with_parent_folders_resolved(server, digits, tmp_path, form):
    location = form.format(tmp_path)
    experiment = server.post("experiments/create", {"name": "local", "artifact_location": location}).json["experiment_id"]
    info = server.post("runs/create", {"experiment_id": experiment}).json["run"]["info"]
    asked = {"name": digits, "run_id": info["run_id"]}

    def register(path):
        return server.post("model-versions/create", asked | {"source": f"{info['artifact_uri']}/{path}"})

    for path, end in [("x/../a", "/artifacts/a"), ("a/..", "/artifacts")]:
        made = register(path).json["model_version"]
        where = server.get("model-versions/get-download-uri", name=digits, version=made["version"]).json["artifact_uri"]
        assert made["source"].endswith(path)
        assert where == info["artifact_uri"].removesuffix("/artifacts") + end
    assert "To use a local path as a model version source" in register("../../another/artifacts").error[2]


def test_a_version_may_name_a_run_of_another_store(server, digits):
    asked = {"name": "digits", "source": "runs:/elsewhere/model", "run_id": "elsewhere"}
    made = server.post("model-versions/create", asked).json["model_version"]
    assert (made["source"], made["run_id"], made["status"]) == ("runs:/elsewhere/model", "elsewhere", "READY")
    where = server.get("model-versions/get-download-uri", name="digits", version=made["version"]).json
    assert where == {"artifact_uri": "runs:/elsewhere/model"}
    of_a_model = server.post("model-versions/create", asked | {"model_id": "m-1"})
    assert of_a_model.error[:2] == (404, "RESOURCE_DOES_NOT_EXIST")


def test_a_logged_model_lists_each_version_once(server, digits):
    model = server.post("logged-models", {"experiment_id": "0", "name": "net"}).json["model"]["info"]
    asked = {"name": "digits", "source": model["artifact_uri"], "model_id": model["model_id"]}
    for _ in range(2):
        server.post("model-versions/create", asked)
    (tag,) = server.get(f"logged-models/{model['model_id']}").json["model"]["info"]["tags"]
    assert json.loads(tag["value"]) == [{"name": "digits", "version": 3}, {"name": "digits", "version": 4}]


def test_prompts_are_stored_and_not_listed_among_models(server):
    tags = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    server.post("registered-models/create", {"name": "greeting", "tags": tags})
    made = server.post("model-versions/create", {"name": "greeting", "source": "prompt-template", "tags": tags})
    assert made.json["model_version"]["version"] == "1"
    assert server.get("registered-models/search").json == {}
    asked = server.get("registered-models/search", filter="tags.`mlflow.prompt.is_prompt` = 'true'").json
    assert [each["name"] for each in asked["registered_models"]] == ["greeting"]


@pytest.mark.parametrize("source", ["/etc", "file:///etc", "mlflow-artifacts:/0/another/artifacts", "../x"])
def test_a_prompt_gives_no_access_to_other_files(server, source):
    tags = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    server.post("registered-models/create", {"name": "greeting", "tags": tags})
    refused = server.post("model-versions/create", {"name": "greeting", "source": source, "tags": tags})
    assert refused.error[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_a_runs_source_uri_names_its_newest_model_that_is_not_deleted(server, digits):
    def make():
        body = {"experiment_id": "0", "name": "net", "source_run_id": "r1"}
        info = server.post("logged-models", body).json["model"]["info"]
        server.post("runs/outputs", {"run_id": "r1", "models": [{"model_id": info["model_id"]}]})
        while now_ms() == info["creation_timestamp_ms"]:
            pass
        return info["model_id"]

    def register():
        return server.post("model-versions/create", {"name": digits, "source": "runs:/r1/net"}).json["model_version"]["model_id"]

    first, second, third = make(), make(), make()
    assert register() == third
    server.post(f"logged-models/{third}", method="DELETE")
    assert register() == second
    server.post(f"logged-models/{first}", method="DELETE")
    assert register() == second
