"""Locations of a store's files: as its rows store them, and as readers see them.

What lies below the store itself is kept relative to it, so that a store that is moved or copied goes on with its own files.
Readers always see absolute places, or those of a server that stands before the files.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import sqlalchemy as sa

from ...errors import InvalidInput
from ..artifacts.paths import file_uri, local_path, scheme_of

__all__ = [
    "IN_FILES",
    "IN_FOLDER",
    "Home",
    "Places",
    "Prefix",
    "distinct",
    "local_folder",
    "own_prefixes",
    "places_of",
    "rest_below",
]

# Schemes of relative locations in rows; no other URI has them.
IN_FOLDER = "nbtrack-store:"  # below the folder of the database
IN_FILES = "nbtrack-files:"  # below the folder with the database's name, runs.db.files, which is renamed with it

_PROJECT = ".nbtrack"  # this whole folder is the store
_ARTIFACTS = "artifacts"


@dataclass(frozen=True, slots=True)
class Home:
    """The folders that belong to a database in a file: its default places for artifacts, and all of ``.nbtrack``."""

    database: Path

    def prefixes(self) -> Iterator[tuple[str, Path]]:
        """Yield the scheme of relative locations and the folder that it stands for, the innermost first."""
        folder = self.database.parent
        yield f"{IN_FILES}/{_ARTIFACTS}", self._files / _ARTIFACTS
        yield f"{IN_FOLDER}/{_ARTIFACTS}", folder / _ARTIFACTS
        yield IN_FILES, self._files
        if _PROJECT in (folder.name, os.path.basename(os.path.realpath(folder))):  # noqa: PTH119 - as realpath has it
            yield IN_FOLDER, folder

    @property
    def _files(self) -> Path:
        return self.database.with_name(f"{self.database.name}.files")


@dataclass(frozen=True, slots=True)
class Prefix:
    """A prefix of locations in rows, and for readers; the rest is percent-encoded for readers if theirs is a URI."""

    kept: str
    shown: str
    is_encoded: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    """Translates locations between rows and readers, by the first prefix that matches.

    Attributes:
        root: The folder for artifacts of new experiments, as rows store it.
        keeping: From readers to rows.
        showing: From rows to readers.
        unserved: Prefixes that a server does not serve: new files below them are stored in the server's own folder.
    """

    root: str = ""
    keeping: tuple[Prefix, ...] = ()
    showing: tuple[Prefix, ...] = ()
    unserved: tuple[str, ...] = ()

    def kept(self, uri: str) -> str:
        """Return a reader's location as rows store it.

        Raises:
            InvalidInput: It is written as rows keep theirs, which is for the store alone.
        """
        if uri.startswith((IN_FOLDER, IN_FILES)):
            raise InvalidInput(f"{uri[:200]!r} is not a place for artifacts; give a folder, or the URI of a bucket")
        for prefix in self.keeping:
            rest = rest_below(uri, prefix.shown)
            if rest is not None and (plain := _plain(rest, is_encoded=prefix.is_encoded)) is not None:
                return prefix.kept + plain
        return uri

    def shown(self, kept: str) -> str:
        """Return a row's location as readers see it; one with ``..``, which nbtrack never writes, unchanged."""
        prefix = self.prefix_of(kept)
        rest = kept[len(prefix.kept) :] if prefix is not None else ""
        if prefix is None or _leads_up(rest):
            return kept
        return prefix.shown + (quote(rest) if prefix.is_encoded else rest)

    def prefix_of(self, kept: str) -> Prefix | None:
        """Return the prefix that translates a row's location."""
        for prefix in self.showing:
            if rest_below(kept, prefix.kept) is not None:
                return prefix
        return None

    def below(self, kept: str, path: str) -> str:
        """Return a new location below another one, both as rows store them."""
        prefix = self.prefix_of(kept) if self.unserved else None
        is_unserved = prefix is not None and prefix.kept in self.unserved
        return f"{self.shown(kept) if is_unserved else kept}/{path}"

    def shown_column(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Return a column of locations as readers see them."""
        if not self.showing:
            return column
        return sa.case(*[(_begins(column, each.kept), _replaced(column, each)) for each in self.showing], else_=column)


def places_of(artifact_root: str, home: Home | None) -> Places:
    """Return the locations of a store.

    Args:
        artifact_root: The folder for artifacts of new experiments, as readers see it.
        home: The folders that belong to the store; None if the database is not a file.
    """
    own = own_prefixes(home, artifact_root)
    places = Places(keeping=own, showing=distinct(own))
    return Places(places.kept(artifact_root), places.keeping, places.showing)


def own_prefixes(home: Home | None, root: str) -> tuple[Prefix, ...]:
    """Return the prefixes stored as relative, for each path of a folder: its own, and through links such as ``root``."""
    return tuple(_own(home, root)) if home is not None else ()


def _own(home: Home, root: str) -> Iterator[Prefix]:
    for kept, folder in home.prefixes():
        for name in dict.fromkeys((str(folder), os.path.realpath(folder))):
            yield Prefix(kept, name)
            yield Prefix(kept, file_uri(Path(name)), is_encoded=True)
    yield from _linked(home, root)


def _linked(home: Home, root: str) -> Iterator[Prefix]:
    """Yield the root if settings name it by a link into the store."""
    path = local_folder(root)
    if path is None:
        return
    real = os.path.realpath(path)
    for kept, folder in home.prefixes():
        rest = rest_below(real, os.path.realpath(folder))
        if rest is not None:
            yield Prefix(kept + rest, str(path))
            return


def distinct(prefixes: Iterable[Prefix]) -> tuple[Prefix, ...]:
    """Return the first prefix for each beginning in rows."""
    found: dict[str, Prefix] = {}
    for prefix in prefixes:
        found.setdefault(prefix.kept, prefix)
    return tuple(found.values())


def local_folder(uri: str) -> Path | None:
    """Return a location that is an absolute path; None for any other."""
    try:
        path = local_path(uri) if scheme_of(uri) in ("", "file") else None
    except InvalidInput:
        return None
    return path if path is not None and path.is_absolute() else None


def rest_below(uri: str, prefix: str) -> str | None:
    """Return the rest after a prefix, which is empty or begins with a slash; None if it is not a prefix."""
    if not uri.startswith(prefix):
        return None
    rest = uri[len(prefix) :]
    return rest if not rest or rest[0] == "/" else None


def _plain(rest: str, *, is_encoded: bool) -> str | None:
    """Return a path as rows store it; None if it would not translate back to the same string."""
    plain = unquote(rest) if is_encoded else rest
    is_same = quote(plain) == rest if is_encoded else "\\" not in plain
    return plain if is_same and not _leads_up(plain) and "//" not in plain and not plain.endswith("/") else None


def _leads_up(rest: str) -> bool:
    return "/.." in rest and ".." in rest.split("/")


def _begins(column: sa.ColumnElement[Any], prefix: str) -> sa.ColumnElement[bool]:
    length = len(prefix) + 1
    return sa.or_(column == prefix, sa.func.substr(column, 1, length) == f"{prefix}/")


def _replaced(column: sa.ColumnElement[Any], prefix: Prefix) -> sa.ColumnElement[Any]:
    return sa.literal(prefix.shown).concat(sa.func.substr(column, len(prefix.kept) + 1))
