"""A run's live view while its cell runs and after it, with reloads, lost connections and restarted kernels."""

import re

import pytest
from playwright.sync_api import expect

from ..ipykernels import VERSIONS

# It logs until the test lets it end.
LOGGING = """%%track alive
step = 0
while go_on():
    nbtrack.log({"train/loss": 1 / (step + 1), "val/loss": 2 / (step + 1), "accuracy": 1 - 1 / (step + 1)})
    step += 1
    time.sleep(0.0005)
"""
WATCH_FOR_RESTART = """() => {
    const { kernel } = window.panel.sessionContext.session;
    window.wasRestarted = new Promise((done) => {
        kernel.statusChanged.connect((_, status) => { if (/restarting|dead/.test(status)) done(true); });
    });
}"""
SHORT = "%%track short\nfor step in range(50):\n    nbtrack.log(loss=1 / (step + 1))"
ENDED = re.compile("Finished|Stopped|Failed|Interrupted")


def points(live):
    """Return how many points the view says there are."""
    found = re.search(r"([\d,]+) points", live.locator(".nbt-head").inner_text())
    return int(found[1].replace(",", "")) if found else 0


def wait_for_more(notebook, live, than):
    """Wait until a frame has come that has more points."""
    head = live.locator(".nbt-head").element_handle()
    more = "([el, than]) => Number((/([\\d,]+) points/.exec(el.textContent)?.[1] ?? '0').replaceAll(',', '')) > than"
    notebook.page.wait_for_function(more, arg=[head, than], timeout=30_000)
    return points(live)


def begin(notebook, i=1):
    notebook.start(i)
    live = notebook.live(i)
    live.locator(".nbt-plot").first.wait_for(timeout=30_000)
    return live


@pytest.fixture(params=["lab", "notebook_7"])
def server(request):
    return request.getfixturevalue(request.param)


def test_curves_grow_while_the_cell_runs(open_notebook, server):
    notebook = open_notebook(LOGGING, server=server)
    live = begin(notebook)
    first = wait_for_more(notebook, live, 0)
    second = wait_for_more(notebook, live, first)
    assert notebook.page.evaluate("window.done[1]") is None, "the cell has ended"
    assert live.locator(".nbt-card").count() == 2, "train/loss and val/loss share a chart"
    notebook.flag.touch()
    notebook.wait(1)
    expect(live.locator(".nbt-status")).to_have_text(re.compile("Finished"))
    assert points(live) >= second
    assert not notebook.problems


@pytest.mark.parametrize("kernel", VERSIONS)
def test_stop_and_zoom_while_the_cell_runs(open_notebook, kernel):
    notebook = open_notebook(LOGGING, "print(ran)", kernel=kernel)
    live = begin(notebook)
    wait_for_more(notebook, live, 3000)
    plot = live.locator(".nbt-plot").first
    plot.hover(position={"x": 100, "y": 50})
    notebook.page.mouse.down()
    plot.hover(position={"x": 200, "y": 60})
    notebook.page.mouse.up()
    live.locator("button", has_text="Reset zoom").wait_for()
    # The store's answer says how many points there are in the stretch.
    notebook.until(live.locator(".nbt-said"), re.compile(r"\d points"))
    assert notebook.page.evaluate("window.done[1]") is None, "the cell has ended"
    live.locator("button[data-what=stop]").click()
    notebook.wait(1)
    assert "stopped with the Stop button" in notebook.error(1)
    expect(live.locator(".nbt-status")).to_have_text(re.compile("Stopped"))


def test_a_press_and_its_release_land_on_the_same_button_while_frames_come(open_notebook):
    notebook = open_notebook(LOGGING)
    live = begin(notebook)
    mouse = notebook.page.mouse
    for button in (live.locator("button[data-what=note]"), live.locator(".nbt-legend button").first):
        button.hover()
        mouse.down()
        wait_for_more(notebook, live, wait_for_more(notebook, live, points(live)))
        mouse.up()
        pressed = "false" if button.locator("b").count() else "true"
        expect(button).to_have_attribute("aria-pressed", pressed)
    live.locator("textarea").fill("what is being written stays")
    wait_for_more(notebook, live, points(live))
    expect(live.locator("textarea")).to_have_value("what is being written stays")
    assert notebook.page.evaluate("window.done[1]") is None, "the cell has ended"
    notebook.flag.touch()
    notebook.wait(1)


def test_stop_and_note_in_notebook_7(open_notebook, notebook_7):
    notebook = open_notebook(LOGGING, "run = nbtrack.runs()[0]; print(run.status, run.note)", server=notebook_7)
    live = begin(notebook)
    wait_for_more(notebook, live, 100)
    live.locator("button[data-what=note]").click()
    live.locator("textarea").fill("seen in Notebook 7")
    live.locator("button", has_text="Save note").click()
    expect(live.locator(".nbt-note")).to_have_text("seen in Notebook 7")
    assert notebook.page.evaluate("window.done[1]") is None, "the cell has ended"
    live.locator("button[data-what=stop]").click()
    notebook.wait(1)
    assert notebook.run(2) == "KILLED seen in Notebook 7\n"


def test_a_half_built_figure_survives(open_notebook):
    body = LOGGING.replace("step = 0", "import matplotlib.pyplot as plt\nfigure = plt.figure()\nplt.plot([1, 2])\nstep = 0")
    notebook = open_notebook(f"{body}print(plt.gcf() is figure, len(figure.axes))")
    live = begin(notebook)
    wait_for_more(notebook, live, 100)
    live.locator("button[data-what=note]").click()
    live.locator("textarea").fill("in the middle of a figure")
    live.locator("button", has_text="Save note").click()
    expect(live.locator(".nbt-note")).to_have_text("in the middle of a figure")
    notebook.flag.touch()
    notebook.wait(1)
    assert "True 1" in notebook.text(1)
    assert sum("image/png" in each.get("data", {}) and "text/html" not in each["data"] for each in notebook.outputs(1)) == 1


def test_what_is_saved_is_html_and_a_picture(open_notebook):
    notebook = open_notebook(SHORT)
    notebook.run(1)
    expect(notebook.live(1).locator(".nbt-status")).to_have_text(re.compile("Finished"))
    (output,) = notebook.saved_outputs(1)
    assert set(output["data"]) == {"text/html", "image/png", "text/plain"}
    html = "".join(output["data"]["text/html"])
    assert "<script" not in html
    assert "Finished" in html
    assert len(str(output)) < 40_000
    assert "widgets" not in notebook.save()["metadata"]


def test_a_page_that_is_reloaded_shows_the_run_again(open_notebook):
    notebook = open_notebook(SHORT)
    notebook.run(1)
    before = points(notebook.live(1))
    notebook.save()
    notebook.reload()
    expect(notebook.live(1).locator(".nbt-status")).to_have_text(re.compile("Finished"), timeout=30_000)
    assert points(notebook.live(1)) == before == 50


def test_a_page_that_is_reloaded_during_a_run_has_it_all_in_the_end(open_notebook):
    """The busy kernel tells a new page of its widgets when the cell has ended; until then it sees what was saved."""
    notebook = open_notebook(LOGGING)
    live = begin(notebook)
    before = wait_for_more(notebook, live, 100)
    notebook.save()
    notebook.reload(is_busy=True)
    expect(notebook.cell(1)).to_contain_text("was running when this was saved")
    notebook.flag.touch()
    expect(notebook.live(1).locator(".nbt-status")).to_have_text(re.compile("Finished"), timeout=30_000)
    assert points(notebook.live(1)) > before


def test_a_restarted_kernel_leaves_the_last_frame(open_notebook):
    notebook = open_notebook(LOGGING, "nbtrack.runs()[0].status")
    live = begin(notebook)
    wait_for_more(notebook, live, 100)
    notebook.restart()
    notebook.until(live.locator(".nbt-head"), "the kernel is gone")
    expect(live.locator("button[data-what=stop]")).to_have_count(0)
    (output,) = notebook.saved_outputs(1)
    assert "was running when this was saved" in "".join(output["data"]["text/html"])
    assert not any("widget" in kind for kind in output["data"])
    notebook.run(0)
    assert "KILLED" in notebook.run(2) or "FAILED" in notebook.run(2)


def test_a_kernel_that_is_killed_leaves_its_points(open_notebook):
    notebook = open_notebook(LOGGING, "run = nbtrack.runs()[0]; print(run.status, run.metrics['accuracy'].count)")
    live = begin(notebook)
    seen = wait_for_more(notebook, live, 300)
    notebook.page.evaluate(WATCH_FOR_RESTART)
    for process in _kernels(notebook):
        process.kill()
    notebook.page.evaluate("() => window.wasRestarted")
    notebook.until(live.locator(".nbt-head"), "the kernel is gone")
    notebook.page.locator(".jp-Dialog", has_text="appears to have died").get_by_role("button", name="Ok").click()
    notebook.wait_ready()
    notebook.run(0)
    status, count = notebook.run(2).split()
    assert status == "FAILED"
    assert int(count) * 3 >= seen


def _kernels(notebook):
    import psutil

    name = f"kernel-{notebook.kernel_id()}.json"
    return [each for each in psutil.process_iter(["cmdline"]) if any(name in word for word in each.info["cmdline"] or [])]


def test_a_connection_that_is_lost_comes_back(open_notebook):
    notebook = open_notebook(LOGGING)
    live = begin(notebook)
    before = wait_for_more(notebook, live, 100)
    connection = "window.panel.sessionContext.session.kernel"
    notebook.page.evaluate(f"() => {connection}._ws.close()")
    notebook.page.wait_for_function(f"() => {connection}.connectionStatus === 'connected'", timeout=60_000)
    wait_for_more(notebook, notebook.live(1), before)
    notebook.live(1).locator("button[data-what=stop]").click()
    expect(notebook.live(1).locator(".nbt-status")).to_have_text(re.compile("Stopped"), timeout=20_000)


def test_a_cell_that_runs_twenty_times_leaves_nothing_behind(open_notebook):
    count = "from ipywidgets.widgets.widget import _instances; import threading; print(len(_instances), threading.active_count())"
    notebook = open_notebook(SHORT, count)
    notebook.run(1)
    notebook.run(1)
    before = notebook.run(2)
    # Views of notebooks that other tests had open in this page may be among them.
    views = "() => window.__nbtrackViews.size"
    alive = notebook.page.evaluate(views)
    for _ in range(20):
        notebook.run(1)
    expect(notebook.live(1).locator(".nbt-status")).to_have_text(re.compile("Finished"))
    assert notebook.run(2) == before
    assert notebook.page.evaluate(views) == alive
    assert len(notebook.outputs(1)) == 1


def test_the_run_before_is_drawn_underneath(open_notebook):
    notebook = open_notebook(SHORT)
    notebook.run(1)
    notebook.run(1)
    expect(notebook.live(1).locator(".nbt-legend").first).to_contain_text("previous")


def test_two_notebooks_share_a_store(open_notebook, own_page):
    one = open_notebook(LOGGING, "print(len(nbtrack.runs()))")
    two = open_notebook(LOGGING, "print(len(nbtrack.runs()))", on=own_page, store=one.store)
    lives = [begin(one), begin(two)]
    for notebook, live in zip((one, two), lives, strict=True):
        wait_for_more(notebook, live, 300)
    for notebook in (one, two):
        notebook.flag.touch()
        notebook.wait(1)
    assert one.run(2) == two.run(2) == "2\n"
    assert points(lives[0]) != points(lives[1])


@pytest.mark.parametrize(
    "body, said",
    [
        ("pass", "No metrics were logged"),
        ("nbtrack.log(loss=1.0)", "loss 1"),
        ("for i in range(9): nbtrack.log(loss=float('nan'))", "is NaN throughout"),
        ("for i in range(9): nbtrack.log(loss=float('nan') if i > 4 else 1.0 - i / 9)", "diverged at step 5"),
        ("for i in range(9): nbtrack.log(loss=float('nan') if i == 4 else 1.0 - i / 9)", "1 NaN at step 4"),
        ("for i in range(9): nbtrack.log(loss=3.5)", "loss 3.5"),
        ("for i in range(9): nbtrack.log({f'metric{j}': i * j for j in range(500)})", "4,500 points"),
    ],
    ids=["empty", "one point", "all NaN", "diverged", "recovered", "constant", "500 metrics"],
)
def test_unusual_runs_are_displayed(open_notebook, body, said):
    notebook = open_notebook(f"%%track unusual\n{body}")
    notebook.run(1)
    live = notebook.live(1)
    expect(live).to_contain_text(said)
    expect(live.locator(".nbt-status")).to_have_text(re.compile("Finished"))
    assert live.evaluate("(el) => el.scrollWidth <= el.clientWidth + 1"), "wider than the output"
    assert not notebook.problems


def test_a_failure_names_its_line(open_notebook):
    notebook = open_notebook("%%track fails\nnbtrack.log(loss=1)\n\nraise ValueError('too hot')")
    notebook.run(1)
    expect(notebook.live(1).locator(".nbt-status")).to_have_text(re.compile("Failed at line 4"))
    expect(notebook.live(1)).to_contain_text("ValueError: too hot")
