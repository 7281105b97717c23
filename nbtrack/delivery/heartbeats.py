"""Signs of life: those who cannot look into this process take it for gone where it gives none."""

from __future__ import annotations

from collections.abc import Container, Mapping

from ..entities.run import now_ms
from ..journal.clock import uptime
from ..journal.writer import Writer
from ..store.protocol.store import Store
from .dead_processes import take_back

__all__ = ["SignsOfLife"]

_HEARTBEAT = 60.0


class SignsOfLife:
    """What the writers of this process say of it, about once a minute.

    Args:
        writers: The writers, by their ids.
    """

    def __init__(self, writers: Mapping[str, Writer]) -> None:
        self._writers = writers
        self._beat = self._touched = uptime()

    def touch(self) -> None:
        """Show that the journals are in use, also while the store is unavailable."""
        if uptime() - self._touched >= _HEARTBEAT:
            self._touched = uptime()
            for writer in tuple(self._writers.values()):
                writer.touch()

    def give(self, store: Store, refused: Container[str]) -> None:
        """Tell the store that the runs of this process go on; of writers that it refuses it is told nothing."""
        if uptime() - self._beat >= _HEARTBEAT:
            self._beat = uptime()
            owned = [writer for writer in tuple(self._writers.values()) if writer.owns and writer.id not in refused]
            store.heartbeat([writer.run_id for writer in owned], now_ms())
            take_back(store, owned)
