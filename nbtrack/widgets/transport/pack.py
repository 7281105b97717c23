"""Encodes values for the browser: JSON for the structure, one block of bytes for the arrays in it.

``js/src/data/pack.ts`` decodes it. An array is ``{"$a": [offset, length, type]}``, one of evenly spaced whole numbers, as steps
are, ``{"$r": [first, by, count]}``; NaN and infinities are ``{"$f": "nan"}``. One block instead of one buffer an array:
Jupyter takes about 10 us for each buffer of a message.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["pack"]

# The typed arrays of a browser. Its 64-bit integers cannot be used in arithmetic, so large steps travel as float64.
_TYPES = {"<f8": "f8", "<f4": "f4", "<i4": "i4", "<u4": "u4", "|u1": "u1"}
_PLAIN = frozenset({type(None), str, bool, int})

_EVEN = frozenset({"<f8", "<i8"})
_FEW = 8
_EXACT = 2.0**53
_INT32 = 2**31


def pack(value: Any) -> tuple[Any, bytes]:
    """Return a value as JSON and the bytes that it refers to.

    Args:
        value: Mappings, sequences, strings, numbers, None, bytes and one-dimensional numpy arrays, nested to any depth.

    Returns:
        A tree for ``json.dumps``, without NaN and infinities, and the arrays' bytes one after the other, little-endian.
    """
    block = _Block()
    return block.packed(value), b"".join(block.parts)


class _Block:
    """Collects the bytes of the arrays in a value."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self._size = 0

    def packed(self, value: Any) -> Any:
        # The exact types first: a frame has about fifty values, and isinstance with an abstract class takes a microsecond.
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is dict or isinstance(value, Mapping):
            return {str(key): self.packed(each) for key, each in value.items()}
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else {"$f": str(float(value))}
        if isinstance(value, str | int):
            return value
        if isinstance(value, list | tuple):
            return [self.packed(each) for each in value]
        if isinstance(value, bytes | bytearray | memoryview):
            return self._placed(data := bytes(value), len(data), "u1")
        return self._array(value)

    def _array(self, value: Any) -> Any:
        """Pack a numpy array or a numpy scalar."""
        import numpy as np

        array: NDArray[Any] = np.asarray(value)
        if array.ndim == 0:
            return self.packed(array.item())
        # A dtype's ``str`` is cached; its ``name`` is built each time, which took half of the time of a frame.
        kind = array.dtype.newbyteorder("<").str if array.dtype.byteorder == ">" else array.dtype.str
        if kind in _EVEN and len(array) >= _FEW and (even := _evenly(array)):
            return {"$r": even}
        if kind == "<i8" and len(array) and array.min() >= -_INT32 and array.max() < _INT32:
            kind = "<i4"
        elif kind not in _TYPES:
            kind = "|u1" if array.dtype == np.bool_ else "<f8"
        return self._placed(array.astype(kind, copy=False).tobytes(), len(array), _TYPES[kind])

    def _placed(self, data: bytes, length: int, kind: str) -> Any:
        at = self._size
        self.parts.append(data)
        self._size += len(data)
        return {"$a": [at, length, kind]}


def _evenly(array: NDArray[Any]) -> list[int] | None:
    """Return the first, the distance and the number of evenly spaced whole numbers, None for others."""
    first, second, last, n = float(array[0]), float(array[1]), float(array[-1]), len(array)
    by = second - first
    is_whole = first.is_integer() and by.is_integer() and abs(first) < _EXACT and abs(last) < _EXACT
    # The ends rule out most other arrays without reading all of them.
    if not is_whole or first + by * (n - 1) != last or not bool((array[1:] - array[:-1] == by).all()):
        return None
    return [int(first), int(by), n]
