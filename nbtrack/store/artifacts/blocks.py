"""Content of a reader in blocks of a fixed size."""

from __future__ import annotations

from collections.abc import Iterator

from .protocol import Readable

__all__ = ["FullReads", "blocks_of"]


def blocks_of(content: Readable, size: int) -> Iterator[bytes]:
    """Yield a reader's content in blocks of one size; only the last one is shorter."""
    while block := _read_fully(content, size):
        yield block


class FullReads:
    """A reader whose reads are only short at its end; boto3 takes any short read for the end.

    Args:
        content: The reader, which may return less than it was asked for.
    """

    def __init__(self, content: Readable) -> None:
        self._content = content

    def read(self, size: int = -1, /) -> bytes:
        """Return ``size`` bytes, fewer at the end only; everything if it is negative."""
        return self._content.read(size) if size < 0 else _read_fully(self._content, size)


def _read_fully(content: Readable, size: int) -> bytes:
    pieces, missing = [], size
    while missing and (piece := content.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
