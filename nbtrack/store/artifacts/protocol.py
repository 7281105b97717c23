"""The protocol of artifact stores, and what each of them guarantees.

One store contains the files of one run, under logical paths with ``/`` between their parts (see ``paths``).

Atomicity: a file is stored whole or not at all; a reader gets the old content or the new, never a part.

Idempotency: a second ``put`` with the same arguments changes nothing. With ``move`` this holds after a crash too: if the source
is gone and the target exists, the file has been moved already.

Memory: files are streamed; no method's memory grows with a file's size.

Durability: what ``put`` has written survives the end of this process.

Threads and processes: any method may be called from anywhere at any time; of two puts to one path the last wins.

Errors: ``InvalidInput`` for an invalid path, ``ArtifactNotFound`` for a missing one, ``StoreUnavailable`` if a retry may succeed
later (disk full, read-only, not reachable). Errors of other libraries are always translated.
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

# Checks a downloaded file, given its path in the store and the local file; raises if it is not the right one.
Check: TypeAlias = Callable[[str, Path], None]


@dataclass(frozen=True, slots=True)
class ArtifactEntry:
    """A file or a folder in an artifact store: its whole path, and a file's size in bytes."""

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
    """A source of content: an open binary file, the body of a response."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes, empty at the end."""


class ArtifactStore(Protocol):
    """The files of one run; the module's docstring says what every method guarantees."""

    uri: str

    def put(self, path: str, source: Path, *, move: bool = False) -> None:
        """Store a local file as ``path``, replacing a file there; ``move`` removes the source."""

    def write(self, path: str, content: Readable) -> None:
        """Store what a reader returns as ``path``, replacing a file there; if the reader raises, nothing changes."""

    def list(self, path: str = "") -> list[ArtifactEntry]:
        """Return the files and folders directly in a folder, sorted by path; empty if there is no such folder."""

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading; ArtifactNotFound."""

    def download(self, path: str, target: Path, *, check: Check | None = None) -> Path:
        """Copy a file, or a folder with everything below it, to this machine, and return its local path.

        Args:
            path: The file or folder; empty for everything.
            target: An existing folder, to which the file or folder is copied under its own name, or its new path.
            check: Called with each file before it takes its name in the target.

        Raises:
            ArtifactNotFound: There is nothing at ``path``.
        """

    def delete(self, path: str) -> None:
        """Delete a file, or a folder with everything below it; empty deletes everything, a missing path is ignored."""


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A presigned request, which anyone may send for a limited time without credentials."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class Presigns(Protocol):
    """A store that presigns requests for single files."""

    def presign_download(self, path: str, *, seconds: int) -> SignedRequest:
        """Return the GET request for a file, which need not exist."""

    def presign_upload(self, path: str, *, seconds: int) -> SignedRequest:
        """Return the PUT request for a file, with the whole content as its body."""


@dataclass(frozen=True, slots=True)
class UploadedPart:
    """A part that was uploaded: its number, from 1, and the ETag of the response if there was one."""

    number: int
    etag: str = ""


@runtime_checkable
class TakesParts(Protocol):
    """A store that accepts presigned uploads in parts, in any order and in parallel; the file exists once they are completed."""

    def create_parts(self, path: str, count: int, *, seconds: int) -> tuple[str, list[SignedRequest]]:
        """Start an upload, and return its id and the PUT request of each part."""

    def complete_parts(self, path: str, upload: str, parts: Sequence[UploadedPart]) -> None:
        """Make the file from its parts; StoreError if one is missing."""

    def abort_parts(self, path: str, upload: str) -> None:
        """Cancel an upload and delete its parts; an unknown upload is ignored."""


def walk(files: ArtifactStore, folder: str = "", problems: list[str] | None = None) -> Iterator[ArtifactRecord]:
    """Yield all files below a folder of an artifact store.

    Args:
        files: The artifact store.
        folder: The folder; empty for everything.
        problems: Receives the reason for each file or folder that is skipped because its name is invalid; None to raise
            InvalidInput.
    """
    for entry in files.list(folder):
        if not _has_valid_name(entry, problems):
            continue
        if entry.is_dir:
            yield from walk(files, entry.path, problems)
        else:
            yield ArtifactRecord(entry.path, entry.size or 0, "")


def _has_valid_name(entry: ArtifactEntry, problems: list[str] | None) -> bool:
    try:
        artifact_path(entry.path)
    except InvalidInput as error:
        if problems is None:
            raise
        problems.append(str(error))
        return False
    return True
