"""A comparison in a notebook: a selection holds in all of its parts and in Python; its themes and widths."""

import re

import pytest
from playwright.sync_api import expect

from .test_table import SWEEP

SELECTED = "print(sorted(run.name for run in comparison.selected))"
SHOW = "comparison = nbtrack.compare(nbtrack.runs(order_by='start_time ASC')[:6]); comparison"
THEME = "(name) => window.jupyterapp.commands.execute('apputils:change-theme', { theme: name })"
CONTRAST = """(el) => {
    const rgb = (color) => color.match(/[\\d.]+/g).slice(0, 3).map((part) => Number(part) / 255);
    const light = (color) => rgb(color).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = (node) => {
        const own = getComputedStyle(node).backgroundColor;
        return /, 0\\)|transparent/.test(own) && node.parentElement ? ground(node.parentElement) : own;
    };
    const [a, b] = [light(getComputedStyle(el).color), light(ground(el))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
}"""


@pytest.fixture
def notebook(open_notebook):
    notebook = open_notebook(SWEEP, SHOW, SELECTED)
    notebook.run(1)
    notebook.run(2)
    notebook.live(2).get_by_role("tab").first.wait_for()
    return notebook


def to(notebook, name):
    notebook.live(2).get_by_role("tab", name=name).click()
    return notebook.live(2).get_by_role("tabpanel")


def test_curves_are_drawn_and_grouped(notebook):
    part = to(notebook, "Curves")
    part.locator("canvas").first.wait_for()
    assert part.locator("canvas").count() >= 2, "one of accuracy and one of loss"
    part.get_by_label(re.compile("group")).select_option(label="opt")
    expect(part).to_contain_text("adam")


def test_a_selection_holds_everywhere(notebook):
    chosen = to(notebook, "Scatter").locator("circle").nth(2)
    name = chosen.locator("title").text_content()
    chosen.focus()
    notebook.page.keyboard.press("Enter")
    expect(notebook.live(2).get_by_role("button", name="Clear selection (1)")).to_be_visible()
    selected = re.findall(r"'(run-\d+)'", notebook.run(3))
    assert len(selected) == 1
    assert selected[0] in name
    to(notebook, "Curves")
    expect(notebook.live(2).locator(".nbt-runs button[aria-pressed=true]")).to_contain_text(selected[0])


@pytest.mark.parametrize(("part", "pressed"), [("Differences", "thead button"), ("Scatter", "circle"), ("Parallel", ".nbt-axis")])
def test_what_can_be_pressed_stays_when_the_selection_changes(notebook, part, pressed):
    live = notebook.live(2)
    elements = [to(notebook, part).locator(pressed).first.element_handle()]
    elements += [live.locator(own).first.element_handle() for own in (".nbt-runs button", "[role=tab]")]
    live.locator(".nbt-runs button").first.click()
    expect(live.get_by_role("button", name="Clear selection (1)")).to_be_visible()
    assert all(element.evaluate("(el) => el.isConnected") for element in elements)


def test_arrows_lead_from_tab_to_tab(notebook):
    tabs = notebook.live(2).get_by_role("tab")
    tabs.first.focus()
    notebook.page.keyboard.press("ArrowLeft")
    expect(tabs.last).to_be_focused()
    expect(tabs.last).to_have_attribute("aria-selected", "true")
    notebook.page.keyboard.press("ArrowRight")
    expect(tabs.first).to_be_focused()


def test_brushing_an_axis_selects_the_runs_that_go_through_it(notebook):
    axis = to(notebook, "Parallel").locator("g.nbt-axis[data-id='params.lr']")
    axis.focus()
    for key in ("ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp"):
        notebook.page.keyboard.press(key)
    expect(axis).to_have_attribute("aria-valuetext", "80 to 100 percent")
    expect(notebook.live(2).get_by_role("button", name="Clear selection (2)")).to_be_visible()
    assert notebook.run(3) == "['run-0', 'run-3']\n", "those with the highest learning rate"
    axis.focus()
    notebook.page.keyboard.press("Escape")
    expect(notebook.live(2).get_by_role("button", name=re.compile("Clear selection"))).to_have_count(0)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"])
def test_the_picture_fits_and_can_be_read(notebook, theme):
    page = notebook.page
    page.evaluate(THEME, theme)
    page.wait_for_function("(name) => document.body.dataset.jpThemeName === name", arg=theme)
    page.set_viewport_size({"width": 640, "height": 900})
    try:
        live = notebook.live(2)
        for name in ("Differences", "Curves", "Scatter", "Parallel", "Code"):
            to(notebook, name)
            assert live.evaluate("(el) => el.scrollWidth <= el.clientWidth + 1"), f"{name} is wider than the output"
        to(notebook, "Differences")
        for text in (live.locator("td").first, live.locator("th").nth(1), live.get_by_role("tab").last):
            assert text.evaluate(CONTRAST) >= 4.5
    finally:
        page.set_viewport_size({"width": 1400, "height": 1000})
        page.evaluate(THEME, "JupyterLab Light")
