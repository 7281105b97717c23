"""An id for a new run from a server that gives ids itself, as long as it answers soon."""

from __future__ import annotations

import threading
from collections.abc import Callable

from .errors import NbtrackError
from .events import RunStarted
from .store.base import Store

__all__ = ["reserve"]


def reserve(store: Callable[[], Store], event: RunStarted, seconds: float) -> str:
    """Return the id under which a server has started a run; empty where the store takes any id, or does not answer in time.

    Args:
        store: Returns the store, opening it at the first call.
        event: How the run starts.
        seconds: How long to wait.
    """
    reservation = _Reservation(store, event)
    reservation.start()
    return reservation.within(seconds)


class _Reservation(threading.Thread):
    """Asks in a thread of its own; a run that comes after nobody waits for it any more is deleted again."""

    def __init__(self, store: Callable[[], Store], event: RunStarted) -> None:
        super().__init__(name="nbtrack-reserve", daemon=True)
        self._store, self._event = store, event
        self._settled = threading.Lock()
        self._is_abandoned = False
        self._id = ""

    def run(self) -> None:
        try:
            store = self._store()
            ask: Callable[[RunStarted], str] | None = getattr(store, "reserve", None)
            if ask is None:
                return
            found = ask(self._event)
            with self._settled:
                self._id = found
                is_late = self._is_abandoned
            if is_late:
                store.delete_run(found)
        except NbtrackError:
            return  # the journal has the run, under an id of ours

    def within(self, seconds: float) -> str:
        """Return the id that came within so many seconds, or empty."""
        self.join(seconds)
        with self._settled:
            self._is_abandoned = True
            return self._id
