"""Delivering a journal that is read from its folder: batch by batch, then deleted, or quarantined if it is damaged."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

from ..entities.events import ArtifactLogged, Progress
from ..errors import InvalidInput, NbtrackError, StoreError
from ..journal.folder import remove_folder, write_refusal
from ..journal.plain_files import is_folder, spooled_file
from ..journal.process_lock import release
from ..journal.reader import StoredJournal, read_journal
from ..store.protocol.store import Store
from .artifact_events import FilesUnavailable, PutFile, with_files_put
from .refused_events import keep_refused
from .splitting import apply_fitting

__all__ = ["delete_journal", "deliver_folder", "deliver_journal", "keep_journal", "warn_of_conflicts"]

_ROWS_A_BATCH = 250_000

_log = logging.getLogger("nbtrack")


def deliver_folder(store: Store, folder: Path, put: PutFile) -> None:
    """Deliver a journal that this process has sealed, and delete it."""
    journal = read_journal(folder)
    deliver_journal(store, journal, put)
    delete_journal(journal)
    release(folder.parent, journal.writer)


def deliver_journal(store: Store, journal: StoredJournal, put: PutFile) -> None:
    """Apply to a store what it does not have of a journal.

    Raises:
        FilesUnavailable: Some files cannot be put now; what precedes them is applied.
    """
    progress = Progress()
    while batch := journal.take(progress, _ROWS_A_BATCH):
        ready, error = with_files_put(store, batch, put, lambda event: _file_of(journal, event))
        reached = apply_fitting(store, ready, partial(keep_refused, journal.folder.parent))
        warn_of_conflicts(journal.run_id, reached)
        if (reached.events, dict(reached.lanes)) == (progress.events, dict(progress.lanes)):
            if error is not None:
                raise FilesUnavailable(str(error)) from error
            raise StoreError(f"run {journal.run_id}: the store does not move beyond {progress}")
        progress = reached


def _file_of(journal: StoredJournal, event: ArtifactLogged) -> Path | None:
    """Return where an event's file is; one outside the journal is refused, and the journal counts as damaged."""
    try:
        return spooled_file(journal.folder, event.spool) if event.spool else None
    except InvalidInput as error:
        journal.damage.append(str(error))
        raise


def warn_of_conflicts(run_id: str, progress: Progress) -> None:
    """Warn of params that another process had set to another value before."""
    for conflict in progress.conflicts:
        message = "nbtrack: run %s: param %r stays %r; another process tried to make it %r"
        _log.warning(message, run_id, conflict.key, conflict.kept, conflict.refused)


def keep_journal(folder: Path, error: Exception) -> None:
    """Leave a journal that cannot be delivered where it is, with the reason beside it."""
    why = f"the store refused it: {error}" if isinstance(error, NbtrackError) else f"it cannot be read: {error!r}"
    _log.warning("nbtrack: the journal %s is kept: %s", folder, why)
    write_refusal(folder, str(error))


def delete_journal(journal: StoredJournal) -> None:
    """Delete a delivered journal; a damaged one is moved to ``damaged``, for a person to look at."""
    if not journal.damage:
        remove_folder(journal.folder)
        return
    quarantine = journal.folder.parent / "damaged" / journal.folder.name
    try:
        quarantine.parent.mkdir(exist_ok=True)
        if not is_folder(quarantine.parent):
            raise NotADirectoryError(quarantine.parent)  # a link, which would lead out of the store's folder
        journal.folder.rename(quarantine)
    except OSError:
        return  # another process has just moved it
    _log.warning(
        "nbtrack: run %s: its journal is damaged (%s); the rest was delivered, and all of it is kept in %s",
        journal.run_id,
        "; ".join(journal.damage[:3]),
        quarantine,
    )
