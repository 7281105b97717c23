"""Clocks that can be compared: a file system's, a server's where it is shared, and the time since the machine's start."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

__all__ = ["folder_clock", "uptime"]

_VALID = 60.0  # seconds for which one look is enough

# When a folder was looked at by this machine's clock, and how far its own was ahead, both in milliseconds.
_looks: dict[Path, tuple[int, int]] = {}


def folder_clock(folder: Path) -> int | None:
    """Return the time that a file made in a folder gets, in milliseconds; None where none can be made.

    Within a minute the folder's clock goes on as this machine's does.
    """
    now = round(uptime() * 1000)
    seen, ahead = _looks.get(folder, (0, 0))
    if folder not in _looks or now - seen > _VALID * 1000:
        time_there = _time_of_new_file(folder)
        if time_there is None:
            return None
        ahead = time_there - now
        _looks[folder] = now, ahead
    return now + ahead


def _time_of_new_file(folder: Path) -> int | None:
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
