"""Moves spooled files to where a run's artifacts are, also while the store's folder is renamed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..entities.events import ArtifactLogged
from ..errors import InvalidInput, NbtrackError, StoreUnavailable, TooLarge
from ..settings import Settings
from ..store.artifacts.allowed_places import AllowedPlaces
from ..store.artifacts.protocol import ArtifactStore
from ..store.protocol.store import Store
from .journal_homes import JournalHomes
from .refused_events import keep_refused
from .store_folder import StoreFolder

__all__ = ["ArtifactFiles"]


class ArtifactFiles:
    """The artifact stores that a connection may use.

    Args:
        settings: Returns the connection's present settings.
        folder: The store's folder.
        homes: The folders of journals, beside which refused files are kept.
    """

    def __init__(self, settings: Callable[[], Settings], folder: StoreFolder, homes: JournalHomes) -> None:
        self._settings, self._folder, self._homes = settings, folder, homes

    def open(self, uri: str) -> ArtifactStore:
        """Return the artifact store of a run's ``artifact_uri``.

        Raises:
            PlaceNotAllowed: No setting names that place.
        """
        return AllowedPlaces.of(self._settings()).open(self._folder.uri_now(uri))

    def put(self, store: Store, run_id: str, event: ArtifactLogged, source: Path) -> None:
        """Move a spooled file to where the run's artifacts are; one that was moved before is ignored.

        Raises:
            InvalidInput: It can never be stored under its path.
        """
        if source.is_symlink():  # made by another user of a shared folder
            raise InvalidInput(f"the file {event.path!r} is a link in the journal by now, and is not followed")
        source = self._folder.path_now(source)
        if not event.spool or self._folder.is_gone(source):
            return
        try:
            self.open(store.get_run(run_id).artifact_uri).put(event.path, source, move=True)
        except NbtrackError as error:
            if self._folder.is_gone(source):  # another process, which recovers too, has just moved it
                return
            if self._folder.path_now(source) != source:
                raise StoreUnavailable(f"the folder of the file {event.path!r} was just renamed") from error
            raise

    def put_or_keep(self, store: Store, run_id: str, event: ArtifactLogged, source: Path) -> None:
        """Move a spooled file as ``put`` does, and keep one that is too large beside the journals.

        Raises:
            InvalidInput: It can never be stored under its path, or was kept beside the journals.
        """
        try:
            self.put(store, run_id, event, source)
        except TooLarge as error:
            tag = keep_refused(self._homes.last or self._settings().journal, run_id, event, error, source)
            raise InvalidInput(next(iter(tag.tags.values()))) from error
