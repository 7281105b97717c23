"""Delivering the journals of dead processes, and closing the runs that they left open."""

from __future__ import annotations

import functools
import logging
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..errors import NotPermitted, RunNotFound, StoreUnavailable
from ..journal.folder import unfinished_folders
from ..journal.plain_files import is_ours
from ..journal.process_lock import locks, remove_lock
from ..journal.reader import StoredJournal, journals, read_journal
from ..store.protocol.store import Store
from .artifact_events import FilesUnavailable, PutFile
from .crashed_runs import DeadOwner, close_runs, remove_crash_tag
from .liveness import SILENCE_MS, FolderClock, Liveness, liveness_of
from .stored_journals import delete_journal, deliver_journal, keep_journal

__all__ = ["deliver_others", "journals_of_others", "recover"]

_log = logging.getLogger("nbtrack")


def recover(
    store: Store, home: Path | None, put: PutFile, *, own: frozenset[str] = frozenset(), homes: Sequence[Path] = ()
) -> None:
    """Deliver every journal of a dead process, and close the runs that such processes left open.

    Threads and processes: any number may do this at once; the store's numbering makes it exactly-once.

    Args:
        store: The store.
        home: The folder of journals; None if there is none.
        put: Puts a file into the artifact store.
        own: Ids of this process's writers, whose journals are left alone.
        homes: All folders of journals for the store: a run that has a journal in another one is not closed here.

    Raises:
        StoreUnavailable: The store is unavailable.
        FilesUnavailable: The store has everything but some files, whose place is unavailable, and what follows them.
    """
    recovery = _Recovery(store, home, put, own, homes)
    recovery.deliver_dead()
    close_runs(store, recovery.dead, recovery.has_journal)
    recovery.remove_remains()
    if recovery.unavailable:
        raise recovery.unavailable[0]


def deliver_others(store: Store, home: Path, run_id: str, put: PutFile, *, own: frozenset[str]) -> None:
    """Deliver what other processes have logged into a run so far; the journals of living ones stay."""
    recovery = _Recovery(store, home, put, own)
    recovery.deliver_run(run_id)
    if recovery.dead:
        close_runs(store, recovery.dead, lambda _: True)  # runs that are not in ``dead`` are left to ``recover``


def journals_of_others(home: Path | None) -> list[Path]:
    """Return the journals of other users, which only those users' processes deliver."""
    return [] if home is None else [folder for folder in journals(home) if not _is_ours(folder)]


def _is_ours(folder: Path) -> bool:
    try:
        return is_ours(folder)
    except OSError:
        return True  # it was just delivered, or reading it raises the error that says what is wrong


@functools.cache
def _warn_of_others(home: Path) -> None:
    _log.warning("nbtrack: journals of other users in %s wait for them; `nbtrack doctor` lists them", home)


class _Recovery:
    """One way through a folder of journals.

    Attributes:
        dead: Dead processes that left their run open, by the run's id.
        unavailable: Why some files could not be put.
    """

    def __init__(self, store: Store, home: Path | None, put: PutFile, own: frozenset[str], homes: Sequence[Path] = ()) -> None:
        self._store, self._home, self._put, self._own = store, home, put, own
        self._homes = {*homes, *(() if home is None else (home,))}
        self._clock = FolderClock(home or Path())
        self.dead: dict[str, DeadOwner] = {}
        self.unavailable: list[FilesUnavailable] = []
        self._delivered: set[Path] = set()  # journals of silent processes, which stay because these may be alive
        self._locks: dict[Path, str] = {}  # named by journals that stay

    def deliver_dead(self) -> None:
        """Deliver and delete the journals of dead processes."""
        left = [folder for folder in self._journals() if not self._recover(folder)]
        for folder in left:  # of workers whose run's own journal came after theirs
            self._recover(folder)

    def deliver_run(self, run_id: str) -> None:
        """Deliver the journals of a run, up to the last complete row where the process is alive."""
        for folder in self._journals(run_id):
            try:
                journal = read_journal(folder, is_live=True)
                if liveness_of(journal, self._clock) is not Liveness.ALIVE:
                    self._recover(folder)
                elif not journal.is_newer:
                    deliver_journal(self._store, journal, self._put)
            except (FileNotFoundError, RunNotFound):
                continue  # its owner has just delivered it, or has yet to start the run in the store
            except NotPermitted as error:
                keep_journal(folder, error)
            except StoreUnavailable:
                raise
            except Exception as error:  # noqa: BLE001  as in ``_recover``
                keep_journal(folder, error)

    def _journals(self, run_id: str | None = None) -> list[Path]:
        """Return the journals of this user's other processes; those of other users are only examined for dead owners."""
        if self._home is None:
            return []
        found = [folder for folder in journals(self._home, run_id) if folder.name.rpartition(".")[2] not in self._own]
        ours = [folder for folder in found if _is_ours(folder)]
        if len(ours) < len(found):
            _warn_of_others(self._home)
        for folder in set(found).difference(ours):
            self._examine(folder)
        return ours

    def _examine(self, folder: Path) -> None:
        """Note the lock of another user's journal, and whether its process is dead."""
        with suppress(OSError, ValueError):  # it may be unreadable, or just delivered
            journal = read_journal(folder, is_live=True)
            self._locks[folder] = journal.lock
            if liveness_of(journal, self._clock) is not Liveness.ALIVE:
                self._note_dead(journal)

    def _note_dead(self, journal: StoredJournal) -> None:
        """Note that a journal's process is dead, so that its run, if it is open, is closed."""
        if journal.owns and journal.events and journal.owner is not None and not journal.has_ended:
            self.dead[journal.run_id] = DeadOwner.of(journal)

    def _recover(self, folder: Path) -> bool:
        """Deliver a journal if its process is dead; False if it must wait for the journal that starts its run."""
        try:
            journal = read_journal(folder)
            self._locks[folder] = journal.lock
            liveness = liveness_of(journal, self._clock)
            if liveness is Liveness.ALIVE:
                return True
            # Read again, because the process may have written until just now.
            journal = read_journal(folder, is_live=liveness is Liveness.SILENT)
            if journal.is_newer:
                _log.warning("nbtrack: the journal %s was written by a newer nbtrack, and waits for it", folder)
                return True
            self._deliver(journal)
        except FileNotFoundError:
            return True  # another process has just delivered it
        except RunNotFound:
            return False
        except FilesUnavailable as error:
            self.unavailable.append(error)
            self._note_dead(journal)  # its run is over, whenever the files arrive
            return True
        except NotPermitted as error:  # for this run; others may be permitted
            keep_journal(folder, error)
            return True
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  a journal may contain anything, and must not keep the others from the store
            keep_journal(folder, error)
            return True
        if liveness is Liveness.DEAD:
            delete_journal(journal)
            del self._locks[folder]
        return True

    def _deliver(self, journal: StoredJournal) -> None:
        deliver_journal(self._store, journal, self._put)
        self._delivered.add(journal.folder)
        self._note_dead(journal)
        remove_crash_tag(self._store, journal)

    def has_journal(self, run_id: str) -> bool:
        """Tell whether a run has a journal that is not delivered, or whose process is alive."""
        return any(folder not in self._delivered for home in self._homes for folder in journals(home, run_id))

    def remove_remains(self) -> None:
        """Remove folders whose making was cut short, in which nothing was logged, and locks that no journal names."""
        if self._home is None:
            return
        for folder in unfinished_folders(self._home):
            with suppress(OSError):
                if self._clock.since(folder.stat().st_mtime_ns // 1_000_000) > SILENCE_MS:
                    shutil.rmtree(folder)
        for name in set(locks(self._home)).difference(self._locks.values()):
            remove_lock(self._home, name)
