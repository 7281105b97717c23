"""Endpoints of runs and of logging into them."""

import math

import pytest

from nbtrack.store.mlflow_api.page_tokens import token_at


@pytest.fixture
def run(server):
    """The id of a run in the default experiment."""
    return new_run(server)


def new_run(server, **facts) -> str:
    answer = server.post("runs/create", {"experiment_id": "0", "start_time": 1000, **facts})
    return answer.json["run"]["info"]["run_id"]


def read(server, run):
    return server.get("runs/get", run_id=run).json["run"]


def pairs(found):
    return {each["key"]: each["value"] for each in found}


def search(server, text="", **more):
    body = {"experiment_ids": ["0"], "filter": text, **more}
    return [each["info"]["run_name"] for each in server.post("runs/search", body).json.get("runs", [])]


# Beginning and ending.


def test_a_run_is_created(server):
    body = {
        "experiment_id": "0",
        "user_id": "ada",
        "run_name": "first",
        "start_time": 1234,
        "tags": [{"key": "team", "value": "blue"}],
    }
    found = server.post("runs/create", body).json["run"]
    info = found["info"]
    assert info == {
        "run_uuid": info["run_id"],
        "run_id": info["run_id"],
        "run_name": "first",
        "experiment_id": "0",
        "user_id": "ada",
        "status": "RUNNING",
        "start_time": 1234,
        "artifact_uri": f"mlflow-artifacts:/0/{info['run_id']}/artifacts",
        "lifecycle_stage": "active",
    }
    assert found["data"] == {"tags": [{"key": "mlflow.runName", "value": "first"}, {"key": "team", "value": "blue"}]}
    assert found["inputs"] == {}
    assert read(server, info["run_id"]) == {**found, "outputs": {}}


def test_a_run_without_a_name_gets_a_random_one(server):
    run = new_run(server)
    found = read(server, run)
    assert found["info"]["run_name"]
    assert pairs(found["data"]["tags"]) == {"mlflow.runName": found["info"]["run_name"]}


def test_a_run_name_and_a_different_name_tag_conflict(server):
    named = {"key": "mlflow.runName", "value": "tagged"}
    assert read(server, new_run(server, tags=[named]))["info"]["run_name"] == "tagged"
    answer = server.post("runs/create", {"experiment_id": "0", "run_name": "other", "tags": [named]})
    assert "but with different values" in answer.error[2]


def test_a_run_requires_an_active_experiment(server):
    made = server.post("experiments/create", {"name": "gone"}).json["experiment_id"]
    server.post("experiments/delete", {"experiment_id": made})
    assert server.post("runs/create", {"experiment_id": made}).error == (
        400,
        "INVALID_PARAMETER_VALUE",
        f"The experiment {made} must be in the 'active' state. Current state is deleted.",
    )
    assert server.post("runs/create", {"experiment_id": "77"}).error == (
        404,
        "RESOURCE_DOES_NOT_EXIST",
        "No Experiment with id=77 exists",
    )
    assert server.post("runs/create", {"experiment_id": "x"}).status == 400


def test_a_run_is_ended_resumed_and_renamed(server, run):
    info = server.post("runs/update", {"run_id": run, "status": "FINISHED", "end_time": 5000}).json["run_info"]
    assert (info["status"], info["end_time"], info["start_time"]) == ("FINISHED", 5000, 1000)
    info = server.post("runs/update", {"run_uuid": run, "status": 1, "run_name": "again"}).json["run_info"]
    assert (info["status"], info["end_time"], info["run_name"]) == ("RUNNING", 5000, "again")
    info = server.post("runs/update", {"run_id": run, "run_name": ""}).json["run_info"]
    assert info["run_name"] == "again"
    assert pairs(read(server, run)["data"]["tags"])["mlflow.runName"] == "again"
    assert "for parameter 'status'" in server.post("runs/update", {"run_id": run, "status": "PAUSED"}).error[2]


def test_a_missing_run_is_named_in_the_error(server):
    assert server.get("runs/get", run_id="nowhere").error == (404, "RESOURCE_DOES_NOT_EXIST", "Run with id=nowhere not found")
    for path, more in (("log-metric", {"key": "a", "value": 1, "timestamp": 1}), ("update", {}), ("delete", {})):
        assert server.post(f"runs/{path}", {"run_id": "nowhere", **more}).error[0] == 404
    assert "Missing value for required parameter 'run_id'" in server.get("runs/get").error[2]


def test_a_deleted_run_can_be_read_but_not_written(server, run):
    assert server.post("runs/delete", {"run_id": run}).json == {}
    assert read(server, run)["info"]["lifecycle_stage"] == "deleted"
    for path, more in (
        ("log-metric", {"key": "a", "value": 1, "timestamp": 1}),
        ("log-parameter", {"key": "a", "value": "1"}),
        ("set-tag", {"key": "a", "value": "1"}),
        ("delete-tag", {"key": "mlflow.runName"}),
        ("log-batch", {"tags": [{"key": "a", "value": "b"}]}),
        ("update", {"status": "FINISHED"}),
    ):
        status, code, message = server.post(f"runs/{path}", {"run_id": run, **more}).error
        assert (status, code) == (400, "INVALID_PARAMETER_VALUE"), path
        assert message == f"The run {run} must be in the 'active' state. Current state is deleted."
    server.post("runs/restore", {"run_id": run})
    assert server.post("runs/set-tag", {"run_id": run, "key": "a", "value": "1"}).status == 200


# Logging.


def test_metrics_are_logged_one_by_one(server, run):
    for step, value in ((0, 1.5), (2, "NaN"), (1, "Infinity"), (-3, "-Infinity")):
        body = {"run_id": run, "key": "loss", "value": value, "timestamp": 10, "step": step}
        assert server.post("runs/log-metric", body).json == {}
    (last,) = read(server, run)["data"]["metrics"]
    assert last == {"key": "loss", "value": "NaN", "timestamp": 10, "step": 2}
    found = server.get("metrics/get-history", run_id=run, metric_key="loss").json["metrics"]
    largest = 1.7976931348623157e308
    assert [(each["step"], each["value"]) for each in found] == [(-3, -largest), (0, 1.5), (1, largest), (2, "NaN")]


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"key": None}, "Missing value for required parameter 'key'"),
        ({"value": None}, "Missing value for required parameter 'value'"),
        ({"timestamp": None}, "Missing value for required parameter 'timestamp'"),
        ({"run_id": None}, "Missing value for required parameter 'run_id'"),
        ({"run_id": 31}, "Invalid value 31 for parameter 'run_id' supplied"),
        ({"key": 31}, "Invalid value 31 for parameter 'key' supplied"),
        ({"value": "foo"}, "Invalid value \"foo\" for parameter 'value' supplied"),
        ({"value": True}, "Invalid value true for parameter 'value' supplied"),
        ({"timestamp": "foo"}, "Invalid value \"foo\" for parameter 'timestamp' supplied"),
        ({"timestamp": -1}, "Timestamp must be a nonnegative long"),
        ({"step": "foo"}, "Invalid value \"foo\" for parameter 'step' supplied"),
        ({"step": 1 << 63}, "must be valid longs"),
        ({"key": "a//b"}, "would resolve to 'a/b'"),
        ({"key": "a\nb"}, "Names may only contain"),
        ({"key": "k" * 251}, "exceeds the maximum length of 250"),
    ],
)
def test_a_bad_metric_is_refused_with_mlflows_message(server, run, wrong, message):
    body = {"run_id": run, "key": "mae", "value": 2.5, "timestamp": 123456789} | wrong
    status, code, said = server.post("runs/log-metric", body).error
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in said


def test_a_param_cannot_be_changed(server, run):
    def log(value):
        return server.post("runs/log-parameter", {"run_id": run, "key": "lr", "value": value})

    assert (log("0.1").json, log("0.1").json) == ({}, {})
    assert "Changing param values is not allowed" in log("0.2").error[2]
    server.post("runs/log-parameter", {"run_id": run, "key": "empty", "value": ""})
    server.post("runs/log-parameter", {"run_id": run, "key": "long", "value": "x" * 7000})
    found = pairs(read(server, run)["data"]["params"])
    assert (found["lr"], found["empty"], len(found["long"])) == ("0.1", "", 6000)


def test_tags_are_set_and_deleted(server, run):
    server.post("runs/set-tag", {"run_id": run, "key": "mlflow.runName", "value": "renamed"})
    server.post("runs/set-tag", {"run_id": run, "key": "a", "value": "1"})
    server.post("runs/delete-tag", {"run_id": run, "key": "a"})
    found = read(server, run)
    assert (found["info"]["run_name"], pairs(found["data"]["tags"])) == ("renamed", {"mlflow.runName": "renamed"})
    answer = server.post("runs/delete-tag", {"run_id": run, "key": "a"})
    assert answer.error == (404, "RESOURCE_DOES_NOT_EXIST", f"No tag with name: a in run with id {run}")


def test_a_batch_is_all_or_nothing(server, run):
    body = {
        "run_id": run,
        "metrics": [
            {"key": "a", "value": 1, "timestamp": 1, "step": 0},
            {"key": "b", "value": 2, "timestamp": 1, "step": 0},
            {"key": "a", "value": 3, "timestamp": 2},
            {"key": "a", "value": 3, "timestamp": 2},
        ],
        "params": [{"key": "p", "value": "1"}],
        "tags": [{"key": "t", "value": "old"}, {"key": "t", "value": "new"}],
    }
    assert server.post("runs/log-batch", body).json == {}
    conflict = {"run_id": run, "metrics": [{"key": "c", "value": 1, "timestamp": 1}], "params": [{"key": "p", "value": "2"}]}
    assert server.post("runs/log-batch", conflict).error[:2] == (400, "INVALID_PARAMETER_VALUE")
    data = read(server, run)["data"]
    assert [(each["key"], each["value"]) for each in data["metrics"]] == [("a", 3.0), ("b", 2.0)]
    assert (pairs(data["params"]), pairs(data["tags"])["t"]) == ({"p": "1"}, "new")
    assert len(server.get("metrics/get-history", run_id=run, metric_key="a").json["metrics"]) == 2


METRIC = {"key": "mae", "value": 2.5, "timestamp": 1}


@pytest.mark.parametrize(
    "body, message",
    [
        ({"metrics": [{"key": "mae", "value": 2.5}]}, "Missing value for required parameter 'metrics[0].timestamp'"),
        ({"metrics": [METRIC, {"key": "mae", "timestamp": 1}]}, "Missing value for required parameter 'metrics[1].value'"),
        ({"metrics": [{"value": 1, "timestamp": 1}]}, "Missing value for required parameter 'metrics[0].key'"),
        ({"metrics": "foo"}, "Invalid value \"foo\" for parameter 'metrics' supplied"),
        ({"params": [{"value": "1"}]}, "Missing value for required parameter 'params[0].key'"),
        ({"tags": [{"value": "1"}]}, "Missing value for required parameter 'tags[0].key'"),
        ({"params": [{"key": "a", "value": "1"}] * 2}, "Duplicate parameter keys have been submitted: ['a']"),
        ({"metrics": [METRIC] * 1001}, "at most 1000 metrics. Got 1001 metrics"),
        ({"params": [{"key": f"p{i}", "value": ""} for i in range(101)]}, "at most 100 params. Got 101 params"),
        ({"tags": [{"key": f"p{i}", "value": ""} for i in range(101)]}, "at most 100 tags. Got 101 tags"),
        ({"metrics": [METRIC] * 999, "tags": [{"key": "a"}, {"key": "b"}]}, "at most 1000 metrics, params, and tags"),
        ({"metrics": [METRIC | {"key": "../a"}]}, "for parameter 'metrics[0].name' supplied"),
        ({"metrics": [METRIC | {"timestamp": -1}]}, "for parameter 'metrics[0].timestamp' supplied"),
    ],
)
def test_a_bad_batch_is_refused_with_mlflows_message(server, run, body, message):
    status, code, said = server.post("runs/log-batch", {"run_id": run, **body}).error
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in said


def test_datasets_are_recorded_as_inputs(server, run):
    dataset = {"name": "digits", "digest": "abc", "source_type": "local", "source": "digits.csv", "profile": "{}"}
    tags = [("fold", "2"), ("mlflow.data.context", "train"), ("seed", "7"), ("split", "")]
    given = {"dataset": dataset, "tags": [{"key": key, "value": value} for key, value in tags]}
    for again in (given, {**given, "tags": [{"key": "seed", "value": "8"}]}):
        assert server.post("runs/log-inputs", {"run_id": run, "datasets": [again]}).json == {}
    assert read(server, run)["inputs"] == {"dataset_inputs": [given]}
    summary = {"experiment_id": "0", "name": "digits", "digest": "abc", "context": "train"}
    assert server.post("experiments/search-datasets", {"experiment_ids": ["0"]}).json == {"dataset_summaries": [summary]}
    assert search(server, "dataset.context = 'train'") == [read(server, run)["info"]["run_name"]]
    too_long = {"dataset": dataset | {"digest": "x" * 37}}
    assert "exceeds the maximum length of 36" in server.post("runs/log-inputs", {"run_id": run, "datasets": [too_long]}).error[2]


# Searching.


@pytest.fixture
def three(server):
    """Runs named a, b and c, the last one the newest."""
    for index, name in enumerate("abc"):
        run = new_run(server, run_name=name, start_time=1000 + index)
        metrics = [{"key": "m", "value": index, "timestamp": 1}]
        server.post("runs/log-batch", {"run_id": run, "metrics": metrics, "params": [{"key": "p", "value": str(index)}]})


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", ["c", "b", "a"]),
        ("metrics.m >= 1", ["c", "b"]),
        ("params.p = '0' and metrics.m < 5", ["a"]),
        ('attributes.run_name LIKE "%b%"', ["b"]),
        ("tags.`mlflow.runName` IN ('a', 'c')", ["c", "a"]),
        ("tags.team IS NULL", ["c", "b", "a"]),
        ("params.missing != '1'", []),
    ],
)
def test_runs_are_searched(server, three, text, expected):
    assert search(server, text) == expected


@pytest.mark.parametrize(
    "text", ["metrics.m == 1", "metrics.m > '1'", "params.p = ", "name = 'x'", "nonsense", "metrics.m > 1 and"]
)
def test_a_bad_filter_is_a_bad_request(server, three, text):
    assert server.post("runs/search", {"experiment_ids": ["0"], "filter": text}).error[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_runs_are_sorted_and_paged(server, three):
    assert search(server, order_by=["metrics.m ASC"]) == ["a", "b", "c"]
    first = server.post("runs/search", {"experiment_ids": ["0"], "max_results": 2}).json
    assert first["next_page_token"] == token_at(2)
    rest = server.post("runs/search", {"experiment_ids": ["0"], "max_results": 1, "page_token": first["next_page_token"]}).json
    assert [each["info"]["run_name"] for each in rest["runs"]] == ["a"]
    assert "next_page_token" not in rest
    assert server.post("runs/search", {"experiment_ids": []}).json == {}


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"max_results": 50_001}, "Invalid value 50001 for parameter 'max_results' supplied"),
        ({"max_results": 0}, "for parameter 'max_results' supplied"),
        ({"order_by": ["metrics.m", "metrics.m DESC"]}, "twice"),
        ({"order_by": "metrics.m"}, "Invalid value \"metrics.m\" for parameter 'order_by' supplied"),
        ({"experiment_ids": 0}, "Invalid value 0 for parameter 'experiment_ids' supplied"),
        ({"page_token": "xx"}, "Invalid page token"),
        ({"run_view_type": "SOME"}, "for parameter 'run_view_type'"),
    ],
)
def test_a_bad_search_is_refused(server, wrong, message):
    status, code, said = server.post("runs/search", {"experiment_ids": ["0"], **wrong}).error
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert message in said


def test_deleted_runs_are_found_only_on_request(server, three):
    gone = server.post("runs/search", {"experiment_ids": ["0"], "filter": "run_name = 'b'"}).json["runs"][0]["info"]["run_id"]
    server.post("runs/delete", {"run_id": gone})
    assert search(server) == ["c", "a"]
    assert search(server, run_view_type="DELETED_ONLY") == ["b"]
    assert search(server, run_view_type=3) == ["c", "b", "a"]


# Histories.


@pytest.fixture
def curve(server, run):
    """A run with a metric of five points, logged out of order."""
    metrics = [{"key": "loss", "value": step / 2, "timestamp": 100 + step, "step": step} for step in (3, 0, 4, 1, 2)]
    server.post("runs/log-batch", {"run_id": run, "metrics": metrics})
    return run


def steps(answer):
    return [each["step"] for each in answer.json.get("metrics", [])]


def test_a_history_is_ordered_by_time_in_pages_or_whole(server, curve):
    assert steps(server.get("metrics/get-history", run_id=curve, metric_key="loss")) == [0, 1, 2, 3, 4]
    page = server.get("metrics/get-history", run_id=curve, metric_key="loss", max_results=3)
    assert steps(page) == [0, 1, 2]
    token = page.json["next_page_token"]
    rest = server.get("metrics/get-history", run_uuid=curve, metric_key="loss", max_results=2, page_token=token)
    assert (steps(rest), "next_page_token" in rest.json) == ([3, 4], False)
    assert server.get("metrics/get-history", run_id=curve, metric_key="unknown").json == {}
    assert server.get("metrics/get-history", run_id="nowhere", metric_key="loss").json == {}
    assert server.get("metrics/get-history", run_id=curve, metric_key="loss", max_results=0).status == 400


def test_histories_of_several_runs_are_limited_together(server, curve):
    other = new_run(server)
    server.post("runs/log-metric", {"run_id": other, "key": "loss", "value": "NaN", "timestamp": 7, "step": 9})

    def ask(**query):
        return server.get("metrics/get-history-bulk", api="/ajax-api/2.0/mlflow/", **query)

    found = ask(run_id=[curve, other], metric_key="loss").json["metrics"]
    assert {each["run_id"] for each in found} == {curve, other}
    assert [each["run_id"] for each in found] == sorted(each["run_id"] for each in found)
    assert len(ask(run_id=[curve, other], metric_key="loss", max_results=4).json["metrics"]) == 4
    assert "at least one run_id" in ask(metric_key="loss").error[2]
    assert "more than 100 run_ids" in ask(run_id=["r"] * 101, metric_key="loss").error[2]
    assert "must specify a metric_key" in ask(run_id=curve).error[2]


def test_an_interval_is_sampled_evenly_with_both_ends(server, run):
    metrics = [{"key": "loss", "value": 1 / (step + 1), "timestamp": step, "step": step} for step in range(1000)]
    server.post("runs/log-batch", {"run_id": run, "metrics": metrics})

    def ask(**query):
        return server.get("metrics/get-history-bulk-interval", run_ids=run, metric_key="loss", **query)

    assert steps(ask()) == list(range(1000))
    found = steps(ask(max_results=10))
    assert (len(found), found[0], found[-1]) == (10, 0, 999)
    assert found == sorted(found)
    assert steps(ask(start_step=10, end_step=12)) == [10, 11, 12]
    assert steps(ask(max_results=1)) == [999]
    for query, message in (
        ({"start_step": 1}, "both must be specified"),
        ({"start_step": 2, "end_step": 1}, "end_step must be greater than start_step"),
        ({"max_results": 2501}, "max_results must be between 1 and 2500"),
    ):
        assert message in ask(**query).error[2]
    missing = server.get("metrics/get-history-bulk-interval", metric_key="loss")
    assert "Missing value for required parameter 'run_ids'" in missing.error[2]


def test_values_are_returned_exactly(server, run):
    values = [0.1, 1 / 3, 1e-320, -0.0, 123456789.123456789, math.pi]
    metrics = [{"key": "x", "value": value, "timestamp": i, "step": i} for i, value in enumerate(values)]
    server.post("runs/log-batch", {"run_id": run, "metrics": metrics})
    found = [each["value"] for each in server.get("metrics/get-history", run_id=run, metric_key="x").json["metrics"]]
    assert [math.copysign(1, value) for value in found] == [math.copysign(1, value) for value in values]
    assert found == values


def test_models_that_a_run_has_read_and_measured_are_recorded(server, run):
    made = server.post("logged-models", {"experiment_id": "0", "name": "m", "source_run_id": run}).json["model"]["info"][
        "model_id"
    ]
    server.post("runs/log-inputs", {"run_id": run, "models": [{"model_id": made}]})
    server.post("runs/outputs", {"run_id": run, "models": [{"model_id": made, "step": 3}]})
    on = {"model_id": made, "dataset_name": "digits", "dataset_digest": "abc"}
    server.post("runs/log-metric", {"run_id": run, "key": "acc", "value": 0.5, "timestamp": 7, **on})
    server.post("runs/log-batch", {"run_id": run, "metrics": [{"key": "f1", "value": 0.25, "timestamp": 8, "model_id": made}]})
    found = read(server, run)
    assert found["inputs"] == {"model_inputs": [{"model_id": made}]}
    assert found["outputs"] == {"model_outputs": [{"model_id": made, "step": 3}]}
    metrics = server.get(f"logged-models/{made}").json["model"]["data"]["metrics"]
    assert {(each["key"], each["value"], each.get("dataset_name")) for each in metrics} == {
        ("acc", 0.5, "digits"),
        ("f1", 0.25, None),
    }
    assert (
        server.post("runs/log-metric", {"run_id": run, "key": "a", "value": 1, "timestamp": 1, "model_id": "m-none"}).status
        == 404
    )
