"""The model registry, in every store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from nbtrack.entities.model import ModelStage, VersionStatus
from nbtrack.errors import AlreadyExists, InvalidInput, ModelNotFound
from nbtrack.store.filter import REGISTERED_MODELS, VERSIONS, parse, parse_order
from nbtrack.store.protocol.model_registry import without_prompts
from nbtrack.store.protocol.search import Query
from nbtrack.store.protocol.store import Store

NONE, STAGING, PRODUCTION, ARCHIVED = ModelStage


@pytest.fixture
def registry(any_store):
    return any_store.registry


@pytest.fixture
def digits(registry):
    """A model of three versions."""
    registry.create_model("digits")
    for number in range(1, 4):
        registry.create_version("digits", f"runs:/r{number}/model", run_id=f"r{number}", location=f"/data/{number}")
    return "digits"


@pytest.fixture
def ticking(monkeypatch):
    """Give every change its own time, so that the last change is known."""
    from itertools import count

    from nbtrack.store.memory import model_registry as memory
    from nbtrack.store.sql.models import registered_rows, version_rows

    times = count(1_000)
    for module in (memory, registered_rows, version_rows):
        monkeypatch.setattr(module, "now_ms", lambda: next(times))


def names(registry, filter=None, order=None, **more):
    search = Query(None, parse(filter, names=REGISTERED_MODELS), parse_order(order, names=REGISTERED_MODELS), **more)
    return [info.name for info in registry.search_models(search).items]


def found(registry, filter=None, order=None, **more):
    search = Query(None, parse(filter, names=VERSIONS), parse_order(order, names=VERSIONS), **more)
    return [(each.name, each.version) for each in registry.search_versions(search).items]


# Names.


def test_a_created_model_is_read_back(registry):
    made = registry.create_model("digits", description="é 中", tags={"team": "blue", "a": ""})
    assert (made.name, made.description, made.tags, made.aliases) == ("digits", "é 中", {"team": "blue", "a": ""}, {})
    assert made.created == made.updated > 1_600_000_000_000
    assert registry.get_model("digits") == made


def test_a_name_can_be_used_once(registry, digits):
    with pytest.raises(AlreadyExists, match="digits"):
        registry.create_model("digits")
    registry.create_model("Digits")
    with pytest.raises(AlreadyExists, match="Digits"):
        registry.rename_model("digits", "Digits")
    assert len(registry.latest_versions(["digits"])["digits"]) == 1


def test_an_invalid_name_is_refused(registry):
    registry.create_model("fine")
    for name in ["", " ", "a/b", "a:b", ".", "..", "x" * 257]:
        with pytest.raises(InvalidInput):
            registry.create_model(name)
        with pytest.raises(InvalidInput):
            registry.rename_model("fine", name)


def test_a_model_is_renamed_with_versions_tags_and_aliases(registry, digits):
    registry.set_alias(digits, "best", 2)
    registry.set_version_tag(digits, 2, "t", "1")
    assert registry.rename_model("digits", "numbers").name == "numbers"
    version = registry.version_by_alias("numbers", "best")
    assert (version.name, version.version, version.tags) == ("numbers", 2, {"t": "1"})
    with pytest.raises(ModelNotFound):
        registry.get_model("digits")
    assert registry.rename_model("numbers", "numbers").aliases == {"best": 2}


def test_a_model_is_described_and_deleted(registry, digits):
    assert registry.update_model(digits, description="new").description == "new"
    registry.delete_model(digits)
    for ask in (registry.get_model, registry.delete_model, lambda name: registry.update_model(name, description="")):
        with pytest.raises(ModelNotFound, match="digits"):
            ask("digits")
    assert found(registry) == []
    registry.create_model("digits")
    assert registry.create_version("digits", "s").version == 1


def test_tags_of_a_model(registry, digits):
    registry.set_model_tag(digits, "team", "red")
    registry.set_model_tag(digits, "team", "blue")
    registry.set_model_tag(digits, "other", "")
    registry.delete_model_tag(digits, "other")
    registry.delete_model_tag(digits, "never")
    assert registry.get_model(digits).tags == {"team": "blue"}
    for change in (registry.set_model_tag, lambda *tag: registry.delete_model_tag(*tag[:2])):
        with pytest.raises(ModelNotFound):
            change("nowhere", "a", "b")
    for tag in [("", "v"), ("k" * 251, "v"), ("k", "v" * 100_001)]:
        with pytest.raises(InvalidInput):
            registry.set_model_tag(digits, *tag)


# Versions.


def test_a_created_version_is_read_back(registry, digits):
    made = registry.create_version(
        digits,
        "runs:/r/m",
        location="/data/m",
        run_id="r",
        run_link="l",
        model_id="m-1",
        user="ada",
        description="d",
        tags={"t": "1"},
    )
    assert (made.name, made.version, made.source, made.location) == ("digits", 4, "runs:/r/m", "/data/m")
    assert (made.run_id, made.run_link, made.model_id, made.user, made.description) == ("r", "l", "m-1", "ada", "d")
    assert (made.stage, made.status, made.tags, made.aliases) == (NONE, VersionStatus.READY, {"t": "1"}, ())
    assert registry.get_version(digits, 4) == made
    assert registry.create_version(digits, "s3://here").location == "s3://here"


def test_a_version_number_is_never_reused(registry, digits):
    registry.delete_version(digits, 3)
    assert registry.create_version(digits, "s").version == 4
    with pytest.raises(ModelNotFound, match=r"Model Version \(name=digits, version=3\) not found"):
        registry.get_version(digits, 3)


def test_versions_created_concurrently_have_different_numbers(registry, digits):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: registry.create_version(digits, "s").version, range(24)))
    assert sorted(made) == list(range(4, 28))


def test_a_version_needs_a_registered_model(registry):
    with pytest.raises(ModelNotFound, match="nowhere"):
        registry.create_version("nowhere", "s")


def test_a_version_is_described_and_tagged(registry, digits):
    assert registry.update_version(digits, 2, description="better").description == "better"
    registry.set_version_tag(digits, 2, "k", "1")
    registry.set_version_tag(digits, 2, "k", "2")
    registry.set_version_tag(digits, 2, "gone", "")
    registry.delete_version_tag(digits, 2, "gone")
    registry.delete_version_tag(digits, 2, "never")
    assert (registry.get_version(digits, 2).tags, registry.get_version(digits, 1).tags) == ({"k": "2"}, {})
    for change in (
        lambda: registry.update_version(digits, 9, description=""),
        lambda: registry.set_version_tag(digits, 9, "a", "b"),
        lambda: registry.delete_version_tag(digits, 9, "a"),
        lambda: registry.transition(digits, 9, STAGING),
        lambda: registry.delete_version(digits, 9),
        lambda: registry.set_alias(digits, "a", 9),
    ):
        with pytest.raises(ModelNotFound, match="version=9"):
            change()


def test_stages(registry, digits, ticking):
    for number in (1, 2):
        registry.transition(digits, number, PRODUCTION)
    moved = registry.transition(digits, 3, PRODUCTION, archive_existing=True)
    assert (moved.stage, moved.version) == (PRODUCTION, 3)
    assert [registry.get_version(digits, number).stage for number in (1, 2, 3)] == [ARCHIVED, ARCHIVED, PRODUCTION]
    assert registry.get_model(digits).updated == moved.updated
    assert [(each.version, each.stage) for each in registry.latest_versions([digits])[digits]] == [(2, ARCHIVED), (3, PRODUCTION)]


def test_a_transition_to_the_same_stage_archives_only_the_others(registry, digits):
    for number in (1, 2):
        registry.transition(digits, number, STAGING, archive_existing=number == 2)
    registry.transition(digits, 2, STAGING, archive_existing=True)
    assert [registry.get_version(digits, number).stage for number in (1, 2, 3)] == [ARCHIVED, STAGING, NONE]


def test_only_active_stages_archive_existing_versions(registry, digits):
    for stage in (NONE, ARCHIVED):
        with pytest.raises(InvalidInput, match="not an Active stage"):
            registry.transition(digits, 1, stage, archive_existing=True)


def test_latest_versions_of_many_models(registry, digits):
    registry.create_model("empty")
    registry.create_model("one")
    registry.create_version("one", "s", tags={"t": "1"})
    latest = registry.latest_versions(["one", "digits", "empty", "unknown"])
    assert {name: [each.version for each in versions] for name, versions in latest.items()} == {
        "one": [1],
        "digits": [3],
        "empty": [],
        "unknown": [],
    }
    assert latest["one"][0] == registry.get_version("one", 1)


# Aliases.


def test_an_alias_stands_for_one_version(registry, digits):
    registry.set_alias(digits, "champion", 1)
    registry.set_alias(digits, "champion", 3)
    registry.set_alias(digits, "Champion", 1)
    registry.set_alias(digits, "also", 3)
    assert registry.get_model(digits).aliases == {"Champion": 1, "also": 3, "champion": 3}
    assert registry.version_by_alias(digits, "champion").version == 3
    assert registry.get_version(digits, 3).aliases == ("also", "champion")
    registry.delete_alias(digits, "champion")
    registry.delete_alias(digits, "never")
    with pytest.raises(ModelNotFound, match=r"champion.*Champion, also"):
        registry.version_by_alias(digits, "champion")


def test_an_alias_is_deleted_with_its_version(registry, digits):
    registry.set_alias(digits, "old", 1)
    registry.set_alias(digits, "new", 3)
    registry.delete_version(digits, 3)
    assert registry.get_model(digits).aliases == {"old": 1}


def test_latest_is_an_alias_that_cannot_be_set(registry, digits):
    assert registry.version_by_alias(digits, "latest").version == 3
    registry.create_model("empty")
    for name in ("empty", "unknown"):
        with pytest.raises(ModelNotFound):
            registry.version_by_alias(name, "latest")


def test_an_invalid_alias_is_refused(registry, digits):
    for alias in ["", "a b", "a.b", "x" * 256, "latest", "LATEST", "v1", "V12"]:
        with pytest.raises(InvalidInput, match=r"(?i)alias"):
            registry.set_alias(digits, alias, 1)


# Searches.


@pytest.fixture
def shelf(registry, ticking):
    """Models a, B, c_d and prompt, changed in this order; a has two versions, c_d one."""
    for name in ("a", "B", "c_d", "prompt"):
        registry.create_model(name, tags={"n": name, "mlflow.prompt.is_prompt": "true"} if name == "prompt" else {"n": name})
    registry.create_version("a", "s3://x/1", run_id="r1", tags={"k": "1"})
    registry.create_version("c_d", "s3://x/2", run_id="r2", tags={"k": "2"})
    registry.create_version("a", "runs:/r1/m", run_id="r1")
    return registry


MODEL_SEARCHES = [
    (None, ["B", "a", "c_d", "prompt"]),
    ("name = 'a'", ["a"]),
    ("name != 'a'", ["B", "c_d", "prompt"]),
    ("name LIKE 'b%'", []),
    ("name ILIKE 'b%'", ["B"]),
    ("name LIKE '%_d'", ["c_d"]),
    ("name IN ('a', 'B')", ["B", "a"]),
    ("name = 'a' AND tags.n = 'B'", []),
    ("tags.n = 'B' OR tags.n = 'a'", ["B", "a"]),
    ("tags.n != 'B'", ["a", "c_d", "prompt"]),
    ("tags.none != 'B'", []),
    ("tags.none IS NULL AND NOT name = 'prompt'", ["B", "a", "c_d"]),
    ("creation_timestamp > 1001", ["c_d", "prompt"]),
]


def test_searching_models(shelf):
    assert [(filter, names(shelf, filter)) for filter, _ in MODEL_SEARCHES] == MODEL_SEARCHES


def test_ordering_models(shelf):
    assert names(shelf, order="name DESC") == ["prompt", "c_d", "a", "B"]
    assert names(shelf, order="timestamp DESC") == ["a", "c_d", "prompt", "B"]
    assert names(shelf, order=["tags.n DESC"]) == ["prompt", "c_d", "a", "B"]


def test_pages_of_models(shelf):
    first = shelf.search_models(Query(limit=3))
    second = shelf.search_models(Query(limit=3, offset=3))
    exact = shelf.search_models(Query(limit=4))
    assert ([len(page.items) for page in (first, second, exact)], [page.more for page in (first, second, exact)]) == (
        [3, 1, 4],
        [True, False, False],
    )
    assert shelf.search_models(Query()).items[1].tags == {"n": "a"}


VERSION_SEARCHES = [
    (None, [("a", 2), ("c_d", 1), ("a", 1)]),
    ("name = 'a'", [("a", 2), ("a", 1)]),
    ("version_number > 1", [("a", 2)]),
    ("version_number = 1", [("c_d", 1), ("a", 1)]),
    ("run_id = 'r1'", [("a", 2), ("a", 1)]),
    ("run_id IN ('r2')", [("c_d", 1)]),
    ("run_id NOT IN ('r2')", [("a", 2), ("a", 1)]),
    ("model_id != 'm-1'", []),
    ("model_id IS NULL AND version_number > 1", [("a", 2)]),
    ("source_path LIKE 's3:%'", [("c_d", 1), ("a", 1)]),
    ("tags.k = '2'", [("c_d", 1)]),
    ("tags.k IS NULL", [("a", 2)]),
    ("name = 'a' AND tags.k = '1'", [("a", 1)]),
    ("stage = 'None' AND status = 'READY' AND version_number > 1", [("a", 2)]),
]


def test_searching_versions(shelf):
    assert [(filter, found(shelf, filter)) for filter, _ in VERSION_SEARCHES] == VERSION_SEARCHES


def test_ordering_versions(shelf):
    assert found(shelf, order="version_number") == [("a", 1), ("c_d", 1), ("a", 2)]
    assert found(shelf, order="name DESC") == [("c_d", 1), ("a", 2), ("a", 1)]
    assert found(shelf, order="creation_timestamp ASC") == [("a", 1), ("c_d", 1), ("a", 2)]
    assert found(shelf, limit=1, offset=1) == [("c_d", 1)]
    shelf.set_alias("a", "x", 1)
    (found_a,) = shelf.search_versions(Query(None, parse("tags.k = '1'", names=VERSIONS))).items
    assert (found_a.aliases, found_a.tags) == (("x",), {"k": "1"})


PROMPT_SEARCHES = [
    (None, ["B", "a", "c_d"]),
    ("name ILIKE '%p%'", []),
    ("tags.`mlflow.prompt.is_prompt` = 'true'", ["prompt"]),
    ("tags.`mlflow.prompt.is_prompt` != 'false'", ["prompt"]),
    ("tags.`mlflow.prompt.is_prompt` = 'false' AND name != 'a'", ["B", "c_d"]),
    ("tags.`mlflow.prompt.is_prompt` != 'true' AND name = 'a'", ["a"]),
]


def test_prompts_are_found_only_when_asked_for(shelf):
    for filter, expected in PROMPT_SEARCHES:
        node = without_prompts(parse(filter, names=REGISTERED_MODELS))
        assert (filter, [info.name for info in shelf.search_models(Query(filter=node)).items]) == (filter, expected)


def test_a_store_without_a_registry_says_so():
    class Bare(Store):
        uri = "https://somewhere"

    with pytest.raises(InvalidInput, match="https://somewhere has no model registry; connect to"):
        Bare().registry.create_model("m")
