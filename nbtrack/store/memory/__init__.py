"""The store in memory: simple and obviously right, what every other store is compared with."""

from __future__ import annotations

from .store import MemoryStore

__all__ = ["MemoryStore"]
