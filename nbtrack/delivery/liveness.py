"""Whether the process that writes a journal is alive, silent or dead.

A process is known to be dead only where its own machine says so. One that cannot be examined, because it runs on another
machine or in a container, counts as dead after a long silence, although it may only be suspended.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path

from ..journal.clock import folder_clock, uptime
from ..journal.owner import Owner
from ..journal.reader import StoredJournal, journals, read_journal

__all__ = ["SILENCE_MS", "FolderClock", "Liveness", "is_dead", "is_seen_alive", "liveness_of"]

_HOUR_MS = 3600 * 1000
# Nobody can look into another machine: a process there that gave no heartbeat for so long counts as dead.
SILENCE_MS = 12 * _HOUR_MS
# Its journal is deleted only after so long: a suspended process would find its files missing.
_ABANDONED_MS = 30 * 24 * _HOUR_MS


class Liveness(Enum):
    """What is known about the process that writes a journal."""

    ALIVE = "alive, or not known to be dead"
    SILENT = "cannot be examined, and silent for so long that it counts as dead"
    DEAD = "dead"


@dataclass
class FolderClock:
    """The time of a folder's file system, read once: clocks of two machines are never compared."""

    folder: Path

    @cached_property
    def now(self) -> int | None:
        """The time in milliseconds, None if it cannot be read."""
        return folder_clock(self.folder)

    def since(self, time: int) -> int:
        """Return how many milliseconds have passed since a file's time; 0 if the clock cannot be read."""
        return 0 if self.now is None else self.now - time


def liveness_of(journal: StoredJournal, clock: FolderClock) -> Liveness:
    """Return whether the process that writes a journal is alive, silent or dead."""
    alive = journal.is_alive()
    if alive:
        return Liveness.ALIVE
    silence = clock.since(journal.last_change())
    if alive is False and not (journal.owner is not None and _is_namesake(journal.owner, silence)):
        return Liveness.DEAD
    return Liveness.DEAD if silence > _ABANDONED_MS else Liveness.SILENT if silence > SILENCE_MS else Liveness.ALIVE


def _is_namesake(owner: Owner, silence: int) -> bool:
    """Tell whether a process runs on another machine of this one's name: it gave a heartbeat since this machine started."""
    return not owner.is_here() and silence < uptime() * 1000


def is_dead(owner: Owner | None, silence: int | None) -> bool:
    """Tell whether the owner of an open run is dead, or silent for so long that it counts as dead.

    Args:
        owner: The process; None if the store does not name it.
        silence: Milliseconds since its last heartbeat; None if the store has none.
    """
    alive = owner.is_alive() if owner is not None else None
    if alive is False and owner is not None and silence is not None and _is_namesake(owner, silence):
        alive = None
    return alive is False or (alive is None and silence is not None and silence > SILENCE_MS)


def is_seen_alive(owner: Owner, homes: Iterable[Path], run_id: str) -> bool:
    """Tell whether the owner of an open run is known to be alive, by its process id or by the lock of its journal."""
    return bool(owner.is_alive()) or any(_holds_lock(folder, owner) for home in homes for folder in journals(home, run_id))


def _holds_lock(folder: Path, owner: Owner) -> bool:
    try:
        journal = read_journal(folder, is_live=True)
    except (OSError, ValueError):
        return False  # it was just delivered, or cannot be read
    return journal.owner == owner and bool(journal.is_alive())
