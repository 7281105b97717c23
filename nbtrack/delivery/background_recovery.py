"""Recovery beside the flusher's own work: once in the life of a process, in a thread of its own."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from ..journal.folder import renamed
from ..store.protocol.store import Store
from ..system.forks import WORKING, delay_forks
from ..system.threads import start_thread
from .artifact_events import FilesUnavailable, PutFile
from .recovery import recover

__all__ = ["BackgroundRecovery"]

_FILES_PAUSE = 60.0  # seconds until files whose place is unavailable are tried again
_STORE_PAUSE = 2.0  # seconds until an unavailable store is tried again


class BackgroundRecovery:
    """Recovers orphaned journals in a thread, because a large one must not delay the start of a run.

    Args:
        homes: The folders of journals.
        put: Puts a spooled file into the artifact store.
        warn: Warns once about the thing that its first argument names.
        on_change: Called in that thread when it is done.

    Attributes:
        is_done: Whether every journal was looked at once.
        problem: Why the last attempt failed.
    """

    def __init__(self, homes: Sequence[Path], put: PutFile, warn: Callable[..., None], on_change: Callable[[], None]) -> None:
        self._homes, self._put, self._warn, self._on_change = homes, put, warn, on_change
        self._due = 0.0
        self._is_working = self.is_done = False
        self.problem: Exception | None = None

    def move(self, old: Path, new: Path) -> None:
        """Update the folders of journals after a folder above was renamed."""
        self._homes = tuple([renamed(home, old, new) for home in self._homes])

    def start_if_due(self, store: Store, own: frozenset[str]) -> None:
        """Start to recover if it is time; ``own`` are the ids of this process's writers."""
        if store.is_read_only:  # those who may write there deliver what is left
            self.is_done = True
            return
        if self._is_working or time.monotonic() < self._due:
            return
        self._is_working = True
        work = partial(self._recover, store, own)
        if start_thread(work, "nbtrack-recovery") is None:
            work()

    def _recover(self, store: Store, own: frozenset[str]) -> None:
        try:
            with delay_forks(WORKING):
                for home in self._homes or (None,):
                    recover(store, home, self._put, own=own, homes=self._homes)
            self._due, self.is_done, self.problem = math.inf, True, None
        except FilesUnavailable as error:
            self._due, self.is_done, self.problem = time.monotonic() + _FILES_PAUSE, True, None
            self._warn("files", "nbtrack: files of dead processes wait in %s (%s)", self._homes[-1], error)
        except Exception as error:  # noqa: BLE001  the flusher warns of it, and tries again
            self._due, self.problem = time.monotonic() + _STORE_PAUSE, error
        finally:
            self._is_working = False
            self._on_change()
