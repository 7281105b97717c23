"""Folders outside the project: for the journals of stores that cannot have one, and for stores in memory."""

from __future__ import annotations

import functools
import os
import secrets
import tempfile
from pathlib import Path

from .settings import store_digest

__all__ = ["memory_folder", "spare_journal"]


def spare_journal(uri: str) -> Path | None:
    """Return a folder in the user's home for journals of a store whose own folder is not writable; None without a home."""
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home raises where there is none
    state = os.environ.get("XDG_STATE_HOME") or os.environ.get("LOCALAPPDATA") or (f"{home}/.local/state" if home != "~" else "")
    return Path(state) / "nbtrack" / store_digest(uri) if os.path.isabs(state) else None  # noqa: PTH117


def memory_folder() -> Path:
    """Return the folder for files of this process's store in memory, whose name cannot be guessed."""
    return Path(tempfile.gettempdir()) / _memory_name(os.getpid())


@functools.lru_cache(maxsize=1)
def _memory_name(process: int) -> str:
    return f"nbtrack-{process}-{secrets.token_hex(6)}"
