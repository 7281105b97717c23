"""Delivering the journals of processes that are gone, and closing the runs that they left open."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

from .entities import Status, now_ms
from .errors import RunNotFound, StoreError
from .events import ArtifactLogged, Batch, Event, Progress, RunEnded, TagsDeleted, TagsSet
from .journal.owner import Owner
from .journal.reader import StoredJournal, journals, read_journal
from .store.base import Store

__all__ = ["ENDED_TAG", "PutFile", "deliver_folder", "deliver_open", "recover", "tell_conflicts"]

ENDED_TAG = "nbtrack.ended"

# Puts a spooled file where the run's artifacts are: (store, run id, event, the file).
PutFile = Callable[[Store, str, ArtifactLogged, Path], None]

_ROWS_A_BATCH = 250_000
# Nobody can look into another machine; one that has been silent for so long is taken for gone.
_SILENCE_MS = 12 * 3600 * 1000

_log = logging.getLogger("nbtrack")


def recover(store: Store, home: Path | None, put: PutFile, *, own: frozenset[str] = frozenset()) -> None:
    """Deliver every journal whose process is gone, and close the runs that such processes left open.

    Threads and processes: any number may do this at once; the store's numbering makes it exactly-once.

    Args:
        store: Where to deliver to.
        home: The folder of journals.
        put: What to do with files.
        own: Ids of writers in this process, to be left alone.
    """
    for folder in journals(home) if home is not None else []:
        if folder.name.rpartition(".")[2] not in own:
            _recover_one(store, folder, put)
    _close_ownerless(store, home)


def deliver_open(store: Store, home: Path, run_id: str, put: PutFile, *, own: frozenset[str]) -> None:
    """Deliver what other processes have logged into a run so far; their journals stay where they live on."""
    for folder in journals(home, run_id):
        if folder.name.rpartition(".")[2] not in own:
            try:
                journal = read_journal(folder, is_live=True)
                if _is_gone(journal.owner, journal.last_time()):
                    _recover_one(store, folder, put)
                else:
                    _deliver(store, journal, put)
            except (FileNotFoundError, RunNotFound):
                continue  # its owner has just delivered it, or is the first to know of the run


def deliver_folder(store: Store, folder: Path, put: PutFile) -> None:
    """Deliver a journal that its owner, this process, has closed."""
    journal = read_journal(folder)
    _deliver(store, journal, put)
    _put_away(journal)


def _recover_one(store: Store, folder: Path, put: PutFile) -> None:
    try:
        journal = read_journal(folder)
        if not _is_gone(journal.owner, journal.last_time()):
            return
        _conclude(journal)
        _deliver(store, journal, put)
    except FileNotFoundError:
        return  # somebody else has just delivered it
    except RunNotFound:
        return  # a worker's journal, and the process that started the run has not delivered its own yet
    except StoreError as error:
        _log.warning("nbtrack: the journal %s is kept, for the store refused it: %s", folder, error)
        return
    _put_away(journal)


def _conclude(journal: StoredJournal) -> None:
    """Add to a dead owner's journal how its run ended."""
    if not journal.owns or not journal.events:
        return
    if not journal.ended:
        journal.events += _crashed(journal.last_time())
    elif not any(isinstance(event, TagsSet) and ENDED_TAG in event.tags for event in journal.events):
        # Another host may have taken the run for crashed while this journal held its true ending.
        journal.events.append(TagsDeleted((ENDED_TAG,)))


def _crashed(time: int) -> list[Event]:
    return [TagsSet({ENDED_TAG: "crashed"}), RunEnded(Status.FAILED, time)]


def _deliver(store: Store, journal: StoredJournal, put: PutFile) -> None:
    progress = Progress()
    while batch := journal.take(progress, _ROWS_A_BATCH):
        for event in batch.events:
            if isinstance(event, ArtifactLogged):
                put(store, journal.run_id, event, journal.folder / "spool" / event.spool)
        (reached,) = store.apply([batch])
        tell_conflicts(journal.run_id, reached)
        if (reached.events, dict(reached.lanes)) == (progress.events, dict(progress.lanes)):
            raise StoreError(f"run {journal.run_id}: the store does not move beyond {progress}")
        progress = reached


def tell_conflicts(run_id: str, progress: Progress) -> None:
    """Warn of params that another process had set to another value before."""
    for conflict in progress.conflicts:
        message = "nbtrack: run %s: param %r stays %r; another process tried to make it %r"
        _log.warning(message, run_id, conflict.key, conflict.kept, conflict.refused)


def _put_away(journal: StoredJournal) -> None:
    """Delete a delivered journal; one with damage is kept aside, for somebody to look at."""
    if not journal.damage:
        shutil.rmtree(journal.folder, ignore_errors=True)
        return
    aside = journal.folder.parent / "damaged" / journal.folder.name
    try:
        aside.parent.mkdir(exist_ok=True)
        journal.folder.rename(aside)
    except OSError:
        return  # somebody else has just done it
    what = "; ".join(journal.damage[:3])
    _log.warning(
        "nbtrack: run %s: its journal is damaged (%s); the rest was delivered, all of it is kept in %s",
        journal.run_id,
        what,
        aside,
    )


def _is_gone(owner: Owner | None, last_sign: int) -> bool:
    alive = owner.is_alive() if owner is not None else None
    return alive is False or (alive is None and now_ms() - last_sign > _SILENCE_MS)


def _close_ownerless(store: Store, home: Path | None) -> None:
    """Close runs whose process is gone and whose journal is not here: it was lost, or lies elsewhere."""
    for run in store.open_runs():
        has_journal = home is not None and bool(journals(home, run.run_id))
        if not has_journal and run.owner and _is_gone(Owner.from_json(run.owner), run.heartbeat):
            store.apply([Batch(run.run_id, "", events=tuple(_crashed(run.heartbeat)))])
