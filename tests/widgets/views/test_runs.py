"""The snapshot of a table of runs, and edits, filters and comparisons in it."""

import math
import threading

import numpy as np
import pytest

import nbtrack
from nbtrack.errors import FilterError, InvalidInput

from ..page import Page, live_view, travelled


@pytest.fixture
def runs(tracker):
    """Six runs; the last has no accuracy, and a loss of NaN."""
    for i in range(6):
        with nbtrack.start_run(f"run {i}", params={"lr": 10.0**-i, "opt": "adam" if i % 2 else "sgd", "same": 1}) as run:
            nbtrack.set_tag("team", "a")
            for step in range(3):
                run.log(loss=math.nan if i == 5 else i + step, **({} if i == 5 else {"accuracy": i / 10}))
    return nbtrack.runs(order_by="run_name ASC")


@pytest.fixture
def page(runs):
    return Page(live_view(runs))


def column(columns, name):
    (found,) = [each for each in columns if each["id"] == name]
    return found


def texts(found):
    return [found["levels"][code] if code >= 0 else None for code in found["codes"]]


def test_columns_hold_what_the_runs_have(page):
    columns = page.ask("snapshot")["columns"]
    assert texts(column(columns, "name")) == [f"run {i}" for i in range(6)]
    assert texts(column(columns, "status")) == ["FINISHED"] * 6
    assert column(columns, "params.lr")["v"].tolist() == [10.0**-i for i in range(6)]
    assert texts(column(columns, "params.opt")) == ["sgd", "adam"] * 3
    assert texts(column(columns, "tags.team")) == ["a"] * 6
    loss = column(columns, "metrics.loss")
    assert loss["v"].tolist()[:5] == [2, 3, 4, 5, 6]
    assert loss["nans"].tolist() == [5]
    assert (loss["better"], column(columns, "metrics.accuracy")["better"]) == (-1, 1)
    assert math.isnan(column(columns, "metrics.accuracy")["v"][5])
    assert column(columns, "metrics.accuracy")["nans"].tolist() == [], "it is not there at all"


def test_params_that_differ_come_before_those_that_do_not(page):
    names = [each["id"] for each in page.ask("snapshot")["columns"]]
    assert names.index("params.lr") < names.index("metrics.loss") < names.index("params.same")


def test_a_filter_says_which_rows_stay(page):
    assert page.ask("filter", text="metrics.loss < 4.5 and params.opt = 'sgd'")["rows"].tolist() == [0, 2]
    assert page.ask("filter", text=" ")["rows"].tolist() == list(range(6))
    with pytest.raises(FilterError) as caught:
        page.ask("filter", text="metrics.loss < and")
    assert str(caught.value).splitlines()[-1].strip("^ ") == ""


def test_small_curves_are_scaled_to_their_cell(page):
    found = page.ask("sparks", rows=[0, 5], keys=["loss", "accuracy"])
    assert found["lengths"].tolist() == [3, 3, 0, 0]
    assert found["x"].tolist()[:3] == [0, 0.5, 1]
    assert found["y"].tolist()[:3] == [0, 0.5, 1]
    assert found["y"].tolist()[3:] == [0.5] * 3, "a constant is a line in the middle"


def test_other_statistics_of_a_metric(page):
    assert page.ask("stat", key="loss", stat="min")["v"].tolist()[:5] == [0, 1, 2, 3, 4]
    with pytest.raises(InvalidInput, match="choose from last, min"):
        page.ask("stat", key="loss", stat="median")


def test_a_selection_is_a_value_in_python(page, runs):
    page.ask("select", ids=[runs[4].id, runs[1].id, "nobody"])
    assert [run.name for run in runs.selected] == ["run 1", "run 4"]
    assert runs.selected.df()["name"].tolist() == ["run 1", "run 4"]


def test_names_notes_and_tags_are_edited(page, runs):
    page.ask("edit", row=0, column="name", text="the best")
    page.ask("edit", row=0, column="note", text="see the figure")
    page.ask("edit", row=0, column="tags.team", text="b")
    page.ask("edit", row=1, column="tags.team", text="")
    first, second = (nbtrack.get_run(runs[i].id) for i in range(2))
    assert (first.name, first.note, first.tags["team"]) == ("the best", "see the figure", "b")
    assert "team" not in second.tags
    assert texts(column(page.ask("snapshot")["columns"], "name"))[0] == "the best"


@pytest.mark.parametrize("column, text", [("name", " "), ("params.lr", "1"), ("status", "FINISHED")])
def test_what_cannot_be_edited_is_refused(page, column, text):
    with pytest.raises(InvalidInput):
        page.ask("edit", row=0, column=column, text=text)


def test_runs_are_deleted_and_restored(page, runs):
    page.ask("delete", ids=[runs[2].id])
    assert "run 2" not in [run.name for run in nbtrack.runs()]
    assert page.ask("snapshot")["deleted"].tolist() == [2]
    page.ask("restore", ids=[runs[2].id])
    assert page.ask("snapshot")["deleted"].tolist() == []
    assert len(nbtrack.runs()) == 6


def test_an_open_run_is_not_deleted(tracker):
    with nbtrack.start_run("going") as run:
        run.flush()
        page = Page(live_view(nbtrack.runs()))
        with pytest.raises(InvalidInput, match="going is running; stop it"):
            page.ask("delete", ids=[run.id])


def test_rows_of_open_runs_are_pushed(tracker):
    run = nbtrack.start_run("going")
    run.log(loss=5.0)
    run.flush()
    page, ended = Page(live_view(nbtrack.runs())), threading.Event()
    push = page.push

    def push_and_look(event, value):
        push(event, value)
        if event == "rows" and texts(column(travelled(value)["columns"], "status")) == ["FINISHED"]:
            ended.set()

    page.push = push_and_look
    page.ask("snapshot")
    run.log(loss=4.25)
    run.end()
    assert ended.wait(20), "the page was not told of the end"
    told = page.told("rows")[-1]
    assert told["rows"].tolist() == [0]
    assert column(told["columns"], "metrics.loss")["v"].tolist() == [4.25]
    page.view.close()


def test_the_layout_is_the_experiments(page, runs):
    layout = {"hidden": ["run.user"], "sort": [["metrics.loss", 1]]}
    page.ask("layout", layout=layout)
    assert Page(live_view(nbtrack.runs())).ask("snapshot")["layout"] == layout
    with nbtrack.start_run(experiment="another"):
        pass
    assert Page(live_view(nbtrack.runs(experiment="*"))).ask("snapshot")["layout"] is None, (
        "of several experiments it is nobody's"
    )


def test_a_comparison_opens_below(page, runs):
    with pytest.raises(InvalidInput, match="two runs or more"):
        page.ask("compare", ids=[runs[0].id])
    with pytest.raises(InvalidInput, match="nothing is being compared"):
        page.ask("child", what="snapshot", args={})
    found = page.ask("compare", ids=[runs[0].id, runs[1].id])
    assert texts(column(found["columns"], "name")) == ["run 0", "run 1"]
    series = page.ask("child", what="curves", args={"keys": ["loss"]})["series"]
    assert [each["y"].tolist() for each in series] == [[0, 1, 2], [1, 2, 3]]


def test_many_columns_and_rows_stay_arrays(tracker):
    for i in range(3):
        with nbtrack.start_run(params={f"p{j}": i * j for j in range(100)}) as run:
            run.log({f"m{j}": float(i * j) for j in range(100)})
    columns = Page(live_view(nbtrack.runs())).ask("snapshot")["columns"]
    numbers = [each for each in columns if each["group"] in ("param", "metric")]
    assert len(numbers) == 200
    assert all(isinstance(each["v"], np.ndarray) and len(each["v"]) == 3 for each in numbers)


def test_no_runs_are_a_table_too(tracker):
    found = Page(live_view(nbtrack.runs())).ask("snapshot")
    assert found["ids"] == []
    assert found["layout"] is None
