"""Saved notebooks and files of ``to_html`` in a browser without a kernel or a network."""

import json
import math
import re

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

import nbtrack

from .conftest import new_page

HACK = "document.title = 'hacked'"
HOSTILE = [
    f'<img src=x onerror="{HACK}">',
    f"</script><script>{HACK}</script>",
    f'"><svg onload="{HACK}">',
    f"javascript:{HACK}",
    "{{constructor.constructor('" + HACK.replace("'", '"') + "')()}}",
    "\u202eevil \U0001f389 é中 مرحبا",
    "x" * 10_000,
]


@pytest.fixture
def offline_page(browser):
    """A page of a browser without a network, and what it complains of."""
    page = new_page(browser)
    page.context.set_offline(True)
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("request", lambda request: request.url.startswith(("file:", "data:", "blob:")) or page.problems.append(request.url))
    yield page
    page.context.close()


@pytest.fixture
def runs(tracker):
    for i, text in enumerate(HOSTILE):
        name = text[:200]
        with nbtrack.start_run(
            text[:500], params={"lr": 0.1**i, "text": text[:6000]}, tags={"team": text[:5000]}, note=text
        ) as run:
            for step in range(50):
                run.log({"train/loss": math.exp(-step / 9) + i, "val/loss": math.exp(-step / 7) + i})
            run.log({_metric_name(name): 1.0})
            run.log_text(text, "remarks.txt")
    return nbtrack.runs(order_by="start_time ASC")


def _metric_name(text):
    return re.sub(r"[^\w\-./: ]", "_", text).strip("/. ")[:100] or "m"


def test_a_run_is_interactive_and_hostile_strings_are_text(runs, tmp_path, offline_page):
    page = offline_page
    for i, run in enumerate(runs):
        page.goto(run.to_html(tmp_path / f"{i}.html").as_uri())
        live = page.locator(".nbt-live")
        live.locator("canvas").first.wait_for()
        expect(live.locator(".nbt-status")).to_have_text(re.compile("Finished"))
        assert page.title() != "hacked"
        assert live.locator("img[src=x], script, svg[onload]").count() == 0
        assert live.evaluate("(el) => el.scrollWidth <= el.clientWidth + 1"), "wider than the page"
    assert page.problems == []
    live.get_by_role("button", name="Params").click()
    expect(live.locator("dl")).to_contain_text("lr")
    expect(live.get_by_role("button", name="Stop")).to_have_count(0)


def test_a_table_among_the_files_is_shown(tracker, tmp_path, offline_page):
    with nbtrack.start_run("tables") as run:
        run.log_text("x,y\n1,2\n3,4\n", "measured.csv")
    offline_page.goto(run.to_html(tmp_path / "run.html").as_uri())
    live = offline_page.locator(".nbt-live")
    live.get_by_role("button", name="Files").click()
    expect(live.locator(".nbt-preview td")).to_have_text(["1", "2", "3", "4"])
    assert offline_page.problems == []


def test_a_curve_is_hidden_by_its_legend(runs, tmp_path, offline_page):
    offline_page.goto(runs[0].to_html(tmp_path / "run.html").as_uri())
    button = offline_page.locator(".nbt-legend button", has_text="val/loss")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")


def test_a_table_sorts_and_selects_without_a_kernel(runs, tmp_path, offline_page):
    page = offline_page
    page.goto(runs.to_html(tmp_path / "runs.html").as_uri())
    live = page.locator(".nbt-live")
    live.locator(".nbt-body .nbt-row").first.wait_for()
    assert live.get_by_role("grid").get_attribute("aria-rowcount") == str(len(HOSTILE) + 1)
    live.get_by_role("columnheader").filter(has=page.get_by_text("lr", exact=True)).get_by_role("button").click()
    live.get_by_role("menuitem", name="Sort ascending", exact=True).click()
    expect(live.get_by_role("columnheader").filter(has=page.get_by_text("lr", exact=True))).to_have_attribute(
        "aria-sort", "ascending"
    )
    assert page.title() != "hacked"
    assert page.problems == []


def test_a_comparison_opens_each_of_its_parts(runs, tmp_path, offline_page):
    page = offline_page
    page.goto(runs[:4].compare().to_html(tmp_path / "comparison.html").as_uri())
    live = page.locator(".nbt-live")
    tabs = live.get_by_role("tab")
    tabs.first.wait_for()
    for i in range(tabs.count()):
        tabs.nth(i).click()
        expect(tabs.nth(i)).to_have_attribute("aria-selected", "true")
        page.wait_for_function("""() => { const panel = document.querySelector(".nbt-live [role=tabpanel]");
            return panel && (panel.innerText.trim() || panel.querySelector("canvas, svg")); }""")
    assert page.title() != "hacked"
    assert page.problems == []


# Files that are pages and pictures with scripts in them, tables with markup in each cell, and an experiment, runs, params, tags
# and an error that are nothing but markup.
EVERYWHERE = """
import pandas as pd
texts = [text.replace("document.title = 'hacked'", "window.hacked = 1") for text in {texts!r}]
nbtrack.set_experiment(texts[0][:200])
for i, text in enumerate(texts):
    try:
        tags, params = {{"team": text[:5000]}}, {{"lr": 0.1**i, "text": text[:6000]}}
        with nbtrack.start_run(text[:500], params=params, tags=tags, note=text) as run:
            for step in range(20):
                run.log(loss=i / (step + 1))
            for name in ("page.html", "picture.svg", "remarks.txt", "facts.json", "notes.md"):
                run.log_text(f"<svg xmlns='http://www.w3.org/2000/svg'><script>window.hacked = 1</script></svg>{{text}}", name)
            run.log_table(pd.DataFrame({{text[:50] or "x": [text] * 3}}), "table.json")
            raise ValueError(text)
    except ValueError:
        pass
"""
SHOWN = ["run", "run.live()", "nbtrack.runs()", "nbtrack.runs()[:4].compare()"]


def test_user_supplied_strings_are_never_markup(open_notebook):
    notebook = open_notebook(EVERYWHERE.format(texts=HOSTILE), *SHOWN)
    for i in range(1, 2 + len(SHOWN)):
        notebook.run(i)
        assert notebook.error(i) is None
    run, live, table, comparison = (notebook.live(i) for i in range(2, 6))
    for view in (run, live):
        view.locator("button[data-what=note]").click()
        view.locator("button[data-what=params]").click()
        expect(view.locator("dl")).to_contain_text("lr")
        view.locator("button[data-what=files]").click()
        files = view.get_by_role("treeitem")
        expect(files.filter(has_text="page.html")).to_be_visible()
        for i in range(files.count()):
            files.nth(i).click()
            expect(view.locator(".nbt-preview")).to_contain_text(files.nth(i).get_attribute("data-path"))
            expect(view.locator(".nbt-preview > :last-child")).not_to_have_text("…")
    table.locator(".nbt-body .nbt-row").first.click()
    table.get_by_role("button", name="Columns").click()
    for i in range(comparison.get_by_role("tab").count()):
        comparison.get_by_role("tab").nth(i).click()
        expect(comparison.get_by_role("tab").nth(i)).to_have_attribute("aria-selected", "true")
    for frame in notebook.page.frames:
        assert frame.evaluate("window.hacked") is None
    for view in (run, live, table, comparison):
        assert view.locator("script, img[src=x], svg[onload], a[href^='javascript:']").count() == 0
    assert not notebook.problems


TRACKED = "%%track '<img src=x onerror=document.title=7>'\nfor step in range(50):\n    nbtrack.log(loss=1 / (step + 1))"


def test_a_saved_notebook_is_readable_without_its_kernel(open_notebook, lab, own_page, offline_page, tmp_path):
    notebook = open_notebook(TRACKED, "nbtrack.runs()", "nbtrack.runs().compare()")
    for i in (1, 2, 3):
        notebook.run(i)
    saved = nbformat.reads(json.dumps(notebook.save()), as_version=4)
    for trusted in (True, False):
        name = f"{notebook.name}-{trusted}.ipynb"
        for cell in saved.cells:
            cell.metadata.trusted = trusted
        (lab.root / name).write_text(nbformat.writes(saved))
        own_page.goto(lab.url(name))
        own_page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.context?.isReady")
        output = own_page.locator(".jp-Cell").nth(1).locator(".jp-OutputArea-output").first
        expect(output).to_contain_text("Finished")
        expect(output).to_contain_text("loss")
        assert output.locator("img").first.evaluate("(el) => el.complete && el.naturalWidth > 100"), "the curve is drawn"
        assert own_page.title() != "7"
        assert "model not found" not in own_page.locator(".jp-Notebook").inner_text()
    page, _ = HTMLExporter().from_notebook_node(saved)
    (tmp_path / "page.html").write_text(page)
    offline_page.goto((tmp_path / "page.html").as_uri())
    expect(offline_page.locator(".nbt-slot").first).to_contain_text("Finished")
    assert offline_page.title() != "7"
