"""A lane as its writer sees it: the one hot place of the package.

A call of ``log`` comes down to one generated function that takes a slot and fills it with one
``struct.pack_into``; no lock, for a slot is taken by ``next`` on a range iterator, which is atomic. Generating
the function for its number of columns saves building the tuples that star-arguments and a key look-up
need, half of the time of a call (benchmarks/README.md).

A thread may be interrupted between taking a slot and filling it (Ctrl-C), and then nobody ever will. The reader
gives such a row up after a while; should its writer have been merely slow, the row is found and logged again
before its segment goes.
"""

from __future__ import annotations

import functools
import mmap
import os
import struct
from collections.abc import Callable, Iterator, Sequence
from operator import length_hint
from pathlib import Path
from types import CodeType, FunctionType

from .rows import MIXED, VOID, Header, Rows, copy_rows

__all__ = ["Fill", "Lane", "Write"]

Write = Callable[[dict[str, float], int, int], None]
Fill = Callable[[Sequence[float], int, int], None]

_FIRST_BYTES = 4096
_LAST_BYTES = 8 << 20
_MIN_ROWS = 8
_GENERATED_COLUMNS = 64
_LOOKS_BEFORE_VOID = 20

_STAMP = struct.Struct("<q")

_TEMPLATE = """
def write(metrics, step, stamp):
    if len(metrics) != {count}:
        raise KeyError
    {look_up}
    at = next(slots)
    try:
        pack(buffer, at, step, {names}, stamp)
    except BaseException:
        give_up(at)
        raise
"""


@functools.lru_cache(maxsize=_GENERATED_COLUMNS)
def _code(count: int) -> CodeType:
    """Return the code of a function that writes a row of ``count`` columns; its globals are the lane's."""
    names = [f"v{i}" for i in range(count)]
    look_up = "; ".join(f"v{i} = metrics[k{i}]" for i in range(count))
    namespace: dict[str, FunctionType] = {}
    exec(_TEMPLATE.format(count=count, look_up=look_up, names=", ".join(names)), namespace)  # noqa: S102
    return namespace["write"].__code__


def _not_generated(metrics: dict[str, float], step: int, stamp: int) -> None:
    """Stand for the generated function where a lane has none; a KeyError sends the caller to ``fill``."""
    raise KeyError


class _Segment:
    """One stretch of a lane: a mapped file, or plain memory where no file can be made."""

    def __init__(self, header: Header, path: Path | None) -> None:
        head = header.encode()
        size = len(head) + header.rows * header.width
        self.header, self.path, self.offset = header, path, len(head)
        self.buffer = mmap.mmap(-1, size) if path is None else _map_new(path, head, size)
        self.slots = iter(range(self.offset, self.offset + header.rows * header.width, header.width))
        self.voids: list[int] = []

    @property
    def taken(self) -> int:
        """The number, in the lane, of the row after the last one whose slot was taken."""
        return self.header.first + self.header.rows - length_hint(self.slots)

    def stamp_at(self, row: int) -> int:
        """Return the position of a row's stamp."""
        return self.offset + (row - self.header.first + 1) * self.header.width - 8

    def discard(self) -> None:
        """Unmap and delete."""
        self.buffer.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def _map_new(path: Path, head: bytes, size: int) -> mmap.mmap:
    """Make a file of ``size`` bytes that begins with ``head``, all of it allocated, and map it.

    A write into a hole on a full disk would be a SIGBUS, which kills the kernel; here it is an OSError.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o644)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(fd, 0, size)
        else:
            os.write(fd, bytes(size))
        buffer = mmap.mmap(fd, size)
        buffer[: len(head)] = head
    except OSError:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)
    return buffer


class Lane:
    """The points of one set of metric names, or of any names where they are too many (``MIXED``).

    Args:
        number: The lane's number in its journal.
        keys: The names of its columns, or ``MIXED``.
        place: Gives the path for a segment's file by its number, None for memory only.
    """

    def __init__(self, number: int, keys: tuple[str, ...], place: Callable[[str], Path | None]) -> None:
        self.number, self.keys = number, keys
        self._place = place
        layout = "<qqdq" if keys is MIXED else f"<q{len(keys)}dq"
        self._pack = struct.Struct(layout).pack_into
        self._segments: list[_Segment] = []
        self._count = 0
        self._stalled, self._looks = -1, 0
        self.write: Write
        self.fill: Fill
        self._open(_FIRST_BYTES, 0)

    @property
    def taken(self) -> int:
        """How many rows have been begun over the lane's life."""
        return self._segments[-1].taken

    def make_room(self) -> bool:
        """Open a new segment if the present one is full; the caller holds the writer's lock.

        Returns:
            Whether a segment was opened.
        """
        last = self._segments[-1]
        if length_hint(last.slots):
            return False
        self._open(min(_LAST_BYTES, 8 * len(last.buffer)), last.taken)
        return True

    def take(self, start: int, limit: int) -> Rows | None:
        """Copy the rows from ``start`` on that are complete, at most ``limit`` and of one segment."""
        for segment in tuple(self._segments):
            stop = min(segment.taken, start + limit)
            if segment.header.first <= start < stop:
                stop = self._complete(segment, start, stop)
                return copy_rows(segment.buffer, segment.header, segment.offset, start, stop) if stop > start else None
        return None

    def forget(self, applied: int) -> Iterator[Rows]:
        """Delete the segments whose rows are all in the store, but for the one being written.

        Yields:
            Rows that were given up and came after all; the caller logs them again.
        """
        while len(self._segments) > 1 and self._segments[1].header.first <= applied:
            segment = self._segments.pop(0)
            yield from self._late(segment)
            segment.discard()

    def late(self) -> Iterator[Rows]:
        """Yield, once each, the rows that were given up and came after all."""
        for segment in tuple(self._segments):
            yield from self._late(segment)

    def close(self) -> None:
        """Unmap everything; the files stay."""
        for segment in self._segments:
            segment.buffer.close()

    def _open(self, size: int, first: int) -> None:
        header = Header(self.number, first, max(_MIN_ROWS, size // (8 * (len(self.keys) + 2))), self.keys)
        name = f"lane-{self.number}.{self._count:05}.rows"
        self._count += 1
        segment = _segment(header, self._place(name))
        self._segments.append(segment)
        self.write, self.fill = self._functions(segment)

    def _functions(self, segment: _Segment) -> tuple[Write, Fill]:
        """Return the two functions that fill a segment's next row: the generated one, and one for any lane."""
        pack, buffer, slots = self._pack, segment.buffer, segment.slots
        stamp_offset = segment.header.width - 8

        def give_up(at: int) -> None:
            _STAMP.pack_into(buffer, at + stamp_offset, VOID)

        def fill(values: Sequence[float], step: int, stamp: int) -> None:
            at = next(slots)
            try:
                pack(buffer, at, step, *values, stamp)
            except BaseException:
                give_up(at)
                raise

        if self.keys is MIXED or len(self.keys) > _GENERATED_COLUMNS:
            return _not_generated, fill
        columns = {f"k{i}": key for i, key in enumerate(self.keys)}
        names = {"pack": pack, "buffer": buffer, "slots": slots, "give_up": give_up, **columns}
        return FunctionType(_code(len(self.keys)), names), fill

    def _complete(self, segment: _Segment, start: int, stop: int) -> int:
        """Return the end of the rows from ``start`` on that have their stamps."""
        import numpy as np

        words = segment.header.width // 8
        table = np.frombuffer(segment.buffer, "<i8", (stop - start) * words, segment.stamp_at(start) + 8 - segment.header.width)
        (empty,) = (table[words - 1 :: words] == 0).nonzero()
        if not len(empty):
            return stop
        row = start + int(empty[0])
        self._look_at(segment, row)
        return row

    def _look_at(self, segment: _Segment, row: int) -> None:
        """Give a row up that has been empty for many looks: the call that took its slot was interrupted."""
        if row != self._stalled:
            self._stalled, self._looks = row, 0
        self._looks += 1
        if self._looks > _LOOKS_BEFORE_VOID:
            _STAMP.pack_into(segment.buffer, segment.stamp_at(row), VOID)
            segment.voids.append(row)

    def _late(self, segment: _Segment) -> Iterator[Rows]:
        for row in tuple(segment.voids):
            (stamp,) = _STAMP.unpack_from(segment.buffer, segment.stamp_at(row))
            if stamp != VOID:
                segment.voids.remove(row)
                yield copy_rows(segment.buffer, segment.header, segment.offset, row, row + 1)


def _segment(header: Header, path: Path | None) -> _Segment:
    """Make a segment in its file, or in memory where that fails: the disk is full, say."""
    if path is not None:
        try:
            return _Segment(header, path)
        except OSError:
            pass
    return _Segment(header, None)
