"""Parses a cell as IPython would run it."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["parse_cell"]

# Cell magics whose body runs as an ordinary cell.
_TRANSPARENT = re.compile(r"\s*%%(?:track|time|capture|prun)\b.*\n?")


def parse_cell(source: str, transform: Callable[[str], str] | None = None) -> ast.Module | None:
    """Return the syntax tree of a cell's Python; None if it is not Python or does not parse.

    Args:
        source: The cell as typed.
        transform: Translates line magics and shell commands to Python: ``InteractiveShell.transform_cell``.
    """
    while found := _TRANSPARENT.match(source):
        source = source[found.end() :]
    if source.lstrip().startswith("%%"):
        return None
    try:
        with _no_warnings_of_the_parser():
            return _parsed(source, transform)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # running the cell shows the error


def _parsed(source: str, transform: Callable[[str], str] | None) -> ast.Module:
    """Parse Python as it is; only what fails, such as a line magic, goes through IPython, which takes much longer."""
    try:
        return ast.parse(source)
    except SyntaxError:
        if transform is None:
            raise
    return ast.parse(transform(source))


@contextmanager
def _no_warnings_of_the_parser() -> Iterator[None]:
    """Suppress the parser's warnings, such as of a wrong escape; IPython shows them.

    ``catch_warnings`` would make Python forget which warnings it has shown, and show the user's again.
    """
    quiet = [("ignore", None, category, None, 0) for category in (SyntaxWarning, DeprecationWarning)]
    before = warnings.filters
    warnings.filters = [*quiet, *before]
    try:
        yield
    finally:
        warnings.filters = before
