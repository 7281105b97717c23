"""Registered models through the public API."""

from __future__ import annotations

import pytest

import nbtrack
from nbtrack.entities.model import ModelStage
from nbtrack.errors import AlreadyExists, ArtifactNotFound, FilterError, InvalidInput, ModelNotFound


@pytest.fixture(params=["sqlite", "memory"])
def tracker(request, tmp_path):
    return nbtrack.connect(tmp_path / ".nbtrack" if request.param == "sqlite" else "memory:")


@pytest.fixture
def run(tracker):
    with nbtrack.start_run("fit", params={"lr": 0.1}) as run:
        run.log_text("1", "model/weights.txt")
        run.log_text("2", "model/deep/more.txt")
        run.log_text("3", "notes.txt")
    return run


def test_a_folder_of_a_run_becomes_versions_of_a_name(run):
    first = nbtrack.register_model(f"runs:/{run.id}/model", "digits", tags={"n": 1}, description="first")
    second = nbtrack.register_model(run.artifacts.list()[0], "digits", alias="champion")
    assert (first.version, first.tags["n"], first.description, first.stage) == (1, "1", "first", ModelStage.NONE)
    assert (second.version, second.aliases, second.source) == (2, ("champion",), f"runs:/{run.id}/model")
    assert second.run.params["lr"] == 0.1
    assert [str(entry) for entry in second.artifacts.list()] == ["deep", "weights.txt"]
    assert second.artifacts.read_text("deep/more.txt") == "2"


def test_a_version_is_downloaded_as_a_folder(run, tmp_path):
    nbtrack.register_model(f"runs:/{run.id}/model", "digits").artifacts.download(target=tmp_path / "out")
    assert (tmp_path / "out" / "deep" / "more.txt").read_text() == "2"
    assert not (tmp_path / "out" / "notes.txt").exists()


def test_versions_are_named_in_mlflows_ways(run):
    for _ in range(3):
        version = nbtrack.register_model(f"runs:/{run.id}/model", "digits")
    nbtrack.get_model("digits/1").set_alias("old")
    nbtrack.get_model("digits/2").transition("production")
    found = {
        which: nbtrack.get_model(which).version
        for which in (
            "digits",
            "digits/latest",
            "digits/1",
            "digits@old",
            "digits@latest",
            "digits/Production",
            "models:/digits/2",
        )
    }
    assert list(found.values()) == [3, 3, 1, 1, 3, 2, 2]
    assert repr(nbtrack.get_model("digits/2")) == "<ModelVersion digits/2 Production>"
    assert nbtrack.get_model(version.uri) == version
    for which in ("digits/9", "digits@none", "none", "digits/Staging"):
        with pytest.raises(ModelNotFound):
            nbtrack.get_model(which)
    with pytest.raises(InvalidInput, match="Invalid Model Version stage: nowhere"):
        nbtrack.get_model("digits/nowhere")


def test_a_version_is_made_from_another(run):
    first = nbtrack.register_model(f"runs:/{run.id}/model", "draft", alias="good")
    released = nbtrack.register_model("models:/draft@good", "released")
    assert released.artifacts.uri == first.artifacts.uri
    assert released.run.id == run.id


def test_a_model_is_changed(run):
    version = nbtrack.register_model(f"runs:/{run.id}/model", "digits")
    nbtrack.register_model(f"runs:/{run.id}/model", "digits")
    model = nbtrack.get_registered_model("digits")
    model.description = "what it is for"
    model.set_tag("team", 5)
    model.set_alias("champion", version)
    assert (model.description, model.tags["team"], dict(model.aliases)) == ("what it is for", "5", {"champion": 1})
    assert repr(model) == "<RegisteredModel digits: @champion 1>"
    assert (model["champion"], model[2].version, model.latest.version) == (version, 2, 2)
    model.delete_tag("team")
    model.delete_alias("champion")
    assert (dict(model.tags), dict(model.aliases)) == ({}, {})
    model.rename("numbers")
    assert [each.version for each in nbtrack.get_registered_model("numbers").versions] == [2, 1]
    assert model == nbtrack.get_registered_model("numbers")
    model.delete()
    assert nbtrack.registered_models() == []


def test_a_version_is_changed(run):
    version = nbtrack.register_model(f"runs:/{run.id}/model", "digits", alias="a")
    version.set_tag("k", True)
    version.set_alias("b")
    version.delete_alias("a")
    version.description = "better"
    version.transition("Staging")
    again = nbtrack.get_model("digits@b")
    assert (again.tags["k"], again.aliases, again.description, again.stage) == ("True", ("b",), "better", "Staging")
    assert again.updated >= again.created
    with pytest.raises(ModelNotFound, match="'a' is no alias of digits/1; it has b"):
        version.delete_alias("a")
    version.delete_tag("k")
    version.delete()
    assert nbtrack.get_registered_model("digits").latest is None
    with pytest.raises(TypeError):
        version.tags["k"] = "v"


def test_searching(run):
    for name in ("letters", "Digits"):
        nbtrack.register_model(f"runs:/{run.id}/model", name, tags={"of": name})
    nbtrack.register_model(f"runs:/{run.id}/model", "Digits")
    assert [model.name for model in nbtrack.registered_models(order_by="name DESC")] == ["letters", "Digits"]
    assert [model.name for model in nbtrack.registered_models("name ILIKE 'd%'", limit=1)] == ["Digits"]
    assert [each.version for each in nbtrack.model_versions("name = 'Digits'", order_by="version_number")] == [1, 2]
    assert [each.name for each in nbtrack.model_versions("tags.of = 'letters'")] == ["letters"]
    assert len(nbtrack.model_versions(f"run_id = '{run.id}'")) == 3
    with pytest.raises(FilterError):
        nbtrack.model_versions("nme = 'x'")


def test_what_cannot_be_registered(run):
    with pytest.raises(ArtifactNotFound, match=r"nothing at runs:/.*/modle; the folders beside it: model"):
        nbtrack.register_model(f"runs:/{run.id}/modle", "digits")
    with pytest.raises(InvalidInput, match="is a file, and a model is a folder"):
        nbtrack.register_model(f"runs:/{run.id}/notes.txt", "digits")
    with pytest.raises(InvalidInput, match="does not say where a model is"):
        nbtrack.register_model("model", "digits")
    with pytest.raises(InvalidInput, match="Names cannot contain"):
        nbtrack.register_model(f"runs:/{run.id}/model", "a/b")
    with pytest.raises(InvalidInput, match="reserved"):
        nbtrack.register_model(f"runs:/{run.id}/model", "digits", alias="latest")
    assert nbtrack.registered_models() == []


def test_a_model_name_is_unique(run):
    nbtrack.register_model(f"runs:/{run.id}/model", "digits")
    nbtrack.register_model(f"runs:/{run.id}/model", "letters")
    with pytest.raises(AlreadyExists):
        nbtrack.get_registered_model("letters").rename("digits")
