"""The clock of a file system: of the server where it is a shared one, so that files of several machines can be compared."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

__all__ = ["folder_clock"]


def folder_clock(folder: Path) -> int | None:
    """Return the time that a file made in a folder gets, in milliseconds; None where none can be made."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\n")
            file.flush()  # a file system may give the time of a file only when something is written
            return os.fstat(file.fileno()).st_mtime_ns // 1_000_000
    except OSError:
        return None
