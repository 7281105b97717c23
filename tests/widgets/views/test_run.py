"""The snapshot and frames of a run's live view, and its answers to requests."""

import threading

import numpy as np
import pytest

import nbtrack
from nbtrack.errors import InvalidInput, StopRun, StoreUnavailable
from nbtrack.tracking.session import session_of
from nbtrack.tracking.tracker import connection_of
from nbtrack.widgets.run_output import facts, view_of

from ..page import Page, curves, travelled


@pytest.fixture
def run(tracker):
    with nbtrack.start_run("watched", params={"lr": 0.1}, tags={"team": "a"}) as run:
        yield run


@pytest.fixture
def page(run):
    return Page(view_of(run))


def wait_for(page, condition, seconds=20):
    """Wait until the flusher's thread has told the page enough."""
    told = threading.Event()
    push = page.push

    def push_and_look(event, value):
        push(event, value)
        if condition(page):
            told.set()

    page.push = push_and_look
    assert condition(page) or told.wait(seconds), "the page was not told"


def count_of(page, key):
    return curves(page).get(key, {}).get("count", 0)


def test_frames_make_the_curve_that_was_logged(run, page):
    for step in range(100):
        run.log(loss=1 / (step + 1))
        if step == 50:
            run.flush()
    wait_for(page, lambda page: count_of(page, "loss") == 100)
    curve = curves(page)["loss"]
    assert curve["x"].tolist() == list(range(100))
    assert curve["y"].tolist() == [1 / (step + 1) for step in range(100)]
    assert (np.diff(curve["t"]) >= 0).all()
    assert curve["chart"] == "loss"
    assert curve["better"] == -1


def test_a_view_opened_later_has_the_earlier_points(run):
    for step in range(10):
        run.log(loss=float(step))
    run.flush()
    page = Page(view_of(run))
    for step in range(10, 15):
        run.log(loss=float(step))
    wait_for(page, lambda page: count_of(page, "loss") == 15)
    assert curves(page)["loss"]["y"].tolist() == list(range(15))


def test_rows_logged_while_the_store_opens_are_shown(tracker, monkeypatch):
    """The first rows of a kernel are logged while its thread imports SQLAlchemy and makes the tables."""
    is_opening, is_logged = threading.Event(), threading.Event()
    opened = connection_of(tracker).store

    def slowly():
        is_opening.set()
        is_logged.wait(20)
        return opened()

    monkeypatch.setattr(connection_of(tracker).flusher._pass, "_open_store", slowly)
    with nbtrack.start_run() as run:
        page = Page(view_of(run))
        is_opening.wait(20)
        for step in range(10):
            run.log(loss=float(step))
        is_logged.set()
        wait_for(page, lambda page: count_of(page, "loss") == 10)


def test_a_snapshot_equals_the_frames_before_it(run, page):
    for step in range(10):
        run.log({"train/loss": step, "val/loss": 2 * step})
    wait_for(page, lambda page: count_of(page, "val/loss") == 10)
    found = page.ask("snapshot")
    assert {each["key"]: each["y"].tolist() for each in found["metrics"]} == {
        key: curve["y"].tolist() for key, curve in curves(page).items()
    }
    assert {each["chart"] for each in found["metrics"]} == {"loss"}
    told = found["run"]
    assert (told["name"], told["status"], told["params"], told["tags"]) == ("watched", "RUNNING", [["lr", "0.1"]], {"team": "a"})
    assert told["canStop"]


def test_the_end_is_pushed_with_its_status(run, page):
    run.log(loss=1.0)
    run.end("FAILED")
    assert page.told("frame")[-1]["run"]["status"] == "FAILED"
    assert page.told("frame")[-1]["run"]["end"] >= page.told("frame")[-1]["run"]["started"]
    assert count_of(page, "loss") == 1


def test_the_end_shows_what_other_processes_logged(run, page, tracker):
    run.log(loss=1.0)
    other = nbtrack.get_run(run.id)
    for step in range(5):
        other.log_metric("elsewhere", step, step=step)
    other.flush()
    run.end()
    assert curves(page)["elsewhere"]["y"].tolist() == [0, 1, 2, 3, 4]


def test_many_points_are_drawn_as_their_extremes(run, page):
    values = np.sin(np.arange(50_000) / 500)
    values[31_234] = 77.0
    for value in values:
        run.log(wave=value)
    run.flush()
    wait_for(page, lambda page: count_of(page, "wave") == 50_000)
    curve = curves(page)["wave"]
    assert len(curve["x"]) <= 2000
    assert curve["max"] == 77.0
    assert 77.0 in curve["y"]
    assert (np.diff(curve["x"]) > 0).all()


def test_zooming_asks_the_store_for_the_range(run, page):
    for step in range(5000):
        run.log(loss=float(step))
    found = page.ask("range", keys=["loss"], by="step", lo=100, hi=199, points=1200)
    (series,) = found["series"]
    assert series["total"] == 100
    assert series["x"].tolist() == series["y"].tolist() == list(range(100, 200))
    (series,) = page.ask("range", keys=["loss"], by="step", lo=0, hi=5000, points=50)["series"]
    assert series["total"] == 5000
    assert len(series["x"]) <= 60
    (series,) = page.ask("range", keys=["loss"], by="time", lo=-1, hi=1e9, points=10_000)["series"]
    assert series["total"] == 5000


def test_zooming_shows_what_is_known_while_the_store_is_away(run, page, monkeypatch):
    for step in range(100):
        run.log(loss=float(step))
    wait_for(page, lambda page: count_of(page, "loss") == 100)

    def away():
        raise StoreUnavailable("somebody locked it")

    with monkeypatch.context() as patched:
        patched.setattr(session_of(run).connection, "read", away)
        (series,) = page.ask("range", keys=["loss"], by="step", lo=10, hi=19, points=1200)["series"]
    assert series["x"].tolist() == list(range(10, 20))


def test_one_metric_over_another(run, page):
    for step in range(10):
        run.log(loss=10.0 - step, accuracy=step / 10)
    (series,) = page.ask("against", x="accuracy", keys=["loss"], points=100)["series"]
    assert series["x"].tolist() == [step / 10 for step in range(10)]
    assert series["y"].tolist() == [10.0 - step for step in range(10)]


def test_a_note_is_saved_and_pushed(run, page):
    page.ask("note", text="it oscillates")
    assert page.told("frame")[-1]["run"] == {"note": "it oscillates"}
    run.end()
    assert nbtrack.get_run(run.id).note == "it oscillates"


def test_stop_ends_the_code_at_its_next_log(run, page):
    page.ask("stop")
    with pytest.raises(StopRun):
        for step in range(10_000_000):
            run.log(loss=step)


def test_a_run_of_another_process_cannot_be_stopped(tracker):
    with nbtrack.start_run() as run:
        run.log(loss=1.0)
    page = Page(view_of(nbtrack.get_run(run.id)))
    assert not page.ask("snapshot")["run"]["canStop"]
    with pytest.raises(InvalidInput, match="not running in this kernel"):
        page.ask("stop")


def test_a_pinned_run_is_drawn_under_later_ones(tracker):
    for name in ("first", "second"):
        with nbtrack.start_run(name) as run:
            for step in range(5):
                run.log(loss=float(step))
        page = Page(view_of(nbtrack.get_run(run.id)))
        if name == "first":
            page.ask("pin", pinned=True)
    page.view.look_back()
    wait_for(page, lambda page: page.told("under"))
    (under,) = page.told("under")[-1]["under"]
    assert (under["name"], under["role"]) == ("first", "pinned")
    assert under["metrics"][0]["y"].tolist() == [0, 1, 2, 3, 4]


def test_an_unknown_request_is_refused(page):
    with pytest.raises(InvalidInput, match="has no request 'close'"):
        page.ask("close")


def test_the_exception_that_ended_a_run_is_shown(tracker):
    with pytest.raises(ValueError, match="too hot"), nbtrack.start_run() as run:
        raise ValueError("too hot")
    assert facts(run)["error"] == "ValueError: too hot"
    assert facts(run)["line"] is None, "the code of no cell"


def test_nan_and_infinity_are_shown_with_their_step(run, page):
    for value in (1.0, float("inf"), float("nan")):
        run.log(loss=value)
    wait_for(page, lambda page: count_of(page, "loss") == 3)
    curve = curves(page)["loss"]
    assert curve["bad"]["step"] == 1
    assert np.isnan(curve["y"][2])
    assert curve["nan"] == 1


def test_an_export_has_less_at_each_level(run):
    for step in range(3000):
        run.log(loss=float(step))
    run.log_text("hello " * 100, "remarks.txt")
    run.end()
    view = view_of(nbtrack.get_run(run.id))
    lengths = [len(travelled(view.export(level).snapshot)["metrics"][0]["x"]) for level in range(4)]
    assert lengths == sorted(lengths, reverse=True)
    assert any("of 3,000 points are in this page" in note for note in view.export(3).notes)
    asked = [what for what, _, _ in view.export(0).answers]
    assert asked == ["list", "file"]
    assert [what for what, _, _ in view.export(3).answers] == ["list"]


def test_a_closed_view_no_longer_follows_the_run(run, page):
    page.view.close()
    assert page.is_closed
    before = len(page.events)
    run.log(loss=1.0)
    run.flush()
    assert len(page.events) == before
