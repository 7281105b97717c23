"""Live views of a run into which this process logs: they receive new rows about ten times a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from ..entities.events import LaneRows
from ..journal.writer import Writer

__all__ = ["Follower", "Followers"]

# Receives new rows of a run; called once a frame even without any.
Follower = Callable[[Sequence[LaneRows]], None]

# Seconds between two frames; together with those that come with a delivery, ten a second.
_FRAME = 0.08
_LONGEST_FRAME = 1.0
_SHARE = 0.008  # of a processor, at most, is spent on frames, so that the watched code has the rest
_ROWS_A_FRAME = 250_000


class _Followed:
    """A run and its follower, and which rows it has received."""

    def __init__(self, run_id: str, follower: Follower) -> None:
        self.run_id, self._follower = run_id, follower
        self._seen: dict[str, dict[int, int]] = {}

    def show(self, writers: Iterable[Writer]) -> None:
        """Pass on the new rows of a run's writers."""
        found: list[LaneRows] = []
        for writer in writers:
            seen = self._seen.setdefault(writer.id, {})
            new = list(writer.outbox.peek(seen, _ROWS_A_FRAME))
            seen.update((rows.lane, rows.first + rows.count) for rows in new)
            found += new
        self._follower(found)


class Followers:
    """The followers of this process's runs.

    Threads: ``show`` is for the flusher's thread, every other method may be called from any.

    Args:
        writers: The writers of this process, by their ids.
        warn: Warns once about the thing that its first argument names.

    Attributes:
        shown_at: When the last frame was, by the monotonic clock.
        frame: The seconds between two frames.
    """

    def __init__(self, writers: Mapping[str, Writer], warn: Callable[..., None]) -> None:
        self._writers, self._warn = writers, warn
        self._followed: list[_Followed] = []
        self.shown_at, self.frame = 0.0, _FRAME

    def __bool__(self) -> bool:
        return bool(self._followed)

    def add(self, run_id: str, follower: Follower) -> Callable[[], None]:
        """Pass a run's new rows to a follower from now on; the returned function ends that."""
        followed = _Followed(run_id, follower)
        self._followed.append(followed)
        return lambda: self._remove(followed)

    def _remove(self, followed: _Followed) -> None:
        if followed in self._followed:
            self._followed.remove(followed)

    def show(self) -> None:
        """Pass new rows to all followers; the longer that takes, the longer is the time until the next frame."""
        spent = time.thread_time()
        for followed in tuple(self._followed):
            try:
                followed.show([writer for writer in tuple(self._writers.values()) if writer.run_id == followed.run_id])
            except Exception as error:  # noqa: BLE001  a failing view must not keep what was logged from the store
                self._remove(followed)
                self._warn(repr(error), "nbtrack: the live view of run %s ended: %r", followed.run_id, error)
        self.shown_at = time.monotonic()
        self.frame = min(_LONGEST_FRAME, max(_FRAME, (time.thread_time() - spent) / _SHARE))
