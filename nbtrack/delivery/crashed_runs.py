"""Closing the runs that dead processes left open, and opening them again when such a process turns out to be alive.

A process that counts as dead may only be suspended. So a run is never closed in its owner's name: the process that
closes it is a writer of its own, and the owner, if it is alive after all, goes on with its numbering where it was.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from ..entities.events import CLOSER, Batch, RunEnded, RunResumed, RunStarted, TagsDeleted, TagsSet
from ..entities.run import Status
from ..entities.tags import ENDED
from ..errors import NotPermitted, RunNotFound
from ..journal.owner import Owner, this_process
from ..journal.reader import StoredJournal
from ..journal.writer import Writer
from ..store.protocol.store import OpenRun, Store
from .liveness import is_dead

__all__ = ["DeadOwner", "close_runs", "remove_crash_tag", "reopen_runs"]

_CRASHED = "crashed"

_log = logging.getLogger("nbtrack")


@dataclass(frozen=True, slots=True)
class DeadOwner:
    """A dead process that left a run open.

    Attributes:
        owner: The process, as the store names a run's owner.
        last_heartbeat: The time of its last heartbeat.
        end_time: When its run counts as ended.
    """

    owner: str
    last_heartbeat: int
    end_time: int

    @classmethod
    def of(cls, journal: StoredJournal) -> DeadOwner:
        """Return the owner of a journal."""
        started = [event.start_time for event in journal.events if isinstance(event, RunStarted)]
        owner = "" if journal.owner is None else journal.owner.to_json()
        return cls(owner, journal.last_change(), max(journal.last_time(), *started, 0))


def close_runs(store: Store, dead: Mapping[str, DeadOwner], has_journal: Callable[[str], bool]) -> None:
    """Close the open runs of dead processes.

    Args:
        store: The store.
        dead: Dead processes whose journals have just been delivered, by their runs' ids.
        has_journal: Tells whether a run has an undelivered journal here.
    """
    found = {run.run_id: _dead_owner(run, dead, has_journal) for run in store.open_runs() if run.owner}
    # Asked again, because a run may have ended, and been delivered, before its process died.
    for run in store.open_runs() if any(found.values()) else []:
        end = found.get(run.run_id)
        if end is not None and end.owner == run.owner:
            with suppress(NotPermitted):  # a user who may edit the run will close it
                store.apply([_closing(run, end, store.get_run(run.run_id).start_time)])


def _dead_owner(run: OpenRun, dead: Mapping[str, DeadOwner], has_journal: Callable[[str], bool]) -> DeadOwner | None:
    end = dead.get(run.run_id)
    if end is not None and end.owner == run.owner:
        return end
    is_left = not has_journal(run.run_id) and is_dead(Owner.from_json(run.owner), run.silent)
    return DeadOwner(run.owner, run.heartbeat, run.heartbeat) if is_left else None


def _closing(run: OpenRun, end: DeadOwner, start_time: int) -> Batch:
    """Return the batch that closes a run: the same one for every process that closes it after the same last heartbeat."""
    time = max(end.end_time, start_time)
    digest = hashlib.sha256(f"{run.owner} {end.last_heartbeat}".encode()).hexdigest()[:16]
    return Batch(run.run_id, CLOSER + digest, events=(TagsSet({ENDED: _CRASHED}), RunEnded(Status.FAILED, time)))


def remove_crash_tag(store: Store, journal: StoredJournal) -> None:
    """Remove the tag of a crash from a run whose journal has its true end; later versions delete the tag in the journal."""
    if journal.owns and journal.has_ended and not _sets_ended_tag(journal):
        store.apply([Batch(journal.run_id, f"ending.{journal.writer}", events=(TagsDeleted((ENDED,)),))])


def _sets_ended_tag(journal: StoredJournal) -> bool:
    return any(
        ENDED in (event.tags if isinstance(event, TagsSet) else event.keys)
        for event in journal.events
        if isinstance(event, TagsSet | TagsDeleted)
    )


def reopen_runs(store: Store, writers: Iterable[Writer]) -> None:
    """Open again the runs of this process that another one closed because it took this process for dead."""
    for writer in writers:
        events = RunResumed(this_process().to_json()), TagsDeleted((ENDED,))
        if _counts_as_crashed(store, writer.run_id) and writer.resume(*events):
            _log.warning("nbtrack: run %s was taken for crashed while it went on; it is RUNNING again", writer.run_id)


def _counts_as_crashed(store: Store, run_id: str) -> bool:
    try:
        is_failed = store.get_run(run_id).status is Status.FAILED
    except RunNotFound:
        return False  # it is not delivered yet
    return is_failed and (run_id, ENDED, _CRASHED) in store.tags([run_id])
