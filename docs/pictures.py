# mypy: allow-untyped-calls
"""Take the pictures of this folder: cells of the executed quickstart, and of a notebook that runs, as a browser shows them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from PIL import Image, ImageChops
from playwright.sync_api import Page

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.lab import Notebook, Server, chromium  # noqa: E402

QUICKSTART = ROOT / "notebooks" / "01_quickstart.ipynb"
PICTURES = {"tracked-cell.png": "%%track baseline"}
WIDTH, HEIGHT, SCALE = 1060, 1600, 2
STYLE = "<style>body { margin: 0 } .jp-Notebook { padding: 4px 12px !important }</style>"


def picture(notebook: nbformat.NotebookNode, start: str, path: Path) -> None:
    """Write the cell whose source begins with ``start``, and its output, as a picture."""
    cell = next(cell for cell in notebook.cells if cell.source.startswith(start))
    page, _ = HTMLExporter(theme="light").from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cell.html").write_text(page.replace("</head>", f"{STYLE}</head>"), encoding="utf-8")
        _screenshot(Path(folder) / "cell.html", Path(folder) / "cell.png")
        _cropped(Image.open(Path(folder) / "cell.png").convert("RGB")).save(path, optimize=True)


def _screenshot(page: Path, path: Path) -> None:
    browser = browser_path()
    options = [f"--window-size={WIDTH},{HEIGHT}", f"--force-device-scale-factor={SCALE}", "--hide-scrollbars", "--no-sandbox"]
    command = [browser, "--headless", "--disable-gpu", *options, f"--screenshot={path}", "--timeout=20000", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def browser_path() -> str:
    """Return the path of Chromium, without which there are no pictures."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    return found or sys.exit("the pictures need chromium: apt install chromium")


def _cropped(image: Image.Image) -> Image.Image:
    """Cut off the empty space below, and keep 256 colours."""
    box = ImageChops.difference(image, Image.new("RGB", image.size, image.getpixel((0, image.height - 1)))).getbbox()
    cut = image if box is None else image.crop((0, 0, image.width, min(image.height, box[3] + 8 * SCALE)))
    return cut.convert("P", palette=Image.Palette.ADAPTIVE, colors=256)


# What a person sees who works: the curves of a cell that is running, the table of runs, a comparison.

LOAD = "%load_ext nbtrack\nnbtrack.connect('runs')"
DATA = """import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

pixels, digits = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(pixels / 16, digits, test_size=0.3, random_state=0)
classes = np.unique(digits)"""
TRAIN = """%%track wider
hidden, lr, epochs = {hidden}, {lr}, {epochs}

model = MLPClassifier((hidden,), learning_rate_init=lr, random_state=0)
for epoch in range(epochs):
    model.partial_fit(X_train, y_train, classes=classes)
    train, val = model.score(X_train, y_train), model.score(X_val, y_val)
    nbtrack.log({{"loss": model.loss_, "train/accuracy": train, "val/accuracy": val}})"""
SWEEP = """for lr in (0.001, 0.003, 0.01, 0.1):
    for hidden in (16, 128):
        with nbtrack.start_run(f"{hidden} wide", params={"lr": lr, "hidden": hidden}) as run:
            model = MLPClassifier((hidden,), learning_rate_init=lr, random_state=0)
            for epoch in range(20):
                model.partial_fit(X_train, y_train, classes=classes)
                run.log(loss=model.loss_, accuracy=model.score(X_val, y_val))"""
TABLE = "nbtrack.runs('metrics.accuracy > 0', order_by='metrics.accuracy DESC')"
COMPARE = "nbtrack.compare(nbtrack.runs('metrics.accuracy > 0 and params.hidden = 128'))"
THEME = "(name) => window.jupyterapp.commands.execute('apputils:change-theme', { theme: name })"
MANY = "() => /[4-9]\\d\\d points/.test(document.querySelector('.nbt-head')?.textContent)"
SHOW_ONLY = "(i) => window.panel.content.widgets.forEach((cell, j) => cell.node.classList.toggle('nbt-pictured', i === j))"
ONLY_THE_CELL = """.jp-Notebook .jp-Cell:not(.nbt-pictured) { display: none !important }
.jp-SideBar, .jp-NotebookPanel-toolbar, #jp-top-panel, #jp-bottom-panel, .jp-Notebook-footer, .jp-InputPrompt, .jp-OutputPrompt,
.jp-Collapser, .jp-cell-toolbar { display: none !important }"""


def live_pictures(folder: Path) -> None:
    """Write the pictures of a notebook that is worked with, in the light theme and, of the first, in the dark one."""
    server = Server("lab", folder, {})
    with closing(server), chromium(browser_path()) as opened:
        page = opened.new_context(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SCALE).new_page()
        short = TRAIN.format(hidden=64, lr=0.0003, epochs=150)
        long = TRAIN.format(hidden=128, lr=0.0001, epochs=30_000)
        notebook = Notebook(page, server, "pictures.ipynb", [LOAD, DATA, short, SWEEP, TABLE, COMPARE])
        page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
        for i in range(3):
            notebook.run(i)
        page.evaluate("(text) => window.panel.content.widgets[2].model.sharedModel.setSource(text)", long)
        notebook.start(2)
        page.wait_for_function(MANY, timeout=60_000)
        for name, theme in (("live.png", "JupyterLab Light"), ("live-dark.png", "JupyterLab Dark")):
            page.evaluate(THEME, theme)
            _take(page, notebook, 2, ROOT / "docs" / name)
        page.evaluate(THEME, "JupyterLab Light")
        notebook.live(2).locator("button[data-what=stop]").click()
        notebook.wait(2)
        for i, name in ((3, ""), (4, "table.png"), (5, "comparison.png")):
            notebook.run(i)
            if name:
                notebook.live(i).get_by_role("tab", name="Curves").click() if name == "comparison.png" else None
                _take(page, notebook, i, ROOT / "docs" / name)
        notebook.close()


def _take(page: Page, notebook: Notebook, i: int, path: Path) -> None:
    """Write a cell with its output as a picture, with nothing around it."""
    style = page.add_style_tag(content=ONLY_THE_CELL)
    page.evaluate(SHOW_ONLY, i)
    notebook.live(i).scroll_into_view_if_needed()
    page.wait_for_timeout(1500)
    with tempfile.TemporaryDirectory() as folder:
        notebook.cell(i).screenshot(path=Path(folder) / "cell.png")
        Image.open(Path(folder) / "cell.png").convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE, colors=256).save(
            path, optimize=True
        )
    style.evaluate("(style) => style.remove()")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as temporary:
        live_pictures(Path(temporary))
    executed = nbformat.reads(QUICKSTART.read_text(encoding="utf-8"), as_version=4)
    for name, start in PICTURES.items():
        picture(executed, start, ROOT / "docs" / name)
        print(f"docs/{name}: {(ROOT / 'docs' / name).stat().st_size // 1000} kB")
