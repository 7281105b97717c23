"""The files of a run as static HTML: their paths and sizes."""

from __future__ import annotations

from collections.abc import Sequence

from ..data.format import size
from .levels import first_that_fits
from .markup import counted, dim, display_html, escaped, name, table

__all__ = ["files_html"]

_LEVELS = (200, 50, 10)

# A path, and its size in bytes.
Files = Sequence[tuple[str, int]]


def files_html(files: Files, key: str = "", limit: int = 40_000) -> str:
    """Return a list of files as HTML without script; ``key`` names the slot of a live view."""
    return first_that_fits(_LEVELS, lambda most: _html(files, key, most), limit)


def _html(files: Files, key: str, most: int) -> str:
    line = f"<p><b>{escaped(_summary(files))}</b></p>"
    rows = [[name(path, 100), size(bytes_)] for path, bytes_ in files[:most]]
    more = f"<p>{dim(f'and {len(files) - most:,} more')}</p>" if len(files) > most else ""
    return display_html(key, line, table([dim("file"), dim("size")], rows) if rows else "", more)


def _summary(files: Files) -> str:
    return f"{counted(len(files), 'file')}{f', {size(sum(bytes_ for _, bytes_ in files))}' if files else ''}"
