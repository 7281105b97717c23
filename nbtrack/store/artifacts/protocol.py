"""The protocol that every artifact store keeps, and its guarantees.

One store holds the files of one run, under logical paths with ``/`` between their parts (see ``paths``).

Atomicity: a file is there whole or not at all; a reader meets the old content or the new, never a part.

Idempotency: ``put`` with the same arguments twice leaves what the first left. With ``move`` this holds after
a crash too: a source that is gone while the target is there has been moved already.

Memory: files are streamed; no method's memory grows with a file's size.

Durability: what ``put`` has written outlives the death of this process.

Threads and processes: any method may be called from anywhere at any time; of two puts to one path the later wins.

Errors: ``InvalidInput`` for a path that cannot be one, ``ArtifactNotFound`` for one that is not there,
``StoreUnavailable`` where a later retry may succeed (full, read-only, away). Foreign errors never pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias, runtime_checkable

from ...entities.run import ArtifactRecord
from ...errors import InvalidInput
from .paths import artifact_path

__all__ = [
    "ArtifactEntry",
    "ArtifactStore",
    "Check",
    "Presigns",
    "Readable",
    "SignedRequest",
    "TakesParts",
    "UploadedPart",
    "walk",
]

# Looks at a file that was fetched, and raises where it is not as it should be.
Check: TypeAlias = Callable[[str, Path], None]


@dataclass(frozen=True, slots=True)
class ArtifactEntry:
    """A file or a folder in an artifact store: its whole path, and its bytes where it is a file."""

    path: str
    size: int | None = None
    is_dir: bool = False

    def __str__(self) -> str:
        return self.path

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


class Readable(Protocol):
    """What content is read from: an open binary file, a response's body."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""


class ArtifactStore(Protocol):
    """The files of one run; see the module's docstring for what holds for every method."""

    uri: str

    def put(self, path: str, source: Path, *, move: bool = False) -> None:
        """Bring a file into the store under ``path``, over what was there; with ``move`` the source is gone afterwards."""

    def write(self, path: str, content: Readable) -> None:
        """Bring in under ``path`` what a reader gives until its end, over what was there; when it raises, nothing changes."""

    def list(self, path: str = "") -> list[ArtifactEntry]:
        """Return what lies directly in a folder, by path; nothing where there is no such folder."""

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading; ArtifactNotFound."""

    def download(self, path: str, target: Path, *, check: Check | None = None) -> Path:
        """Copy a file, or a folder with all below it, to this machine, and return where it is now.

        Args:
            path: The file or folder; empty for everything.
            target: An existing folder, into which it goes under its own name, or the name that it is to have.
            check: Is given each file, by its path in the store and where its content is, before it takes its name.

        Raises:
            ArtifactNotFound: There is nothing at ``path``.
        """

    def delete(self, path: str) -> None:
        """Remove a file, or a folder with all below it (empty: everything); what is not there is passed over."""


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request that whoever holds it may make for a while, without credentials of their own."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class Presigns(Protocol):
    """A store that lets others read and write one file each directly, for some seconds."""

    def presign_download(self, path: str, *, seconds: int) -> SignedRequest:
        """Return the GET request for a file, whether or not it is there."""

    def presign_upload(self, path: str, *, seconds: int) -> SignedRequest:
        """Return the PUT request for a file, whose body is the whole of it."""


@dataclass(frozen=True, slots=True)
class UploadedPart:
    """A part that was uploaded: its number from 1, and the ETag of the answer, empty where there was none."""

    number: int
    etag: str = ""


@runtime_checkable
class TakesParts(Protocol):
    """A store in which others upload a file in parts, in any order and at once; it is there when they are completed."""

    def create_parts(self, path: str, count: int, *, seconds: int) -> tuple[str, list[SignedRequest]]:
        """Return the id of a new upload and the PUT request of each of its parts."""

    def complete_parts(self, path: str, upload: str, parts: Sequence[UploadedPart]) -> None:
        """Make the file of its parts; parts that are not there are a ``StoreError``."""

    def abort_parts(self, path: str, upload: str) -> None:
        """Give up an upload and what was uploaded for it; one that is not there is passed over."""


def walk(files: ArtifactStore, folder: str = "", problems: list[str] | None = None) -> Iterator[ArtifactRecord]:
    """Give all files in a folder of an artifact store, and in those within.

    Args:
        files: The artifact store.
        folder: The folder; empty for everything.
        problems: Takes why a file or folder is left out whose name can be no artifact's; None: InvalidInput is raised.
    """
    for entry in files.list(folder):
        if not _is_named(entry, problems):
            continue
        if entry.is_dir:
            yield from walk(files, entry.path, problems)
        else:
            yield ArtifactRecord(entry.path, entry.size or 0, "")


def _is_named(entry: ArtifactEntry, problems: list[str] | None) -> bool:
    try:
        artifact_path(entry.path)
    except InvalidInput as error:
        if problems is None:
            raise
        problems.append(str(error))
        return False
    return True
