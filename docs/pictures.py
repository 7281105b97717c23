"""Take the pictures of this folder: cells of the executed quickstart, as a browser shows them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from PIL import Image, ImageChops

ROOT = Path(__file__).parents[1]
QUICKSTART = ROOT / "notebooks" / "01_quickstart.ipynb"
PICTURES = {"tracked-cell.png": "%%track baseline", "runs.png": "%runs"}
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
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("the pictures need chromium: apt install chromium")
    options = [f"--window-size={WIDTH},{HEIGHT}", f"--force-device-scale-factor={SCALE}", "--hide-scrollbars", "--no-sandbox"]
    command = [browser, "--headless", "--disable-gpu", *options, f"--screenshot={path}", "--timeout=20000", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def _cropped(image: Image.Image) -> Image.Image:
    """Cut off the empty space below, and keep 256 colours."""
    box = ImageChops.difference(image, Image.new("RGB", image.size, image.getpixel((0, image.height - 1)))).getbbox()
    cut = image if box is None else image.crop((0, 0, image.width, min(image.height, box[3] + 8 * SCALE)))
    return cut.convert("P", palette=Image.Palette.ADAPTIVE, colors=256)


if __name__ == "__main__":
    executed = nbformat.reads(QUICKSTART.read_text(encoding="utf-8"), as_version=4)
    for name, start in PICTURES.items():
        picture(executed, start, ROOT / "docs" / name)
        print(f"docs/{name}: {(ROOT / 'docs' / name).stat().st_size // 1000} kB")
