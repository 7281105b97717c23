"""An object of a bucket as an open binary file."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from .parallel import interruptible

__all__ = ["ObjectReader"]


class ObjectReader(io.RawIOBase):
    """Reads one version of an object; after a ``seek`` the next read starts a new request.

    Args:
        size: The object's size in bytes.
        blocks: Its content from the beginning.
        read_from: Returns its content from a position to the end.
        translated: Translates obstore's errors.
    """

    def __init__(
        self,
        size: int,
        blocks: Iterator[Any],
        read_from: Callable[[int], Iterator[Any]],
        translated: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._size, self._read_from, self._translated = size, read_from, translated
        self._blocks: Iterator[Any] | None = blocks
        self._block = memoryview(b"")
        self._position = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read some bytes into a buffer, none at the end."""
        if self._position >= self._size:
            return 0
        if not self._block:
            with self._translated():
                self._block = memoryview(interruptible(self._next))
        count = min(len(buffer), len(self._block))
        buffer[:count] = self._block[:count]
        self._block = self._block[count:]
        self._position += count
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Set the position of the next read, and return it."""
        position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if position < 0:
            raise ValueError(f"negative position {position}")
        if position != self._position:
            self._position, self._blocks, self._block = position, None, memoryview(b"")
        return position

    def tell(self) -> int:
        """Return the position of the next read."""
        return self._position

    def _next(self) -> Any:
        if self._blocks is None:
            self._blocks = self._read_from(self._position)
        return next(self._blocks, b"")
