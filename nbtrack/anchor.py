"""A folder known by what it is, not by its name, so that it is found again when it, or one above it, was renamed."""

from __future__ import annotations

import os
import weakref
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # on Windows, which renames no folder in which a file is open
    fcntl = None  # type: ignore[assignment]

__all__ = ["Anchor"]

_GET_PATH = getattr(fcntl, "F_GETPATH", None)  # of macOS
_LONGEST = 1024


class Anchor:
    """A folder that is held open: one file descriptor, closed with this object.

    Args:
        folder: A folder that is there.

    Raises:
        OSError: It cannot be opened.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._fd = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        self._identity = _identity(os.fstat(self._fd))
        weakref.finalize(self, _close, self._fd, self._identity)

    def is_in_place(self) -> bool:
        """Tell whether the folder is where it was."""
        return _is(self.folder, self._identity)

    def is_replaced(self) -> bool:
        """Tell whether another one is where the folder was."""
        return os.path.lexists(self.folder) and not self.is_in_place()

    def found(self) -> Path | None:
        """Return where the folder is by now; None where it was deleted, or nobody can say."""
        for path in (self._path_of_descriptor(), *self._below_working_directory()):
            if path is not None and _is(path, self._identity):
                return path
        return None

    def _path_of_descriptor(self) -> Path | None:
        try:
            if _GET_PATH is not None:
                return Path(os.fsdecode(fcntl.fcntl(self._fd, _GET_PATH, bytes(_LONGEST)).rstrip(b"\0")))
            return Path(f"/proc/self/fd/{self._fd}").readlink()
        except OSError:
            return None

    def _below_working_directory(self) -> list[Path]:
        """Return where the folder would be if the working directory was renamed with it."""
        try:
            here = Path.cwd()
        except OSError:
            return []
        return [folder / self.folder.name for folder in (here, *here.parents)]


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _close(fd: int, identity: tuple[int, int]) -> None:
    """Close the folder, unless somebody closed it already, as daemons do, and its number is another file's."""
    with suppress(OSError):
        if _identity(os.fstat(fd)) == identity:
            os.close(fd)


def _is(path: Path, identity: tuple[int, int]) -> bool:
    try:
        return _identity(path.stat()) == identity
    except OSError:
        return False
