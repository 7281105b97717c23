"""A journal's files as anybody may have left them: used only where they are plain files in plain folders, and this user's.

A journal comes with the folder that it lies in. That may have been downloaded, with links in it that lead to files of whoever
opens it, or be shared, with journals of others.
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
        OSError: It is a link, a folder, or something that would never end, such as a device or a pipe.
    """
    fd = os.open(path, _FLAGS)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode) or path.is_symlink():
            raise OSError(f"{path.name} is no plain file")
        return os.fdopen(fd, "rb")
    except BaseException:
        os.close(fd)
        raise


def is_folder(path: Path) -> bool:
    """Tell whether a path is a folder, and no link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def spooled_file(folder: Path, name: object) -> Path | None:
    """Return where a file on its way to the artifacts lies in a journal's folder; None where it is there no more.

    Raises:
        InvalidInput: Its name leads elsewhere, or it is no file of the journal's alone.
    """
    if not isinstance(name, str) or not _SPOOLED.fullmatch(name):
        raise InvalidInput(f"the journal names the file {str(name)[:80]!r}, which is not one of its own")
    file = folder / "spool" / name
    try:
        found = file.lstat()
    except FileNotFoundError:
        return None
    if not is_folder(folder) or not is_folder(file.parent) or not stat.S_ISREG(found.st_mode):
        raise InvalidInput(f"the file {name!r} of the journal is a link to elsewhere, or no file")
    if found.st_nlink > 1:
        raise InvalidInput(f"the file {name!r} of the journal has another name somewhere (a hard link), and may be another's")
    return file


def is_ours(folder: Path) -> bool:
    """Tell whether a journal, and all that lies in it, belongs to this user; as far as the system knows users.

    Raises:
        FileNotFoundError: It went away meanwhile.
    """
    if not hasattr(os, "geteuid"):
        return True
    users = set(_users(folder))
    return users == {os.geteuid()} or users == {_makes(folder.parent, os.geteuid())}


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
def _makes(home: Path, user: int) -> int:
    """Return the user to whom a file belongs that this process makes in a folder: a network's may be everybody's."""
    try:
        fd, name = tempfile.mkstemp(prefix=".probe-", dir=home)
    except OSError:
        return user
    try:
        return os.fstat(fd).st_uid
    finally:
        os.close(fd)
        Path(name).unlink(missing_ok=True)
