"""The points of a metric as stored: bytes, decoded on first access."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ....errors import StoreError
from ...chunks import decode_into

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from ....entities.run import Points

__all__ = ["StoredPoints"]


class StoredAxes:
    """Steps and timestamps of points in the order applied, decoded on first access.

    Args:
        chunks: For each, the number of points and the encoded steps, timestamps and values.
    """

    def __init__(self, chunks: Sequence[Sequence[Any]]) -> None:
        self._chunks = chunks

    @cached_property
    def steps(self) -> NDArray[np.int64]:
        """The steps, of shape (n,)."""
        return _column(self._chunks, 1, np.int64)

    @cached_property
    def timestamps(self) -> NDArray[np.int64]:
        """Milliseconds since the epoch, of shape (n,)."""
        return _column(self._chunks, 2, np.int64)


class StoredPoints:
    """All points of one metric in the order applied, each column decoded on first access.

    Args:
        chunks: For each, the number of points and the encoded steps, timestamps and values.
        axes: The steps and timestamps, if metrics share them; those that do return the same arrays.
    """

    def __init__(self, chunks: Sequence[Sequence[Any]], axes: StoredAxes | None = None) -> None:
        self._chunks, self._axes = chunks, axes or StoredAxes(chunks)

    @property
    def steps(self) -> NDArray[np.int64]:
        """The steps, of shape (n,)."""
        return self._axes.steps

    @property
    def timestamps(self) -> NDArray[np.int64]:
        """Milliseconds since the epoch, of shape (n,)."""
        return self._axes.timestamps

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """The values, of shape (n,)."""
        return _column(self._chunks, 3, np.float64)

    def __len__(self) -> int:
        return sum(count for count, *_ in self._chunks)


def _empty(count: int, dtype: DTypeLike) -> NDArray[Any]:
    try:
        return np.empty(count, dtype)
    except (ValueError, MemoryError) as error:  # negative, or more than any machine has
        raise StoreError(f"chunks of a metric are damaged: there cannot be {count} numbers in them") from error


def _column(chunks: Sequence[Sequence[Any]], which: int, dtype: DTypeLike) -> NDArray[Any]:
    column = _empty(sum(count for count, *_ in chunks), dtype)
    start = 0
    for chunk in chunks:
        stop = start + chunk[0]
        decode_into(chunk[which], column[start:stop])
        start = stop
    return column


if TYPE_CHECKING:
    _proof: Points = StoredPoints([])
