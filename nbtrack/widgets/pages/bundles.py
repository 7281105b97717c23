"""MIME bundles of runs, tables of runs and comparisons, as a saved notebook keeps them.

Pure functions from plain data (``contents``) to text or bytes. A bundle goes to ``display(bundle, raw=True)`` or comes from
``_repr_mimebundle_``.
"""

from __future__ import annotations

import base64

from .comparison import comparison_html
from .contents import ComparisonContent, RunContent, RunsContent
from .levels import saved_size
from .plain import comparison_text, run_line, run_text, runs_text
from .png import run_png
from .run import run_html
from .runs import runs_html

__all__ = [
    "RUN_LIMIT",
    "comparison_bundle",
    "comparison_html",
    "comparison_text",
    "run_bundle",
    "run_html",
    "run_line",
    "run_png",
    "run_text",
    "runs_bundle",
    "runs_html",
    "runs_text",
]

RUN_LIMIT = 39_500  # bytes in the notebook file, of all formats of one run together
_HTML_SHARE = 24_000


def run_bundle(content: RunContent, *, picture: bool = True) -> dict[str, str]:
    """Return a run as HTML, PNG (base64) and text, together at most 40 kB of a notebook file.

    Args:
        content: The run.
        picture: Whether to paint the PNG, which imports matplotlib.
    """
    text = run_text(content)
    html = run_html(content, _HTML_SHARE)
    bundle = {"text/html": html, "text/plain": text}
    if picture:
        left = RUN_LIMIT - saved_size(text) - saved_size(html)
        painted = run_png(content, left * 3 // 4 - 200)
        if len(painted) <= left * 3 // 4:
            bundle["image/png"] = base64.b64encode(painted).decode("ascii")
    return bundle


def runs_bundle(content: RunsContent) -> dict[str, str]:
    """Return a list of runs in HTML and text."""
    return {"text/html": runs_html(content), "text/plain": runs_text(content)}


def comparison_bundle(content: ComparisonContent) -> dict[str, str]:
    """Return a comparison in HTML and text."""
    return {"text/html": comparison_html(content), "text/plain": comparison_text(content)}
