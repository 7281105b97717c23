"""The server's artifact store guarded by one user's permissions on the experiments that files belong to."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from typing_extensions import override

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

__all__ = ["GuardedArtifacts", "guarded_artifacts"]

READ, EDIT, MANAGE = Permission.READ, Permission.EDIT, Permission.MANAGE


class _AllAbilities(ArtifactStore, Presigns, TakesParts, Protocol):
    """What the store behind a guarded one may be able to do; ``guarded_artifacts`` chooses the class that it can serve."""


class GuardedArtifacts(ArtifactStore):
    """The artifact store as one user may use it."""

    def __init__(self, artifacts: _AllAbilities, access: Access) -> None:
        self._artifacts, self._access = artifacts, access
        self.uri = artifacts.uri

    @override
    def put(self, path: str, source: Path, *, move: bool = False) -> None:
        self._access.path(path, EDIT)
        self._artifacts.put(path, source, move=move)

    @override
    def write(self, path: str, content: Readable) -> None:
        self._access.path(path, EDIT)
        self._artifacts.write(path, content)

    @override
    def list(self, path: str = "") -> list[ArtifactEntry]:
        self._access.path(path, READ, deep=True)
        return self._artifacts.list(path)

    @override
    def open(self, path: str) -> BinaryIO:
        self._access.path(path, READ)
        return self._artifacts.open(path)

    @override
    def download(self, path: str, target: Path, *, check: Check | None = None) -> Path:
        self._access.path(path, READ, deep=True)
        return self._artifacts.download(path, target, check=check)

    @override
    def delete(self, path: str) -> None:
        self._access.path(path, MANAGE, deep=True)
        self._artifacts.delete(path)


class _Presigning(GuardedArtifacts, Presigns):
    @override
    def presign_download(self, path: str, *, seconds: int) -> SignedRequest:
        self._access.path(path, READ)
        return self._artifacts.presign_download(path, seconds=seconds)

    @override
    def presign_upload(self, path: str, *, seconds: int) -> SignedRequest:
        self._access.path(path, EDIT)
        return self._artifacts.presign_upload(path, seconds=seconds)


class _InParts(GuardedArtifacts, TakesParts):
    @override
    def create_parts(self, path: str, count: int, *, seconds: int) -> tuple[str, builtins.list[SignedRequest]]:
        self._access.path(path, EDIT)
        return self._artifacts.create_parts(path, count, seconds=seconds)

    @override
    def complete_parts(self, path: str, upload: str, parts: Sequence[UploadedPart]) -> None:
        self._access.path(path, EDIT)
        self._artifacts.complete_parts(path, upload, parts)

    @override
    def abort_parts(self, path: str, upload: str) -> None:
        self._access.path(path, EDIT)
        self._artifacts.abort_parts(path, upload)


class _PresigningInParts(_Presigning, _InParts):
    pass


def guarded_artifacts(artifacts: ArtifactStore, access: Access) -> ArtifactStore:
    """Return a guarded artifact store with the optional abilities of the store behind it."""
    if isinstance(artifacts, Presigns):
        kind: type[GuardedArtifacts] = _PresigningInParts if isinstance(artifacts, TakesParts) else _Presigning
    else:
        kind = _InParts if isinstance(artifacts, TakesParts) else GuardedArtifacts
    return kind(artifacts, access)  # type: ignore[arg-type]  # the class calls only what the store has
