"""The endpoints of experiments."""

import pytest


@pytest.fixture
def vision(server):
    """The id of an experiment."""
    return server.post("experiments/create", {"name": "vision"}).json["experiment_id"]


def test_an_experiment_is_created_and_found_by_id_and_name(server, vision):
    by_id = server.get("experiments/get", experiment_id=vision).json["experiment"]
    by_name = server.get("experiments/get-by-name", experiment_name="vision").json["experiment"]
    assert by_id == by_name
    assert (by_id["experiment_id"], by_id["name"], by_id["lifecycle_stage"]) == (vision, "vision", "active")
    assert isinstance(by_id["creation_time"], int)
    assert "tags" not in by_id


def test_the_default_experiment_exists(server):
    assert server.get("experiments/get", experiment_id="0").json["experiment"]["name"] == "Default"


def test_a_name_can_be_used_once(server, vision):
    assert server.post("experiments/create", {"name": "vision"}).error[:2] == (400, "RESOURCE_ALREADY_EXISTS")


def test_a_missing_experiment_is_not_found(server):
    assert server.get("experiments/get-by-name", experiment_name="none").error == (
        404,
        "RESOURCE_DOES_NOT_EXIST",
        "Could not find experiment with name 'none'",
    )
    assert server.get("experiments/get", experiment_id="17").error[:2] == (404, "RESOURCE_DOES_NOT_EXIST")


def test_an_experiment_is_renamed_tagged_deleted_and_restored(server, vision):
    assert server.post("experiments/update", {"experiment_id": vision, "new_name": "sight"}).json == {}
    assert server.post("experiments/set-experiment-tag", {"experiment_id": vision, "key": "a", "value": "b"}).json == {}
    assert server.post("experiments/delete", {"experiment_id": vision}).json == {}
    found = server.get("experiments/get", experiment_id=vision).json["experiment"]
    assert (found["name"], found["lifecycle_stage"], found["tags"]) == ("sight", "deleted", [{"key": "a", "value": "b"}])
    assert server.post("experiments/restore", {"experiment_id": vision}).json == {}
    assert server.get("experiments/get", experiment_id=vision).json["experiment"]["lifecycle_stage"] == "active"


@pytest.mark.parametrize(
    "body, message",
    [
        ({}, "Missing value for required parameter 'name'"),
        ({"name": ""}, "Missing value for required parameter 'name'"),
        ({"name": 123}, "Invalid value 123 for parameter 'name' supplied"),
        ({"name": {}}, "Invalid value {} for parameter 'name' supplied"),
        ({"name": "a" * 501}, "'name' exceeds the maximum length of 500 characters"),
        ({"name": "a", "tags": 5}, "Invalid value 5 for parameter 'tags' supplied"),
        ({"name": "a", "tags": [{"key": "../x", "value": "b"}]}, "must not resolve to other names"),
    ],
)
def test_a_bad_request_is_refused_with_mlflows_message(server, body, message):
    status, code, said = server.post("experiments/create", body).error
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in said


def names(answer):
    return [each["name"] for each in answer.json.get("experiments", [])]


@pytest.fixture
def many(server):
    """Experiments a, b and c beside the default one; b and c are of a team."""
    for name in "abc":
        tags = [] if name == "a" else [{"key": "team", "value": "blue"}]
        server.post("experiments/create", {"name": name, "tags": tags})


@pytest.mark.parametrize(
    "body, expected",
    [
        ({"filter": "name LIKE 'b%'"}, ["b"]),
        ({"filter": "tags.team = 'blue'", "order_by": ["name DESC"]}, ["c", "b"]),
        ({"filter": "tags.team IS NULL", "order_by": ["experiment_id"]}, ["Default", "a"]),
        ({"order_by": ["name"], "max_results": 2}, ["Default", "a"]),
        ({"view_type": "DELETED_ONLY"}, []),
        ({"view_type": 3, "order_by": ["name"]}, ["Default", "a", "b", "c"]),
    ],
)
def test_experiments_are_searched(server, many, body, expected):
    assert names(server.post("experiments/search", body)) == expected
    if "order_by" not in body:
        assert names(server.get("experiments/search", **body)) == expected


def test_experiments_come_in_pages(server, many):
    first = server.post("experiments/search", {"max_results": 3}).json
    rest = server.post("experiments/search", {"max_results": 3, "page_token": first["next_page_token"]})
    assert (len(first["experiments"]), len(names(rest)), "next_page_token" in rest.json) == (3, 1, False)


@pytest.mark.parametrize(
    "body",
    [
        {"max_results": 0},
        {"max_results": 50_001},
        {"filter": "params.a = '1'"},
        {"filter": "name == 'a'"},
        {"order_by": ["tags"]},
        {"page_token": "x"},
        {"view_type": "SOME"},
    ],
)
def test_a_bad_search_is_refused(server, body):
    assert server.post("experiments/search", body).error[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_a_tag_can_be_deleted_once(server, vision):
    server.post("experiments/set-experiment-tag", {"experiment_id": vision, "key": "a", "value": ""})
    assert server.post("experiments/delete-experiment-tag", {"experiment_id": vision, "key": "a"}).json == {}
    assert server.post("experiments/delete-experiment-tag", {"experiment_id": vision, "key": "a"}).error[0] == 404


def test_a_deleted_experiment_cannot_be_changed_or_deleted_again(server, vision):
    assert server.post("experiments/restore", {"experiment_id": vision}).error[0] == 404
    server.post("experiments/delete", {"experiment_id": vision})
    assert server.post("experiments/delete", {"experiment_id": vision}).error[0] == 404
    rename = server.post("experiments/update", {"experiment_id": vision, "new_name": "a"})
    assert rename.error == (500, "INVALID_STATE", "Cannot rename a non-active experiment.")
    tag = server.post("experiments/set-experiment-tag", {"experiment_id": vision, "key": "a", "value": "b"})
    assert "must be in the 'active' state" in tag.error[2]
    assert server.post("experiments/create", {"name": "vision"}).error[1] == "RESOURCE_ALREADY_EXISTS"


def test_datasets_are_searched_in_a_limited_number_of_experiments(server):
    assert "at least one experiment_id" in server.post("experiments/search-datasets", {}).error[2]
    many = {"experiment_ids": [str(i) for i in range(21)]}
    assert "more than 20 experiment_ids" in server.post("experiments/search-datasets", many).error[2]
