"""The error for a missing artifact, which lists what is there instead."""

from __future__ import annotations

from difflib import get_close_matches

from ...errors import ArtifactNotFound
from .protocol import ArtifactStore

__all__ = ["artifact_not_found"]

_SHOWN = 8


def artifact_not_found(store: ArtifactStore, path: str) -> ArtifactNotFound:
    """Return the error for a path at which a store has nothing.

    It lists the nearest folder above with any content, and suggests the name that resembles the missing one most.
    """
    folder = path
    while folder:
        folder, _, missing = folder.rpartition("/")
        if names := [entry.name + "/" * entry.is_dir for entry in store.list(folder)]:
            return ArtifactNotFound(f"no artifact {path!r}{_hint(missing, names)}; {_listing(folder, names)}")
    return ArtifactNotFound(f"no artifact {path!r}: the run has none")


def _hint(missing: str, names: list[str]) -> str:
    close = get_close_matches(missing, names, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _listing(folder: str, names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{folder!r} has {', '.join(names[:_SHOWN])}{more}" if folder else f"there are {', '.join(names[:_SHOWN])}{more}"
