"""What a journal has and the store has not: taken in batches, acknowledged, and begun again for another store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..entities.events import Batch, DocumentLogged, LaneRows, Progress
from ..system.reentrant import Section
from .batches import deliverable
from .event_log import EventLog
from .lanes import Lanes

__all__ = ["Outbox"]


class Outbox:
    """The undelivered part of a journal.

    Threads: ``take``, ``peek`` and ``applied`` are for the flusher's thread; everything else may be called from any.

    Args:
        run_id: The run.
        writer_id: The writer.
        section: The writer's lock.
        events: The writer's events.
        lanes: The writer's rows.

    Attributes:
        texts: Texts, by their SHA-256, that were only named because a store had them: another store may not.
    """

    def __init__(self, run_id: str, writer_id: str, section: Section, events: EventLog, lanes: Lanes) -> None:
        self._run_id, self._writer_id = run_id, writer_id
        self._section, self._events, self._lanes = section, events, lanes
        self.texts: dict[str, str] = {}

    @property
    def progress(self) -> Progress:
        """How far the store has come with this writer."""
        return Progress(self._events.applied, self._lanes.applied)

    def is_empty(self) -> bool:
        """Tell whether the store has everything."""
        return self._events.applied >= len(self._events.events) and self.pending_rows() == 0

    def pending_rows(self) -> int:
        """Return how many rows the store does not have."""
        return self._lanes.pending_rows()

    def is_untouched(self) -> bool:
        """Tell whether there are events, and the store has none of them."""
        return self._events.applied == 0 and bool(self._events.events)

    def take(self, limit: int) -> Batch | None:
        """Return what the store does not have, about ``limit`` points at most; None if it has everything."""
        first, applied = self._events.applied, self._lanes.applied
        waiting = self._events.events[first:]
        goals = {lane.number: lane.taken for lane in self._lanes}
        lanes = tuple(self._lanes.rows(limit, applied))
        reached = {**applied, **{rows.lane: rows.first + rows.count for rows in lanes}}
        is_complete = all(reached.get(lane, 0) >= goal for lane, goal in goals.items())
        events = tuple(deliverable(waiting, is_complete=is_complete))
        return Batch(self._run_id, self._writer_id, first, events, lanes) if events or lanes else None

    def peek(self, seen: Mapping[int, int], limit: int) -> Iterator[LaneRows]:
        """Yield about ``limit`` points after the rows of each lane that were ``seen``; the store may have some of them."""
        return self._lanes.rows(limit, {**self._lanes.applied, **seen})

    def applied(self, progress: Progress) -> None:
        """Note how far the store has come, and free the space of what it has."""
        with self._section:
            self._events.applied, self._lanes.applied = progress.events, progress.lanes
            self._lanes.delete_applied()

    def start_over(self, known: Progress) -> int:
        """Begin again for a store that replaced another one.

        Args:
            known: How far the new store has come with this writer.

        Returns:
            How many rows the new store will lack, because their space was freed.
        """
        with self._section:
            lanes = {lane.number: max(known.lanes.get(lane.number, 0), lane.first) for lane in self._lanes}
            self._events.applied, self._lanes.applied = known.events, lanes
            for text in self.texts.values():
                self._events.append(DocumentLogged("", text))
            self.texts.clear()
            return sum(first - known.lanes.get(number, 0) for number, first in lanes.items())
