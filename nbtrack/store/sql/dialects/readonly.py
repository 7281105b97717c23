"""Reading a SQLite database without the right to write: a colleague's, or one on a file system mounted read-only.

SQLite writes even when it reads: with a write-ahead log it makes a file of shared memory, and where it cannot it gives up. Where
it can, that file belongs to who read last, and may keep the owner out. So nothing is made here:

    log and shared memory are there   they are used, as whoever writes just now made them
    a log alone                       it is read without shared memory; whoever wrote it is gone
    no log                            the file is all there is, and is read as one that does not change
    a database without a log          it is locked, read and released as ever

In the second and third case nobody can be locked out, so what was read counts only if no file has changed meanwhile.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

__all__ = ["Reading", "may_write", "reading"]

_HEADER = 20  # bytes; the last two say whether there is a write-ahead log
_LOGGED = b"\2\2"


@dataclass(frozen=True, slots=True)
class Reading:
    """A way to read a database, which is valid while none of these facts changes.

    Attributes:
        options: Of SQLite's URI.
        is_alone: Whether a connection takes the log to be its own, for there is no shared memory.
        files: What tells that files have changed, where they cannot be locked.
    """

    options: str
    is_alone: bool = False
    files: tuple[tuple[int, int], ...] = ()

    def uri(self, path: Path) -> str:
        """Return the URI with which SQLite opens a database in this way."""
        return f"file:{quote(str(path))}?{self.options}"


def may_write(path: Path) -> bool:
    """Return whether a database may be written to or created; its log is written in the same folder."""
    return not path.exists() or (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK))


def reading(path: Path) -> Reading | None:
    """Return how to read a database that may not be written to; None if it may."""
    if may_write(path):
        return None
    log, memory = (path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))
    if log.exists():
        if memory.exists():
            return Reading("mode=ro&readonly_shm=1")
        return Reading("mode=ro&vfs=unix-none", is_alone=True, files=_seen(path, log))
    return Reading("immutable=1", files=_seen(path)) if _has_log(path) else Reading("mode=ro")


def _seen(*files: Path) -> tuple[tuple[int, int], ...]:
    return tuple((found.st_mtime_ns, found.st_size) for found in (file.stat() for file in files))


def _has_log(path: Path) -> bool:
    """Return whether a database has a write-ahead log; without one, closing the file here drops no connection's lock."""
    with path.open("rb") as file:
        return file.read(_HEADER)[-2:] == _LOGGED
