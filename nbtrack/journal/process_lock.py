"""A lock beside a process's journals that proves the process is alive: the system releases it when the process dies.

A process has one lock file in each folder of journals, and the head of each of its journals names it. A lock that is held
proves that the process is alive, also behind ``hidepid``, in a container, stopped or suspended. A free lock proves only on
the same machine that it is dead, because not every shared folder shows locks to other machines.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..system.anchor import make_folders

try:
    import fcntl
except ImportError:  # on Windows, where every process can be examined
    fcntl = None  # type: ignore[assignment]

__all__ = ["hold", "is_held", "leave", "locks", "move", "release", "remove_lock"]

_NAME = re.compile(r"\.alive\.[0-9a-f]{12}")
_TRIES = 5
# Another user's folder may have anything under this name: follow no link, wait for no pipe.
_TO_EXAMINE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)


@dataclass(slots=True)
class _Lock:
    """The lock that this process holds in a folder, and the ids of the writers that need it."""

    path: Path
    fd: int
    writers: set[str] = field(default_factory=set)
    made: os.stat_result = field(init=False)

    def __post_init__(self) -> None:
        self.made = os.fstat(self.fd)

    def is_there(self) -> bool:
        """Tell whether the locked file is still open and in place: it may be deleted, or closed by code that becomes a daemon."""
        try:
            return self._is_open() and os.path.samestat(self.made, self.path.stat())
        except OSError:
            return False

    def close(self) -> None:
        """Release the lock, unless its descriptor was closed before and may belong to another file now."""
        if self._is_open():
            os.close(self.fd)

    def _is_open(self) -> bool:
        try:
            return os.path.samestat(self.made, os.fstat(self.fd))
        except OSError:
            return False


_held: dict[Path, _Lock] = {}
_guard = threading.Lock()


def hold(home: Path, writer: str) -> str:
    """Hold this process's lock in a folder of journals for a writer, and return its name; empty if locks are not supported."""
    with _guard:
        lock = _held.get(home)
        if lock is not None and not lock.is_there():
            _drop(home)
        if home not in _held and (taken := _taken(home)) is not None:
            _held[home] = taken
        if home not in _held:
            return ""
        _held[home].writers.add(writer)
        return _held[home].path.name


def release(home: Path, writer: str) -> None:
    """Stop holding the lock for this writer, whose journal is deleted."""
    with _guard:
        if home in _held:
            _held[home].writers.discard(writer)


def leave(home: Path) -> None:
    """Release the lock, and remove its file, if this process has no more journals in the folder."""
    with _guard:
        if home in _held and not _held[home].writers:
            _drop(home)


def move(old: Path, new: Path) -> None:
    """Update the lock's path after its folder of journals was renamed."""
    with _guard:
        if (lock := _held.pop(old, None)) is not None:
            lock.path = new / lock.path.name
            _held[new] = lock


def is_held(home: Path, name: str) -> bool | None:
    """Tell whether a process holds the lock of this name; None if that is unknown."""
    with _examined(home, name) as held:
        return held


def locks(home: Path) -> list[str]:
    """Return the names of the lock files in a folder of journals."""
    try:
        return [path.name for path in home.iterdir() if _NAME.fullmatch(path.name)]
    except OSError:
        return []


def remove_lock(home: Path, name: str) -> None:
    """Remove the lock file of a dead process; one that is held stays."""
    with _examined(home, name) as held, suppress(OSError):
        if held is False:
            (home / name).unlink()


@contextmanager
def _examined(home: Path, name: str) -> Iterator[bool | None]:
    """Yield whether a lock is held, as ``is_held`` does; a free one stays free within the block."""
    fd = _opened(home / name) if fcntl is not None and _NAME.fullmatch(name) else -1
    try:
        yield None if fd < 0 else not _locks(fd, fcntl.LOCK_SH)
    except _NotSupported:
        yield None
    finally:
        if fd >= 0:
            os.close(fd)


class _NotSupported(Exception):
    """The file system has no locks."""


def _opened(path: Path) -> int:
    try:
        return os.open(path, _TO_EXAMINE)
    except OSError:
        return -1


def _locks(fd: int, kind: int) -> bool:
    """Lock a file; tell whether no other process had it. Examining uses a shared lock, so that two examiners do not conflict."""
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise _NotSupported from error
    return True


def _taken(home: Path) -> _Lock | None:
    """Make a lock file and lock it; None if that is not possible."""
    for _ in range(_TRIES if fcntl is not None else 0):
        path = home / f".alive.{secrets.token_hex(6)}"
        try:
            lock = _Lock(path, _made(path))
        except OSError:
            return None
        if _is_ours(lock):
            return lock
        lock.close()
    return None


def _is_ours(lock: _Lock) -> bool:
    """Lock a new lock file; False if another process just removed it, taking it for a dead process's."""
    try:
        return _locks(lock.fd, fcntl.LOCK_EX) and lock.is_there()
    except _NotSupported:
        lock.path.unlink(missing_ok=True)
        return False


def _made(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
    try:
        return os.open(path, flags, 0o666)
    except FileNotFoundError:
        make_folders(path.parent)
        return os.open(path, flags, 0o666)


def _drop(home: Path) -> None:
    lock = _held.pop(home)
    if lock.is_there():
        lock.path.unlink(missing_ok=True)
    lock.close()


def _after_fork() -> None:
    """Close the parent's locks in a forked child, because a lock is held as long as any process has its file open."""
    global _guard  # noqa: PLW0603
    _guard = threading.Lock()
    for lock in _held.values():
        lock.close()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
