"""The ending of a file's name, which says what is in it."""

from __future__ import annotations

from pathlib import PurePosixPath

__all__ = ["IMAGES", "suffix_of"]

# Endings that are read back as images.
IMAGES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff"}


def suffix_of(path: str) -> str:
    """Return a path's ending in lower case, with its dot; empty where it has none."""
    return PurePosixPath(path).suffix.lower()
