"""The table of runs in a notebook: sorting, filters, edits and selections, which Python sees."""

import re

import pytest
from playwright.sync_api import expect

SWEEP = """
for i in range(12):
    params = {"lr": 10.0 ** -(i % 3), "opt": ["adam", "sgd"][i % 2], "same": 1}
    with nbtrack.start_run(f"run-{i}", params=params, tags={"team": "a"}) as run:
        for step in range(20):
            run.log(loss=(1 + i) / (step + 1), accuracy=i / 12)
"""
SELECTED = "print(sorted(run.name for run in table.selected))"
NAMES = "print(sorted(run.name for run in nbtrack.runs()))"
BEGINS_WITH = """(expected) => {
    const rows = [...document.querySelectorAll(".nbt-body .nbt-row:not(.nbt-group)")].sort((a, b) => a.offsetTop - b.offsetTop);
    return expected.every((name, i) => rows[i].querySelector("bdi").textContent === name);
}"""
UNTIL_KEPT = "while 'nbtrack.table' not in nbtrack.experiments()[0].tags: time.sleep(0.02)"
SHOW = "table = nbtrack.runs(order_by='start_time ASC'); table"


@pytest.fixture
def notebook(open_notebook):
    notebook = open_notebook(SWEEP, SHOW, SELECTED, NAMES, UNTIL_KEPT)
    notebook.run(1)
    notebook.run(2)
    notebook.live(2).locator(".nbt-body .nbt-row").first.wait_for()
    return notebook


def names(notebook):
    """Return the names of the rows in sight, in the table's order."""
    rows = notebook.live(2).locator(".nbt-body .nbt-row:not(.nbt-group)")
    found = rows.evaluate_all("(rows) => rows.map((row) => [row.offsetTop, row.querySelector('bdi').textContent])")
    return [name for _, name in sorted(found)]


def head(notebook, name):
    return notebook.live(2).get_by_role("columnheader").filter(has=notebook.page.get_by_text(name, exact=True))


def menu(notebook, column, item):
    head(notebook, column).get_by_role("button").click()
    notebook.live(2).get_by_role("menuitem", name=item, exact=True).click()


def row(notebook, name):
    return notebook.live(2).locator(".nbt-body .nbt-row").filter(has=notebook.page.get_by_text(name, exact=True))


def wait_for_names(notebook, expected):
    notebook.page.wait_for_function(BEGINS_WITH, arg=expected)


def test_the_table_sorts_by_several_columns(notebook):
    menu(notebook, "opt", "Sort descending")
    menu(notebook, "lr", "Sort by this too")
    wait_for_names(notebook, ["run-5", "run-11", "run-1", "run-7", "run-3", "run-9"])
    assert head(notebook, "opt").get_attribute("aria-sort") == "descending"


def test_a_filter_hides_rows_and_a_mistake_is_marked(notebook):
    box = notebook.live(2).locator(".nbt-filter")
    box.fill("metrics.loss < 0.2 and params.opt = 'adam'")
    box.press("Enter")
    notebook.until(notebook.live(2), "2 of 12 runs")
    assert names(notebook) == ["run-0", "run-2"]
    box.fill("metrics.loss < and")
    box.press("Enter")
    error = notebook.live(2).get_by_role("alert")
    expect(error).to_contain_text("^")
    assert error.inner_text().splitlines()[-1].index("^") > 10
    assert names(notebook) == ["run-0", "run-2"], "what was shown stays"


def test_groups_have_count_mean_and_spread(notebook):
    menu(notebook, "opt", "Group by this")
    groups = notebook.live(2).locator(".nbt-group")
    expect(groups).to_have_count(2)
    expect(groups.first).to_contain_text("opt: adam 6")
    accuracy = sum(i / 12 for i in range(0, 12, 2)) / 6
    expect(groups.first).to_contain_text(f"{accuracy:.4g}")
    expect(groups.first).to_contain_text("±")
    groups.first.locator(".nbt-cell").first.click()
    expect(notebook.live(2).locator(".nbt-body .nbt-row:not(.nbt-group)")).to_have_count(6)


def test_a_selection_is_a_value_in_python(notebook):
    for name in ("run-3", "run-7"):
        row(notebook, name).locator(".nbt-box").click()
    expect(notebook.live(2).get_by_role("status")).to_have_text("2 selected")
    assert notebook.run(3) == "['run-3', 'run-7']\n"


SCROLLED = """(el) => {
    el.scrollLeft = el.scrollWidth;
    return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))));
}"""


def test_names_notes_and_tags_are_edited_in_place(notebook):
    row(notebook, "run-4").locator(".nbt-cell").first.dblclick()
    field = notebook.live(2).get_by_label("name of this run")
    # The table would draw other columns now, and what comes from the kernel has it drawn anew, too.
    notebook.live(2).locator(".nbt-grid").evaluate(SCROLLED)
    field.fill("renamed")
    field.press("Enter")
    row(notebook, "renamed").wait_for()
    assert "renamed" in notebook.run(4)
    head(notebook, "team").scroll_into_view_if_needed()
    cell = notebook.live(2).locator(".nbt-body .nbt-cell", has_text=re.compile("^a$")).first
    cell.dblclick()
    field = notebook.live(2).get_by_label("team of this run")
    field.fill("b")
    field.press("Enter")
    notebook.live(2).locator(".nbt-body .nbt-cell", has_text=re.compile("^b$")).wait_for()


def test_runs_are_deleted_and_restored(notebook):
    row(notebook, "run-0").locator(".nbt-box").click()
    notebook.live(2).get_by_role("button", name="Delete").click()
    expect(row(notebook, "run-0")).to_contain_text("deleted")
    assert "'run-0'" not in notebook.run(4)
    notebook.live(2).get_by_role("button", name="Restore").click()
    expect(row(notebook, "run-0")).not_to_contain_text("deleted")
    assert "'run-0'" in notebook.run(4)


def test_the_layout_is_remembered(notebook):
    menu(notebook, "status", "Hide")
    expect(head(notebook, "status")).to_have_count(0)
    notebook.run(5)
    notebook.run(2)
    notebook.live(2).locator(".nbt-body .nbt-row").first.wait_for()
    expect(head(notebook, "status")).to_have_count(0)


def test_the_table_is_used_with_the_keyboard(notebook):
    grid = notebook.live(2).get_by_role("grid")
    grid.focus()
    for key in ("ArrowDown", "Space", "ArrowDown", "ArrowDown", "Space"):
        grid.press(key)
    expect(notebook.live(2).get_by_role("status")).to_have_text("2 selected")
    assert len(names(notebook)) == 12
    assert notebook.run(3) == "['run-0', 'run-2']\n"
    grid.press("m")
    notebook.live(2).get_by_role("menu").wait_for()
    notebook.page.keyboard.press("Escape")
    expect(notebook.live(2).get_by_role("menu")).to_have_count(0)
    active = grid.get_attribute("aria-activedescendant")
    assert notebook.page.evaluate("(id) => document.getElementById(id).getAttribute('role')", active) == "gridcell"


def test_columns_are_found_hidden_and_shown_again(notebook):
    live = notebook.live(2)
    live.get_by_role("button", name="Columns").click()
    live.get_by_label("find a column").fill("OPT")
    boxes = live.get_by_role("menu").get_by_role("checkbox")
    expect(boxes).to_have_count(1)
    boxes.uncheck()
    expect(head(notebook, "opt")).to_have_count(0)
    live.get_by_label("find a column").fill("")
    expect(live.get_by_role("menu").get_by_label("params.opt")).not_to_be_checked()
    live.get_by_role("menuitem", name="As at first").click()
    expect(live.get_by_role("menu")).to_have_count(0)
    expect(head(notebook, "opt")).to_have_count(1)


def test_only_columns_that_differ(notebook):
    expect(head(notebook, "opt")).to_have_count(1)
    notebook.live(2).get_by_label("only columns that differ").check()
    expect(head(notebook, "status")).to_have_count(0)
    expect(head(notebook, "opt")).to_have_count(1)


def test_the_table_is_copied_as_csv(notebook):
    page = notebook.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    row(notebook, "run-3").locator(".nbt-box").click()
    notebook.live(2).get_by_role("button", name="Copy CSV").click()
    notebook.until(notebook.live(2), "1 selected")
    lines = page.evaluate("() => navigator.clipboard.readText()").splitlines()
    assert lines[0].startswith("name,status,started,duration,params.lr,params.opt")
    assert len(lines) == 2
    assert lines[1].startswith("run-3,FINISHED")


def test_rows_of_an_open_run_are_updated(open_notebook):
    start = "run = nbtrack.start_run('going')\nrun.log(loss=5.0)\nrun.flush()"
    notebook = open_notebook(start, "nbtrack.runs()", "run.log(loss=4.25); run.end()")
    notebook.run(1)
    notebook.run(2)
    expect(notebook.live(2)).to_contain_text("Running")
    notebook.run(3)
    expect(notebook.live(2)).to_contain_text("Finished", timeout=20_000)
    expect(notebook.live(2)).to_contain_text("4.25")


def test_a_press_holds_while_rows_are_updated(open_notebook):
    start = "run = nbtrack.start_run('going')\nrun.log(loss=5.0)\nrun.flush()"
    notebook = open_notebook(start, "nbtrack.runs()", "run.log(loss=4.25)\nrun.flush()", "run.log(loss=3.5)\nrun.flush()")
    live, mouse = notebook.live(2), notebook.page.mouse
    notebook.run(1)
    notebook.run(2)
    expect(live).to_contain_text("Running")
    live.locator(".nbt-box").hover()
    mouse.down()
    notebook.run(3)
    expect(live).to_contain_text("4.25", timeout=20_000)
    mouse.up()
    expect(live.get_by_role("status")).to_have_text("1 selected")
    head(notebook, "loss").get_by_role("button").hover()
    mouse.down()
    notebook.run(4)
    expect(live).to_contain_text("3.5", timeout=20_000)
    mouse.up()
    expect(live.get_by_role("menuitem", name="Sort ascending")).to_be_visible()


LARGE = """
import numpy as np
from nbtrack.widgets.views import runs as module
from nbtrack.widgets.data.columns import Cells, Table
from nbtrack.entities.run import RunInfo, Status
def table_of(runs):
    made = Table(len(runs.infos))
    made.texts("name", "run", Cells.of_all([f"run {i}" for i in range(len(runs.infos))]))
    for j in range(200): made.metric(f"m{j}", Cells.of_all(np.random.default_rng(j).random(len(runs.infos))))
    return made
module.table_of = table_of
from nbtrack.tracking.runs import Runs
experiment = nbtrack.experiments()[0].id
infos = [RunInfo(f"{i:032x}", experiment, f"run {i}", Status.FINISHED, i, i + 1, "") for i in range(10_000)]
many = Runs(nbtrack.connect()._connection, infos)
view = many._live_view(many._many())
view.read_sparks = lambda rows, keys: {"lengths": [], "x": np.empty(0), "y": np.empty(0)}
from nbtrack.widgets.open_views import key_of
from IPython.display import HTML
HTML(f'<div class="nbt-slot" data-run="{key_of(view)}"></div>')
"""


def test_ten_thousand_runs_are_a_few_hundred_cells(open_notebook):
    notebook = open_notebook("", LARGE)
    notebook.run(2)
    grid = notebook.live(2).get_by_role("grid")
    grid.wait_for()
    assert grid.get_attribute("aria-rowcount") == "10001"
    assert notebook.live(2).locator(".nbt-cell").count() < 800
    grid.evaluate("(el) => { el.scrollTop = el.scrollHeight; el.scrollLeft = el.scrollWidth; }")
    row(notebook, "run 9999").wait_for()
    assert notebook.live(2).locator(".nbt-cell").count() < 800
    assert head(notebook, "m199").count() == 1


def test_a_comparison_opens_below_the_table(notebook):
    for name in ("run-3", "run-7"):
        row(notebook, name).locator(".nbt-box").click()
    notebook.live(2).get_by_role("button", name="Compare").click()
    table = notebook.live(2).get_by_role("region", name="differences")
    expect(table).to_contain_text("run-7")
    rows = table.locator("tbody tr").all_inner_texts()
    assert next(text for text in rows if text.startswith("≠ lr")).split() == ["≠", "lr", "1", "0.1"]
    notebook.live(2).get_by_role("button", name="Close").click()
    expect(table).to_have_count(0)
    notebook.live(2).get_by_role("button", name="Compare").click()
    expect(table).to_contain_text("run-7")
