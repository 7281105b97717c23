"""The endpoints of logged models."""

import json

import pytest

from nbtrack.entities.events import ModelMeasured
from nbtrack.entities.model import ModelMetric

from ...store.building import direct, started


@pytest.fixture
def run(store):
    store.apply([direct("r1", started())])
    return store.get_run("r1")


@pytest.fixture
def model(server, run):
    """The id of a model."""
    body = {"experiment_id": "0", "name": "net", "model_type": "Agent", "source_run_id": "r1"}
    body |= {"params": [{"key": "lr", "value": "0.1"}], "tags": [{"key": "t", "value": "1"}]}
    return server.post("logged-models", body).json["model"]["info"]["model_id"]


def test_a_model_is_created_and_described(server, model, store):
    found = server.get(f"logged-models/{model}").json["model"]
    info = found["info"]
    assert (info["name"], info["model_type"], info["source_run_id"], info["status"]) == (
        "net",
        "Agent",
        "r1",
        "LOGGED_MODEL_PENDING",
    )
    assert info["artifact_uri"] == f"{store.get_experiment('0').artifact_location}/models/{model}/artifacts"
    assert (info["tags"], found["data"]) == ([{"key": "t", "value": "1"}], {"params": [{"key": "lr", "value": "0.1"}]})
    unnamed = server.post("logged-models", {"experiment_id": "0"}).json["model"]["info"]
    assert unnamed["name"]


def test_a_model_is_finalized_and_deleted(server, model):
    for status in ("LOGGED_MODEL_READY", 3):
        done = server.post(f"logged-models/{model}", {"status": status}, method="PATCH").json["model"]["info"]
    assert done["status"] == "LOGGED_MODEL_UPLOAD_FAILED"
    assert server.post(f"logged-models/{model}", {"status": "DONE"}, method="PATCH").error[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert server.post(f"logged-models/{model}", method="DELETE").json == {}
    assert server.get(f"logged-models/{model}").error == (
        404,
        "RESOURCE_DOES_NOT_EXIST",
        f"Logged model with ID '{model}' not found.",
    )


def test_tags_and_params_are_set_and_deleted(server, model):
    new = {"tags": [{"key": "t", "value": "2"}, {"key": "a/b c", "value": ""}]}
    assert server.post(f"logged-models/{model}/tags", new, method="PATCH").json == {}
    assert server.get(f"logged-models/{model}").json["model"]["info"]["tags"] == [
        {"key": "a/b c", "value": ""},
        {"key": "t", "value": "2"},
    ]
    assert server.post(f"logged-models/{model}/tags/t", method="DELETE").json == {}
    assert server.post(f"logged-models/{model}/tags/t", method="DELETE").error[:2] == (404, "RESOURCE_DOES_NOT_EXIST")
    assert server.post(f"logged-models/{model}/params", {"params": [{"key": "more", "value": "x"}]}).json == {}
    assert server.get(f"logged-models/{model}").json["model"]["data"]["params"] == [
        {"key": "lr", "value": "0.1"},
        {"key": "more", "value": "x"},
    ]


def test_models_are_searched(server, store, model):
    seen = [ModelMetric("val/loss", value, 1, step, "", "iris", "d") for step, value in enumerate([0.5, float("nan")])]
    store.apply([direct("r1", ModelMeasured(model, tuple(seen)))])
    server.post("logged-models", {"experiment_id": "0", "name": "other"})

    def search(**more):
        answer = server.post("logged-models/search", {"experiment_ids": ["0"], **more}).json
        return [each["info"]["name"] for each in answer.get("models", [])], answer.get("next_page_token")

    assert search(order_by=[{"field_name": "name", "ascending": False}]) == (["other", "net"], None)
    assert search(filter="metrics.`val/loss` < 1 AND params.lr = '0.1'") == (["net"], None)
    assert search(datasets=[{"dataset_name": "iris"}]) == (["net"], None)
    assert search(order_by=[{"field_name": "metrics.val/loss", "ascending": False, "dataset_name": "iris"}])[0] == [
        "net",
        "other",
    ]
    names, token = search(order_by=[{"field_name": "name"}], max_results=1)
    assert names == ["net"]
    assert search(order_by=[{"field_name": "name"}], max_results=1, page_token=token) == (["other"], None)
    (found,) = server.post("logged-models/search", {"experiment_ids": ["0"], "filter": "name = 'net'"}).json["models"]
    assert [metric["value"] for metric in found["data"]["metrics"]] == [0.5, "NaN"]
    assert (
        found["data"]["metrics"][0] | {"model_id": model, "run_id": "r1", "dataset_name": "iris"} == found["data"]["metrics"][0]
    )


@pytest.mark.parametrize(
    "body, said",
    [
        ({"datasets": [{}]}, "`dataset_name` in the `datasets` clause must be specified"),
        ({"order_by": [{"field_name": ""}]}, "order_by.field_name"),
        ({"order_by": [{"field_name": "nothing"}]}, "no attribute called 'nothing'"),
        ({"filter": "status"}, "an operator was expected"),
        ({"max_results": 0}, "Invalid value 0 for parameter 'max_results'"),
    ],
)
def test_a_bad_request_is_refused(server, body, said):
    status, code, message = server.post("logged-models/search", {"experiment_ids": ["0"], **body}).error
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert said in message


def test_a_models_files_are_listed(server, model, tmp_path):
    (tmp_path / "artifacts" / "0" / "models" / model / "artifacts" / "data").mkdir(parents=True)
    (tmp_path / "artifacts" / "0" / "models" / model / "artifacts" / "MLmodel").write_text("x" * 7)
    (tmp_path / "artifacts" / "0" / "models" / model / "artifacts" / "data" / "w").write_text("")
    found = server.get(f"logged-models/{model}/artifacts/directories").json
    assert found["root_uri"] == f"mlflow-artifacts:/0/models/{model}/artifacts"
    assert found["files"] == [{"path": "MLmodel", "is_dir": False, "file_size": 7}, {"path": "data", "is_dir": True}]
    below = server.get(f"logged-models/{model}/artifacts/directories", artifact_directory_path="data").json["files"]
    assert [each["path"] for each in below] == ["data/w"]
    bad = server.get(f"logged-models/{model}/artifacts/directories", artifact_directory_path="../..")
    assert bad.error[:2] == (400, "INVALID_PARAMETER_VALUE")

    files = f"/ajax-api/2.0/mlflow/logged-models/{model}/artifacts/files"
    assert server.request("GET", files, query={"artifact_file_path": "MLmodel"}).body == b"x" * 7
    assert server.request("GET", files).error[:2] == (400, "BAD_REQUEST")
    assert server.request("GET", files, query={"artifact_file_path": "../x"}).error == (
        400,
        "INVALID_PARAMETER_VALUE",
        "Invalid path",
    )


def test_a_run_records_a_model_as_output(server, store, model):
    assert server.post("runs/outputs", {"run_id": "r1", "models": [{"model_id": model, "step": 3}]}).json == {}
    assert [(each.model_id, each.step) for each in store.models.outputs(["r1"])] == [(model, 3)]


def test_a_model_lists_the_versions_created_from_it(server, model):
    server.post("registered-models/create", {"name": "digits"})
    made = server.post("model-versions/create", {"name": "digits", "source": f"models:/{model}"}).json["model_version"]
    assert (made["model_id"], made["run_id"]) == (model, "r1")
    info = server.get(f"logged-models/{model}").json["model"]["info"]
    assert info["registrations"] == [{"name": "digits", "version": "1"}]
    where = server.get("model-versions/get-download-uri", name="digits", version="1").json["artifact_uri"]
    assert where == info["artifact_uri"]


def test_a_model_in_the_form_of_mlflow_2_is_recorded_in_a_tag(server, store, run):
    old = {"artifact_path": "m", "flavors": {}, "utc_time_created": "now", "run_id": "r1", "more": 1}
    for _ in range(2):
        assert server.post("runs/log-model", {"run_id": "r1", "model_json": json.dumps(old)}).json == {}
    history = {key: value for _, key, value in store.tags(["r1"])}["mlflow.log-model.history"]
    assert [each["artifact_path"] for each in json.loads(history)] == ["m", "m"]
    assert "not a valid JSON" in server.post("runs/log-model", {"run_id": "r1", "model_json": "{"}).error[2]
    assert "missing mandatory fields" in server.post("runs/log-model", {"run_id": "r1", "model_json": "{}"}).error[2]
