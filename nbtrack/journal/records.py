"""The journal's log of records: one JSON value a line, each behind its CRC-32.

A record exists when its line is complete. A file may end in the middle of a line, where its writer was killed. A line
elsewhere that does not match its checksum is damage, and keeps its place in the numbering.
"""

from __future__ import annotations

import errno
import json
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .plain_files import open_plain

__all__ = ["RecordFile", "Records", "check_json", "is_json", "read_records"]


_BINARY = getattr(os, "O_BINARY", 0)
_to_json = json.JSONEncoder(separators=(",", ":")).encode


def encode(value: Any) -> bytes:
    """Return a record's line."""
    body = _to_json(value).encode("ascii")
    return b"%08x %s\n" % (zlib.crc32(body), body)


def check_json(value: Any) -> None:
    """Check that JSON can represent a value; TypeError, ValueError or RecursionError."""
    _to_json(value)


def is_json(value: Any) -> bool:
    """Tell whether JSON can represent a value."""
    try:
        check_json(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def decode(line: bytes) -> Any:
    """Return a line's value; ValueError where the line is damaged."""
    check, _, body = line.partition(b" ")
    if len(check) != 8 or int(check, 16) != zlib.crc32(body):
        raise ValueError("the line does not match its checksum")
    return json.loads(body)


@dataclass(frozen=True, slots=True)
class Records:
    """The values of a file of records, by line number, and the numbers of damaged lines."""

    values: dict[int, Any]
    damaged: tuple[int, ...]


def read_records(path: Path) -> Records:
    """Read every complete line of a file of records; none if there is no file."""
    try:
        with open_plain(path) as file:
            lines = file.read().split(b"\n")
    except FileNotFoundError:
        return Records({}, ())
    values, damaged = {}, []
    # What follows the last line feed is either nothing or a torn tail: its call never returned.
    for number, line in enumerate(lines[:-1]):
        try:
            values[number] = decode(line)
        except ValueError:
            damaged.append(number)
    return Records(values, tuple(damaged))


class RecordFile:
    """A file to which records are appended; they are in the file when ``append`` returns.

    Each call opens it, because a process may have more runs than descriptors.

    Args:
        path: The file, which must not exist.

    Attributes:
        path: Where it is; set it when its folder was renamed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666))
        self._size = 0

    def append(self, *values: Any) -> None:
        """Write all records, or none of them.

        Raises:
            OSError: They could not be written, for instance because the disk is full.
            TypeError, ValueError: JSON cannot represent one of them.
        """
        lines = b"".join(map(encode, values))
        fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | _BINARY)
        try:
            self._write(fd, lines)
        finally:
            os.close(fd)
        self._size += len(lines)

    def _write(self, fd: int, lines: bytes) -> None:
        try:
            if os.write(fd, lines) != len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            os.ftruncate(fd, self._size)
            raise
