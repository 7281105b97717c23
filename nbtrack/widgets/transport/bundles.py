"""The JavaScript in the package: the stub of each widget, and the bundles that it loads."""

from __future__ import annotations

import functools
from pathlib import Path

__all__ = ["FIRST", "STUB", "bundle_source", "bundles_of"]

_STATIC = Path(__file__).parents[1] / "static"
# The kinds of views that the first bundle draws.
_IN_THE_FIRST = ("run", "files")

FIRST = "nbtrack.js"
STUB = _STATIC / "stub.js"


@functools.cache
def bundle_source(name: str) -> str:
    """Return the JavaScript of a bundle."""
    return (_STATIC / name).read_text(encoding="utf-8")


def bundles_of(kind: str) -> tuple[str, ...]:
    """Return the names of the bundles that a kind of view needs, in the order in which they are loaded."""
    return (FIRST,) if kind in _IN_THE_FIRST else (FIRST, "tables.js")
