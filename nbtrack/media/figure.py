"""Saves figures with the plotting library that drew them, without importing another."""

from __future__ import annotations

import sys
from io import BytesIO
from typing import Any

from ..errors import InvalidInput, WrongType
from ..validation import shown
from .suffix import suffix_of

__all__ = ["figure_bytes"]

_PLOTLY_IMAGES = {".png", ".jpeg", ".jpg", ".webp", ".svg", ".pdf"}


def figure_bytes(figure: Any, path: str, **options: Any) -> bytes:
    """Return a figure in the format of the path's suffix.

    Args:
        figure: A matplotlib figure (or axes, or a seaborn grid) or a plotly figure.
        path: The file's name: ``.png``, ``.svg``, ``.pdf`` and others that matplotlib writes; for plotly also ``.html``.
        options: Passed to ``savefig``, or to plotly's ``to_html`` or ``to_image``.

    Raises:
        WrongType: It is not a figure.
        InvalidInput: The library does not write this format.
    """
    if (drawn := _matplotlib_figure(figure)) is not None:
        return _from_matplotlib(drawn, path, options)
    if _is_plotly(figure):
        return _from_plotly(figure, path, options)
    raise WrongType(f"log_figure takes a matplotlib or plotly figure, not {type(figure).__qualname__}; for an array, log_image")


def _matplotlib_figure(figure: Any) -> Any:
    module = sys.modules.get("matplotlib.figure")
    if module is None:
        return None
    candidates = (figure, getattr(figure, "figure", None))
    return next((c for c in candidates if isinstance(c, module.Figure)), None)


def _is_plotly(figure: Any) -> bool:
    module = sys.modules.get("plotly.basedatatypes")
    return module is not None and isinstance(figure, module.BaseFigure)


def _from_matplotlib(figure: Any, path: str, options: dict[str, Any]) -> bytes:
    kinds = figure.canvas.get_supported_filetypes()
    if suffix_of(path).lstrip(".") not in kinds:
        raise InvalidInput(
            f"figure file {shown(path)} has no ending that matplotlib writes; it writes {', '.join(sorted(kinds))}"
        )
    buffer = BytesIO()
    figure.savefig(buffer, **{"format": suffix_of(path).lstrip("."), **options})
    return buffer.getvalue()


def _from_plotly(figure: Any, path: str, options: dict[str, Any]) -> bytes:
    suffix = suffix_of(path)
    if suffix == ".html":
        return bytes(figure.to_html(**{"include_plotlyjs": "cdn", **options}).encode())
    if suffix == ".json":
        return bytes(figure.to_json(**options).encode())
    if suffix not in _PLOTLY_IMAGES:
        raise InvalidInput(f"figure file {shown(path)} has no ending that plotly writes; '.html' keeps it interactive")
    try:
        return bytes(figure.to_image(**{"format": suffix.lstrip("."), **options}))
    except ValueError as error:
        raise InvalidInput(f"plotly cannot write {path!r}: {error}; '.html' needs no other package") from error
