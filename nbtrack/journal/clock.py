"""Clocks that can be compared: that of a folder's file system, and the time since this machine started."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

__all__ = ["folder_clock", "uptime"]

_VALID = 60.0  # seconds for which one reading is used

# When each folder's clock was read, by this machine's, and how far it was ahead; both in milliseconds.
_readings: dict[Path, tuple[int, int]] = {}


def folder_clock(folder: Path) -> int | None:
    """Return the time that a new file in a folder gets, in milliseconds; None if none can be made.

    For a minute after a reading, the folder's clock is taken to run like this machine's.
    """
    now = round(uptime() * 1000)
    seen, ahead = _readings.get(folder, (0, 0))
    if folder not in _readings or now - seen > _VALID * 1000:
        time_there = _time_of_new_file(folder)
        if time_there is None:
            return None
        ahead = time_there - now
        _readings[folder] = now, ahead
    return now + ahead


def _time_of_new_file(folder: Path) -> int | None:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\n")
            file.flush()  # some file systems set a file's time only when it is written
            return os.fstat(file.fileno()).st_mtime_ns // 1_000_000
    except OSError:
        return None


def uptime() -> float:
    """Return the seconds since this machine started, including those in which it slept if the system counts them."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)
