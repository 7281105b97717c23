"""Modes and groups of a SQLite database's files, so that people who share a folder do not lock each other out."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

__all__ = ["create_copy", "create_file", "keep_private", "share_log", "take_back_log"]

_EVERYBODY, _OWNER = 0o666, 0o600
_LOG = ("-wal", "-shm", "-journal")

_creating = threading.Lock()


def create_file(path: Path, *, is_private: bool = False) -> None:
    """Create an empty database with the mode that the umask gives; an existing one stays unchanged.

    SQLite itself creates files with 0644 at most, whatever the umask, and its log takes the database's mode: in a folder of a
    group, whoever used the database last would keep all others from writing.
    """
    # One thread at a time, for closing a file drops every lock that SQLite holds on it in this process. SQLite reports errors.
    with _creating, suppress(OSError):
        os.close(_new(path, _OWNER if is_private else _EVERYBODY))


def create_copy(path: Path, original: Path) -> None:
    """Create the empty file for a copy of a database, which may be used by those who may use the original."""
    path.unlink(missing_ok=True)
    found = original.stat()
    file = _new(path, _OWNER)
    try:
        with suppress(PermissionError):
            os.chown(path, found.st_uid if os.geteuid() == 0 else -1, found.st_gid)
        path.chmod(stat.S_IMODE(found.st_mode))
    finally:
        os.close(file)


def _new(path: Path, mode: int) -> int:
    return os.open(os.path.realpath(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)


def share_log(path: Path) -> None:
    """Give a database's log the database's group; without setgid on the folder, files get the group of their creator."""
    with suppress(OSError):
        group = path.stat().st_gid
        for side, found in _log_of(path):
            if found.st_gid != group and found.st_uid == os.geteuid():
                os.chown(side, -1, group)


def take_back_log(path: Path) -> None:
    """Replace a log that another user left, and that this user cannot write to, by a copy, unless a process uses it.

    A database of mode 0644 in a folder that others may write to gets one from whoever looks at it by SQLite itself.
    """
    stuck = [side for side, _ in _log_of(path) if not os.access(side, os.W_OK)]
    if stuck and os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        with suppress(sqlite3.Error, OSError), closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from now on no other process has it open
            for side in stuck:
                _replace(side, path)


def _replace(side: Path, path: Path) -> None:
    if side.name.endswith("-wal") and side.stat().st_size:
        copy = side.with_name(f"{side.name}.copy")
        create_copy(copy, path)
        copy.write_bytes(side.read_bytes())
        copy.replace(side)
    else:
        side.unlink()


def keep_private(path: Path) -> bool:
    """Restrict a database to its owner, creating it if need be; return whether others had access before.

    Raises:
        PermissionError: Others can, and it is another user's.
    """
    create_file(path, is_private=True)
    files = [(path, path.stat()), *_log_of(path)] if path.exists() else []
    wide = [file for file, found in files if stat.S_IMODE(found.st_mode) & ~_OWNER]
    for file in wide:
        file.chmod(_OWNER)
    return bool(wide)


def _log_of(path: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield the files of a database's log that exist."""
    for suffix in _LOG:
        with suppress(FileNotFoundError):
            side = path.with_name(path.name + suffix)
            yield side, side.stat()


def _after_fork() -> None:
    global _creating  # noqa: PLW0603
    _creating = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
