"""Which writers a store refuses, why, and when it is asked again."""

from __future__ import annotations

import time
from dataclasses import dataclass

__all__ = ["Refusals"]

_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds


@dataclass(slots=True)
class _Refusal:
    run_id: str
    error: Exception
    due: float
    pause: float


class Refusals:
    """The writers that are refused, by their ids; nothing of another writer waits for them."""

    def __init__(self) -> None:
        self._found: dict[str, _Refusal] = {}

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, writer_id: object) -> bool:
        return writer_id in self._found

    def note(self, writer_id: str, run_id: str, error: Exception) -> None:
        """Note that a writer was refused; it is tried again later and later."""
        before = self._found.get(writer_id)
        pause = _PAUSE if before is None else min(_LONGEST_PAUSE, 2 * before.pause)
        self._found[writer_id] = _Refusal(run_id, error, time.monotonic() + pause, pause)

    def clear(self, writer_id: str) -> None:
        """Note that a writer is taken again, or over."""
        self._found.pop(writer_id, None)

    def is_due(self, writer_id: str) -> bool:
        """Tell whether a writer is to be tried; one that is not refused always is."""
        refusal = self._found.get(writer_id)
        return refusal is None or time.monotonic() >= refusal.due

    def reasons(self) -> dict[str, str]:
        """Return why runs wait, by their ids."""
        return {each.run_id: str(each.error) for each in tuple(self._found.values())}
