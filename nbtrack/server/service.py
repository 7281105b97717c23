"""What a handler works with: the store and the artifacts that one request may use."""

from __future__ import annotations

from dataclasses import dataclass

from ..store.artifacts.protocol import ArtifactStore
from ..store.protocol.store import Store

__all__ = ["Service"]


@dataclass(frozen=True, slots=True)
class Service:
    """The store and the artifacts that a server serves.

    Attributes:
        store: Where runs are stored.
        artifacts: Where their files are stored.
        serves_artifacts: Whether clients transfer files through the server.
        version: The version of nbtrack that the server reports.
    """

    store: Store
    artifacts: ArtifactStore
    serves_artifacts: bool = True
    version: str = ""

    def may_edit(self, path: str) -> None:
        """Raise AccessDenied unless the client may write a file; on a server without users every client may."""

    def may_read(self, path: str) -> None:
        """Raise AccessDenied unless the client may read a file; on a server without users every client may."""
