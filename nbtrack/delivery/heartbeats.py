"""Heartbeats: processes that cannot examine this one count it as dead when it gives none."""

from __future__ import annotations

from collections.abc import Container, Mapping

from ..entities.run import now_ms
from ..journal.clock import uptime
from ..journal.writer import Writer
from ..store.protocol.store import Store
from .crashed_runs import reopen_runs

__all__ = ["Heartbeats"]

_INTERVAL = 60.0  # seconds


class Heartbeats:
    """Heartbeats of this process's writers, about once a minute: to the store, and in the times of their journals.

    Args:
        writers: The writers, by their ids.
    """

    def __init__(self, writers: Mapping[str, Writer]) -> None:
        self._writers = writers
        self._sent_at = self._touched_at = uptime()

    def touch_journals(self) -> None:
        """Change the times of the journals, also while the store is unavailable."""
        if uptime() - self._touched_at >= _INTERVAL:
            self._touched_at = uptime()
            for writer in tuple(self._writers.values()):
                writer.touch()

    def send(self, store: Store, refused: Container[str]) -> None:
        """Tell the store that the runs of this process go on, except those of writers that it refuses."""
        if uptime() - self._sent_at >= _INTERVAL:
            self._sent_at = uptime()
            owned = [writer for writer in tuple(self._writers.values()) if writer.owns and writer.id not in refused]
            store.heartbeat([writer.run_id for writer in owned], now_ms())
            reopen_runs(store, owned)
