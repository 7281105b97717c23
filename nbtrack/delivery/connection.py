"""One store as this process uses it: opened when first needed, with its journals and its flusher."""

from __future__ import annotations

import logging
import shutil
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

from ..entities.events import ArtifactLogged, RunStarted
from ..entities.run import is_run_id, new_run_id
from ..errors import InvalidInput, StoreUnavailable
from ..journal import process_lock
from ..journal.writer import Writer
from ..settings import MEMORY, Settings, memory_folder, spare_journal
from ..store.artifacts.protocol import ArtifactStore
from ..store.open import open_store
from ..store.protocol.store import Store
from ..system.forks import OPENING, delay_forks
from .artifact_files import ArtifactFiles
from .flusher import Flusher
from .journal_homes import JournalHomes
from .project_folder import ProjectFolder
from .recovery import deliver_others, recover
from .server_run_id import is_accepted, reserve
from .store_folder import StoreFolder

__all__ = ["Connection"]

_READ_TIMEOUT = 5.0
_RESERVE_TIMEOUT = 2.0

_log = logging.getLogger("nbtrack")


class Connection:
    """A store, the journals before it and the thread between them.

    Threads: every method may be called from any thread. After a fork the child has a flusher of its own.

    Args:
        settings: Where the store is.
        makes_folder: Whether a missing folder is made for reading too, not only for what is logged.
        on_moved: Called with the connection and its former settings after the store's folder was renamed.

    Attributes:
        settings: Where the store is now.
        flusher: Carries what was logged to the store.
        sent_documents: Digests of the texts that were sent to the store, so that each is sent once.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        makes_folder: bool = True,
        on_moved: Callable[[Connection, Settings], None] = lambda connection, before: None,
    ) -> None:
        self.settings, self.makes_folder, self._on_moved = settings, makes_folder, on_moved
        self._folder = StoreFolder(self._move)
        self._project = ProjectFolder(settings.folder)
        self._homes = JournalHomes(settings.journal, None if settings.uri == MEMORY else spare_journal(settings.uri))
        self._files = ArtifactFiles(lambda: self.settings, self._folder, self._homes)
        self.flusher = Flusher(
            self.store,
            home=settings.journal,
            spare=self._homes.spare,
            put=self._files.put_or_keep,
            on_replaced=self._on_replaced,
            find=self.follow,
        )
        self._store: Store | None = None
        self._experiment_names: dict[str, str] = {}
        self.sent_documents: set[str] = set()
        self._opening = threading.RLock()
        self._writers: weakref.WeakSet[Writer] = weakref.WeakSet()

    # The store

    @property
    def is_open(self) -> bool:
        """Whether the store has been opened."""
        return self._store is not None

    def store(self) -> Store:
        """Return the store, which the first call opens.

        Raises:
            StoreUnavailable: It cannot be opened now.
        """
        if sys.meta_path is None:  # late in the interpreter's shutdown, when nothing can be imported
            raise StoreUnavailable("the interpreter is shutting down")
        self.follow()
        if self._store is not None:
            return self._store
        with delay_forks(OPENING), self._opening:
            while (store := self._store) is None:
                self._open(self.settings)
            return store

    def _open(self, settings: Settings) -> None:
        """Open the store where it is by these settings, unless it is renamed meanwhile."""
        if not self.makes_folder and settings.root is not None and not settings.root.exists():
            raise StoreUnavailable(f"{settings.root} is not there any more: if it was moved, work in the folder that it is in")
        self._project.make()
        try:
            store = open_store(settings.uri, artifact_root=settings.artifacts)
        except StoreUnavailable:
            self.follow()
            if self.settings is settings:
                raise
            return
        with self._folder.steady():
            if self.settings is not settings:
                store.close()
                return
            if (when_missing := getattr(store, "when_missing", None)) is not None:
                when_missing(lambda: self._folder.is_gone(self.settings.database or Path()))
            self._project.note_ignored()
            self._folder.hold(settings.root)
            self._store = store

    def follow(self) -> None:
        """Go on with the store where its folder, or one above it, was renamed while this process uses it."""
        self._folder.follow()

    def _move(self, old: Path, new: Path) -> None:
        before, self.settings = self.settings, self.settings.moved(old, new)
        if before.journal is not None and self.settings.journal is not None:
            process_lock.move(before.journal, self.settings.journal)
        self._homes.move(old, new, self.settings.journal)
        for writer in tuple(self._writers):
            writer.move(old, new)
        self.flusher.move(old, new)
        if (move := getattr(self._store, "move", None)) is not None:
            move(old, new, self.settings.artifacts)
        self._project.move(self.settings.folder)
        self._on_moved(self, before)
        _log.warning("nbtrack: %s was renamed to %s, and runs go on there", old, new)

    def _on_replaced(self) -> None:
        """Send texts again, because another store has none of them, and make git ignore another folder too."""
        self.sent_documents.clear()
        self._project.ignore_again()

    def read(self) -> Store:
        """Return the store for reading, with everything that this process has logged.

        If the store does not accept that in time, what was delivered before can still be read.
        """
        self.flusher.flush(_READ_TIMEOUT, is_patient=False)
        return self.store()

    def experiment_name(self, experiment_id: str) -> str:
        """Return an experiment's name; names rarely change, so each is read once."""
        if experiment_id not in self._experiment_names:
            self._experiment_names[experiment_id] = self.store().get_experiment(experiment_id).name
        return self._experiment_names[experiment_id]

    # Logging

    def new_run(self, event: RunStarted) -> str:
        """Return the id of a run that starts now: one from the server if it gives ids itself and is available, else a new one.

        Only a server's store is opened for this: what imports and connects is the flusher's thread.

        Raises:
            Deleted: Its experiment is deleted. If the store does not say so in time, delivery restores the experiment.
        """
        self.follow()
        if is_accepted(self._store, self.settings.database, event):
            return new_run_id()
        if self.flusher.problem or not (self.is_open or self.settings.server):
            return new_run_id()
        return reserve(self.store, event, _RESERVE_TIMEOUT) or new_run_id()

    def new_writer(self, run_id: str, *, owns: bool) -> Writer:
        """Return a new writer into a run; ``deliver`` hands it to the flusher.

        Raises:
            InvalidInput: The store's id of the run cannot be part of a path.
        """
        if not is_run_id(run_id):  # it names a folder, and a store may have any
            raise InvalidInput(f"the store has a run with the id {run_id[:80]!r}, which can be none: nothing is logged into it")
        self.follow()
        with self._folder.steady():  # or it would be made under the old name, and not be told the new one
            self.makes_folder = True
            self._project.make()
            self._folder.hold(self.settings.root)
            writer = Writer(self._homes.choose(), run_id, owns=owns, on_full=self.flusher.wake, is_gone=self._folder.is_gone)
            self._writers.add(writer)
        return writer

    def deliver(self, writer: Writer) -> None:
        """Deliver a new writer's journal from now on."""
        self.flusher.add(writer)

    # Files

    def artifacts(self, uri: str) -> ArtifactStore:
        """Return the artifact store of a run's ``artifact_uri``.

        Raises:
            PlaceNotAllowed: No setting names that place.
        """
        return self._files.open(uri)

    def put(self, store: Store, run_id: str, event: ArtifactLogged, source: Path) -> None:
        """Move a spooled file to where the run's artifacts are; one that was moved before is ignored.

        Raises:
            InvalidInput: It can never be stored under its path.
        """
        self._files.put(store, run_id, event, source)

    def place_now(self, uri: str) -> str:
        """Return the present form of a path or URI that was read before a folder was renamed."""
        return self._folder.uri_now(uri)

    # Journals of other processes

    @property
    def journals(self) -> tuple[Path, ...]:
        """The folders in which journals for the store may be: the user's own, then the store's."""
        return self._homes.all

    @property
    def home(self) -> Path | None:
        """The folder of journals that was written to last."""
        return self._homes.last

    def recover(self) -> None:
        """Deliver the journals of dead processes now, and close the runs that they left open.

        Raises:
            StoreUnavailable: The store is unavailable.
        """
        for home in self.journals or (None,):
            recover(self.store(), home, self._files.put_or_keep, homes=self.journals)

    def deliver_others(self, run_id: str) -> None:
        """Deliver now what other processes, alive or dead, have logged into a run.

        Raises:
            StoreUnavailable: The store is unavailable.
        """
        own = frozenset(writer.id for writer in self._writers)
        for home in self.journals:
            deliver_others(self.store(), home, run_id, self._files.put_or_keep, own=own)

    # The end

    def close(self, timeout: float) -> None:
        """Deliver what is left, within ``timeout`` seconds, warn of what is not, and close the store; idempotent."""
        if not self.flusher.close(timeout):
            self._warn_of_pending()
        for home in self.journals:
            process_lock.leave(home)
        if self._store is not None:
            self._store.close()
            self._store = None
        self._folder.release()

    def delete_memory(self) -> None:
        """Delete the files of a store in memory, which end with this process."""
        folder = self.settings.folder
        if self.settings.uri == MEMORY and folder is not None and folder == memory_folder():
            shutil.rmtree(folder, ignore_errors=True)

    def _warn_of_pending(self) -> None:
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
        """Begin again in a forked child, without the parent's thread and locks."""
        self._opening = threading.RLock()
        self._folder.after_fork()
        self.flusher.after_fork([writer for writer in self._writers if not writer.is_sealed])
