"""Where the files of a store are: what its rows keep, and what readers see.

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

__all__ = ["IN_FILES", "IN_FOLDER", "Home", "Places", "places_of"]

# What a relative place begins with in a row; no URI of anybody else has these schemes.
IN_FOLDER = "nbtrack-store:"  # below the folder of the database
IN_FILES = "nbtrack-files:"  # below the folder that has the database's name, runs.db.files, and is renamed with it

_PROJECT = ".nbtrack"  # all of this folder is the store
_ARTIFACTS = "artifacts"


@dataclass(frozen=True, slots=True)
class Home:
    """The folders that belong to a database in a file: its default places for artifacts, and all of ``.nbtrack``."""

    database: Path

    def prefixes(self) -> Iterator[tuple[str, Path]]:
        """Yield the beginning of relative places and the folder that it stands for, the innermost first."""
        folder = self.database.parent
        yield f"{IN_FILES}/{_ARTIFACTS}", self._files / _ARTIFACTS
        yield f"{IN_FOLDER}/{_ARTIFACTS}", folder / _ARTIFACTS
        yield IN_FILES, self._files
        if folder.name == _PROJECT:
            yield IN_FOLDER, folder

    @property
    def _files(self) -> Path:
        return self.database.with_name(f"{self.database.name}.files")


@dataclass(frozen=True, slots=True)
class Prefix:
    """What places begin with in rows, and for readers; what follows is percent-encoded for readers where that is a URI."""

    kept: str
    shown: str
    is_encoded: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    """Both directions between rows and readers: tables of prefixes, of which the first that fits counts.

    Attributes:
        root: Where the artifacts of new experiments go, as rows keep it.
        keeping: From readers to rows.
        showing: From rows to readers.
        unserved: What begins so is not what a server serves: new files below it go to where the server keeps its own.
    """

    root: str = ""
    keeping: tuple[Prefix, ...] = ()
    showing: tuple[Prefix, ...] = ()
    unserved: tuple[str, ...] = ()

    def kept(self, uri: str) -> str:
        """Return a reader's place as rows keep it.

        Raises:
            InvalidInput: It is written as rows keep theirs, which is for the store alone.
        """
        if uri.startswith((IN_FOLDER, IN_FILES)):
            raise InvalidInput(f"{uri[:200]!r} is not a place for artifacts; give a folder, or the URI of a bucket")
        for prefix in self.keeping:
            rest = _rest(uri, prefix.shown)
            if rest is not None and (plain := _plain(rest, is_encoded=prefix.is_encoded)) is not None:
                return prefix.kept + plain
        return uri

    def shown(self, kept: str) -> str:
        """Return a row's place as readers see it; one that leads up, which only a stranger can have written, as it is."""
        for prefix in self.showing:
            rest = _rest(kept, prefix.kept)
            if rest is not None and not _leads_up(rest):
                return prefix.shown + (quote(rest) if prefix.is_encoded else rest)
        return kept

    def below(self, kept: str, path: str) -> str:
        """Return the place of something new below a place, as rows keep both."""
        is_unserved = any(_rest(kept, prefix) is not None for prefix in self.unserved)
        return f"{self.shown(kept) if is_unserved else kept}/{path}"

    def shown_column(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Return what readers see of a column of places."""
        if not self.showing:
            return column
        return sa.case(*[(_begins(column, each.kept), _replaced(column, each)) for each in self.showing], else_=column)


def places_of(artifact_root: str, home: Home | None, served: str = "") -> Places:
    """Return the places of a store.

    Args:
        artifact_root: Where the artifacts of new experiments go, as readers are to see it.
        home: The folders that belong to the store; None of a database that is not a file.
        served: The URI of the artifact store that a server keeps, where ``artifact_root`` leads through the server to it.
    """
    own = list(_own(home, served or artifact_root)) if home is not None else []
    if not served:
        places = Places(keeping=tuple(own), showing=tuple(_distinct(own)))
        return Places(places.kept(artifact_root), places.keeping, places.showing)
    return _served(artifact_root, own, served)


def _own(home: Home, root: str) -> Iterator[Prefix]:
    """Yield what is kept relative, by each name that a folder has: its own, and through links."""
    for kept, folder in home.prefixes():
        for name in dict.fromkeys((str(folder), os.path.realpath(folder))):
            yield Prefix(kept, name)
            yield Prefix(kept, file_uri(Path(name)), is_encoded=True)
    yield from _linked(home, root)


def _linked(home: Home, root: str) -> Iterator[Prefix]:
    """Yield the root that settings name through a link, where it leads into the store."""
    path = _local(root)
    if path is None:
        return
    real = os.path.realpath(path)
    for kept, folder in home.prefixes():
        rest = _rest(real, os.path.realpath(folder))
        if rest is not None:
            yield Prefix(kept + rest, str(path))
            return


def _served(artifact_root: str, own: list[Prefix], served: str) -> Places:
    """Return the places of a store whose files clients reach through a server: none of them sees a path of its machine."""
    path = _local(served)
    names = [served] if path is None else [str(path), os.path.realpath(path)]
    kept = next((place for name in names if (place := Places(keeping=tuple(own)).kept(name)) != name), "")
    inside = [Prefix(kept, artifact_root, is_encoded=True)] if kept else []
    outside = [Prefix(name, artifact_root, is_encoded=True) for name in dict.fromkeys((*names, served))]
    others = [Prefix(each.kept, artifact_root, is_encoded=True) for each in _distinct(own) if each.kept != kept]
    return Places(
        kept or artifact_root,
        (*inside, *own),
        (*inside, *outside, *others),
        tuple(each.kept for each in others),
    )


def _distinct(prefixes: Iterable[Prefix]) -> list[Prefix]:
    """Return the first prefix of each beginning of rows."""
    found: dict[str, Prefix] = {}
    for prefix in prefixes:
        found.setdefault(prefix.kept, prefix)
    return list(found.values())


def _local(uri: str) -> Path | None:
    """Return the absolute path that a place is, None of any other."""
    try:
        path = local_path(uri) if scheme_of(uri) in ("", "file") else None
    except InvalidInput:
        return None
    return path if path is not None and path.is_absolute() else None


def _rest(uri: str, prefix: str) -> str | None:
    """Return what follows a prefix, which is nothing or begins with a slash; None where it is no prefix."""
    if not uri.startswith(prefix):
        return None
    rest = uri[len(prefix) :]
    return rest if not rest or rest[0] == "/" else None


def _plain(rest: str, *, is_encoded: bool) -> str | None:
    """Return a path as rows keep it; None where it would not come back in the same words."""
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
