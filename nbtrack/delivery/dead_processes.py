"""Which processes are gone, and the end of the runs that they left open; and a run that turns out to live.

A process is gone for certain where its machine says so. One that cannot be looked at, on another machine or in a
container, is taken for gone after a long silence, and may be asleep. So who closes a run never speaks in the name of
the process that is gone: it closes as a writer of its own, and the process, should it live, goes on where it was.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path

from ..entities.events import CLOSER, Batch, RunEnded, RunResumed, RunStarted, TagsDeleted, TagsSet
from ..entities.run import Status
from ..entities.tags import ENDED
from ..errors import NotPermitted, RunNotFound
from ..journal.clock import folder_clock, uptime
from ..journal.owner import Owner, this_process
from ..journal.reader import StoredJournal, journals, read_journal
from ..journal.writer import Writer
from ..store.protocol.store import OpenRun, Store

__all__ = ["SILENCE_MS", "Clock", "Gone", "Life", "clear_crash", "close_runs", "is_seen", "life_of", "take_back"]


_CRASHED = "crashed"
_HOUR_MS = 3600 * 1000
# Nobody can look into another machine; one that has been silent for so long is taken for gone.
SILENCE_MS = 12 * _HOUR_MS
# And what it left is removed after so long: it may be asleep, and would find its files gone.
_ABANDONED_MS = 30 * 24 * _HOUR_MS

_log = logging.getLogger("nbtrack")


class Life(Enum):
    """What can be said of the process that writes a journal."""

    ALIVE = "alive, as far as anybody can see"
    SILENT = "out of sight, and silent for so long that it is taken for gone"
    GONE = "gone"


@dataclass
class Clock:
    """The time of a folder's file system, looked at once: the clocks of two machines are never compared."""

    folder: Path

    @cached_property
    def now(self) -> int | None:
        """The time in milliseconds, None where it cannot be told."""
        return folder_clock(self.folder)

    def since(self, time: int) -> int:
        """Return for how long a file has not changed."""
        return 0 if self.now is None else self.now - time


def life_of(journal: StoredJournal, clock: Clock) -> Life:
    """Tell whether the process that writes a journal lives."""
    alive = journal.is_alive()
    if alive:
        return Life.ALIVE
    silence = clock.since(journal.last_sign())
    if alive is False and not (journal.owner is not None and _is_namesake(journal.owner, silence)):
        return Life.GONE
    return Life.GONE if silence > _ABANDONED_MS else Life.SILENT if silence > SILENCE_MS else Life.ALIVE


def _is_namesake(owner: Owner, silence: int) -> bool:
    """Tell whether a process is on another machine that has this one's name: it gave a sign since this machine started."""
    return not owner.is_here() and silence < uptime() * 1000


@dataclass(frozen=True, slots=True)
class Gone:
    """A process that is gone, as it is named as owner: the sign that was its last, and when its run is taken to have ended."""

    owner: str
    sign: int
    time: int

    @classmethod
    def of(cls, journal: StoredJournal) -> Gone:
        """Return what the journal of a process tells of it."""
        started = [event.start_time for event in journal.events if isinstance(event, RunStarted)]
        owner = "" if journal.owner is None else journal.owner.to_json()
        return cls(owner, journal.last_sign(), max(journal.last_time(), *started, 0))


def is_seen(owner: Owner, homes: Iterable[Path], run_id: str) -> bool:
    """Tell whether the process that has a run open is seen to live, by itself or by the lock of its journal."""
    return bool(owner.is_alive()) or any(_is_held(folder, owner) for home in homes for folder in journals(home, run_id))


def _is_held(folder: Path, owner: Owner) -> bool:
    try:
        journal = read_journal(folder, is_live=True)
    except (OSError, ValueError):
        return False  # it was delivered just now, or cannot be read
    return journal.owner == owner and bool(journal.is_alive())


def close_runs(store: Store, gone: Mapping[str, Gone], has_journal: Callable[[str], bool]) -> None:
    """Close the open runs of processes that are gone.

    Args:
        store: The store.
        gone: By their runs' ids, processes whose journals have just been delivered.
        has_journal: Tells of a run whether a journal is here that speaks for it.
    """
    found = {run.run_id: _end_of(run, gone, has_journal) for run in store.open_runs() if run.owner}
    # Asked again, for a run may have ended, and been delivered, before its process went.
    for run in store.open_runs() if any(found.values()) else []:
        end = found.get(run.run_id)
        if end is not None and end.owner == run.owner:
            with suppress(NotPermitted):  # it is for somebody else to close
                store.apply([_closing(run, end, store.get_run(run.run_id).start_time)])


def _end_of(run: OpenRun, gone: Mapping[str, Gone], has_journal: Callable[[str], bool]) -> Gone | None:
    end = gone.get(run.run_id)
    if end is not None and end.owner == run.owner:
        return end
    is_left = not has_journal(run.run_id) and _is_gone(Owner.from_json(run.owner), run.silent)
    return Gone(run.owner, run.heartbeat, run.heartbeat) if is_left else None


def _is_gone(owner: Owner | None, silence: int | None) -> bool:
    alive = owner.is_alive() if owner is not None else None
    if alive is False and owner is not None and silence is not None and _is_namesake(owner, silence):
        alive = None
    return alive is False or (alive is None and silence is not None and silence > SILENCE_MS)


def _closing(run: OpenRun, end: Gone, start_time: int) -> Batch:
    """Return what closes a run, once for each last sign of its owner, however many see it."""
    time = max(end.time, start_time)
    seen = hashlib.sha256(f"{run.owner} {end.sign}".encode()).hexdigest()[:16]
    return Batch(run.run_id, CLOSER + seen, events=(TagsSet({ENDED: _CRASHED}), RunEnded(Status.FAILED, time)))


def clear_crash(store: Store, journal: StoredJournal) -> None:
    """Take the tag of a crash from a run whose true end was in a journal; later versions write so in the journal itself."""
    if journal.owns and journal.ended and not _tells_how_it_ended(journal):
        store.apply([Batch(journal.run_id, f"ending.{journal.writer}", events=(TagsDeleted((ENDED,)),))])


def _tells_how_it_ended(journal: StoredJournal) -> bool:
    return any(
        ENDED in (event.tags if isinstance(event, TagsSet) else event.keys)
        for event in journal.events
        if isinstance(event, TagsSet | TagsDeleted)
    )


def take_back(store: Store, writers: Iterable[Writer]) -> None:
    """Open again the runs of this process that somebody has closed who took it for gone."""
    for writer in writers:
        again = RunResumed(this_process().to_json()), TagsDeleted((ENDED,))
        if _was_closed(store, writer.run_id) and writer.resume(*again):
            _log.warning("nbtrack: run %s was taken for crashed while it went on; it is RUNNING again", writer.run_id)


def _was_closed(store: Store, run_id: str) -> bool:
    try:
        is_failed = store.get_run(run_id).status is Status.FAILED
    except RunNotFound:
        return False  # it is not delivered yet
    return is_failed and (run_id, ENDED, _CRASHED) in store.tags([run_id])
