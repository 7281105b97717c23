"""Delivering the journals of processes that are gone, and closing the runs that they left open."""

from __future__ import annotations

import functools
import logging
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from .entities import Status, now_ms
from .errors import InvalidInput, NbtrackError, RunNotFound, StoreError, StoreUnavailable
from .events import ArtifactLogged, Batch, Event, Progress, RunEnded, RunStarted, TagsDeleted, TagsSet
from .journal.folder import remove_folder, unborn
from .journal.owner import Owner
from .journal.plain import is_folder, is_ours, spooled
from .journal.reader import StoredJournal, journals, read_journal
from .latecomers import apply_late
from .store.artifacts.paths import artifact_path
from .store.base import Store

__all__ = [
    "ENDED_TAG",
    "REFUSED_TAG",
    "FilesWait",
    "PutFile",
    "deliver_folder",
    "deliver_open",
    "of_others",
    "recover",
    "tell_conflicts",
    "with_files",
]

ENDED_TAG = "nbtrack.ended"
REFUSED_TAG = "nbtrack.artifact.refused"

# Puts a spooled file where the run's artifacts are: (store, run id, event, the file).
PutFile = Callable[[Store, str, ArtifactLogged, Path], None]

_ROWS_A_BATCH = 250_000
# Nobody can look into another machine; one that has been silent for so long is taken for gone.
_SILENCE_MS = 12 * 3600 * 1000

_log = logging.getLogger("nbtrack")


class FilesWait(StoreUnavailable):
    """All was delivered but some files, whose place is away, and what was logged after them."""


def recover(store: Store, home: Path | None, put: PutFile, *, own: frozenset[str] = frozenset()) -> None:
    """Deliver every journal whose process is gone, and close the runs that such processes left open.

    Threads and processes: any number may do this at once; the store's numbering makes it exactly-once.

    Args:
        store: Where to deliver to.
        home: The folder of journals.
        put: What to do with files.
        own: Ids of writers in this process, to be left alone.

    Raises:
        StoreUnavailable: The store does not take it now.
        FilesWait: It has taken all but some files, whose place is away, and what was logged after them.
    """
    withheld: list[FilesWait] = []
    left = _left(home, own) if home is not None else []
    # A worker's journal may come before that of the process that started the run: then it is looked at again.
    for folder in [folder for folder in left if not _recover_one(store, folder, put, withheld)]:
        _recover_one(store, folder, put, withheld)
    _close_ownerless(store, home)
    _clear_unborn(home)
    if withheld:
        raise withheld[0]


def deliver_open(store: Store, home: Path, run_id: str, put: PutFile, *, own: frozenset[str]) -> None:
    """Deliver what other processes have logged into a run so far; their journals stay where they live on."""
    for folder in _left(home, own, run_id):
        try:
            journal = read_journal(folder, is_live=True)
            if _is_gone(journal.owner, journal.last_time()):
                _recover_one(store, folder, put, [])
            elif not journal.is_newer:
                _deliver(store, journal, put)
        except (FileNotFoundError, RunNotFound):
            continue  # its owner has just delivered it, or is the first to know of the run
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  as below
            _say_kept(folder, error)


def of_others(home: Path | None) -> list[Path]:
    """Return the journals of other users, which wait for them."""
    return [] if home is None else [folder for folder in journals(home) if not _is_ours(folder)]


def _left(home: Path, own: frozenset[str], run_id: str | None = None) -> list[Path]:
    """Return the journals of other processes of this user; those of other users are left for them."""
    found = [folder for folder in journals(home, run_id) if folder.name.rpartition(".")[2] not in own]
    ours = [folder for folder in found if _is_ours(folder)]
    if len(ours) < len(found):
        _tell_others(home)
    return ours


def _is_ours(folder: Path) -> bool:
    try:
        return is_ours(folder)
    except OSError:
        return True  # it has just been delivered, or reading it says what is the matter


@functools.cache
def _tell_others(home: Path) -> None:
    _log.warning("nbtrack: journals of other users in %s wait for them; `nbtrack doctor` lists them", home)


def _say_kept(folder: Path, error: Exception) -> None:
    why = f"the store refused it: {error}" if isinstance(error, NbtrackError) else f"it cannot be read: {error!r}"
    _log.warning("nbtrack: the journal %s is kept, for %s", folder, why)


def deliver_folder(store: Store, folder: Path, put: PutFile) -> None:
    """Deliver a journal that its owner, this process, has closed."""
    journal = read_journal(folder)
    _deliver(store, journal, put)
    _put_away(journal)


def _recover_one(store: Store, folder: Path, put: PutFile, withheld: list[FilesWait]) -> bool:
    """Deliver a journal if its process is gone; tell whether that need not be tried once more."""
    try:
        first = read_journal(folder)
        if not _is_gone(first.owner, first.last_time()):
            return True
        journal = read_journal(folder)  # as it was left: it may have lived when it was read first
        if journal.is_newer:
            _log.warning("nbtrack: the journal %s was written by a newer nbtrack, and waits for it", folder)
            return True
        _conclude(journal)
        _deliver(store, journal, put)
    except FileNotFoundError:
        return True  # somebody else has just delivered it
    except RunNotFound:
        return False  # a worker's journal, and that of the process that started the run was not delivered yet
    except FilesWait as error:
        withheld.append(error)
        return True
    except StoreUnavailable:
        raise
    except Exception as error:  # noqa: BLE001  a journal in which anything may stand must not keep the others from the store
        _say_kept(folder, error)
        return True
    _put_away(journal)
    return True


def _conclude(journal: StoredJournal) -> None:
    """Add to a dead owner's journal how its run ended."""
    if not journal.owns or not journal.events:
        return
    if not journal.ended:
        started = [event.start_time for event in journal.events if isinstance(event, RunStarted)]
        journal.events += _crashed(max(journal.last_time(), *started, 0))
    elif not any(isinstance(event, TagsSet) and ENDED_TAG in event.tags for event in journal.events):
        # Another host may have taken the run for crashed while this journal held its true ending.
        journal.events.append(TagsDeleted((ENDED_TAG,)))


def _crashed(time: int) -> list[Event]:
    return [TagsSet({ENDED_TAG: "crashed"}), RunEnded(Status.FAILED, time)]


def _deliver(store: Store, journal: StoredJournal, put: PutFile) -> None:
    progress = Progress()
    while batch := journal.take(progress, _ROWS_A_BATCH):
        ready, error = with_files(store, batch, put, lambda event: _spooled(journal, event))
        (reached,) = apply_late(store, [ready])
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
                _put_one(store, batch.run_id, event, put, file_of)
            except StoreUnavailable as error:
                return replace(batch, events=tuple(events[:number])), error
            except InvalidInput as error:
                _tell_refused(batch.run_id, str(error))
                events[number] = TagsSet({REFUSED_TAG: str(error)})
    return replace(batch, events=tuple(events)), None


def _put_one(
    store: Store, run_id: str, event: ArtifactLogged, put: PutFile, file_of: Callable[[ArtifactLogged], Path | None]
) -> None:
    artifact_path(event.path)
    if (file := file_of(event)) is not None:
        put(store, run_id, event, file)


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


def _is_gone(owner: Owner | None, last_sign: int) -> bool:
    alive = owner.is_alive() if owner is not None else None
    return alive is False or (alive is None and now_ms() - last_sign > _SILENCE_MS)


def _close_ownerless(store: Store, home: Path | None) -> None:
    """Close runs whose process is gone and whose journal is not here: it was lost, or lies elsewhere."""
    left = {
        run.run_id: run.owner
        for run in store.open_runs()
        if run.owner and _is_gone(Owner.from_json(run.owner), run.heartbeat) and not (home and journals(home, run.run_id))
    }
    # Asked again, for it may have ended, and been delivered, before its process went.
    for run in store.open_runs() if left else []:
        if left.get(run.run_id) == run.owner:
            store.apply([Batch(run.run_id, "", events=tuple(_crashed(run.heartbeat)))])


def _clear_unborn(home: Path | None) -> None:
    for folder in unborn(home) if home is not None else ():
        with suppress(OSError):
            if now_ms() - folder.stat().st_mtime_ns // 1_000_000 > _SILENCE_MS:
                shutil.rmtree(folder)
