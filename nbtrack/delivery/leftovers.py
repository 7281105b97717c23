"""What processes that are gone left behind, delivered once in the life of this one, beside its own work."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from ..journal.folder import renamed
from ..store.protocol.store import Store
from ..system.forks import WORKING, unsplit
from ..system.threads import start_thread
from .recovery import FilesWait, recover
from .set_aside import PutFile

__all__ = ["Leftovers"]

_AGAIN = 60.0  # seconds until files that wait are looked at again
_SOON = 2.0  # seconds until a store that did not take it is asked again


class Leftovers:
    """Recovers in a thread of its own: a large journal that somebody left must not hold up the start of a run.

    Args:
        homes: The folders of journals.
        put: Puts a spooled file where it belongs.
        warn: Warns, once, about what the first argument names.
        on_change: Called, in that thread, when it is through.

    Attributes:
        is_done: Whether all was looked at once.
        problem: Why it could not be delivered when it was tried last.
    """

    def __init__(self, homes: Sequence[Path], put: PutFile, warn: Callable[..., None], on_change: Callable[[], None]) -> None:
        self._homes, self._put, self._warn, self._on_change = homes, put, warn, on_change
        self._due = 0.0
        self._is_working = self.is_done = False
        self.problem: Exception | None = None

    def move(self, old: Path, new: Path) -> None:
        """Know the folders of journals by the names that they have now."""
        self._homes = tuple([renamed(home, old, new) for home in self._homes])

    def see_to(self, store: Store, own: frozenset[str]) -> None:
        """Begin to recover where that is due; ``own`` are this process's writers."""
        if store.is_read_only:  # what others left there is theirs to deliver
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
            with unsplit(WORKING):
                for home in self._homes or (None,):
                    recover(store, home, self._put, own=own, homes=self._homes)
            self._due, self.is_done, self.problem = math.inf, True, None
        except FilesWait as error:
            self._due, self.is_done, self.problem = time.monotonic() + _AGAIN, True, None
            self._warn("files", "nbtrack: files of processes that are gone wait in %s (%s)", self._homes[-1], error)
        except Exception as error:  # noqa: BLE001  the flusher tells of it, and tries again
            self._due, self.problem = time.monotonic() + _SOON, error
        finally:
            self._is_working = False
            self._on_change()
