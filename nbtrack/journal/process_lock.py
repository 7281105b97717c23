"""A process's sign of life: a lock beside its journals, which the system releases when the process dies, however it dies.

One lock file for a process and a folder of journals, named in the head of each of its journals. Whoever cannot take
the lock knows that the process lives: behind ``hidepid``, in a container, stopped, asleep. A lock that is free says
that it is gone only to the same machine, for not every shared folder shows locks to other machines.
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
except ImportError:  # on Windows, where processes can be seen
    fcntl = None  # type: ignore[assignment]

__all__ = ["hold", "is_held", "leave", "locks", "move", "release", "remove_lock"]

_NAME = re.compile(r"\.alive\.[0-9a-f]{12}")
_TRIES = 5
# A folder that is not ours may have anything under this name: no link is followed, no pipe waited for.
_TO_LOOK = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)


@dataclass(slots=True)
class _Lock:
    """The lock that this process holds in a folder, and the writers for whose journals it does."""

    path: Path
    fd: int
    writers: set[str] = field(default_factory=set)
    made: os.stat_result = field(init=False)

    def __post_init__(self) -> None:
        self.made = os.fstat(self.fd)

    def is_there(self) -> bool:
        """Tell whether the file is still the one that was locked: nobody has deleted it, or closed it as a daemon does."""
        try:
            return self._is_open() and os.path.samestat(self.made, self.path.stat())
        except OSError:
            return False

    def close(self) -> None:
        """Release the lock, unless somebody has closed its file already, whose number may be another one's now."""
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
    """Hold this process's lock in a folder of journals for a writer, and return its name; empty where there are no locks."""
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
    """Hold the lock no more for this writer, whose journal is gone."""
    with _guard:
        if home in _held:
            _held[home].writers.discard(writer)


def leave(home: Path) -> None:
    """Release the lock, and remove its file, if this process has no more journals in the folder."""
    with _guard:
        if home in _held and not _held[home].writers:
            _drop(home)


def move(old: Path, new: Path) -> None:
    """Know the lock in a folder of journals by the name that the folder has now."""
    with _guard:
        if (lock := _held.pop(old, None)) is not None:
            lock.path = new / lock.path.name
            _held[new] = lock


def is_held(home: Path, name: str) -> bool | None:
    """Tell whether a process holds the lock of this name; None where that cannot be seen."""
    with _looking_at(home, name) as held:
        return held


def locks(home: Path) -> list[str]:
    """Return the names of the lock files in a folder of journals."""
    try:
        return [path.name for path in home.iterdir() if _NAME.fullmatch(path.name)]
    except OSError:
        return []


def remove_lock(home: Path, name: str) -> None:
    """Remove the lock file of a process that is gone; that of a living one stays."""
    with _looking_at(home, name) as held, suppress(OSError):
        if held is False:
            (home / name).unlink()


@contextmanager
def _looking_at(home: Path, name: str) -> Iterator[bool | None]:
    """Tell whether a lock is held, as ``is_held`` does; where it is free it stays so meanwhile."""
    fd = _opened(home / name) if fcntl is not None and _NAME.fullmatch(name) else -1
    try:
        yield None if fd < 0 else not _locks(fd, fcntl.LOCK_SH)
    except _NotOffered:
        yield None
    finally:
        if fd >= 0:
            os.close(fd)


class _NotOffered(Exception):
    """The file system has no locks."""


def _opened(path: Path) -> int:
    try:
        return os.open(path, _TO_LOOK)
    except OSError:
        return -1


def _locks(fd: int, kind: int) -> bool:
    """Lock a file; tell whether nobody else had it. Who looks shares, so that two who look are not in each other's way."""
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise _NotOffered from error
    return True


def _taken(home: Path) -> _Lock | None:
    """Make a lock file and lock it; None where files cannot be locked, or none can be made."""
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
    """Lock a new lock file; tell whether it is ours: who clears up after dead processes may have removed it just now."""
    try:
        return _locks(lock.fd, fcntl.LOCK_EX) and lock.is_there()
    except _NotOffered:
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
    """Give back the parent's locks in a forked child: a lock is held as long as anybody has its file open."""
    global _guard  # noqa: PLW0603
    _guard = threading.Lock()
    for lock in _held.values():
        lock.close()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
