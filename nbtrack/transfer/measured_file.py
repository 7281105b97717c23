"""A file whose size and digest are taken while it is read."""

from __future__ import annotations

import hashlib
from itertools import chain
from typing import Any

from .progress import Tell

__all__ = ["MeasuredFile"]

_BLOCK = 1 << 20


class MeasuredFile:
    """Reads a file for an artifact store.

    Args:
        file: The file, open for reading.
        tell: Told of the bytes that are read.

    Attributes:
        size: How many bytes were read.
        sha256: Their digest.
    """

    def __init__(self, file: Any, tell: Tell) -> None:
        self._file, self._tell = file, tell
        self.size, self.sha256 = 0, hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes, all that are left if it is negative; none at the end."""
        data: bytes = self._file.read(size if size >= 0 else _BLOCK) if size else b""
        if size < 0 and data:
            data = b"".join(chain([data], iter(lambda: self._file.read(_BLOCK), b"")))
        self.size += len(data)
        self.sha256.update(data)
        self._tell("bytes", len(data))
        return data
