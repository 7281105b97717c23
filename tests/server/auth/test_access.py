"""What users find, create and share, over MLflow's API and nbtrack's protocol."""

import json

import pytest

from nbtrack.entities.events import Batch, ModelMade, RunStarted, TagsSet
from nbtrack.errors import AccessDenied
from nbtrack.server.auth.guarded_artifacts import guarded_artifacts
from nbtrack.store.artifacts.protocol import Presigns, SignedRequest, TakesParts
from nbtrack.store.nbtrack_server.store import NbtrackServerStore
from nbtrack.store.protocol.search import Query

from ..app_client import InProcess
from .conftest import GRANTED, RUN, As
from .examples import FILE


@pytest.fixture
def remote(app):
    """Return a store over nbtrack's own protocol, as a user has it."""

    def of(user):
        client = InProcess(app)
        client.asking = As(app, user)
        return NbtrackServerStore(client)

    return of


def test_a_search_returns_full_pages_of_readable_experiments(ask, store):
    for i in range(6):
        store.create_experiment(f"more {i}")
    reader = ask("reader")
    for i in range(3):
        assert reader.post("experiments/create", {"name": f"mine {i}"}).status == 200
    found, token = [], None
    while token != "":
        page = reader.post("experiments/search", {"max_results": 2, "page_token": token or "", "order_by": ["name"]}).json
        found.append([each["name"] for each in page["experiments"]])
        token = page.get("next_page_token", "")
    assert found == [["mine 0", "mine 1"], ["mine 2", "one"]]
    assert ask("outsider").post("experiments/search", {"max_results": 10}).json == {}


def test_a_search_returns_readable_models_only(ask, store):
    for name in ("a", "b", "z"):
        store.registry.create_model(name)
        store.registry.create_version(name, "s3://bucket/model")
    ask("editor").post("registered-models/create", {"name": "mine"})

    def names(user, path, key):
        answer = ask(user).get(path, max_results=1).json
        found = list(answer.get(key, ()))
        while token := answer.get("next_page_token"):
            answer = ask(user).get(path, max_results=1, page_token=token).json
            found += answer[key]
        return sorted(each["name"] for each in found)

    assert names("editor", "registered-models/search", "registered_models") == ["m", "mine"]
    assert names("editor", "model-versions/search", "model_versions") == ["m"]
    assert names("outsider", "registered-models/search", "registered_models") == []
    assert names("admin", "registered-models/search", "registered_models") == ["a", "b", "m", "mine", "z"]


def test_a_search_returns_readable_runs_models_and_traces_only(ask):
    for user, count in (("outsider", 0), ("reader", 1)):
        asking = ask(user)
        assert len(asking.post("runs/search", {"experiment_ids": ["1", "2"]}).json.get("runs", ())) == count
        assert len(asking.post("logged-models/search", {"experiment_ids": ["1"]}).json.get("models", ())) == count
        places = [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "1"}}]
        found = asking.post("traces/search", {"locations": places}, api="/api/3.0/mlflow/").json
        assert len(found.get("traces", found.get("trace_infos", ()))) == count


def test_the_creator_manages_an_experiment_and_grants_permissions(ask):
    mine = ask("outsider").post("experiments/create", {"name": "mine"}).json["experiment_id"]
    assert ask("reader").get("experiments/get", experiment_id=mine).status == 403
    grant = {"experiment_id": mine, "username": "reader", "permission": "READ"}
    assert ask("outsider").post("experiments/permissions/create", grant).status == 200
    assert ask("reader").get("experiments/get", experiment_id=mine).status == 200
    assert ask("reader").post("runs/create", {"experiment_id": mine}).status == 403
    assert ask("outsider").post("experiments/permissions/create", grant).error[:2] == (400, "RESOURCE_ALREADY_EXISTS")
    change = {**grant, "permission": "EDIT"}
    assert ask("outsider").post("experiments/permissions/update", change, method="PATCH").status == 200
    assert ask("reader").post("runs/create", {"experiment_id": mine}).status == 200
    assert ask("outsider").post("experiments/permissions/delete", grant, method="DELETE").status == 200
    assert ask("reader").get("experiments/get", experiment_id=mine).status == 403
    assert ask("outsider").get("experiments/permissions/get", experiment_id=mine, username="reader").status == 404
    assert ask("outsider").post("experiments/permissions/create", {**grant, "permission": "OWN"}).error[:2] == (
        400,
        "INVALID_PARAMETER_VALUE",
    )


def test_grants_on_a_model_follow_its_name_and_end_with_its_deletion(ask):
    assert ask("editor").post("registered-models/rename", {"name": "m", "new_name": "n"}).status == 200
    assert ask("reader").get("registered-models/get", name="n").status == 200
    assert ask("manager").post("registered-models/delete", {"name": "n"}, method="DELETE").status == 200
    assert ask("outsider").post("registered-models/create", {"name": "n"}).status == 200
    assert ask("reader").get("registered-models/get", name="n").status == 403


def test_a_version_requires_a_readable_source(ask):
    ask("outsider").post("registered-models/create", {"name": "mine"})
    for source in ({"source": f"runs:/{RUN}/model", "run_id": RUN}, {"source": f"runs:/{RUN}/model"}):
        assert ask("outsider").post("model-versions/create", {"name": "mine", **source}).status == 403
    assert ask("admin").post("model-versions/create", {"name": "mine", "source": f"runs:/{RUN}/model"}).status == 200


# nbtrack's own protocol.


def test_nbtracks_protocol_has_the_same_rules(remote, store):
    reader, editor = remote("reader"), remote("editor")
    change = [Batch(RUN, "", events=(TagsSet({"t": "w"}),))]
    assert reader.get_run(RUN).id == RUN
    with pytest.raises(AccessDenied):
        reader.apply(change)
    with pytest.raises(AccessDenied):
        remote("outsider").params([RUN])
    with pytest.raises(AccessDenied):
        editor.delete_run(RUN)
    editor.apply(change)
    assert (RUN, "t", "w") in store.tags([RUN])
    assert [each.id for each in reader.search_runs(Query()).items] == [RUN]
    assert remote("outsider").search_runs(Query()).items == ()
    assert [each.run_id for each in editor.open_runs()] == [RUN]
    assert reader.open_runs() == []  # only those who may edit a run may close it
    assert [each.name for each in reader.experiments()] == ["one"]


def test_a_batch_that_starts_an_existing_run_needs_permission_on_it(remote):
    taking = Batch(RUN, "writer", events=(RunStarted("", "mine", 1, experiment_id="2"), TagsSet({"t": "taken"})))
    remote("outsider").create_experiment("mine")
    with pytest.raises(AccessDenied):
        remote("outsider").apply([taking])


def test_an_experiment_created_by_a_run_belongs_to_its_user(remote, ask):
    new = "f" * 32
    remote("outsider").apply([Batch(new, "w", events=(RunStarted("fresh", "first", 1),))])
    remote("outsider").delete_run(new)
    with pytest.raises(AccessDenied):
        remote("reader").get_run(new)
    with pytest.raises(AccessDenied):
        remote("outsider").apply([Batch("e" * 32, "w", events=(RunStarted("one", "first", 1),))])


def test_an_event_about_another_users_model_is_refused(remote, store):
    with pytest.raises(AccessDenied):
        remote("outsider").apply([Batch("d" * 32, "w", events=(RunStarted("fresh", "x", 1), ModelMade(store.logged_model, 0)))])


# Files.


def test_a_file_requires_permission_on_its_experiment(ask):
    path = f"/api/2.0/mlflow-artifacts/artifacts/{FILE}"
    assert ask("reader").request("GET", path).body == b"a"
    assert ask("outsider").request("GET", path).status == 403
    assert ask("reader").request("PUT", path, b"b").status == 403
    assert ask("editor").request("PUT", path, b"b").status == 200
    assert ask("editor").request("DELETE", path).status == 403
    assert ask("reader").request("GET", "/api/2.0/mlflow-artifacts/artifacts", query={"path": ""}).status == 403
    assert ask("editor").request("PUT", "/api/2.0/mlflow-artifacts/artifacts/elsewhere/x", b"b").status == 403
    assert ask("admin").request("PUT", "/api/2.0/mlflow-artifacts/artifacts/elsewhere/x", b"b").status == 200


@pytest.mark.parametrize("place", ["mlflow-artifacts:/1", "mlflow-artifacts:/7/x", "mlflow-artifacts:/", "mlflow-artifacts:/1/x"])
def test_a_new_experiment_cannot_contain_another_experiments_folder(ask, place):
    new = {"name": "mine", "artifact_location": place}
    assert ask("outsider").post("experiments/create", new).status == 403


@pytest.mark.parametrize("place", ["artifacts/1", "./artifacts/7/x", "artifacts", "file:artifacts/1", "{cwd}/artifacts"])
def test_a_new_experiment_cannot_contain_the_servers_folders(ask, place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    new = {"name": "mine", "artifact_location": place.format(cwd=tmp_path)}
    assert ask("outsider").post("experiments/create", new).status == 403
    assert ask("admin").post("experiments/create", new).status == 200


def test_a_new_experiment_cannot_be_inside_another_experiments_folder(ask):
    new = {"name": "mine", "artifact_location": "mlflow-artifacts:/team/mine"}
    assert ask("outsider").post("experiments/create", new).status == 200
    assert ask("outsider").request("PUT", "/api/2.0/mlflow-artifacts/artifacts/team/mine/x", b"b").status == 200
    assert ask("reader").request("GET", "/api/2.0/mlflow-artifacts/artifacts/team/mine/x").status == 403
    around = {"name": "around", "artifact_location": "mlflow-artifacts:/team"}
    assert ask("reader").post("experiments/create", around).status == 403


class Signs:
    """A store whose files are reached by signed requests and in parts."""

    uri = "s3://bucket"

    def presign_download(self, path, *, seconds):
        return SignedRequest(path)

    presign_upload = presign_download

    def create_parts(self, path, count, *, seconds):
        return "u", [SignedRequest(path)] * count

    def complete_parts(self, path, upload, parts):
        pass

    abort_parts = complete_parts


class Refusing:
    def path(self, path, least, *, deep=False):
        raise AccessDenied(f"{least.name} on {path}")


def test_presigned_urls_and_multipart_uploads_are_guarded():
    view = guarded_artifacts(Signs(), Refusing())
    assert isinstance(view, Presigns)
    assert isinstance(view, TakesParts)
    for work, least in (
        (lambda: view.presign_download("p", seconds=1), "READ"),
        (lambda: view.presign_upload("p", seconds=1), "EDIT"),
        (lambda: view.create_parts("p", 1, seconds=1), "EDIT"),
        (lambda: view.complete_parts("p", "u", []), "EDIT"),
        (lambda: view.abort_parts("p", "u"), "EDIT"),
    ):
        with pytest.raises(AccessDenied, match=f"{least} on p"):
            work()


@pytest.mark.parametrize("what", ["create", "complete", "abort"])
def test_a_user_who_may_not_edit_is_refused_before_multipart_support_is_checked(app, what):
    body = {"path": "f.bin", "num_parts": 1, "upload_id": "u", "parts": []}
    path = f"/api/2.0/mlflow-artifacts/mpu/{what}/1/{RUN}/artifacts"
    statuses = {
        user: As(app, user).request("POST", path, json.dumps(body).encode(), headers={"Content-Type": "application/json"}).status
        for user in GRANTED
    }
    assert statuses == {"outsider": 403, "reader": 403, "editor": 501, "manager": 501, "admin": 501}
