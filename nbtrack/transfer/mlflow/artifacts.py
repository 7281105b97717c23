"""The files of a run that MLflow logged: read below the source's own folder or a place that the user names, nowhere else.

A database or folder that was downloaded may name any folder of the user who imports it. The end of a path that it names
is looked up below the allowed roots too, because a source that was moved still names the former place of its files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from ...entities.run import ArtifactRecord
from ...errors import ArtifactNotFound, InvalidInput, NbtrackError
from ...settings import without_password
from ...store.artifacts.allowed_places import AllowedPlaces
from ...store.artifacts.local import LocalArtifacts
from ...store.artifacts.paths import local_path, scheme_of
from ...store.artifacts.protocol import walk
from ..source import FileReader

__all__ = ["SourceFiles", "records"]

_LOCAL = ("", "file")
_SERVED = ("mlflow-artifacts", "http", "https")
_ROOTS = ("", "mlruns", "mlartifacts")  # where MLflow stores files below its working directory
_DESTINATION = "mlartifacts"  # of files that its server receives
_SHOWN = 200
_LONGEST_TAIL = 8
_REMOTE_TAIL = 4  # <experiment>/models/<model>/artifacts; each length is a request


class _Unreachable:
    """Files that must not be read, and why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def open(self, path: str) -> BinaryIO:
        raise ArtifactNotFound(self.reason)


class _NoFiles:
    """The files of a run that logged none."""

    def open(self, path: str) -> BinaryIO:
        raise ArtifactNotFound(f"there is no file {path}")


class SourceFiles:
    """Finds the files of a source's runs where they may be read.

    Args:
        folder: The source's own folder; None for a database server.
        named: Folders and URIs that the user names.
    """

    def __init__(self, folder: Path | None, named: Sequence[str] = ()) -> None:
        self._folder, self._named = folder, tuple(named)
        self._allowed = AllowedPlaces(((folder, ""),) if folder is not None else (), self._named)

    def of(self, uri: str, owner: str) -> FileReader:
        """Return the files at an ``artifact_uri``.

        Args:
            uri: The source's URI, which MLflow forms as ``…/OWNER/artifacts``.
            owner: The id of their run or model.
        """
        parts = _parts(uri)
        if parts[-2:] != (owner, "artifacts"):
            return _Unreachable(f"{_shown(uri)} is not a path that MLflow makes for them; copy them by hand")
        try:
            return self._found(self._absolute(uri), uri, parts)
        except NbtrackError as error:
            return _Unreachable(str(error))

    def beside(self, folder: Path) -> FileReader | None:
        """Return the files in a folder of the source itself; None if there is no such folder."""
        if self._allowed.allows(str(folder)):
            return self._allowed.open(str(folder)) if folder.is_dir() else None
        return _Unreachable(_why_not(str(folder)))

    def _found(self, place: str, uri: str, parts: Sequence[str]) -> FileReader:
        """Return the files where the source names them, or where they were moved."""
        is_forbidden = False  # because of a link, or because the place is not the source's
        for candidate in (place, *self._moved(parts)):
            if self._is_there(candidate, is_named=candidate == place):
                if self._allowed.allows(candidate):
                    return self._allowed.open(candidate)
                is_forbidden = True
        if not is_forbidden and (self._allowed.allows(place) or self._has_none(uri, parts)):
            return _NoFiles()
        return _Unreachable(_why_not(uri))

    def _moved(self, parts: Sequence[str]) -> Iterator[str]:
        """Yield the places below each allowed root that end like a path, the longest ends first."""
        for folder in self._local_roots():
            for count in range(min(len(parts), _LONGEST_TAIL), 1, -1):
                yield str(folder.joinpath(*parts[-count:]))
        for uri in self._named:
            if scheme_of(uri) not in _LOCAL:
                for count in range(min(len(parts), _REMOTE_TAIL), 1, -1):
                    yield "/".join([uri.rstrip("/"), *parts[-count:]])

    def _local_roots(self) -> list[Path]:
        own = [self._folder / name for name in _ROOTS] if self._folder is not None else []
        return own + [local_path(each) for each in self._named if scheme_of(each) in _LOCAL]

    def _has_none(self, uri: str, parts: Sequence[str]) -> bool:
        """Tell whether a run has no files because the folder of its experiment's files is here.

        A run that logged no file has no folder of its own, whether or not the source was moved.
        """
        if scheme_of(uri) in _SERVED:
            return self._folder is not None and _is_folder(self._folder / _DESTINATION)
        if scheme_of(uri) not in _LOCAL or len(parts) < 3:
            return False
        named = [local_path(each) for each in self._named if scheme_of(each) in _LOCAL]
        alike = [root for root in self._local_roots() if parts[-4:-3] == (root.name,)]
        return any(_is_folder(root / parts[-3]) for root in [*named, *alike])

    def _is_there(self, place: str, *, is_named: bool) -> bool:
        """Tell whether there are files; a bucket has no folders, so one that the source does not name is listed."""
        if scheme_of(place) in _LOCAL:
            return _is_folder(local_path(place))
        if is_named:
            return scheme_of(place) not in _SERVED or self._allowed.allows(place)
        return bool(self._allowed.open(place).list())

    def _absolute(self, uri: str) -> str:
        """Return a relative path below the source's folder, and anything else as it is."""
        if scheme_of(uri) not in _LOCAL or self._folder is None:
            return uri
        try:
            return str(self._folder / local_path(uri))
        except InvalidInput:  # of another machine
            return uri


def _parts(uri: str) -> tuple[str, ...]:
    """Return the parts of a URI's path from its last ``..`` on."""
    try:
        path = str(local_path(uri)) if scheme_of(uri) in _LOCAL else unquote(uri.partition(":")[2])
    except InvalidInput:
        path = uri
    pieces = path.split("/")
    below = pieces[-pieces[::-1].index("..") :] if ".." in pieces[:-1] else pieces
    return tuple(part for part in below if part not in ("", "."))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # it cannot be a path on this machine
        return False


def _why_not(uri: str) -> str:
    if scheme_of(uri) in _SERVED:
        return f"{_shown(uri)} is behind a server: import from the server itself, or name their folder with --artifacts-from"
    return f"{_shown(uri)} is outside the source's own folder; if they are yours, name where they are now with --artifacts-from"


def _shown(uri: str) -> str:
    return repr(without_password(uri)[:_SHOWN])


def records(files: FileReader, problems: list[str], owner: str) -> list[ArtifactRecord]:
    """Return all files, ordered by path; those that cannot be listed are a problem."""
    if isinstance(files, _NoFiles):
        return []
    if isinstance(files, _Unreachable):
        problems.append(f"the files of {owner}: {files.reason}")
        return []
    odd = list[str]()
    try:
        found = sorted(walk(files, problems=odd), key=lambda record: record.path)  # type: ignore[arg-type]
    except NbtrackError as error:
        problems.append(f"the files of {owner}: {error}")
        return []
    odd += [f"{path!r} is a link to elsewhere" for path in _links_out(files)]
    problems += [f"a file of {owner} is left out: {why}" for why in odd]
    return found


def _links_out(files: FileReader) -> Iterator[str]:
    """Yield the links in a folder that lead out of it or nowhere, which an artifact store does not list."""
    if not isinstance(files, LocalArtifacts):
        return
    root = files.root.resolve()
    for where, folders, names in os.walk(root):
        for path in (Path(where, name) for name in sorted(folders + names)):
            if path.is_symlink() and not (path.exists() and path.resolve().is_relative_to(root)):
                yield path.relative_to(root).as_posix()
