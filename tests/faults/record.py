"""The calls of a process that will be killed: each is recorded before it is made and after it returned."""

from __future__ import annotations

import mmap
from pathlib import Path

RUNS, WRITERS = 16, 8

# What is noted of a run; behind these, each of its writers has a place for its points.
START, END, TAG, FILE = range(4)
_PLACES = 4 + WRITERS
_HEAD = 8


class Record:
    """Numbers in a file that two processes share, which survive the process that writes them.

    Each number has one writer. ``begun`` counts the calls of one kind that were made, ``returned`` those that returned.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(8 * (_HEAD + RUNS * _PLACES * 2)))
        self.path = path
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self._numbers = memoryview(self._map).cast("q")

    def close(self) -> None:
        self._numbers.release()
        self._map.close()

    def begin(self, run: int, what: int) -> int:
        """Record that a call is about to be made; return how many were made before."""
        at = _place(run, what)
        self._numbers[at] += 1
        return self._numbers[at] - 1

    def done(self, run: int, what: int) -> None:
        """Record that the call returned."""
        at = _place(run, what)
        self._numbers[at + 1] = self._numbers[at]

    def begun(self, run: int, what: int) -> int:
        return self._numbers[_place(run, what)]

    def returned(self, run: int, what: int) -> int:
        return self._numbers[_place(run, what) + 1]

    def calls(self) -> int:
        """Return how many calls were made."""
        return sum(self._numbers[_HEAD::2])

    @property
    def lines(self) -> int:
        """How many lines of nbtrack the process has executed."""
        return self._numbers[0]

    @lines.setter
    def lines(self, count: int) -> None:
        self._numbers[0] = count


def point_of(writer: int) -> int:
    """Return the place of a writer's points."""
    return 4 + writer


def _place(run: int, what: int) -> int:
    return _HEAD + 2 * (run * _PLACES + what)
