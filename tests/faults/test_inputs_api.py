"""Every public function, given any value: it does what it documents, or names what is wrong with the value.

Either way nothing that was logged before is lost, and the store accepts everything that follows.
"""

from __future__ import annotations

import contextlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbtrack
from nbtrack.entities.events import TagsSet
from nbtrack.errors import FilterError, InvalidInput, NbtrackError, WrongType
from nbtrack.store.text import storable
from nbtrack.tracking.session import session_of
from nbtrack.tracking.tracker import connection_of, find_runs

from .anything import NASTY, anything, texts
from .examples import fuzz

LONGEST_MESSAGE = 2500
IMAGE = np.zeros((3, 3))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("anything")


@pytest.fixture(autouse=True)
def tracker(folder, monkeypatch):
    """A tracker on one store for all tests here, in a folder of its own."""
    monkeypatch.chdir(folder)
    (folder / "logged").mkdir(exist_ok=True)
    (folder / "logged" / "file.txt").write_text("x")
    return nbtrack.connect(folder / "store", experiment="writes")


@pytest.fixture
def past(tracker):
    """An existing run, in an experiment of its own."""
    tracker.set_experiment("reads")
    with contextlib.suppress(IndexError):
        return nbtrack.runs()[0]
    with nbtrack.start_run("past", params={"lr": 0.1}, tags={"team": "blue"}) as run:
        run.log(loss=0.5)
        run.log_text("text", "file.txt")
        run.log_text("text", "model/file.txt")
    nbtrack.register_model(f"runs:/{run.id}/model", "digits")
    return run


def figure():
    from matplotlib.figure import Figure

    return Figure(figsize=(1, 1))


# What writes: a run is open when it is called.

WRITES = {
    "log a value": lambda run, it: run.log(loss=it),
    "log what": lambda run, it: run.log(it),
    "log a step": lambda run, it: run.log(loss=1, step=it),
    "log a time": lambda run, it: run.log(loss=1, timestamp=it),
    "log_metric a key": lambda run, it: run.log_metric(it, 1),
    "log_metric a step": lambda run, it: run.log_metric("a", 1, it),
    "log_metrics": lambda run, it: run.log_metrics(it),
    "log_param a key": lambda run, it: run.log_param(it, 1),
    "log_param a value": lambda run, it: run.log_param("a", it),
    "log_params": lambda run, it: run.log_params(it),
    "set_tag a key": lambda run, it: run.set_tag(it, "v"),
    "set_tag a value": lambda run, it: run.set_tag("a", it),
    "set_tags": lambda run, it: run.set_tags(it),
    "delete_tag": lambda run, it: run.delete_tag(it),
    "a name": lambda run, it: setattr(run, "name", it),
    "a note": lambda run, it: setattr(run, "note", it),
    "log_text a text": lambda run, it: run.log_text(it, "a.txt"),
    "log_text a path": lambda run, it: run.log_text("a", it),
    "log_dict as JSON": lambda run, it: run.log_dict(it, "a.json"),
    "log_dict as YAML": lambda run, it: run.log_dict(it, "a.yaml"),
    "log_dict a path": lambda run, it: run.log_dict({}, it),
    "log_table": lambda run, it: run.log_table(it, "a.json"),
    "log_table a cell": lambda run, it: run.log_table({"a": [it]}, "a.json"),
    "log_table a cell of Parquet": lambda run, it: run.log_table({"a": [it]}, "a.parquet"),
    "log_table a path": lambda run, it: run.log_table({"a": [1]}, it),
    "log_figure": lambda run, it: run.log_figure(it, "a.png"),
    "log_figure a path": lambda run, it: run.log_figure(figure(), it),
    "log_image": lambda run, it: run.log_image(it, "a.png"),
    "log_image a path": lambda run, it: run.log_image(IMAGE, it),
    "log_image a key": lambda run, it: run.log_image(IMAGE, key=it),
    "log_image a step": lambda run, it: run.log_image(IMAGE, key="k", step=it),
    "log_image a time": lambda run, it: run.log_image(IMAGE, key="k", step=1, timestamp=it),
    "log_artifact": lambda run, it: run.log_artifact(_not_the_disk(it)),
    "log_artifact a path": lambda run, it: run.log_artifact("logged/file.txt", it),
    "log_artifacts": lambda run, it: run.log_artifacts(_not_the_disk(it)),
    "log_artifacts a path": lambda run, it: run.log_artifacts("logged", it),
    "end": lambda run, it: run.end(it),
    "end_run": lambda _, it: nbtrack.end_run(it),
    "start_run a name": lambda _, it: nbtrack.start_run(it).end(),
    "start_run an experiment": lambda _, it: nbtrack.start_run("a", experiment=it).end(),
    "start_run params": lambda _, it: nbtrack.start_run("a", params=it).end(),
    "start_run tags": lambda _, it: nbtrack.start_run("a", tags=it).end(),
    "start_run a parent": lambda _, it: nbtrack.start_run("a", parent=it).end(),
    "start_run to resume": lambda _, it: nbtrack.start_run("a", resume=it).end(),
    "start_run a note": lambda _, it: nbtrack.start_run("a", note=it).end(),
    "set_experiment": lambda _, it: nbtrack.set_experiment(it),
    "live": lambda run, it: run.live(it),
    "flush": lambda run, it: run.flush(it),
}


def _not_the_disk(it):
    """Return a value, except one that would make the test log files of this machine."""
    return "missing" if it in ("../../etc/passwd", ".", "..", "/", "\\", "~") or str(it).startswith("/") else it


@pytest.mark.parametrize("name", WRITES)
def test_every_write_succeeds_or_is_refused(name, tracker):
    @fuzz(8)
    @given(anything)
    def check(it):
        with nbtrack.start_run("writes", experiment="writes") as run:
            run.log(before=1.0)
            refused = told(lambda: WRITES[name](run, it))
        assert run.flush(20), tracker.status()
        assert connection_of(tracker).flusher.pending() == (0, 0), (tracker.status(), refused)
        found = nbtrack.get_run(run.id)
        assert found.metrics["before"].values.tolist() == [1.0]
        assert found.status in ("FINISHED", "FAILED", "KILLED", "RUNNING", "SCHEDULED")
        assert found._repr_mimebundle_()["text/html"]
        assert (found.name, found.end_time is not None) == (run.name, True)

    check()


# What reads.

READS = {
    "get_run": lambda _, it: nbtrack.get_run(it),
    "runs a filter": lambda _, it: nbtrack.runs(it),
    "runs an experiment": lambda _, it: nbtrack.runs(experiment=it),
    "runs an order": lambda _, it: nbtrack.runs(order_by=it),
    "runs a limit": lambda _, it: nbtrack.runs(limit=it),
    "runs a view": lambda _, it: nbtrack.runs(view=it),
    "search_runs ids": lambda _, it: nbtrack.search_runs(it),
    "search_runs a filter": lambda _, it: nbtrack.search_runs(filter_string=it),
    "search_runs a view": lambda _, it: nbtrack.search_runs(run_view_type=it),
    "search_runs how many": lambda _, it: nbtrack.search_runs(max_results=it),
    "search_runs an order": lambda _, it: nbtrack.search_runs(order_by=it),
    "search_runs names": lambda _, it: nbtrack.search_runs(experiment_names=it),
    "experiments": lambda _, it: nbtrack.experiments(it),
    "compare": lambda _, it: nbtrack.compare(it),
    "connect": lambda _, it: nbtrack.Tracker(nbtrack.settings.resolve(it, cwd=None)),
    "connect an experiment": lambda _, it: nbtrack.settings.resolve("memory:", experiment=it),
    "connect artifacts": lambda _, it: nbtrack.settings.resolve("memory:", artifacts=it),
    "find_runs": lambda _, it: find_runs(nbtrack.api.tracker(), it),
    "df": lambda _, it: nbtrack.runs().df(it),
    "history": lambda _, it: nbtrack.runs().history(it),
    "plot": lambda _, it: nbtrack.runs().plot(it),
    "plot by": lambda _, it: nbtrack.runs().plot("loss", by=it),
    "plot of a run": lambda past, it: past.plot(it),
    "artifacts.list": lambda past, it: past.artifacts.list(it),
    "artifacts.open": lambda past, it: past.artifacts.open(it).close(),
    "artifacts.load": lambda past, it: past.artifacts.load(it),
    "artifacts.read_text": lambda past, it: past.artifacts.read_text(it),
    "artifacts.download": lambda past, it: past.artifacts.download(it, "downloads"),
    "register_model": lambda _, it: nbtrack.register_model(it, "digits"),
    "register_model a name": lambda past, it: nbtrack.register_model(f"runs:/{past.id}/model", it),
    "register_model tags": lambda past, it: nbtrack.register_model(f"runs:/{past.id}/model", "digits", tags=it),
    "register_model a description": lambda past, it: nbtrack.register_model(f"runs:/{past.id}/model", "d", description=it),
    "register_model an alias": lambda past, it: nbtrack.register_model(f"runs:/{past.id}/model", "digits", alias=it),
    "get_model": lambda _, it: nbtrack.get_model(it),
    "get_registered_model": lambda _, it: nbtrack.get_registered_model(it),
    "registered_models": lambda _, it: nbtrack.registered_models(it),
    "registered_models an order": lambda _, it: nbtrack.registered_models(order_by=it),
    "registered_models a limit": lambda _, it: nbtrack.registered_models(limit=it),
    "model_versions": lambda _, it: nbtrack.model_versions(it),
    "model_versions a limit": lambda _, it: nbtrack.model_versions(limit=it),
    "flush": lambda _, it: nbtrack.flush(it),
}
# To where the user says it is written, and what the machine says of that is what the user is told; a mapping says KeyError.
ALSO = {
    "to_html": (lambda past, it: past.to_html(it), (OSError,)),
    "to_html of runs": (lambda _, it: nbtrack.runs().to_html(it), (OSError,)),
    "to_html of a comparison": (lambda past, it: nbtrack.compare(past).to_html(it), (OSError,)),
    "to_csv": (lambda _, it: nbtrack.runs().to_csv(it), (OSError,)),
    "to_parquet": (lambda _, it: nbtrack.runs().to_parquet(it), (OSError,)),
    "metrics": (lambda past, it: past.metrics[it], (KeyError, TypeError)),
    "params": (lambda past, it: past.params[it], (KeyError, TypeError)),
    "runs by number": (lambda _, it: nbtrack.runs()[it], (IndexError, TypeError)),
}


@pytest.mark.filterwarnings("ignore:.*more than 20 figures:RuntimeWarning")
@pytest.mark.parametrize("name", [*READS, *ALSO])
def test_every_read_succeeds_or_is_refused(name, past):
    call, also = ALSO[name] if name in ALSO else (READS[name], ())

    @fuzz(8)
    @given(anything)
    def check(it):
        if name in ("to_html", "to_html of runs", "to_html of a comparison", "to_csv", "to_parquet"):
            it = _not_the_disk(it)
        told(lambda: call(past, it), also)

    check()
    assert past.metrics["loss"].last == 0.5


def told(call, also=()):
    """Call a function, and return the error that names what is wrong; any other error fails the test."""
    try:
        call()
    except NbtrackError as error:
        refused: Exception = error
    except also as error:
        return error
    else:
        return None
    assert 0 < len(str(refused)) <= LONGEST_MESSAGE
    return refused


# What the errors say.


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: nbtrack.start_run(5), "the name of a run must be a string, not 5 of type int"),
        (lambda: nbtrack.start_run(params=["lr"]), r"params must be a dict of names and values, not \['lr'\] of type list"),
        (lambda: nbtrack.runs(limit="ten"), "limit must be a whole number or None, not 'ten' of type str"),
        (lambda: nbtrack.runs(5), "a filter must be a string, not 5 of type int"),
        (lambda: nbtrack.get_run(7), "a run is named by its id, which must be a string, not 7 of type int"),
        (lambda: nbtrack.flush("soon"), "timeout must be a number of seconds, not 'soon' of type str"),
    ],
)
def test_a_wrong_type_is_named_with_the_expected_one(call, says):
    with pytest.raises(WrongType, match=says):
        call()


def test_an_experiments_name_fits_in_every_database():
    with pytest.raises(InvalidInput, match=r"at most 500 characters; 'xxx.*…' has 501|at most 500 characters; 'x+…"):
        nbtrack.start_run(experiment="x" * 501)


def test_an_empty_path_is_not_the_whole_working_folder():
    with nbtrack.start_run() as run:
        for empty in ("", b""):
            with pytest.raises(NbtrackError):
                run.log_artifact(empty)
        assert run.artifacts.list() == []


def test_a_long_filter_is_shown_around_its_mistake():
    with pytest.raises(FilterError) as caught:
        nbtrack.runs(" OR ".join(["params.a = '1'"] * 200) + " ORR params.b = '2'" + " OR params.c = '3'" * 50)
    _message, line, carets = str(caught.value).split("\n")
    assert len(line) < 200
    assert line[carets.index("^") :].startswith("ORR params.b")


# What comes back is what was logged.


@fuzz(25)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["loss", "été/😀", "a b.min"]),
            st.floats(),
            st.integers(-(1 << 63), (1 << 63) - 1),
            st.integers(-9_000_000_000_000, 9_000_000_000_000),
        ),
        min_size=1,
        max_size=20,
        unique_by=lambda point: point[:1] + point[2:],
    )
)
def test_a_point_comes_back_bit_for_bit(points):
    with nbtrack.start_run() as run:
        for key, value, step, time in points:
            run.log({key: value}, step=step, timestamp=time)
    for key in {key for key, *_ in points}:
        logged = [point for point in points if point[0] == key]
        history = run.metrics[key]
        assert history.steps.tolist() == [step for *_, step, _ in logged]
        assert history.timestamps.tolist() == [time for *_, time in logged]
        np.testing.assert_array_equal(history.values, [value for _, value, *_ in logged])
        history.df()


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@fuzz(40)
@given(_json, texts, texts)
def test_params_tags_and_names_come_back(param, tag, name):
    with nbtrack.start_run(name or None, params={"param": param}, tags={"tag": tag}, note=name) as run:
        pass
    found = nbtrack.get_run(run.id)
    assert found.params["param"] == storable(param)
    assert type(found.params["param"]) is type(param)
    assert (found.tags["tag"], found.note) == (storable(tag), storable(name))
    assert found.name == run.name
    assert name == "" or found.name == storable(name)


@pytest.mark.filterwarnings("ignore:Conversion of an array")  # of one number, which some NumPy take for a number
@fuzz(40)
@given(st.sampled_from(NASTY))
def test_a_number_is_logged_as_a_float_or_its_key_is_named(it):
    with nbtrack.start_run() as run:
        try:
            run.log(loss=it)
        except (WrongType, InvalidInput) as error:
            said = str(error)
        else:
            np.testing.assert_array_equal(run.metrics["loss"].values, [float(it)])
            return
        assert "'loss'" in said
        assert "loss" not in run.metrics


def test_a_timestamp_out_of_range_is_named():
    with nbtrack.start_run() as run, pytest.raises(InvalidInput, match=r"out of range.*2262"):
        run.log(loss=1, timestamp=1 << 62)
    with nbtrack.start_run() as run, pytest.raises(WrongType, match="timestamp must be milliseconds"):
        run.log(loss=1, timestamp="now")
    with nbtrack.start_run() as run, pytest.raises(InvalidInput, match="timestamp must be milliseconds"):
        run.log(loss=1, timestamp=math.nan)


def test_no_content_of_one_run_delays_the_others(tracker, monkeypatch):
    store = connection_of(tracker).store()
    apply = store.apply

    def stumbling(batches):
        if any(batch.run_id == bad.id for batch in batches):
            raise ZeroDivisionError
        return apply(batches)

    with nbtrack.start_run("bad") as bad, nbtrack.start_run("good") as good:
        monkeypatch.setattr(store, "apply", stumbling)
        bad.log(loss=1.0)
        good.log(loss=1.0)
        good.end()
        assert [point for _, _, point in store.metrics([good.id], ("last",))] == [1.0]
        monkeypatch.undo()
    assert tracker.flush(20)
    assert bad.metrics["loss"].last == 1.0


def test_an_event_that_json_cannot_represent_is_not_appended(tracker):
    with nbtrack.start_run() as run:
        with pytest.raises(TypeError):
            session_of(run).recorder.append(TagsSet({"a": object()}))
        run.set_tag("b", "v")
    assert (run.tags["b"], run.status) == ("v", "FINISHED")
