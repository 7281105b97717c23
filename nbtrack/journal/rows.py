"""The format of a lane's file: a header, then rows ``step i64, values f64 x n, stamp i64``.

The stamp is the row's time in nanoseconds, is never 0 and is written last: a row exists when its stamp does. A row that
was given up has the stamp ``VOID``.
"""

from __future__ import annotations

import json
import mmap
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .plain_files import open_plain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MIXED", "VOID", "Header", "Rows", "StoredSegment", "copy_rows", "read_segment", "stamp_of"]

# The keys of a mixed lane: its rows are step, number of the metric's name, value, stamp.
MIXED = ("", "")
VOID = -(1 << 63)

_MAGIC = b"NBTLANE1"
_PREFIX = struct.Struct("<8sII")  # magic, length of the JSON that follows, its CRC-32


def stamp_of(timestamp: int) -> int:
    """Return the stamp of a time in milliseconds: never 0, and floor division gives the time back."""
    return timestamp * 1_000_000 + 1


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a segment: its lane, its first row there, how many rows it can hold, its columns."""

    lane: int
    first: int
    rows: int
    keys: tuple[str, ...]

    @property
    def width(self) -> int:
        """Bytes a row."""
        return 8 * (len(self.keys) + 2)

    def encode(self) -> bytes:
        """Return the bytes at the head of the segment, a multiple of 8."""
        body = json.dumps([self.lane, self.first, self.rows, self.keys]).encode("ascii")
        body += b" " * (-(_PREFIX.size + len(body)) % 8)
        return _PREFIX.pack(_MAGIC, len(body), zlib.crc32(body)) + body

    @classmethod
    def decode(cls, data: bytes | mmap.mmap) -> tuple[Header, int]:
        """Return a segment's header and its length in bytes; ValueError if it is torn or damaged."""
        if len(data) < _PREFIX.size:
            raise ValueError("the header is torn")
        magic, length, check = _PREFIX.unpack_from(data)
        body = data[_PREFIX.size : _PREFIX.size + length]
        if magic != _MAGIC or len(body) != length or zlib.crc32(body) != check:
            raise ValueError("the header does not match its checksum")
        lane, first, rows, keys = json.loads(body)
        return cls(lane, first, rows, tuple(keys)), _PREFIX.size + length


@dataclass(frozen=True, slots=True)
class Rows:
    """``count`` rows of a lane from row ``first`` on, as arrays of those that have a point.

    ``steps`` and ``timestamps`` (ms) are (n,), ``values`` is (columns, n); n is less than ``count`` if rows were given up.
    """

    first: int
    count: int
    steps: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    values: NDArray[np.float64]


def copy_rows(data: bytes | mmap.mmap, header: Header, offset: int, start: int, stop: int) -> Rows:
    """Copy rows ``start`` to ``stop`` of a lane from the bytes of their segment."""
    import numpy as np

    words = header.width // 8
    table = np.frombuffer(data, "<i8", (stop - start) * words, offset + (start - header.first) * header.width)
    table = table.reshape(-1, words)
    stamps = table[:, -1]
    filled = (stamps != 0) & (stamps != VOID)
    if not filled.all():
        table = table[filled]
    # Always a copy: a view of the file would keep it mapped.
    values = np.array(table[:, 1:-1].T, order="C").view("<f8")
    return Rows(start, stop - start, table[:, 0].copy(), table[:, -1] // 1_000_000, values)


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """The file of a segment as it was read: its header, and how many rows were written."""

    path: Path
    header: Header
    data: mmap.mmap
    offset: int
    written: int
    is_cut: bool

    @property
    def end(self) -> int:
        """The number of the row after its last."""
        return self.header.first + self.written

    def copy(self, start: int, stop: int) -> Rows:
        """Copy rows ``start`` to ``stop``, counted in the lane."""
        return copy_rows(self.data, self.header, self.offset, start, stop)


def read_segment(path: Path, *, is_live: bool = False) -> StoredSegment | None:
    """Map a segment's file; None if its making was interrupted, so that no row was ever written.

    Args:
        path: The file.
        is_live: Whether its owner may still be writing: then rows after an empty one are left for later.

    Raises:
        ValueError: The header is damaged.
    """
    data = _map(path)
    if data is None:
        return None
    try:
        header, offset = Header.decode(data)
    except ValueError:
        if _is_unmade(data):
            return None
        raise
    rows = max(0, len(data) - offset) // header.width
    return StoredSegment(path, header, data, offset, _written(data, header, offset, rows, is_live), rows < header.rows)


def _map(path: Path) -> mmap.mmap | None:
    with open_plain(path) as file:
        is_empty = file.seek(0, 2) == 0
        return None if is_empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _is_unmade(data: mmap.mmap) -> bool:
    """Tell whether the file ends within its header, so that it has no rows.

    Both the length and the closing bracket must be missing, so that no single damaged byte can hide rows.
    """
    present = data[:].rstrip(b"\0")
    if len(present) < _PREFIX.size:
        return True
    return len(present) < _PREFIX.size + _PREFIX.unpack_from(present)[1] and b"]" not in present[_PREFIX.size :]


def _written(data: mmap.mmap, header: Header, offset: int, rows: int, is_live: bool) -> int:
    """Return how many rows there are: up to the last one with a stamp, in a live journal up to the first one without."""
    import numpy as np

    if rows <= 0:
        return 0
    words = header.width // 8
    has_stamp = np.frombuffer(data, "<i8", rows * words, offset)[words - 1 :: words] != 0
    if is_live:
        return rows if has_stamp.all() else int(has_stamp.argmin())
    (filled,) = has_stamp.nonzero()
    return int(filled[-1]) + 1 if len(filled) else 0
