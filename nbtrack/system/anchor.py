"""A folder that is held open, so that it is found again after it, or a folder above it, was renamed."""

from __future__ import annotations

import os
import weakref
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # on Windows, where a folder with an open file cannot be renamed
    fcntl = None  # type: ignore[assignment]

__all__ = ["Anchor", "forget_name", "make_folders"]

_GET_PATH = getattr(fcntl, "F_GETPATH", None)  # of macOS
_LONGEST = 1024
_LOOKS = 50  # attempts, because a folder may be renamed between two looks
_anchors: weakref.WeakSet[Anchor] = weakref.WeakSet()


def make_folders(path: Path) -> None:
    """Make a folder and those above it if they are missing, but never a renamed folder under its former name.

    A folder below a held one is made in the held one, whatever that is called now; a deleted one no longer counts.

    Raises:
        OSError: It cannot be made.
    """
    if path.is_dir():
        return
    held = [anchor for anchor in tuple(_anchors) if anchor.relative(path) is not None and not anchor.is_deleted()]
    if os.mkdir not in os.supports_dir_fd or not held:
        path.mkdir(parents=True, exist_ok=True)
        return
    next((anchor for anchor in held if anchor.is_in_place()), held[0]).make(path)


def forget_name(folder: Path) -> None:
    """Stop treating a path as the former name of a held folder, because another folder is made there."""
    for anchor in tuple(_anchors):
        anchor.former = {each for each in anchor.former if not folder.is_relative_to(each)}


class Anchor:
    """A folder that is held open by one file descriptor, which is closed with this object.

    Args:
        folder: A folder that exists.

    Raises:
        OSError: It cannot be opened.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.former: set[Path] = set()
        self._fd = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        self._identity = _identity(os.fstat(self._fd))
        weakref.finalize(self, _close, self._fd, self._identity)
        _anchors.add(self)

    def rename(self, folder: Path) -> None:
        """Note the folder's present path."""
        self.former = {*self.former, self.folder} - {folder}
        self.folder = folder

    def relative(self, path: Path) -> Path | None:
        """Return a path relative to the folder, under its present or a former name; None if it is not below."""
        for folder in (self.folder, *self.former):
            if path.is_relative_to(folder):
                return path.relative_to(folder)
        return None

    def is_in_place(self) -> bool:
        """Tell whether the folder is still at its path."""
        return _is(self.folder, self._identity)

    def is_replaced(self) -> bool:
        """Tell whether another folder is at its path."""
        try:
            return _identity(self.folder.stat()) != self._identity  # a single call, because the folder may be renamed between two
        except OSError:
            return self.folder.is_symlink()

    def found(self) -> Path | None:
        """Return where the folder is now; None if it was deleted or cannot be found."""
        for _ in range(_LOOKS):
            for path in (self._path_of_descriptor(), *self._below_working_directory()):
                if path is not None and _is(path, self._identity):
                    return path
            if self.is_deleted():
                return None
        return None

    def has(self, path: Path) -> bool:
        """Tell whether a file is in the folder, whatever the folder is called now."""
        relative = self.relative(path)
        if relative is None or os.stat not in os.supports_dir_fd:
            return os.path.lexists(path)
        try:
            os.stat(relative, dir_fd=self._fd, follow_symlinks=False)
        except OSError:
            return False
        return True

    def make(self, path: Path) -> None:
        """Make a folder below this one, and those between them, whatever this one is called now."""
        relative = self.relative(path) or Path()
        for each in (*reversed(relative.parents), relative):
            with suppress(FileExistsError):
                os.mkdir(each, dir_fd=self._fd)

    def is_deleted(self) -> bool:
        """Tell whether the folder is deleted."""
        try:
            return os.fstat(self._fd).st_nlink == 0
        except OSError:  # how a network file system reports it
            return True

    def _path_of_descriptor(self) -> Path | None:
        try:
            if _GET_PATH is not None:
                return Path(os.fsdecode(fcntl.fcntl(self._fd, _GET_PATH, bytes(_LONGEST)).rstrip(b"\0")))
            return Path(f"/proc/self/fd/{self._fd}").readlink()
        except OSError:
            return None

    def _below_working_directory(self) -> list[Path]:
        """Return where the folder would be if the working directory was renamed together with it."""
        try:
            here = Path.cwd()
        except OSError:
            return []
        return [folder / self.folder.name for folder in (here, *here.parents)]


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _close(fd: int, identity: tuple[int, int]) -> None:
    """Close the folder, unless its descriptor was closed before, as daemons do, and belongs to another file now."""
    with suppress(OSError):
        if _identity(os.fstat(fd)) == identity:
            os.close(fd)


def _is(path: Path, identity: tuple[int, int]) -> bool:
    try:
        return _identity(path.stat()) == identity
    except OSError:
        return False
