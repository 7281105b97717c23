"""The store in memory: simple enough to be obviously right, the oracle that tests compare other stores with."""

from __future__ import annotations

from .store import MemoryStore

__all__ = ["MemoryStore"]
