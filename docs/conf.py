"""Sphinx builds the documentation site: ``make docs``."""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.application import Sphinx

import nbtrack

sys.path.insert(0, str(Path(__file__).parent))

from generate import generated

project = "nbtrack"
author = "the nbtrack authors"
copyright = author  # noqa: A001 - Sphinx names it so
release = version = nbtrack.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["**/.ipynb_checkpoints"]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
add_module_names = False
autodoc_member_order = "groupwise"
autodoc_typehints = "none"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
copybutton_exclude = ".gp, .go"  # prompts and outputs of examples

html_theme = "pydata_sphinx_theme"
html_title = "nbtrack"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/icon.svg"
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "nbtrack", "image_light": "_static/icon.svg", "image_dark": "_static/icon.svg"},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 6,
    "show_nav_level": 1,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars: dict[str, list[str]] = {"index": [], "start": []}


def fill_in(app: Sphinx, page: str, source: list[str]) -> None:
    """Put what is generated from the code in the place of its markers."""
    source[0] = generated(source[0])


def setup(app: Sphinx) -> None:
    """Have pages completed as they are read."""
    app.connect("source-read", fill_in)
