"""Clocks that can be compared: a file system's, a server's where it is shared, and the time since the machine's start."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

__all__ = ["folder_clock", "uptime"]


def folder_clock(folder: Path) -> int | None:
    """Return the time that a file made in a folder gets, in milliseconds; None where none can be made."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\n")
            file.flush()  # a file system may give the time of a file only when something is written
            return os.fstat(file.fileno()).st_mtime_ns // 1_000_000
    except OSError:
        return None


def uptime() -> float:
    """Return the seconds since this machine started, those in which it slept too where its system counts them."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)
