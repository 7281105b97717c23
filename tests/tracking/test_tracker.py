"""Finding runs, comparing them, and connecting to stores."""

import math

import numpy as np
import pandas as pd
import pytest

import nbtrack
from nbtrack.errors import Deleted, ExperimentNotFound, FilterError, InvalidInput, RunNotFound
from nbtrack.tracking.tracker import connection_of


@pytest.fixture
def runs(tracker):
    """Three runs, the newest first: c, b, a."""
    made = []
    for i, name in enumerate("abc"):
        with nbtrack.start_run(name, params={"lr": 10.0**-i, "layers": i, "kind": "x" if i else "y"}) as run:
            for step in range(5):
                run.log({"loss": (i + 1) / (step + 1), "val/acc": step * 0.1}, step=step)
            if i == 2:
                run.log(only=math.nan)
        made.append(run)
    return made[::-1]


def names(**query):
    return [run.name for run in nbtrack.runs(**query)]


def test_runs_are_found_ordered_and_limited(runs):
    assert names() == ["c", "b", "a"]
    assert names(filter="params.lr < 0.5") == ["c", "b"]
    assert names(filter="metrics.loss.min <= 0.4 and not params.kind = 'x'") == ["a"]
    assert names(order_by="metrics.loss") == ["a", "b", "c"]
    assert names(order_by=["params.kind ASC", "start_time ASC"]) == ["b", "c", "a"]
    assert names(limit=2) == ["c", "b"]
    assert names(limit=0) == []


def test_a_bad_filter_shows_where(runs):
    with pytest.raises(FilterError) as caught:
        nbtrack.runs("params.lr < ")
    assert str(caught.value).splitlines()[1].strip() == "params.lr <"
    assert str(caught.value).splitlines()[2].strip() == "^"
    with pytest.raises(InvalidInput, match="view"):
        nbtrack.runs(view="gone")
    with pytest.raises(InvalidInput, match="limit"):
        nbtrack.runs(limit=-1)


def test_runs_are_a_sequence(runs):
    found = nbtrack.runs()
    assert len(found) == 3
    assert found[0] == runs[0]
    assert found[-1] == runs[-1]
    assert list(found) == runs
    assert runs[1] in found
    assert isinstance(found[:2], nbtrack.Runs)
    assert found[:2].ids == [run.id for run in runs[:2]]
    with pytest.raises(IndexError):
        found[3]


def test_df(runs):
    frame = nbtrack.runs().df(metrics=("last", "min", "count"))
    assert list(frame.columns[:8]) == ["run_id", "name", "experiment", "status", "start_time", "end_time", "duration", "user"]
    metric_columns = [column for column in frame.columns if column.startswith("metrics.")]
    assert metric_columns == [f"metrics.{key}{stat}" for stat in ("", ".min", ".count") for key in ("loss", "only", "val/acc")]
    assert frame["params.lr"].dtype == np.float64
    assert frame["params.layers"].tolist() == [2, 1, 0]
    assert frame["params.layers"].dtype == np.int64
    assert frame["metrics.loss"].tolist() == [3 / 5, 2 / 5, 1 / 5]
    assert math.isnan(frame["metrics.only"][1])
    assert frame["experiment"].tolist() == ["Default"] * 3
    assert str(frame["start_time"].dtype).endswith("UTC]")
    assert (frame["duration"] == frame["end_time"] - frame["start_time"]).all()
    assert nbtrack.runs().df(typed=False)["params.lr"].tolist() == ["0.01", "0.1", "1.0"]
    with pytest.raises(InvalidInput, match="'median' cannot be asked"):
        nbtrack.runs().df(metrics=["median"])


def test_df_of_nothing(tracker):
    frame = nbtrack.runs().df()
    assert len(frame) == 0
    assert list(frame.columns) == ["run_id", "name", "experiment", "status", "start_time", "end_time", "duration", "user"]
    assert len(nbtrack.runs().history()) == 0
    assert repr(nbtrack.runs())


def test_history_is_long(runs):
    frame = nbtrack.runs().history("loss", "only")
    assert list(frame.columns) == ["run_id", "key", "step", "timestamp", "value"]
    assert len(frame) == 16
    one = frame[(frame.run_id == runs[0].id) & (frame.key == "loss")]
    assert one["value"].tolist() == [3 / (step + 1) for step in range(5)]
    assert set(nbtrack.runs().history().key) == {"loss", "only", "val/acc"}


def test_files(runs, tmp_path):
    found = nbtrack.runs()
    assert pd.read_csv(found.to_csv(tmp_path / "r.csv"))["name"].tolist() == ["c", "b", "a"]
    assert pd.read_parquet(found.to_parquet(tmp_path / "r.parquet"))["metrics.loss"].tolist() == [3 / 5, 2 / 5, 1 / 5]
    page = found.to_html(tmp_path / "r.html").read_text()
    assert all(f"<bdi>{run.name}</bdi>" in page for run in runs)


def test_plots(runs):
    import matplotlib

    matplotlib.use("Agg")
    ax = nbtrack.runs().plot("loss")
    assert [line.get_label() for line in ax.lines] == ["c", "b", "a"]
    with nbtrack.start_run("a") as again:
        again.log(loss=1)
    assert f"a ({again.id[:6]})" in [line.get_label() for line in nbtrack.runs().plot("loss").lines], "names that are equal"
    assert ax.lines[0].get_ydata().tolist() == [3 / (step + 1) for step in range(5)]
    assert nbtrack.get_run(runs[0].id).metrics["loss"].plot().get_ylabel() == "loss"
    with pytest.raises(InvalidInput, match="none of these runs has a metric 'nope'; they have loss, only, val/acc"):
        nbtrack.runs().plot("nope")
    import matplotlib.pyplot as plt

    plt.close("all")


def test_the_band_of_many_steps_has_their_peaks(tracker):
    for peak in (1234, 4321):
        with nbtrack.start_run(params={"lr": 0.1}) as run:
            for step in range(5000):
                run.log(loss=100.0 * (step == peak) + step % 2)
    ax = nbtrack.runs().plot("loss", by="params.lr")
    low, high = ax.collections[0].get_datalim(ax.transData).intervaly
    assert (low, high) == (0, 101)
    middle = np.median(ax.lines[0].get_ydata())
    assert middle == pytest.approx(0.5, abs=0.05)


def test_compare(runs):
    for comparison in (nbtrack.compare(*runs), nbtrack.compare(nbtrack.runs()), nbtrack.compare(*[run.id for run in runs])):
        assert comparison.labels == ["c", "b", "a"]
        assert comparison.differing == ["kind", "layers", "lr"]
        assert comparison.params.loc["lr"].tolist() == [0.01, 0.1, 1.0]
        assert comparison.metrics.loc[("loss", "min")].tolist() == [3 / 5, 2 / 5, 1 / 5]
        assert set(comparison._repr_mimebundle_()) == {"text/html", "text/plain"}
    with pytest.raises(InvalidInput, match=f"one run to compare, {runs[0].id[:8]} of .*, named 2 times"):
        nbtrack.compare(runs[0], runs[0].id)
    with pytest.raises(InvalidInput, match="nothing to compare"):
        nbtrack.compare()
    with pytest.raises(RunNotFound):
        nbtrack.compare("f" * 32)


def test_experiments(runs, tracker):
    made = nbtrack.set_experiment("digits")
    with nbtrack.start_run() as here:
        pass
    with nbtrack.start_run(experiment="other") as there:
        pass
    assert (here.experiment, there.experiment) == ("digits", "other")
    assert {experiment.name for experiment in nbtrack.experiments()} == {"Default", "digits", "other"}
    assert names() == [here.name]
    assert names(experiment="other") == [there.name]
    assert names(experiment=[made.id, "other"]) == [there.name, here.name]
    assert len(nbtrack.runs(experiment="*")) == 5
    with pytest.raises(ExperimentNotFound, match="there is no experiment 'digit'; there is 'digits'"):
        nbtrack.runs(experiment="digit")
    store = connection_of(tracker).store()
    store.delete_experiment(made.id)
    with pytest.raises(Deleted, match="'digits' is deleted"):
        nbtrack.set_experiment("digits")
    with pytest.raises(InvalidInput):
        nbtrack.set_experiment("  ")


def test_connect_chooses_the_store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    nbtrack.connect()
    with nbtrack.start_run() as run:
        pass
    assert (tmp_path / ".nbtrack" / ".gitignore").read_text() == "*\n"
    monkeypatch.chdir(tmp_path / "deep" / "er")
    nbtrack.connect()
    assert nbtrack.runs()[0] == run
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///other.db")
    assert nbtrack.connect().uri == f"sqlite:///{tmp_path}/deep/er/other.db"
    monkeypatch.setenv("NBTRACK_URI", "memory:")
    monkeypatch.setenv("NBTRACK_EXPERIMENT", "e")
    assert (nbtrack.connect().uri, nbtrack.connect().experiment) == ("memory:", "e")


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A working directory that was deleted."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()


def test_runs_start_where_the_working_directory_was_deleted(tmp_path, nowhere):
    nbtrack.connect(tmp_path / "store", artifacts=tmp_path / "files")
    for name in ("first", "second"):
        with nbtrack.start_run(name) as run:
            nbtrack.log(x=1.0)
            run.log_text("kept", "note.txt")
            with pytest.raises(InvalidInput, match="working directory that was deleted"):
                run.log_artifact("none.txt")
    found = [(run.name, run.status, run.artifacts.read_text("note.txt")) for run in nbtrack.runs()]
    assert found == [("second", "FINISHED", "kept"), ("first", "FINISHED", "kept")]


@pytest.mark.parametrize("uri", [None, "runs", "sqlite:///runs.db", "http://localhost:5000"])
def test_what_needs_the_deleted_working_directory_says_so(nowhere, uri):
    with pytest.raises(InvalidInput, match=r"working directory was deleted: change to one that exists"):
        nbtrack.connect(uri)


@pytest.mark.parametrize("uri", ["mongodb://u@h/db", "http://host:port"])
def test_a_store_that_cannot_be_opened_is_an_error_at_once(uri):
    with pytest.raises(InvalidInput, match=r"not the URI of a store|cannot be read"):
        nbtrack.connect(uri)


def test_the_server_decides_where_artifacts_are(monkeypatch):
    with pytest.raises(InvalidInput, match="leave artifacts= out"):
        nbtrack.connect("http://localhost:1", artifacts="s3://bucket")
    monkeypatch.setenv("NBTRACK_ARTIFACTS", "s3://bucket")
    tracker = nbtrack.connect("http://ada:geheim@localhost:1/")
    assert (connection_of(tracker).settings.server, connection_of(tracker).settings.artifacts) == (
        "http://ada:geheim@localhost:1",
        "",
    )
    assert "geheim" not in repr(tracker) + repr(connection_of(tracker).settings) + tracker.status()


def test_passwords_of_stores_are_not_shown():
    tracker = nbtrack.connect("postgresql+psycopg://user:geheim@nowhere.invalid/db")
    assert "geheim" not in repr(tracker)
    assert "geheim" not in tracker.status()


def test_two_stores_at_once(tmp_path):
    one = nbtrack.connect(tmp_path / "one")
    two = nbtrack.connect(tmp_path / "two")
    with one.start_run("in one") as a, two.start_run("in two") as b:
        a.log(x=1)
        b.log(x=2)
    assert [run.name for run in one.runs()] == ["in one"]
    assert [run.name for run in two.runs()] == ["in two"]
    connection_of(one).close(5)


def test_search_runs_has_mlflow_s_columns(runs):
    frame = nbtrack.search_runs(filter_string="params.kind = 'x'", order_by=["metrics.loss ASC"])
    assert list(frame.columns[:6]) == ["run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time"]
    assert frame["params.lr"].tolist() == ["0.1", "0.01"]
    assert frame["tags.mlflow.runName"].tolist() == ["b", "c"]
    assert frame["experiment_id"].tolist() == ["0", "0"]
    assert math.isnan(frame["metrics.only"][0])
    assert len(nbtrack.search_runs(experiment_names=["Default"])) == 3
    assert len(nbtrack.search_runs(["0"], max_results=1)) == 1
    assert [run.name for run in nbtrack.search_runs(output_format="list")] == ["c", "b", "a"]
    assert len(nbtrack.search_runs(search_all_experiments=True)) == 3


def test_status_names_store_artifacts_and_experiment(tracker):
    assert str(connection_of(tracker).settings.journal) not in tracker.status()
    assert "nothing waits" in tracker.status()
