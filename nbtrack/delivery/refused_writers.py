"""Writers whose batches the store refuses: why, and when each is tried again."""

from __future__ import annotations

import time
from dataclasses import dataclass

__all__ = ["RefusedWriters"]

_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds


@dataclass(slots=True)
class _RefusedWriter:
    run_id: str
    error: Exception
    due: float
    pause: float


class RefusedWriters:
    """The writers that the store refuses, by their ids; other writers do not wait for them."""

    def __init__(self) -> None:
        self._refused: dict[str, _RefusedWriter] = {}

    def __len__(self) -> int:
        return len(self._refused)

    def __contains__(self, writer_id: object) -> bool:
        return writer_id in self._refused

    def add(self, writer_id: str, run_id: str, error: Exception) -> None:
        """Note that the store refused a writer; each time the pause until the next attempt doubles."""
        before = self._refused.get(writer_id)
        pause = _PAUSE if before is None else min(_LONGEST_PAUSE, 2 * before.pause)
        self._refused[writer_id] = _RefusedWriter(run_id, error, time.monotonic() + pause, pause)

    def remove(self, writer_id: str) -> None:
        """Note that the store accepts a writer, or that its journal is deleted."""
        self._refused.pop(writer_id, None)

    def is_due(self, writer_id: str) -> bool:
        """Tell whether a writer is to be tried now; one that is not refused always is."""
        refused = self._refused.get(writer_id)
        return refused is None or time.monotonic() >= refused.due

    def reasons(self) -> dict[str, str]:
        """Return why runs wait, by their ids."""
        return {each.run_id: str(each.error) for each in tuple(self._refused.values())}
