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

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

__all__ = ["ArtifactEntry", "ArtifactStore"]


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


class ArtifactStore(Protocol):
    """The files of one run; see the module's docstring for what holds for every method."""

    uri: str

    def put(self, path: str, source: Path, *, move: bool = False) -> None:
        """Bring a file into the store under ``path``, over what was there; with ``move`` the source is gone afterwards."""

    def list(self, path: str = "") -> list[ArtifactEntry]:
        """Return what lies directly in a folder, by path; nothing where there is no such folder."""

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading; ArtifactNotFound."""

    def download(self, path: str, target: Path) -> Path:
        """Copy a file, or a folder with all below it, to this machine, and return where it is now.

        Args:
            path: The file or folder; empty for everything.
            target: An existing folder, into which it goes under its own name, or the name that it is to have.

        Raises:
            ArtifactNotFound: There is nothing at ``path``.
        """

    def delete(self, path: str) -> None:
        """Remove a file, or a folder with all below it (empty: everything); what is not there is passed over."""
