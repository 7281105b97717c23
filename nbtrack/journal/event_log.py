"""The events of a writer: a list in memory, and a line each in the journal as soon as it can be written."""

from __future__ import annotations

from ..entities.events import Event, RunEnded
from .codec import to_json
from .records import is_json
from .writer_folder import WriterFolder

__all__ = ["EventLog"]


class EventLog:
    """Events in order, and the metric names to which the mixed lane refers by number.

    Threads: only for the holder of the writer's section.

    Args:
        folder: The journal's folder.

    Attributes:
        events: Every event of the writer, in order.
        names: The metric names of the mixed lane, in order.
        applied: How many events the store has.
        is_gathering: Whether ``append`` leaves the writing to a later ``record``.
    """

    def __init__(self, folder: WriterFolder) -> None:
        self._folder = folder
        self.events: list[Event] = []
        self.names: list[str] = []
        self.applied = 0
        self.is_gathering = False
        self._recorded = self._named = 0

    @property
    def has_ended(self) -> bool:
        """Whether one of the events ends the run."""
        return any(isinstance(event, RunEnded) for event in self.events)

    def append(self, *events: Event) -> None:
        """Append events, and write them unless they are being gathered."""
        self.events += events
        if not self.is_gathering:
            self.record()

    def record(self) -> None:
        """Write the events and names that are in no file yet, in order, because a line's number is its event's number.

        Raises:
            TypeError, ValueError, RecursionError: JSON cannot represent an event; it is dropped.
        """
        folder = self._folder
        if folder.open() is None or folder.events is None:
            return
        try:
            if self._recorded < len(self.events):
                folder.events.append(*map(to_json, self.events[self._recorded :]))
                self._recorded = len(self.events)
            if self._named < len(self.names):
                folder.append_names(self.names[self._named :])
                self._named = len(self.names)
        except OSError as error:
            folder.note(error)
        except (TypeError, ValueError, RecursionError):
            self._drop_invalid()
            raise

    def _drop_invalid(self) -> None:
        """Drop the events that JSON cannot represent: they would block every later one."""
        start = max(self._recorded, self.applied)
        self.events[start:] = [event for event in self.events[start:] if is_json(to_json(event))]

    def is_in_memory(self) -> bool:
        """Tell whether an event or a name is neither in a file nor in the store."""
        return len(self.events) > max(self._recorded, self.applied) or self._named < len(self.names)

    def lose_files(self) -> None:
        """Accept that the files were deleted: everything is in memory only, until ``record`` writes it again."""
        self._recorded = self._named = 0
