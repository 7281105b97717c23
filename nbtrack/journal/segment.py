"""A segment of a lane: a file in shared memory, or memory that is written through to a file on systems without that."""

from __future__ import annotations

import errno
import mmap
import os
import struct
from collections.abc import Callable
from operator import length_hint
from pathlib import Path
from typing import Any

from ..system.mapped_file import map_file
from .rows import VOID, Header

__all__ = ["STAMP", "Segment"]

STAMP = struct.Struct("<q")

_NOT_SUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)


class Segment:
    """A fixed number of rows; a thread takes the slot of a row before it fills it.

    Args:
        header: Which rows.
        path: The file to make for them; None for memory only.

    Attributes:
        path: The file that has the rows; None while they are in memory only.

    Raises:
        OSError: The file cannot be made.
    """

    def __init__(self, header: Header, path: Path | None) -> None:
        head = header.encode()
        size = len(head) + header.rows * header.width
        self.header, self.path, self.offset = header, path, len(head)
        self._fd = -1  # of the file that is written through to
        self.buffer = mmap.mmap(-1, size) if path is None else self._make(path, head, size)
        self.buffer[: len(head)] = head
        self.slots = iter(range(self.offset, self.offset + header.rows * header.width, header.width))
        self.voids: list[int] = []

    def _make(self, path: Path, head: bytes, size: int) -> mmap.mmap:
        """Make an allocated file of ``size`` bytes, and return its memory.

        Writing into a hole on a full disk would raise SIGBUS, which kills the process; allocating raises OSError.
        """
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        try:
            _allocate(fd, size)
            try:
                return map_file(fd, size)
            except OSError:
                os.pwrite(fd, head, 0)
                self._fd, fd = fd, -1
                return mmap.mmap(-1, size)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        finally:
            if fd >= 0:
                os.close(fd)

    @property
    def taken(self) -> int:
        """The number, in the lane, of the row after the last one whose slot was taken."""
        return self.end - length_hint(self.slots)

    @property
    def end(self) -> int:
        """The number, in the lane, of the row after its last slot."""
        return self.header.first + self.header.rows

    def stamp_at(self, row: int) -> int:
        """Return the position of a row's stamp."""
        return self.offset + (row - self.header.first + 1) * self.header.width - 8

    def packer(self, layout: struct.Struct) -> Callable[..., None]:
        """Return the function that packs into the segment's memory and, if that is not the file's, into the file too."""
        return layout.pack_into if self._fd < 0 else self._pack_through(layout)

    def _pack_through(self, layout: struct.Struct) -> Callable[..., None]:
        fd, size = self._fd, layout.size

        def pack(buffer: mmap.mmap, at: int, *values: Any) -> None:
            layout.pack_into(buffer, at, *values)
            try:
                os.pwrite(fd, buffer[at : at + size], at)
            except OSError:
                self.path = None  # in memory only, until it is saved

        return pack

    def seal(self) -> None:
        """Take the slots that are left, so that no more rows are written here."""
        for at in self.slots:
            STAMP.pack_into(self.buffer, at + self.header.width - 8, VOID)

    def save(self, path: Path) -> None:
        """Write a segment that is in memory only to a file; if a row was being written, it must be saved again.

        Raises:
            OSError: It cannot be written.
        """
        data, words = self.buffer[:], self.header.width // 8
        is_whole = 0 not in memoryview(data)[self.offset :].cast("q")[words - 1 :: words]
        part = path.with_suffix(".part")
        try:
            part.unlink(missing_ok=True)
            with part.open("xb") as file:  # "x": never write through a link that was put there
                file.write(data)
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        self.path = path if is_whole else None

    def unmap(self) -> None:
        """Release the memory; the file stays on disk."""
        self.buffer.close()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def delete(self) -> None:
        """Release the memory and delete the file."""
        self.unmap()
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def _allocate(fd: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(fd, 0, size)
        except OSError as error:
            if error.errno not in _NOT_SUPPORTED:
                raise
        else:
            return
    if os.write(fd, bytes(size)) != size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
