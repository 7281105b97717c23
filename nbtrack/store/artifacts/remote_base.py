"""The base class of artifact stores that are not a folder of this machine."""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path, PurePath
from typing import BinaryIO, TypeVar

from typing_extensions import override

from ...errors import InvalidInput
from .forked import fork_safe
from .not_found import artifact_not_found
from .parallel import for_each
from .paths import artifact_folder, artifact_path
from .protocol import ArtifactEntry, ArtifactStore, Check, Readable
from .spool import copy_hashed, existing_file, staged

__all__ = ["RemoteArtifacts"]

T = TypeVar("T")

_SHOWN, _LONGEST = 5, 200  # names in an error, and characters of each


class RemoteArtifacts(ArtifactStore, ABC):
    """The files of one run elsewhere; a subclass implements the transfer of single files.

    Args:
        uri: The folder with the files.
    """

    at_once = 8  # files of a folder that are downloaded in parallel
    survives_fork = True

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.uri!r})"

    @override
    @fork_safe
    def put(self, path: str, source: Path, *, move: bool = False) -> None:
        name = artifact_path(path)
        with self._translated(path):
            if move and not source.exists() and self._size(name) is not None:
                return
            self._upload(name, existing_file(source))
        if move:
            source.unlink(missing_ok=True)

    @override
    @fork_safe
    def write(self, path: str, content: Readable) -> None:
        name = artifact_path(path)
        with self._translated(path):
            self._send(name, content)

    @override
    @fork_safe
    def list(self, path: str = "") -> list[ArtifactEntry]:
        name = artifact_folder(path)
        with self._translated(path):
            return sorted(self._entries(name), key=lambda entry: entry.path)

    @override
    @fork_safe
    def open(self, path: str) -> BinaryIO:
        name = artifact_path(path)
        with self._translated(path):
            return self._found(name, lambda: self._reader(name))

    @override
    @fork_safe
    def download(self, path: str, target: Path, *, check: Check | None = None) -> Path:
        name = artifact_folder(path)
        into = target / name.rpartition("/")[2] if name and target.is_dir() else target
        with self._translated(path):
            if name and self._size(name) is not None:
                self._found(name, lambda: self._fetch_to(name, into, check))
            else:
                self._fetch_folder(name, into, check)
        return into

    @override
    @fork_safe
    def delete(self, path: str) -> None:
        name = artifact_folder(path)
        with self._translated(path):
            self._remove(name)

    def _fetch_folder(self, folder: str, into: Path, check: Check | None) -> None:
        names = [*self._walk(folder)]
        if folder and not names:
            raise artifact_not_found(self, folder)
        into.mkdir(parents=True, exist_ok=True)
        relative = len(folder) + 1 if folder else 0
        left = [name for name in names if not _can_be_here(name)]
        rest = [name for name in names if name not in left] if left else names
        for_each(lambda name: self._fetch_to(name, into / name[relative:], check), rest, self.at_once)
        if left:
            raise InvalidInput(f"{self.uri} has files that cannot be files here: {_listed(left)}; the others are in {into}")

    def _fetch_to(self, name: str, target: Path, check: Check | None) -> None:
        # The name comes from the server and could lead out of the target's folder.
        if not _can_be_here(name):
            raise InvalidInput(f"{self.uri} has a file {name!r}, which cannot be a file here; download the others by name")
        with staged(target) as place:
            self._fetch(name, place)
            if check is not None:
                check(name, place)

    def _found(self, name: str, work: Callable[[], T]) -> T:
        """Return what ``work`` returns; if the file is missing, the error lists what is there."""
        try:
            return work()
        except FileNotFoundError as error:
            raise artifact_not_found(self, name) from error

    def _send(self, name: str, content: Readable) -> None:
        """Upload what a reader returns; by default through a temporary file."""
        with tempfile.TemporaryDirectory(prefix="nbtrack-") as folder:
            copy_hashed(content, Path(folder, "content"))
            self._upload(name, Path(folder, "content"))

    def _reader(self, name: str) -> BinaryIO:
        """Open a file; by default a temporary copy, which is deleted when it is closed."""
        with tempfile.TemporaryDirectory(prefix="nbtrack-") as folder:
            self._fetch(name, Path(folder, "content"))
            return Path(folder, "content").open("rb")

    def _walk(self, folder: str) -> Iterator[str]:
        """Yield the names of all files below a folder."""
        for entry in self._entries(folder):
            if entry.is_dir:
                yield from self._walk(entry.path)
            else:
                yield entry.path

    # For subclasses. FileNotFoundError means that the file is missing.

    @abstractmethod
    def _translated(self, path: str) -> AbstractContextManager[None]:
        """Translate errors of other libraries."""

    @abstractmethod
    def _upload(self, name: str, source: Path) -> None:
        """Upload a local file, whole or not at all."""

    @abstractmethod
    def _size(self, name: str) -> int | None:
        """Return a file's size, None if there is no such file."""

    @abstractmethod
    def _entries(self, folder: str) -> Iterator[ArtifactEntry]:
        """Yield the entries directly in a folder; none if there is no such folder."""

    @abstractmethod
    def _fetch(self, name: str, target: Path) -> None:
        """Write a file's content to a new local file."""

    @abstractmethod
    def _remove(self, name: str) -> None:
        """Delete a file or everything below a folder; empty deletes everything."""


def _can_be_here(name: str) -> bool:
    """Tell whether a name is a valid relative path here that stays in its folder."""
    path = PurePath(name)
    return not ("\0" in name or path.is_absolute() or path.drive or any(part in ("", ".", "..") for part in name.split("/")))


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:_LONGEST]) for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
