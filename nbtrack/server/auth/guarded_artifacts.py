"""The server's artifact store as one user may use it: a file is its experiment's."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from ...store.artifacts.protocol import (
    ArtifactEntry,
    ArtifactStore,
    Check,
    Presigns,
    Readable,
    SignedRequest,
    TakesParts,
    UploadedPart,
)
from .access import Access
from .permissions import Permission

__all__ = ["guarded_artifacts"]

READ, EDIT, MANAGE = Permission.READ, Permission.EDIT, Permission.MANAGE


class GuardedArtifacts:
    """An artifact store for one user; what each method does is told in ``store.artifacts.protocol``."""

    def __init__(self, files: Any, access: Access) -> None:
        self._files, self._access = files, access
        self.uri: str = files.uri

    def put(self, path: str, source: Path, *, move: bool = False) -> None:
        """Bring a file that the server has received into an experiment that the user may edit."""
        self._access.path(path, EDIT)
        self._files.put(path, source, move=move)

    def write(self, path: str, content: Readable) -> None:
        """Bring a file into an experiment that the user may edit."""
        self._access.path(path, EDIT)
        self._files.write(path, content)

    def list(self, path: str = "") -> list[ArtifactEntry]:
        """Return what lies in a folder that the user may read."""
        self._access.path(path, READ, deep=True)
        found: builtins.list[ArtifactEntry] = self._files.list(path)
        return found

    def open(self, path: str) -> BinaryIO:
        """Open a file that the user may read."""
        self._access.path(path, READ)
        file: BinaryIO = self._files.open(path)
        return file

    def download(self, path: str, target: Path, *, check: Check | None = None) -> Path:
        """Copy a file or folder that the user may read."""
        self._access.path(path, READ, deep=True)
        copied: Path = self._files.download(path, target, check=check)
        return copied

    def delete(self, path: str) -> None:
        """Remove a file or folder of an experiment that the user manages."""
        self._access.path(path, MANAGE, deep=True)
        self._files.delete(path)


class _Presigning(GuardedArtifacts):
    def presign_download(self, path: str, *, seconds: int) -> SignedRequest:
        self._access.path(path, READ)
        signed: SignedRequest = self._files.presign_download(path, seconds=seconds)
        return signed

    def presign_upload(self, path: str, *, seconds: int) -> SignedRequest:
        self._access.path(path, EDIT)
        signed: SignedRequest = self._files.presign_upload(path, seconds=seconds)
        return signed


class _InParts(GuardedArtifacts):
    def create_parts(self, path: str, count: int, *, seconds: int) -> tuple[str, builtins.list[SignedRequest]]:
        self._access.path(path, EDIT)
        made: tuple[str, list[SignedRequest]] = self._files.create_parts(path, count, seconds=seconds)
        return made

    def complete_parts(self, path: str, upload: str, parts: Sequence[UploadedPart]) -> None:
        self._access.path(path, EDIT)
        self._files.complete_parts(path, upload, parts)

    def abort_parts(self, path: str, upload: str) -> None:
        self._access.path(path, EDIT)
        self._files.abort_parts(path, upload)


class _PresigningInParts(_Presigning, _InParts):
    pass


def guarded_artifacts(files: ArtifactStore, access: Access) -> ArtifactStore:
    """Return a guarded artifact store with the optional abilities of the store behind it."""
    if isinstance(files, Presigns):
        return (_PresigningInParts if isinstance(files, TakesParts) else _Presigning)(files, access)
    return (_InParts if isinstance(files, TakesParts) else GuardedArtifacts)(files, access)
