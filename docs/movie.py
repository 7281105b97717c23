# mypy: allow-untyped-calls
"""Take the moving pictures of this folder: a cell that trains in a JupyterLab in a browser, at its real speed."""

from __future__ import annotations

import os
import sys
import time
from contextlib import closing
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Page

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

from pictures import DATA, LOAD, ONLY_THE_CELL, SHOW_ONLY, THEME, browser_path  # noqa: E402

from tests.browser.lab import Notebook, Server, chromium  # noqa: E402

FILMS = {"live.webp": "JupyterLab Light", "live-dark.webp": "JupyterLab Dark"}
VIEW, SCALE = {"width": 960, "height": 900}, 2
FRAME_SECONDS, LAST_SECONDS, FRAMES, TIMES = 0.1, 5.0, 18, 3
CELL = """%%track digits
hidden, lr, epochs = {hidden}, {lr}, {epochs}

model = MLPClassifier((hidden,), learning_rate_init=lr, random_state=0)
for epoch in range(epochs):
    model.partial_fit(X_train, y_train, classes=classes)
    nbtrack.log({{"loss": model.loss_,
                 "train/accuracy": model.score(X_train, y_train),
                 "val/accuracy": model.score(X_val, y_val)}})"""
BEFORE, FILMED = CELL.format(hidden=16, lr=0.0001, epochs=600), CELL.format(hidden=64, lr=0.0001, epochs=600)


def film(page: Page, server: Server, theme: str) -> list[tuple[Image.Image, int]]:
    """Return the frames of a cell that is executed, each with how long it is shown, in milliseconds."""
    notebook = Notebook(page, server, "digits.ipynb", [LOAD, DATA, BEFORE])
    page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
    page.evaluate(THEME, theme)
    for i in range(3):
        notebook.run(i)
    page.evaluate("(text) => window.panel.content.widgets[2].model.sharedModel.setSource(text)", FILMED)
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-cell-output')")
    page.add_style_tag(content=ONLY_THE_CELL)
    page.evaluate(SHOW_ONLY, 2)
    frames = _frames(page, notebook)
    notebook.close()
    return frames


def _frames(page: Page, notebook: Notebook) -> list[tuple[Image.Image, int]]:
    page.wait_for_timeout(1000)
    taken = [(_shot(page, notebook), time.monotonic())]
    notebook.start(2)
    while page.evaluate("() => window.done[2] === null"):
        page.wait_for_timeout(FRAME_SECONDS * 1000)
        taken.append((_shot(page, notebook), time.monotonic()))
    taken = _spread(taken)
    page.wait_for_timeout(1500)
    taken.append((_shot(page, notebook), taken[-1][1] + FRAME_SECONDS))
    ends = [when for _, when in taken[1:]] + [taken[-1][1] + LAST_SECONDS]
    return [(image, round((end - when) * 1000)) for (image, when), end in zip(taken, ends, strict=True)]


def _spread(taken: list[tuple[Image.Image, float]]) -> list[tuple[Image.Image, float]]:
    """Keep so many frames that the picture stays small, however fast the machine took them."""
    count = min(len(taken), FRAMES)
    return [taken[round(i * (len(taken) - 1) / (count - 1))] for i in range(count)]


def _shot(page: Page, notebook: Notebook) -> Image.Image:
    return Image.open(BytesIO(notebook.cell(2).screenshot())).convert("RGB")


def write(frames: list[tuple[Image.Image, int]], path: Path) -> None:
    """Write frames as one picture that moves; each is as large as the largest, with the page's colour around."""
    size = max(image.width for image, _ in frames), max(image.height for image, _ in frames)
    last = frames[-1][0]
    ground = last.getpixel((last.width - 3, last.height - 12 * SCALE))
    images = [Image.new("RGB", size, ground) for _ in frames]
    for image, (taken, _) in zip(images, frames, strict=True):
        image.paste(taken)
    durations = [milliseconds for _, milliseconds in frames]
    images[0].save(path, save_all=True, append_images=images[1:], duration=durations, loop=TIMES, lossless=True, method=6)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for name, theme in FILMS.items():
        with (
            TemporaryDirectory() as folder,
            closing(Server("lab", Path(folder), {})) as server,
            chromium(browser_path()) as browser,
        ):
            frames = film(browser.new_context(viewport=VIEW, device_scale_factor=SCALE).new_page(), server, theme)
        write(frames, ROOT / "docs" / name)
        print(f"docs/{name}: {len(frames)} frames, {(ROOT / 'docs' / name).stat().st_size // 1000} kB")
