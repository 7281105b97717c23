"""The suffix of a file's name, which determines its format."""

from __future__ import annotations

from pathlib import PurePosixPath

__all__ = ["IMAGES", "suffix_of"]

# Suffixes of files that are loaded as images.
IMAGES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff"}


def suffix_of(path: str) -> str:
    """Return a path's suffix in lower case with its dot; empty if it has none."""
    return PurePosixPath(path).suffix.lower()
