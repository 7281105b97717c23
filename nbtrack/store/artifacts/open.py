"""From an artifact URI to the store that holds it."""

from __future__ import annotations

from .base import ArtifactStore
from .local import LocalArtifacts

__all__ = ["open_artifacts"]


def open_artifacts(uri: str) -> ArtifactStore:
    """Open the artifact store at a ``file:`` URI or a plain folder path.

    Raises:
        InvalidInput: The URI has a scheme that this version cannot serve.
    """
    return LocalArtifacts(uri)
