"""The store that runs go to and the folders that belong to it, as one frozen value."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path

from ..entities.run import DEFAULT_EXPERIMENT
from ..system.file_uri import database_path, misread_path, sqlite_uri

__all__ = ["DATABASE", "FILES", "MEMORY", "SCHEME", "Settings", "is_server", "store_digest", "without_password"]

MEMORY = "memory:"
DATABASE = "runs.db"
FILES = f"{DATABASE}.files"
_PASSWORD = re.compile(r"(://[^:/@]*):.*@", re.DOTALL)
_SECRET_OPTION = re.compile(r"([?&][^=&]*(?:pass|secret|token|pwd)[^=&]*=)[^&]*", re.IGNORECASE)
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+:")


@dataclass(frozen=True, slots=True)
class Settings:
    """A store and the folders that belong to it.

    Args:
        uri: The store's URI, with an absolute path.
        artifacts: The root of its artifacts, a URI or an absolute path; empty if a server decides it.
        journal: The folder of this machine's journals for the store; None keeps them in memory.
        experiment: The experiment of runs that name none.
        folder: The ``.nbtrack`` folder to create, with a .gitignore in it; None if there is none.
        own: The settings for new runs, if the project that was found must not be written to; else None.
        objection: Why it must not.
    """

    uri: str
    artifacts: str
    journal: Path | None
    experiment: str = DEFAULT_EXPERIMENT
    folder: Path | None = None
    own: Settings | None = None
    objection: str = ""

    @property
    def for_writing(self) -> Settings:
        """The settings of the store for new runs."""
        return self.own or self

    @property
    def server(self) -> str:
        """The URI if it is a tracking server's, else empty."""
        return self.uri if is_server(self.uri) else ""

    @property
    def shown(self) -> str:
        """The URI without a password, to be displayed."""
        return without_password(self.uri)

    def moved(self, old: Path, new: Path) -> Settings:
        """Return the settings after a folder was renamed."""

        def now(path: Path) -> Path:
            return new / path.relative_to(old) if path.is_relative_to(old) else path

        return replace(
            self,
            uri=self.uri if self.database is None else sqlite_uri(now(self.database), self.uri.partition("?")[2]),
            artifacts=self.artifacts if SCHEME.match(self.artifacts) else self.artifacts and str(now(Path(self.artifacts))),
            journal=self.journal and now(self.journal),
            folder=self.folder and now(self.folder),
        )

    @property
    def database(self) -> Path | None:
        """The database file, None for other stores."""
        return database_path(self.uri)

    @property
    def misplaced(self) -> Path | None:
        """The database that an earlier version created at another path, if the one in the folder is missing."""
        database = self.database if self.folder is not None else None
        return None if database is None or database.exists() else misread_path(database)

    @property
    def root(self) -> Path | None:
        """The folder that contains the store and its journals; None for a store in memory."""
        if self.uri == MEMORY or self.journal is None:
            return None
        return self.folder or self.journal.parent.parent

    @property
    def own_places(self) -> tuple[tuple[Path, str], ...]:
        """The default locations of the store's artifacts: a folder and a path from there; none for a server, which decides it.

        The database of a folder can be named as ``sqlite:///…/runs.db`` too, with another default: both belong to the store.
        """
        if self.server or self.journal is None:
            return ()
        if self.folder is None:
            files = self.journal.parent
            usual = ((files.parent, "artifacts"),) if files.name == FILES else ()
            return ((files.parent, f"{files.name}/artifacts"), *usual)
        return ((self.folder, "artifacts"), (self.folder, f"{FILES}/artifacts"))

    def __repr__(self) -> str:
        """Return a string without passwords."""
        return f"Settings({self.shown!r}, artifacts={without_password(self.artifacts)!r}, journal={self.journal!r})"


def without_password(uri: str) -> str:
    """Return a URI to be displayed: without a password, whether it is written as it should be or not."""
    return _PASSWORD.sub(r"\1:…@", _SECRET_OPTION.sub(r"\1…", uri))


def is_server(uri: str) -> bool:
    """Return whether a URI is a tracking server's."""
    return uri.lower().startswith(("http:", "https:"))


def store_digest(uri: str) -> str:
    """Return a name for the folder of a store's journals, from its URI without user and password."""
    return hashlib.sha256(re.sub(r"://[^@/]*@", "://", uri).encode()).hexdigest()[:12]
