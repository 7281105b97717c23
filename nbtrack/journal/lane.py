"""A lane as its writer sees it: the only hot code of the package.

A call of ``log`` runs one generated function, which takes a slot and fills it with one ``struct.pack_into``. It needs no
lock, because ``next`` on a range iterator, which takes the slot, is atomic. A function generated for its number of columns
builds no tuples for star-arguments and key look-ups, which saves half of the time of a call (benchmarks/README.md).

A thread that is interrupted between taking a slot and filling it (Ctrl-C) never fills it. The reader gives such a row up
after a while. If its writer was only slow, the row is found and logged again before its segment is deleted.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable, Iterator, Sequence
from operator import length_hint
from pathlib import Path
from types import CodeType, FunctionType

from .folder import renamed
from .rows import MIXED, VOID, Header, Rows, copy_rows
from .segment import STAMP, Segment

__all__ = ["Fill", "Lane", "Write"]

Write = Callable[[dict[str, float], int, int], None]
Fill = Callable[[Sequence[float], int, int], None]

_FIRST_BYTES = 4096
_LAST_BYTES = 8 << 20
_MIN_ROWS = 8
_GENERATED_COLUMNS = 64
_LOOKS_BEFORE_VOID = 20

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
    """Return the code of a function that writes a row of ``count`` columns; the lane supplies its globals."""
    names = [f"v{i}" for i in range(count)]
    look_up = "; ".join(f"v{i} = metrics[k{i}]" for i in range(count))
    namespace: dict[str, FunctionType] = {}
    exec(_TEMPLATE.format(count=count, look_up=look_up, names=", ".join(names)), namespace)  # noqa: S102
    return namespace["write"].__code__


def _not_generated(metrics: dict[str, float], step: int, stamp: int) -> None:
    """Stand for the generated function in a lane without one: KeyError sends the caller to ``fill``."""
    raise KeyError


class Lane:
    """The points of one set of metric names, or of any names (``MIXED``).

    Args:
        number: The lane's number in its journal.
        keys: The names of its columns, or ``MIXED``.
        place: Returns the path for a segment's file by its name, None for memory only.
    """

    def __init__(self, number: int, keys: tuple[str, ...], place: Callable[[str], Path | None]) -> None:
        self.number, self.keys = number, keys
        self._place = place
        layout = "<qqdq" if keys is MIXED else f"<q{len(keys)}dq"
        self._layout = struct.Struct(layout)
        self._segments: list[Segment] = []
        self._stalled, self._looks = -1, 0
        self.write: Write
        self.fill: Fill
        self._append(self._new(_FIRST_BYTES, 0))

    @property
    def taken(self) -> int:
        """How many slots were taken since the lane was made."""
        return self._segments[-1].taken

    @property
    def first(self) -> int:
        """The first row that is not deleted."""
        return self._segments[0].header.first

    def make_room(self) -> bool:
        """Open a new segment if the last one is full; the caller holds the writer's lock.

        Returns:
            Whether a segment was opened.
        """
        last = self._segments[-1]
        if length_hint(last.slots):
            return False
        self._append(self._new(min(_LAST_BYTES, 8 * len(last.buffer)), last.end))
        return True

    def take(self, start: int, limit: int) -> Rows | None:
        """Copy the complete rows from ``start`` on, at most ``limit``, of one segment."""
        for segment in tuple(self._segments):
            stop = min(segment.taken, start + limit)
            if segment.header.first <= start < stop:
                stop = self._complete(segment, start, stop)
                return copy_rows(segment.buffer, segment.header, segment.offset, start, stop) if stop > start else None
        return None

    def delete_applied(self, applied: int) -> Iterator[Rows]:
        """Delete the segments of which the store has every row, except the one being written.

        Yields:
            Rows that were given up and arrived after all; the caller logs them again.
        """
        while len(self._segments) > 1 and self._segments[1].header.first <= applied:
            segment = self._segments.pop(0)
            yield from self._late(segment)
            segment.delete()

    def late(self) -> Iterator[Rows]:
        """Yield, once each, the rows that were given up and arrived after all."""
        for segment in tuple(self._segments):
            yield from self._late(segment)

    def unmap(self) -> None:
        """Release the memory; the files stay on disk."""
        for segment in self._segments:
            segment.unmap()

    @property
    def is_in_memory(self) -> bool:
        """Whether new rows are in memory only."""
        return self._segments[-1].path is None

    def rows_in_memory(self, applied: int) -> int:
        """Return how many rows are neither in the store nor in a file."""
        alone = [segment for segment in tuple(self._segments) if segment.path is None]
        return sum(max(0, segment.taken - max(applied, segment.header.first)) for segment in alone)

    def move(self, old: Path, new: Path) -> None:
        """Update the files' paths after a folder above was renamed."""
        for segment in tuple(self._segments):
            segment.path = segment.path and renamed(segment.path, old, new)

    def lose_files(self) -> None:
        """Accept that the files were deleted: their rows are in memory only."""
        for segment in self._segments:
            segment.path = None

    def save(self, applied: int) -> None:
        """Write rows that are in memory only to files, and go on in a file; the caller holds the writer's lock.

        Raises:
            OSError: They still cannot be written.
        """
        last = self._segments[-1]
        if last.path is None and (place := self._place(self._name())) is not None:
            new = self._new(_FIRST_BYTES, last.end, place)
            last.seal()
            self._append(new)
        for segment in self._segments[:-1]:
            place = self._place(self._name(segment))
            if segment.path is None and segment.end > applied and place is not None:
                segment.save(place)

    def _name(self, segment: Segment | None = None) -> str:
        """Return the name of a segment's file, which contains its first row; None for the next segment."""
        first = segment.header.first if segment is not None else self._segments[-1].end if self._segments else 0
        return f"lane-{self.number}.{first:05}.rows"

    def _new(self, size: int, first: int, place: Path | None = None) -> Segment:
        """Make a segment in its file, or in memory if that fails, as on a full disk; with ``place`` only in that file."""
        header = Header(self.number, first, max(_MIN_ROWS, size // (8 * (len(self.keys) + 2))), self.keys)
        if place is not None:
            return Segment(header, place)
        try:
            return Segment(header, self._place(self._name()))
        except OSError:
            return Segment(header, None)

    def _append(self, segment: Segment) -> None:
        self._segments.append(segment)
        self.write, self.fill = self._functions(segment)

    def _functions(self, segment: Segment) -> tuple[Write, Fill]:
        """Return the two functions that fill a segment's next row: the generated one, and a general one."""
        pack, buffer, slots = segment.packer(self._layout), segment.buffer, segment.slots
        pack_stamp, stamp_offset = segment.packer(STAMP), segment.header.width - 8

        def give_up(at: int) -> None:
            pack_stamp(buffer, at + stamp_offset, VOID)

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

    def _complete(self, segment: Segment, start: int, stop: int) -> int:
        """Return the end of the rows from ``start`` on that are complete."""
        import numpy as np

        words = segment.header.width // 8
        table = np.frombuffer(segment.buffer, "<i8", (stop - start) * words, segment.stamp_at(start) + 8 - segment.header.width)
        (empty,) = (table[words - 1 :: words] == 0).nonzero()
        if not len(empty):
            return stop
        row = start + int(empty[0])
        self._look_at(segment, row)
        return row

    def _look_at(self, segment: Segment, row: int) -> None:
        """Give a row up that stayed empty for many looks: the call that took its slot was interrupted."""
        if row != self._stalled:
            self._stalled, self._looks = row, 0
        self._looks += 1
        if self._looks > _LOOKS_BEFORE_VOID:
            STAMP.pack_into(segment.buffer, segment.stamp_at(row), VOID)
            segment.voids.append(row)

    def _late(self, segment: Segment) -> Iterator[Rows]:
        for row in tuple(segment.voids):
            (stamp,) = STAMP.unpack_from(segment.buffer, segment.stamp_at(row))
            if stamp != VOID:
                segment.voids.remove(row)
                yield copy_rows(segment.buffer, segment.header, segment.offset, row, row + 1)
