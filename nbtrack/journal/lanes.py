"""The lanes of a writer: one for each set of metric names, and a mixed one when there are too many sets."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from ..entities.events import LaneRows
from ..errors import InvalidInput
from ..system.reentrant import Section
from .batches import lane_rows
from .event_log import EventLog
from .keys import as_number, bad_step, check_key
from .lane import Lane
from .rows import MIXED, Rows

__all__ = ["Lanes"]

_MAX_LANES = 32
_STEP_AND_STAMP = struct.Struct("<qq")


class Lanes:
    """Finds the lane of a row, and fills it by the general way; ``Lane.write`` is the fast one.

    Threads: ``open``, ``log``, ``log_later`` and the counts may be called from any thread, ``rows`` only from the
    flusher's, everything else only by the holder of the writer's section.

    Args:
        section: The writer's lock.
        events: Where the names of the mixed lane are recorded.
        place: Returns the path for a segment's file by its name, None for memory only.
        on_full: Called when a segment is full.

    Attributes:
        by_keys: The lane of each tuple of names that was logged.
        applied: How many rows the store has, by the lane's number.
    """

    def __init__(
        self, section: Section, events: EventLog, place: Callable[[str], Path | None], on_full: Callable[[], None]
    ) -> None:
        self._section, self._events, self._place, self._on_full = section, events, place, on_full
        self.by_keys: dict[tuple[str, ...], Lane] = {}
        self.applied: Mapping[int, int] = {}
        self._lanes: list[Lane] = []
        self._by_sorted_keys: dict[tuple[str, ...], Lane] = {}
        self._numbers: dict[str, int] = {}  # of the names of the mixed lane
        self._is_relogging = False

    def __iter__(self) -> Iterator[Lane]:
        return iter(tuple(self._lanes))

    # Filling

    def log(self, lane: Lane, metrics: Mapping[str, float], step: int, stamp: int) -> None:
        """Append a row to its lane.

        Raises:
            WrongType: A value is not a number, or the step not an integer; nothing was logged.
            InvalidInput: The step or the time is out of range; nothing was logged.
        """
        # ``struct`` does not say which value it rejects, so values become floats here.
        numbers = {key: as_number(key, value) for key, value in metrics.items()}
        try:
            if lane.keys is MIXED:
                for key, number in numbers.items():
                    self._fill(lane, (self._numbers[key], number), step, stamp)
                return
            self._fill(lane, tuple(numbers[key] for key in lane.keys), step, stamp)
        except (struct.error, TypeError, ValueError) as error:
            raise bad_step(step) from error

    def log_later(self, metrics: Mapping[str, float], step: int, stamp: int) -> None:
        """Append a row once the work that this call interrupts is done; errors are raised now."""
        _check_keys(tuple(metrics))
        numbers = {key: as_number(key, value) for key, value in metrics.items()}
        try:
            _STEP_AND_STAMP.pack(step, stamp)
        except (struct.error, TypeError, ValueError) as error:
            raise bad_step(step) from error
        self._section.later(lambda: self.log(self.open(tuple(numbers)), numbers, step, stamp))

    def _fill(self, lane: Lane, values: tuple[float, ...], step: int, stamp: int) -> None:
        while True:
            try:
                return lane.fill(values, step, stamp)
            except StopIteration:
                if self._section.is_interrupted() and not self._is_relogging:
                    return self._section.later(lambda: self._fill(lane, values, step, stamp))
                with self._section:
                    is_new = lane.make_room()
                if is_new:
                    self._on_full()

    # Opening

    def open(self, keys: tuple[str, ...]) -> Lane:
        """Return the lane of names that were not logged in this order before.

        Raises:
            WrongType, InvalidInput: One is not the name of a metric, or there is none.
        """
        _check_keys(keys)
        with self._section:
            lane = self._by_sorted_keys.get(tuple(sorted(keys)))
            if lane is None:
                lane = self._mixed(keys) if len(self._lanes) >= _MAX_LANES else self._new(keys)
            if lane.keys is not MIXED or len(self.by_keys) < 100 * _MAX_LANES:
                self.by_keys[keys] = lane
            return lane

    def _new(self, keys: tuple[str, ...]) -> Lane:
        self._events.record()  # which makes the folder for the lane's file
        lane = Lane(len(self._lanes), keys, self._place)
        self._lanes.append(lane)
        self._by_sorted_keys[tuple(sorted(keys))] = lane
        return lane

    def _mixed(self, keys: tuple[str, ...]) -> Lane:
        """Return the lane whose rows carry the number of their metric's name, after numbering the new names."""
        lane = self._lanes[-1] if self._lanes[-1].keys is MIXED else self._new(MIXED)
        new = [key for key in keys if key not in self._numbers]
        # Names before numbers: a reader looks up the number of a row among the names.
        self._events.names += new
        self._numbers.update(zip(new, range(len(self._numbers), len(self._events.names)), strict=True))
        if new:
            self._events.record()
        return lane

    # Reading

    def pending_rows(self) -> int:
        """Return how many rows the store does not have."""
        return sum(lane.taken - self.applied.get(lane.number, 0) for lane in self)

    def rows_in_memory(self) -> int:
        """Return how many rows neither a file nor the store has."""
        return sum(lane.rows_in_memory(self.applied.get(lane.number, 0)) for lane in self)

    def rows(self, limit: int, after: Mapping[int, int]) -> Iterator[LaneRows]:
        """Yield about ``limit`` points, beginning with row ``after[number]`` of each lane."""
        lanes = tuple(self._lanes)
        for left, lane in zip(range(len(lanes), 0, -1), lanes, strict=True):
            # Each lane gets its share, and what the lanes before it left of theirs.
            rows = lane.take(after.get(lane.number, 0), -(-limit // (left * len(lane.keys))))
            if rows is not None:
                limit = max(0, limit - rows.count * len(lane.keys))
                yield lane_rows(lane.number, lane.keys, rows, self._events.names)

    # Space

    def delete_applied(self) -> None:
        """Delete the segments of which the store has every row."""
        for lane in self:
            self._relog(lane, lane.delete_applied(self.applied.get(lane.number, 0)))

    def relog_late(self) -> bool:
        """Log again the rows that were given up and arrived after all; tell whether there were any."""
        before = self.pending_rows()
        for lane in self:
            self._relog(lane, lane.late())
        return self.pending_rows() > before

    def _relog(self, lane: Lane, late: Iterable[Rows]) -> None:
        self._is_relogging = True
        try:
            for rows in late:
                for column in range(len(rows.steps)):
                    values = tuple(rows.values[:, column].tolist())
                    self._fill(lane, values, int(rows.steps[column]), int(rows.timestamps[column]) * 1_000_000 + 1)
        finally:
            self._is_relogging = False

    def save(self) -> None:
        """Write rows that are in memory only to files.

        Raises:
            OSError: They still cannot be written.
        """
        for lane in self:
            lane.save(self.applied.get(lane.number, 0))

    def move(self, old: Path, new: Path) -> None:
        """Update the files' paths after a folder above was renamed."""
        for lane in self:
            lane.move(old, new)

    def lose_files(self) -> None:
        """Accept that the files were deleted: their rows are in memory only."""
        for lane in self:
            lane.lose_files()

    def unmap(self) -> None:
        """Unmap all rows; the files stay on disk."""
        for lane in self:
            lane.unmap()


def _check_keys(keys: tuple[str, ...]) -> None:
    for key in keys:
        check_key(key)
    if not keys:
        raise InvalidInput("log was given no metrics: name at least one, as in log(loss=0.5)")
