"""Asks a store, for a short time, for the id of a run that starts, or whether its experiment is deleted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from ..entities.events import RunStarted
from ..errors import Deleted, NbtrackError
from ..store.protocol.store import Store
from ..store.stages import deleted_experiment, refuse_runs_in
from ..store.text import storable
from ..system.forks import WORKING, delay_forks
from ..system.threads import start_thread

__all__ = ["is_accepted", "reserve"]


def is_accepted(store: Store | None, database: Path | None, event: RunStarted) -> bool:
    """Tell whether a store confirms at once that a run may start; False if it cannot, or only after some time.

    Args:
        store: The store, None if it is not open.
        database: Its SQLite file, None if it is another store.
        event: The start of the run.

    Raises:
        Deleted: The run's experiment is deleted.
    """
    try:
        with delay_forks(WORKING):
            return _is_accepted(store, database, event.experiment)
    except Deleted:
        raise
    except NbtrackError:
        return False


def _is_accepted(store: Store | None, database: Path | None, experiment: str) -> bool:
    if store is not None and store.is_immediate:
        refuse_runs_in(store, experiment)
        return True
    if store is None and database is not None:
        from ..store.sql.dialects.unopened import is_deleted

        if is_deleted(database, storable(experiment)):
            raise deleted_experiment(experiment)
        return True
    return False


def reserve(store: Callable[[], Store], event: RunStarted, seconds: float) -> str:
    """Return the id under which a server has started a run; empty if the store accepts any id, or does not answer in time.

    Args:
        store: Returns the store, opening it at the first call.
        event: The start of the run.
        seconds: How long to wait.

    Raises:
        Deleted: The run's experiment is deleted.
    """
    reservation = _Reservation(store, event)
    thread = start_thread(reservation.ask, "nbtrack-reserve")
    return "" if thread is None else reservation.within(thread, seconds)


class _Reservation:
    """Asks in a thread of its own; a run that the server starts after the time is over is deleted again."""

    def __init__(self, store: Callable[[], Store], event: RunStarted) -> None:
        self._store, self._event = store, event
        self._settled = threading.Lock()
        self._is_abandoned = False
        self._id = ""
        self._refusal: Deleted | None = None

    def ask(self) -> None:
        """Ask the store."""
        with delay_forks(WORKING):
            self._ask()

    def _ask(self) -> None:
        try:
            store = self._store()
            reserve: Callable[[RunStarted], str] | None = getattr(store, "reserve", None)
            if reserve is None:
                refuse_runs_in(store, self._event.experiment)
            else:
                self._take(store, reserve(self._event))
        except Deleted as error:
            self._refusal = error
        except NbtrackError:
            return  # the journal has the run, under an id that was made here

    def _take(self, store: Store, run_id: str) -> None:
        with self._settled:
            self._id = run_id
            is_late = self._is_abandoned
        if is_late:
            store.delete_run(run_id)

    def within(self, thread: threading.Thread, seconds: float) -> str:
        """Return the id if it comes within so many seconds, else empty; raises Deleted."""
        thread.join(seconds)
        if self._refusal is not None:
            raise self._refusal
        with self._settled:
            self._is_abandoned = True
            return self._id
