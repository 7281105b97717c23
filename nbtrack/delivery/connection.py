"""One store as this process uses it: opened when first needed, with its journal and its flusher."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import threading
import weakref
from contextlib import suppress
from pathlib import Path

from ..entities.events import ArtifactLogged, RunStarted
from ..entities.run import is_run_id, new_run_id
from ..errors import InvalidInput, NbtrackError, StoreUnavailable, TooLarge
from ..journal import process_lock
from ..journal.folder import renamed
from ..journal.writer import Writer
from ..settings import MEMORY, Settings, memory_folder, spare_journal
from ..store.artifacts.allowed_places import AllowedPlaces
from ..store.artifacts.protocol import ArtifactStore
from ..store.open import open_store
from ..store.protocol.store import Store
from ..system.anchor import forget_name, make_folders
from ..system.forks import OPENING, unsplit
from ..system.project import may_write
from .flusher import Flusher
from .recovery import deliver_open, recover
from .server_run_id import is_accepted, reserve
from .set_aside import set_aside
from .store_folder import Whereabouts

__all__ = ["Connection", "connection_to", "connections"]

_READ_TIMEOUT = 5.0
_RESERVE_TIMEOUT = 2.0
_FORK_TIMEOUT = 2.0

_log = logging.getLogger("nbtrack")
_connections: dict[Settings, Connection] = {}
_lock = threading.RLock()


def connection_to(settings: Settings, *, makes_folder: bool = True) -> Connection:
    """Return this process's connection for these settings, the same one each time.

    Args:
        settings: Where the store is.
        makes_folder: Whether a folder that is missing is made for reading, too, and not only for what is logged.
    """
    for connection in connections():
        connection.follow()  # or a name that a folder had before would stand for its store
    with _lock:
        if settings not in _connections:
            if settings.root is not None:
                forget_name(settings.root)
            _connections[settings] = Connection(settings, makes_folder=makes_folder)
        connection = _connections[settings]
        connection.makes_folder |= makes_folder
        return connection


def connections() -> list[Connection]:
    """Return all connections of this process."""
    with _lock:
        return list(_connections.values())


class Connection:
    """A store, the journal before it and the thread between them.

    Threads: every method may be called from any thread. After a fork the child has a flusher of its own.

    Args:
        settings: Where the store is.
        makes_folder: See ``connection_to``.
    """

    def __init__(self, settings: Settings, *, makes_folder: bool = True) -> None:
        self.settings = settings
        self._where = Whereabouts(self._move)
        self.makes_folder = makes_folder
        self._spare = None if settings.uri == MEMORY else spare_journal(settings.uri)
        # The folder of journals that was written to last.
        self.home = settings.journal
        self.flusher = Flusher(
            self.store,
            home=settings.journal,
            spare=self._spare,
            put=self._put,
            on_replaced=self._on_replaced,
            find=self.follow,
        )
        self._store: Store | None = None
        self._ignoring = settings.folder / ".gitignore" if settings.folder is not None else None
        self._is_ignored = False
        self._names: dict[str, str] = {}
        # Digests of the texts that were sent to the store, so that each goes there once.
        self.sent_documents: set[str] = set()
        self._opening = threading.RLock()
        self._writers: weakref.WeakSet[Writer] = weakref.WeakSet()

    def store(self) -> Store:
        """Return the store, opened at the first call.

        Raises:
            StoreUnavailable: It cannot be opened now.
        """
        if sys.meta_path is None:  # late in the shutdown, where nothing can be imported any more
            raise StoreUnavailable("the interpreter is shutting down")
        self.follow()
        if self._store is not None:
            return self._store
        with unsplit(OPENING), self._opening:
            while (store := self._store) is None:
                self._open(self.settings)
            return store

    def _open(self, settings: Settings) -> None:
        """Open the store where it is by these settings, unless it is renamed meanwhile."""
        if not self.makes_folder and settings.root is not None and not settings.root.exists():
            raise StoreUnavailable(f"{settings.root} is not there any more: if it was moved, work in the folder that it is in")
        _make_folder(settings.folder)
        try:
            store = open_store(settings.uri, artifact_root=settings.artifacts)
        except StoreUnavailable:
            self.follow()
            if self.settings is settings:
                raise
            return
        with self._where.steady():
            if self.settings is not settings:
                store.close()
                return
            if (when_missing := getattr(store, "when_missing", None)) is not None:
                when_missing(lambda: self._where.is_gone(self.settings.database or Path()))
            self._is_ignored = self._ignoring is not None and self._ignoring.exists()
            self._where.hold(settings.root)
            self._store = store

    def follow(self) -> None:
        """Go on with the store where its folder, or one above it, was renamed while this process uses it."""
        self._where.follow()

    def _move(self, old: Path, new: Path) -> None:
        before, self.settings = self.settings, self.settings.moved(old, new)
        if before.journal is not None and self.settings.journal is not None:
            process_lock.move(before.journal, self.settings.journal)
        self.home = self.home and renamed(self.home, old, new)
        for writer in tuple(self._writers):
            writer.move(old, new)
        self.flusher.move(old, new)
        if (move := getattr(self._store, "move", None)) is not None:
            move(old, new, self.settings.artifacts)
        self._ignoring = self.settings.folder / ".gitignore" if self.settings.folder is not None else None
        with _lock:
            if _connections.get(before) is self:
                del _connections[before]
                _connections.setdefault(self.settings, self)
        _log.warning("nbtrack: %s was renamed to %s, and runs go on there", old, new)

    @property
    def journals(self) -> tuple[Path, ...]:
        """The folders in which journals for the store may be: the store's, and before it the user's own."""
        return tuple(home for home in (self._spare, self.settings.journal) if home is not None)

    @property
    def is_open(self) -> bool:
        """Whether the store has been opened."""
        return self._store is not None

    def read(self) -> Store:
        """Return the store for reading, with all that this process has logged in it.

        Where the store does not take it in time, what can be read is still what was delivered before.
        """
        self.flusher.flush(_READ_TIMEOUT, is_patient=False)
        return self.store()

    def experiment_name(self, experiment_id: str) -> str:
        """Return an experiment's name; names change rarely, so each is asked for once."""
        if experiment_id not in self._names:
            self._names[experiment_id] = self.store().get_experiment(experiment_id).name
        return self._names[experiment_id]

    def new_writer(self, run_id: str, *, owns: bool) -> Writer:
        """Return a new writer into a run; see ``deliver``."""
        if not is_run_id(run_id):  # a name of a folder, and a store may have any
            raise InvalidInput(f"the store has a run with the id {run_id[:80]!r}, which can be none: nothing is logged into it")
        self.follow()
        with self._where.steady():  # else it could be made by the old name, and be none of those that are told the new one
            self.makes_folder = True
            _make_folder(self.settings.folder)
            self._where.hold(self.settings.root)
            self.home = self._choose_home()
            writer = Writer(self.home, run_id, owns=owns, on_full=self.flusher.wake, is_gone=self._where.is_gone)
            self._writers.add(writer)
        return writer

    def deliver(self, writer: Writer) -> None:
        """Deliver a new writer's journal from now on."""
        self.flusher.add(writer)

    def _choose_home(self) -> Path | None:
        """Return the folder for a new journal: the user's own where none may be written in the store's."""
        usual = self.settings.journal
        if usual is None or self._spare is None or may_write(usual):
            return usual
        with suppress(OSError):
            self._spare.mkdir(0o700, parents=True, exist_ok=True)
        return self._spare if may_write(self._spare) else usual

    def new_run(self, event: RunStarted) -> str:
        """Return the id of a run that starts now: the server's own where it gives ids itself and is there, else a fresh one.

        The store is not opened for it, unless it is a server: what imports and connects is the flusher's thread.

        Raises:
            Deleted: Its experiment is deleted. Where the store does not say so in time, delivery restores the experiment.
        """
        self.follow()
        if is_accepted(self._store, self.settings.database, event):
            return new_run_id()
        if self.flusher.problem or not (self.is_open or self.settings.server):
            return new_run_id()
        return reserve(self.store, event, _RESERVE_TIMEOUT) or new_run_id()

    def artifacts(self, uri: str) -> ArtifactStore:
        """Return the artifact store of a run's ``artifact_uri``; PlaceNotAllowed where no setting names that place."""
        return AllowedPlaces.of(self.settings).open(self.place_now(uri))

    def place_now(self, uri: str) -> str:
        """Return what a place is called now, which was read before a folder was renamed."""
        return self._where.text_now(uri)

    def recover(self) -> None:
        """Deliver now what processes that are gone have left in the journal, and close the runs that they left open.

        Raises:
            StoreUnavailable: The store does not take it now.
        """
        for home in self.journals or (None,):
            recover(self.store(), home, self._put, homes=self.journals)

    def deliver_left(self, run_id: str) -> None:
        """Deliver now what other processes, gone or not, have logged into a run.

        Raises:
            StoreUnavailable: The store does not take it now.
        """
        own = frozenset(writer.id for writer in self._writers)
        for home in self.journals:
            deliver_open(self.store(), home, run_id, self._put, own=own)

    def _put(self, store: Store, run_id: str, event: ArtifactLogged, source: Path) -> None:
        """Move a spooled file to where the run's artifacts are; one that is too large for that place waits aside.

        Raises:
            InvalidInput: It will never be there under its path, or was set aside.
        """
        try:
            self.put(store, run_id, event, source)
        except TooLarge as error:
            told = set_aside(self.home or self.settings.journal, run_id, event, error, source)
            raise InvalidInput(next(iter(told.tags.values()))) from error

    def put(self, store: Store, run_id: str, event: ArtifactLogged, source: Path) -> None:
        """Move a spooled file to where the run's artifacts are; done before, it is passed over."""
        if source.is_symlink():  # somebody else's, in a folder that is shared
            raise InvalidInput(f"the file {event.path!r} is a link in the journal by now, and is not followed")
        source = self._where.now(source)
        if not event.spool or self._where.is_gone(source):
            return
        try:
            self.artifacts(store.get_run(run_id).artifact_uri).put(event.path, source, move=True)
        except NbtrackError as error:
            if self._where.is_gone(source):  # another process, which recovers too, has just done it
                return
            if self._where.now(source) != source:
                raise StoreUnavailable(f"the folder of the file {event.path!r} was just renamed") from error
            raise

    def _on_replaced(self) -> None:
        """Send texts anew, for another store has none of them, and make git pass over another folder too."""
        self.sent_documents.clear()
        if self._is_ignored and self._ignoring is not None and not self._ignoring.exists():
            _ignore(self._ignoring)

    def close(self, timeout: float) -> None:
        """Deliver what is left for as long as ``timeout``, say what is not, and close the store; twice is fine."""
        if not self.flusher.close(timeout):
            self._tell_pending()
        for home in self.journals:
            process_lock.leave(home)
        if self._store is not None:
            self._store.close()
            self._store = None
        self._where.release()

    def forget(self) -> None:
        """Remove the files of a store in memory, which ends with this process, and so must they."""
        folder = self.settings.folder
        if self.settings.uri == MEMORY and folder is not None and folder == memory_folder():
            shutil.rmtree(folder, ignore_errors=True)

    def _tell_pending(self) -> None:
        lost_runs, lost_rows = self.flusher.in_memory()
        runs, rows = self.flusher.pending()
        if lost_runs:
            message = "nbtrack: %s rows of %s runs are lost: neither the store (%s) nor the journal %s could be written"
            _log.error(message, lost_rows, lost_runs, self.flusher.problem, self.home)
        if rows > lost_rows or runs > lost_runs:
            message = (
                "nbtrack: %s rows of %s runs are not in the store yet; they wait in %s, for the next session or `nbtrack sync`"
            )
            _log.warning(message, rows - lost_rows, runs, self.home)

    def after_fork(self) -> None:
        """Begin anew in a forked child: without the parent's thread and locks."""
        self._opening = threading.RLock()
        self._where.after_fork()
        self.flusher.after_fork([writer for writer in self._writers if not writer.is_sealed])


def _make_folder(folder: Path | None) -> None:
    """Make the project's folder, which git is to pass over; a store that cannot be made says so itself."""
    if folder is not None and not folder.exists():
        _ignore(folder / ".gitignore")


def _ignore(path: Path) -> None:
    with suppress(OSError):
        make_folders(path.parent)
        with path.open("x", encoding="utf-8") as file:  # never through a link
            file.write("*\n")


def _before_fork() -> None:
    for connection in list(_connections.values()):
        connection.flusher.settle(_FORK_TIMEOUT)


def _after_fork() -> None:
    global _lock  # noqa: PLW0603
    _lock = threading.RLock()
    for connection in _connections.values():
        connection.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork)
