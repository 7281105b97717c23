"""Access to a journal's files only if they are plain files in plain folders, and this user's.

The folder of a journal may have been downloaded, with links to files of the user who opens it, or be shared, with journals
of other users.
"""

from __future__ import annotations

import functools
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import InvalidInput

__all__ = ["is_folder", "is_ours", "open_plain", "spooled_file"]

_SPOOLED = re.compile(r"[A-Za-z0-9_-][\w.-]{0,127}", re.ASCII)
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def open_plain(path: Path) -> BinaryIO:
    """Open a file for reading.

    Raises:
        FileNotFoundError: There is none.
        OSError: It is a link, a folder, a device or a pipe.
    """
    fd = os.open(path, _FLAGS)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode) or path.is_symlink():
            raise OSError(f"{path.name} is not a plain file")
        return os.fdopen(fd, "rb")
    except BaseException:
        os.close(fd)
        raise


def is_folder(path: Path) -> bool:
    """Tell whether a path is a folder, not a link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def spooled_file(folder: Path, name: object) -> Path | None:
    """Return the path of a spooled file in a journal's folder; None if another process has moved it.

    Raises:
        InvalidInput: Its name leads out of the folder, or it is a link or has another hard link.
    """
    if not isinstance(name, str) or not _SPOOLED.fullmatch(name):
        raise InvalidInput(f"the journal names the file {str(name)[:80]!r}, which is not one of its own")
    file = folder / "spool" / name
    try:
        found = file.lstat()
    except FileNotFoundError:
        return None
    if not is_folder(folder) or not is_folder(file.parent) or not stat.S_ISREG(found.st_mode):
        raise InvalidInput(f"the file {name!r} of the journal is a link, or not a file")
    if found.st_nlink > 1:
        raise InvalidInput(f"the file {name!r} of the journal has another name somewhere (a hard link), and may be another's")
    return file


def is_ours(folder: Path) -> bool:
    """Tell whether a journal and everything in it belongs to this user; always true on a system without users.

    Raises:
        FileNotFoundError: It was just deleted.
    """
    if not hasattr(os, "geteuid"):
        return True
    users = set(_users(folder))
    return users == {os.geteuid()} or users == {_maker_of(folder.parent, os.geteuid())}


def _users(folder: Path) -> Iterator[int]:
    yield folder.lstat().st_uid
    with os.scandir(folder) as found:
        for each in found:
            try:
                yield each.stat(follow_symlinks=False).st_uid
            except FileNotFoundError:  # its process has just delivered it
                continue
            if each.name == "spool" and each.is_dir(follow_symlinks=False):
                yield from _users(Path(each.path))


@functools.lru_cache(maxsize=64)
def _maker_of(home: Path, user: int) -> int:
    """Return the owner of files that this process makes in a folder: on a network share all may belong to one user."""
    try:
        fd, name = tempfile.mkstemp(prefix=".probe-", dir=home)
    except OSError:
        return user
    try:
        return os.fstat(fd).st_uid
    finally:
        os.close(fd)
        Path(name).unlink(missing_ok=True)
