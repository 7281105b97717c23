"""Copies and moves of local files that appear whole or not at all, with size and sha256."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

from ...errors import InvalidInput
from ...system.anchor import make_folders
from .paths import TEMPORARY
from .protocol import Readable

__all__ = ["Content", "copy_file", "copy_hashed", "existing_file", "files_below", "move_file", "sha256_of", "staged"]

Content: TypeAlias = "Path | bytes | bytearray | memoryview | Readable"

_BLOCK = 1 << 20


def copy_hashed(source: Content, target: Path) -> tuple[int, str]:
    """Write a file that appears whole, and return its size in bytes and its sha256.

    Memory does not grow with the size. A missing folder of the target is created; a file there is replaced.

    Args:
        source: A file's path, its content, or a reader such as an open binary file, read from its position on.
        target: Where the copy goes.

    Raises:
        InvalidInput: ``source`` is a path without a file.
        OSError: The source cannot be read, or the target cannot be written: the disk is full, the folder read-only.
    """
    digest = hashlib.sha256()
    size = 0
    with _reading(source) as reader, staged(target) as place, place.open("xb") as writer:
        while block := reader.read(_BLOCK):
            digest.update(block)
            size += writer.write(block)
    return size, digest.hexdigest()


def copy_file(source: Path | Readable, target: Path) -> None:
    """Copy a file so that it appears whole; errors as in ``copy_hashed``."""
    with _reading(source) as reader, staged(target) as place, place.open("xb") as writer:
        shutil.copyfileobj(reader, writer, _BLOCK)


def move_file(source: Path, target: Path) -> None:
    """Move a file so that it appears whole: by renaming it, or between file systems by copying it.

    If the source is gone and the target exists, an earlier call has moved it, and nothing is done.
    """
    try:
        make_folders(target.parent)
        if _takes_group_of(target.parent, source):
            source.replace(target)
        else:
            _copy_and_remove(source, target)
    except FileNotFoundError:
        if not target.is_file():
            raise InvalidInput(f"there is no file {str(source)!r}") from None
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_and_remove(source, target)


def _copy_and_remove(source: Path, target: Path) -> None:
    copy_file(source, target)
    source.unlink()


def _takes_group_of(folder: Path, source: Path) -> bool:
    """Give a file the group that a setgid folder gives to new files, and tell whether it has it now."""
    here, found = folder.stat(), source.stat()
    if not here.st_mode & stat.S_ISGID or here.st_gid == found.st_gid:
        return True
    try:
        os.chown(source, -1, here.st_gid)
    except PermissionError:
        return False
    return True


def existing_file(source: Path) -> Path:
    """Return the path of a file; InvalidInput if there is none."""
    if not source.is_file():
        what = "is a folder, not a file; log it with log_artifacts" if source.is_dir() else "is not there"
        raise InvalidInput(f"the file {str(source)!r} {what}")
    return source


def sha256_of(file: Path) -> str:
    """Return the sha256 of a file's content, as ``copy_hashed`` does."""
    with file.open("rb") as reader:
        return hashlib.file_digest(reader, "sha256").hexdigest()


def files_below(folder: Path, *, enters: Callable[[Path], bool] = lambda _: True) -> Iterator[tuple[str, Path]]:
    """Yield every file below a folder, sorted by name: its relative path with ``/``, and its path.

    Links are followed, into each folder once. Devices and pipes are skipped.

    Args:
        folder: The folder.
        enters: Called before a folder is read; returns whether to enter it, or raises.

    Raises:
        InvalidInput: There is no such folder.
    """
    if not folder.is_dir():
        raise InvalidInput(f"there is no folder {str(folder)!r}")
    seen: set[str] = set()
    for here, folders, names in os.walk(folder, followlinks=True):
        if (real := os.path.realpath(here)) in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if enters(Path(here, name)))
        for name in sorted(names):
            if (path := Path(here, name)).is_file():
                yield path.relative_to(folder).as_posix(), path


def _reading(source: Content) -> AbstractContextManager[Readable]:
    if isinstance(source, Path):
        return existing_file(source).open("rb")
    return BytesIO(source) if isinstance(source, bytes | bytearray | memoryview) else nullcontext(source)


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """Yield the path of a new file beside the target, which replaces the target if the block raises nothing."""
    make_folders(target.parent)
    place = target.with_name(TEMPORARY + secrets.token_hex(8))
    try:
        yield place
        place.replace(target)
    finally:
        with suppress(FileNotFoundError):
            place.unlink()
