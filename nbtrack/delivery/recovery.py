"""Delivering the journals of processes that are gone, and closing the runs that they left open."""

from __future__ import annotations

import functools
import logging
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..entities.events import ArtifactLogged, Batch, Progress, TagsSet
from ..entities.tags import ARTIFACTS_REFUSED
from ..errors import InvalidInput, NbtrackError, NotPermitted, RunNotFound, StoreError, StoreUnavailable
from ..journal.folder import note_reason, remove_folder, unborn
from ..journal.plain import is_folder, is_ours, spooled
from ..journal.process_lock import locks, release, remove_lock
from ..journal.reader import StoredJournal, journals, read_journal
from ..store.artifacts.paths import artifact_path
from ..store.protocol.store import Store
from .dead_processes import SILENCE_MS, Clock, Gone, Life, clear_crash, close_runs, life_of
from .set_aside import PutFile, set_aside
from .splitting import apply_fitting

__all__ = [
    "FilesWait",
    "deliver_folder",
    "deliver_open",
    "of_others",
    "put_file",
    "recover",
    "tell_conflicts",
    "with_files",
]


_ROWS_A_BATCH = 250_000

_log = logging.getLogger("nbtrack")


class FilesWait(StoreUnavailable):
    """All was delivered but some files, whose place is away, and what was logged after them."""


def recover(
    store: Store, home: Path | None, put: PutFile, *, own: frozenset[str] = frozenset(), homes: Sequence[Path] = ()
) -> None:
    """Deliver every journal whose process is gone, and close the runs that such processes left open.

    Threads and processes: any number may do this at once; the store's numbering makes it exactly-once.

    Args:
        store: Where to deliver to.
        home: The folder of journals.
        put: What to do with files.
        own: Ids of writers in this process, to be left alone.
        homes: All folders of journals for the store: a run of which something lies in another one is not closed here.

    Raises:
        StoreUnavailable: The store does not take it now.
        FilesWait: It has taken all but some files, whose place is away, and what was logged after them.
    """
    found = _Found(home, homes)
    left = _left(home, own, found) if home is not None else []
    # A worker's journal may come before that of the process that started the run: then it is looked at again.
    for folder in [folder for folder in left if not _recover_one(store, folder, put, found)]:
        _recover_one(store, folder, put, found)
    close_runs(store, found.gone, found.is_open)
    found.clear()
    if found.withheld:
        raise found.withheld[0]


def deliver_open(store: Store, home: Path, run_id: str, put: PutFile, *, own: frozenset[str]) -> None:
    """Deliver what other processes have logged into a run so far; their journals stay where they live on."""
    found = _Found(home)
    for folder in _left(home, own, found, run_id):
        try:
            journal = read_journal(folder, is_live=True)
            if life_of(journal, found.clock) is not Life.ALIVE:
                _recover_one(store, folder, put, found)
            elif not journal.is_newer:
                _deliver(store, journal, put)
        except (FileNotFoundError, RunNotFound):
            continue  # its owner has just delivered it, or is the first to know of the run
        except NotPermitted as error:
            _say_kept(folder, error)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  as below
            _say_kept(folder, error)
    if found.gone:
        close_runs(store, found.gone, lambda _: True)  # of all others somebody else knows


def of_others(home: Path | None) -> list[Path]:
    """Return the journals of other users, which wait for them."""
    return [] if home is None else [folder for folder in journals(home) if not _is_ours(folder)]


def _left(home: Path, own: frozenset[str], found: _Found, run_id: str | None = None) -> list[Path]:
    """Return the journals of other processes of this user; those of other users are left for them, not so their runs."""
    there = [folder for folder in journals(home, run_id) if folder.name.rpartition(".")[2] not in own]
    ours = [folder for folder in there if _is_ours(folder)]
    if len(ours) < len(there):
        _tell_others(home)
    for folder in set(there).difference(ours):
        found.look_at(folder)
    return ours


def _is_ours(folder: Path) -> bool:
    try:
        return is_ours(folder)
    except OSError:
        return True  # it has just been delivered, or reading it says what is the matter


@functools.cache
def _tell_others(home: Path) -> None:
    _log.warning("nbtrack: journals of other users in %s wait for them; `nbtrack doctor` lists them", home)


class _Found:
    """What is found in a folder of journals on the way through it.

    Attributes:
        clock: Its file system's.
        withheld: Why some files wait.
        gone: The processes that have left a run open, by its id.
        delivered: The journals of such processes that stay, for they may turn out to live.
        locks: The locks that are named by journals that stay.
    """

    def __init__(self, home: Path | None, homes: Sequence[Path] = ()) -> None:
        self._home = home
        self._homes = {*homes, *(() if home is None else (home,))}
        self.clock = Clock(home or Path())
        self.withheld: list[FilesWait] = []
        self.gone: dict[str, Gone] = {}
        self.delivered: set[Path] = set()
        self.locks: dict[Path, str] = {}

    def look_at(self, folder: Path) -> None:
        """Look whether the process of a journal is gone that another user will deliver."""
        with suppress(OSError, ValueError):  # it may not be read, or went away
            journal = read_journal(folder, is_live=True)
            self.locks[folder] = journal.lock
            if life_of(journal, self.clock) is not Life.ALIVE:
                self.note(journal)

    def note(self, journal: StoredJournal) -> None:
        """Note that a journal's process is gone, and that its run, if it is open, is to be closed."""
        if journal.owns and journal.events and journal.owner is not None and not journal.ended:
            self.gone[journal.run_id] = Gone.of(journal)

    def is_open(self, run_id: str) -> bool:
        """Tell whether something of a run is here that was not delivered, or whose process lives."""
        return any(folder not in self.delivered for home in self._homes for folder in journals(home, run_id))

    def clear(self) -> None:
        """Remove what nothing was logged into: folders whose makers were killed at it, and locks of no journal."""
        if self._home is None:
            return
        for folder in unborn(self._home):
            with suppress(OSError):
                if self.clock.since(folder.stat().st_mtime_ns // 1_000_000) > SILENCE_MS:
                    shutil.rmtree(folder)
        for name in set(locks(self._home)).difference(self.locks.values()):
            remove_lock(self._home, name)


def _say_kept(folder: Path, error: Exception) -> None:
    why = f"the store refused it: {error}" if isinstance(error, NbtrackError) else f"it cannot be read: {error!r}"
    _log.warning("nbtrack: the journal %s is kept, for %s", folder, why)
    note_reason(folder, str(error))


def deliver_folder(store: Store, folder: Path, put: PutFile) -> None:
    """Deliver a journal that its owner, this process, has closed."""
    journal = read_journal(folder)
    _deliver(store, journal, put)
    _put_away(journal)
    release(folder.parent, journal.writer)


def _recover_one(store: Store, folder: Path, put: PutFile, found: _Found) -> bool:
    """Deliver a journal if its process is gone; tell whether that need not be tried once more."""
    try:
        journal = read_journal(folder)
        found.locks[folder] = journal.lock
        life = life_of(journal, found.clock)
        if life is Life.ALIVE:
            return True
        journal = read_journal(folder, is_live=life is Life.SILENT)  # as it was left: it may have lived when it was read first
        if journal.is_newer:
            _log.warning("nbtrack: the journal %s was written by a newer nbtrack, and waits for it", folder)
            return True
        _conclude(store, journal, put, found)
    except FileNotFoundError:
        return True  # somebody else has just delivered it
    except RunNotFound:
        return False  # a worker's journal, and that of the process that started the run was not delivered yet
    except FilesWait as error:
        found.withheld.append(error)
        found.note(journal)  # it is over, whenever its files arrive
        return True
    except NotPermitted as error:  # for this run; others may be
        _say_kept(folder, error)
        return True
    except StoreUnavailable:
        raise
    except Exception as error:  # noqa: BLE001  a journal in which anything may stand must not keep the others from the store
        _say_kept(folder, error)
        return True
    if life is Life.GONE:
        _put_away(journal)
        del found.locks[folder]
    return True


def _conclude(store: Store, journal: StoredJournal, put: PutFile, found: _Found) -> None:
    """Deliver the journal of a process that is gone."""
    _deliver(store, journal, put)
    found.delivered.add(journal.folder)
    found.note(journal)
    clear_crash(store, journal)


def _deliver(store: Store, journal: StoredJournal, put: PutFile) -> None:
    progress = Progress()
    while batch := journal.take(progress, _ROWS_A_BATCH):
        ready, error = with_files(store, batch, put, lambda event: _spooled(journal, event))
        reached = apply_fitting(store, ready, partial(set_aside, journal.folder.parent))
        tell_conflicts(journal.run_id, reached)
        if (reached.events, dict(reached.lanes)) == (progress.events, dict(progress.lanes)):
            if error is not None:
                raise FilesWait(str(error)) from error
            raise StoreError(f"run {journal.run_id}: the store does not move beyond {progress}")
        progress = reached


def _spooled(journal: StoredJournal, event: ArtifactLogged) -> Path | None:
    """Return where a journal's file is; one that is not the journal's own makes it one to be looked at."""
    try:
        return spooled(journal.folder, event.spool) if event.spool else None
    except InvalidInput as error:
        journal.damage.append(str(error))
        raise


def with_files(
    store: Store, batch: Batch, put: PutFile, file_of: Callable[[ArtifactLogged], Path | None]
) -> tuple[Batch, StoreUnavailable | None]:
    """Put a batch's files where they belong, and return it; where one cannot be put now, what comes before it, and why.

    In place of a file that never can be, for its path goes through another or leads elsewhere, the run gets a tag that says so.
    """
    events = list(batch.events)
    for number, event in enumerate(events):
        if isinstance(event, ArtifactLogged):
            try:
                events[number] = put_file(store, batch.run_id, event, put, file_of)
            except StoreUnavailable as error:
                return replace(batch, events=tuple(events[:number])), error
    return replace(batch, events=tuple(events)), None


def put_file(
    store: Store, run_id: str, event: ArtifactLogged, put: PutFile, file_of: Callable[[ArtifactLogged], Path | None]
) -> ArtifactLogged | TagsSet:
    """Put a file where it belongs, and return what the store is to be told.

    Raises:
        StoreUnavailable: It cannot be put now.
    """
    try:
        artifact_path(event.path)
        if (file := file_of(event)) is not None:
            put(store, run_id, event, file)
    except InvalidInput as error:
        _tell_refused(run_id, str(error))
        return TagsSet({ARTIFACTS_REFUSED: str(error)})
    return event


@functools.cache
def _tell_refused(run_id: str, why: str) -> None:
    """Warn once of a file that is not kept."""
    _log.warning("nbtrack: run %s: a file is not kept: %s", run_id, why)


def tell_conflicts(run_id: str, progress: Progress) -> None:
    """Warn of params that another process had set to another value before."""
    for conflict in progress.conflicts:
        message = "nbtrack: run %s: param %r stays %r; another process tried to make it %r"
        _log.warning(message, run_id, conflict.key, conflict.kept, conflict.refused)


def _put_away(journal: StoredJournal) -> None:
    """Delete a delivered journal; one with damage is kept aside, for somebody to look at."""
    if not journal.damage:
        remove_folder(journal.folder)
        return
    aside = journal.folder.parent / "damaged" / journal.folder.name
    try:
        aside.parent.mkdir(exist_ok=True)
        if not is_folder(aside.parent):
            raise NotADirectoryError(aside.parent)  # a link, by which it would leave the store's folder
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
