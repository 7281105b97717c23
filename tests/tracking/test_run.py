"""Logging into a run and reading it."""

import math
import os
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

import nbtrack
from nbtrack.errors import ArtifactNotFound, Deleted, InvalidInput, NoActiveRun, ParamConflict, RunNotFound, WrongType


def test_a_run_from_start_to_end(tracker):
    before = datetime.now(UTC) - timedelta(seconds=1)
    with nbtrack.start_run("base", params={"lr": 0.1}, tags={"team": "a"}, note="first try") as run:
        assert nbtrack.active_run() is run
        assert run.status == "RUNNING"
        assert run.end_time is None
        assert run.duration is None
        run.log(loss=0.5)
    assert nbtrack.active_run() is None
    for seen in (run, nbtrack.get_run(run.id), nbtrack.runs()[0]):
        assert (seen.id, seen.name, seen.experiment, seen.status) == (run.id, "base", "Default", nbtrack.Status.FINISHED)
        assert before <= seen.start_time <= seen.end_time
        assert seen.duration == seen.end_time - seen.start_time
        assert dict(seen.params) == {"lr": 0.1}
        assert seen.tags["team"] == "a"
        assert seen.tags["mlflow.runName"] == "base"
        assert seen.note == "first try"
        assert seen.parent is None
        assert seen.metrics["loss"].last == 0.5


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError("no"), "FAILED"), (KeyboardInterrupt(), "KILLED"), (SystemExit(0), "FINISHED"), (SystemExit(2), "FAILED")],
)
def test_a_block_ends_the_run_and_raises_its_exception(tracker, error, status):
    with pytest.raises(type(error)), nbtrack.start_run() as run:
        raise error
    assert nbtrack.get_run(run.id).status == status
    if status == "FAILED" and not isinstance(error, SystemExit):
        assert nbtrack.get_run(run.id).traceback.splitlines()[-1] == "ValueError: no"


def test_stop_run_kills_the_run(tracker):
    with pytest.raises(KeyboardInterrupt), nbtrack.start_run() as run:
        raise nbtrack.StopRun
    assert (run.status, run.tags["nbtrack.ended"]) == ("KILLED", "stopped")


def test_steps_count_up_by_themselves_and_go_on_in_a_resumed_run(tracker):
    with nbtrack.start_run() as run:
        for value in (3.0, 2.0, 1.0):
            run.log(loss=value)
    with nbtrack.start_run(resume=run.id) as again:
        assert nbtrack.get_run(run.id).status == "RUNNING"
        again.log(loss=0.5)
    history = nbtrack.get_run(run.id).metrics["loss"]
    assert history.steps.tolist() == [0, 1, 2, 3]
    assert history.values.tolist() == [3.0, 2.0, 1.0, 0.5]
    assert (again.id, again.name, again.status) == (run.id, run.name, "FINISHED")


def test_a_resumed_run_keeps_its_params(tracker):
    with nbtrack.start_run(params={"lr": 0.1}) as run:
        pass
    with nbtrack.start_run(resume=run) as again:
        again.log_param("lr", 0.1)
        with pytest.raises(ParamConflict, match=r"'lr' is already 0\.1 and cannot become 0\.2"):
            again.log_param("lr", 0.2)


def test_missing_and_deleted_runs_cannot_be_resumed(tracker):
    with pytest.raises(RunNotFound):
        nbtrack.start_run(resume="f" * 32)
    with nbtrack.start_run() as run:
        pass
    run.delete()
    with pytest.raises(Deleted):
        nbtrack.start_run(resume=run.id)
    assert nbtrack.active_run() is None


def test_metrics_keep_every_point(tracker):
    with nbtrack.start_run() as run:
        run.log({"x": math.nan, "y": -0.0}, step=-5, timestamp=0)
        run.log({"x": math.inf}, step=(1 << 63) - 1, timestamp=1_700_000_000_123)
        run.log_metric("x", -math.inf, step=3)
        run.log_metrics({"x": 1.5}, step=3)
    x = run.metrics["x"]
    assert x.steps.dtype == x.timestamps.dtype == np.int64
    assert x.values.dtype == np.float64
    assert x.steps.tolist() == [-5, (1 << 63) - 1, 3, 3]
    assert x.timestamps.tolist()[:2] == [0, 1_700_000_000_123]
    np.testing.assert_array_equal(x.values, [math.nan, math.inf, -math.inf, 1.5])
    assert (x.count, x.nan_count, x.min, x.max, x.last) == (4, 1, -math.inf, math.inf, math.inf)
    assert math.isnan(x.first)
    assert math.copysign(1, run.metrics["y"].values[0]) == -1
    frame = x.df()
    assert list(frame.columns) == ["step", "timestamp", "value"]
    assert str(frame["timestamp"].dtype).endswith("UTC]")


def test_a_point_that_is_logged_twice_is_stored_once(tracker):
    with nbtrack.start_run() as run:
        for _ in range(3):
            run.log({"x": 1.0}, step=1, timestamp=1000)
        run.log({"x": 2.0}, step=1, timestamp=1000)
    assert run.metrics["x"].values.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("call", [lambda run: run.log([1]), lambda run: run.log(5), lambda run: run.log("loss")])
def test_log_refuses_what_is_not_a_mapping(tracker, call):
    with nbtrack.start_run() as run, pytest.raises(WrongType, match=r"log\(loss=0.5\)"):
        call(run)


def test_a_default_dict_is_not_changed(tracker):
    from collections import defaultdict

    with nbtrack.start_run() as run:
        run.log(loss=1.0)
        metrics = defaultdict(float, accuracy=0.5)
        run.log(metrics)
        assert dict(metrics) == {"accuracy": 0.5}
    assert sorted(run.metrics) == ["accuracy", "loss"]


def test_params_keep_their_type(tracker):
    params = {
        "b": True, "i": 10**30, "f": 0.1, "nan": math.nan, "s": "x", "none": None, "list": [1, "a", None], "dict": {"k": [1.5]},
    }  # fmt: skip
    with nbtrack.start_run(params=params) as run:
        run.log_params({"np": np.float32(0.5), "tuple": (1, 2), "object": complex(1, 2), "path": os.path})
    read = dict(nbtrack.get_run(run.id).params)
    assert math.isnan(read.pop("nan"))
    assert {key: read[key] for key in params if key != "nan"} == {key: value for key, value in params.items() if key != "nan"}
    assert type(read["b"]) is bool
    assert read["np"] == 0.5
    assert read["tuple"] == [1, 2]
    assert read["object"] == "(1+2j)"


def test_the_text_of_a_param_is_the_same_in_each_process(tracker):
    def relu():
        pass

    with nbtrack.start_run() as run:
        run.log_params({"words": {"b", "a", "c"}, "activation": relu})
        run.set_tag("words", {"b", "a", "c"})
        run.set_tag("text", "{'b', 'a'}")
    assert run.params == {"words": "{'a', 'b', 'c'}", "activation": f"<function {relu.__qualname__}>"}
    assert (run.tags["words"], run.tags["text"]) == ("{'a', 'b', 'c'}", "{'b', 'a'}")


def test_a_param_is_written_once(tracker):
    with nbtrack.start_run(params={"lr": 1}) as run:
        assert run.log_param("lr", 1) == 1
        for other in (2, 1.0, True, "1"):
            with pytest.raises(ParamConflict):
                run.log_params({"new": 1, "lr": other})
    assert dict(run.params) == {"lr": 1}


def test_secrets_are_redacted(tracker, tmp_path):
    with nbtrack.start_run(params={"api_key": "s3cr3t-value", "db": {"password": "s3cr3t-value"}, "max_tokens": 5}) as run:
        run.set_tag("token", "s3cr3t-value")
    assert run.params["api_key"] == "[redacted]"
    assert run.params["max_tokens"] == 5
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"s3cr3t-value" not in stored


def test_nested_runs(tracker):
    with nbtrack.start_run("outer") as outer:
        with nbtrack.start_run("inner") as inner:
            nbtrack.log(x=1)
        assert nbtrack.active_run() is outer
        nbtrack.log(y=1)
    sibling = nbtrack.start_run("sibling", parent=outer.id)
    sibling.end()
    assert inner.parent == outer
    assert inner.parent.name == "outer"
    assert sibling.tags["mlflow.parentRunId"] == outer.id
    assert (list(inner.metrics), list(outer.metrics)) == (["x"], ["y"])


def test_without_a_run_logging_says_what_to_do(tracker):
    with pytest.raises(NoActiveRun, match="%%track"):
        nbtrack.log(loss=1)
    nbtrack.end_run()


def test_start_and_end_without_a_block(tracker):
    run = nbtrack.start_run()
    nbtrack.log(loss=1)
    nbtrack.end_run("KILLED")
    run.end("FINISHED")
    assert nbtrack.get_run(run.id).status == "KILLED"
    with pytest.raises(InvalidInput, match="'DONE' is no status"):
        nbtrack.start_run().end("DONE")


def test_tags_notes_and_names_change(tracker):
    with nbtrack.start_run("old", tags={"a": 1}) as run:
        run.note = "n"
        run.name = "new"
        run.set_tags({"a": 2, "b": "x"})
        run.delete_tag("b")
    read = nbtrack.get_run(run.id)
    assert (read.name, read.note, read.tags["a"], "b" in read.tags) == ("new", "n", "2", False)
    read.note = "changed"
    assert read.note == "changed"
    with pytest.raises(TypeError):
        read.tags["x"] = "y"


def test_delete_and_restore(tracker):
    with nbtrack.start_run() as run:
        pass
    run.delete()
    assert len(nbtrack.runs()) == 0
    assert nbtrack.runs(view="deleted")[0] == run
    run.restore()
    assert nbtrack.runs()[0] == run.id


def test_artifacts_of_every_kind(tracker, tmp_path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "w.bin").write_bytes(b"\0\1")
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    with nbtrack.start_run() as run:
        nbtrack.log_artifact(folder)
        nbtrack.log_artifact(folder / "sub" / "w.bin", "weights")
        nbtrack.log_artifacts(folder, "all")
        nbtrack.log_text("grüße", "t.txt")
        nbtrack.log_dict({"a": [1, None]}, "d.json")
        nbtrack.log_figure(Figure(), "f.png")
        nbtrack.log_image(np.zeros((4, 5, 3), np.uint8), "i.png")
        nbtrack.log_image(np.ones((4, 5)), key="sample", step=3)
        nbtrack.log_table(frame, "table.json")
        nbtrack.log_table({"a": [3], "b": ["z"]}, "table.json")
    files = nbtrack.get_run(run.id).artifacts
    listed = [str(entry) for entry in files.list()]
    assert listed == ["all", "d.json", "f.png", "i.png", "images", "model", "t.txt", "table.json", "weights"]
    assert [entry.is_dir for entry in files.list()][:2] == [True, False]
    assert files.read_text("t.txt") == "grüße"
    assert files.load("d.json") == {"a": [1, None]}
    assert files.load("i.png").size == (5, 4)
    assert files.load("table.json")["a"].tolist() == [1, 2, 3]
    with files.open("weights/w.bin") as file:
        assert file.read() == b"\0\1"
    assert files.download("all", tmp_path / "down").joinpath("sub", "w.bin").read_bytes() == b"\0\1"
    assert "+step+3+" in files.list("images")[0].path
    with pytest.raises(ArtifactNotFound, match="nothing"):
        files.open("nothing.txt")


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "a\\..\\x", "%2e%2e/x", "", "a\0b"])
def test_artifacts_stay_in_their_run(tracker, path):
    with nbtrack.start_run() as run:
        with pytest.raises(InvalidInput):
            run.log_text("x", path)
        with pytest.raises((InvalidInput, ArtifactNotFound)):
            run.artifacts.open(path)


def test_files_with_invalid_names_do_not_keep_a_folder_from_being_logged(tracker, tmp_path):
    folder = tmp_path / "folder"
    for name in ("a.txt", "b#1.txt", "c%step%3%timestamp%17.png", "d\\e", "z/tab\tx.txt", "z/last.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    with nbtrack.start_run() as run:
        with pytest.raises(InvalidInput, match=r"'in/b#1\.txt' has a '#'.*, and so for 2 more; 3 other files are logged"):
            run.log_artifacts(folder, "in")
        with pytest.raises(InvalidInput, match=r"'\.\./a\.txt' has the part '\.\.'"):
            run.log_artifacts(folder, "..")
    assert [each.path for each in run.artifacts.list("in")] == ["in/a.txt", "in/c%step%3%timestamp%17.png", "in/z"]
    assert run.artifacts.read_text("in/z/last.txt") == "z/last.txt"


def test_a_missing_file_cannot_be_logged(tracker):
    with nbtrack.start_run() as run, pytest.raises(InvalidInput, match=r"no file 'nowhere\.txt'"):
        run.log_artifact("nowhere.txt")


def test_artifacts_are_copies_made_at_once(tracker, tmp_path):
    path = tmp_path / "weights.bin"
    path.write_bytes(b"one")
    with nbtrack.start_run() as run:
        run.log_artifact(path)
        path.write_bytes(b"two!")
    assert run.artifacts.load("weights.bin") == b"one"


def test_displays_are_plain_html_without_scripts(tracker):
    with nbtrack.start_run("<script>alert(1)</script>", params={"<b>": "</td><script>"}) as run:
        for step in range(100):
            run.log({"<img src=x onerror=alert(1)>": step})
    bundle = run._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", "image/png"}
    assert sum(map(len, bundle.values())) < 40_000
    for shown in (bundle, nbtrack.runs()._repr_mimebundle_(), nbtrack.compare(run)._repr_mimebundle_()):
        html = shown["text/html"].lower()
        assert "<script" not in html
        assert "<img src=x" not in html


def test_a_run_equals_itself_and_its_id(tracker):
    with nbtrack.start_run() as run:
        pass
    assert run == nbtrack.get_run(run.id)
    assert run == run.id
    assert run != "other"
    assert len({run, nbtrack.get_run(run.id)}) == 1


def test_a_file_below_another_file_does_not_block_the_run(tracker, caplog):
    with tracker.start_run() as run:
        run.log_text("a file", "a")
        run.log_text("below it", "a/b")
        run.log(loss=0.5)
        run.log_text("after it", "c")
    assert [str(entry) for entry in run.artifacts.list()] == ["a", "c"]
    assert run.metrics["loss"].last == 0.5
    assert tracker.get_run(run.id).status == "FINISHED"
    assert "artifact path 'a/b' goes through a file" in run.tags["nbtrack.artifact.refused"]
    assert caplog.text.count("a file is not kept") == 1
