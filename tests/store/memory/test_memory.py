"""The store in memory, which others are compared with."""

from __future__ import annotations

import pytest

from nbtrack.store.memory import MemoryStore

from ..contract import StoreContract


class TestMemory(StoreContract):
    @pytest.fixture
    def store(self):
        return MemoryStore("artifacts")
