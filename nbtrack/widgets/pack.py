"""Values on their way to a browser: JSON for the structure, binary buffers for the arrays in it.

``js/src/pack.js`` reads it. An array is ``{"$a": [buffer, type]}``, one of evenly spaced whole numbers, as steps are,
``{"$r": [first, by, count]}``, a float that JSON has no word for ``{"$f": "nan"}``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["pack"]

# What a browser has arrays for. It has none of 64-bit integers that arithmetic takes: steps travel as float64.
_TYPES = {"<f8": "f8", "<f4": "f4", "<i4": "i4", "<u4": "u4", "|u1": "u1"}

_FEW = 8
_EXACT = 2.0**53


def pack(value: Any) -> tuple[Any, list[bytes]]:
    """Return a value as JSON and the buffers that it refers to.

    Args:
        value: Mappings, sequences, texts, numbers, None, bytes and numpy arrays of one dimension, nested as they like.

    Returns:
        What ``json.dumps`` takes, without NaN and infinities, and the arrays' bytes, little-endian.
    """
    buffers: list[bytes] = []
    return _packed(value, buffers), buffers


def _packed(value: Any, buffers: list[bytes]) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"$f": str(float(value))}
    if isinstance(value, dict | Mapping):
        return {str(key): _packed(each, buffers) for key, each in value.items()}
    if isinstance(value, bytes | bytearray | memoryview):
        return _placed(bytes(value), "u1", buffers)
    if isinstance(value, list | tuple):
        return [_packed(each, buffers) for each in value]
    return _array(value, buffers)


def _array(value: Any, buffers: list[bytes]) -> Any:
    """Pack a numpy array or a numpy scalar."""
    import numpy as np

    array: NDArray[Any] = np.asarray(value)
    if array.ndim == 0:
        return _packed(array.item(), buffers)
    # A dtype's ``str`` is at hand, its ``name`` is made each time, which took half of the time of a frame.
    kind = array.dtype.newbyteorder("<").str if array.dtype.byteorder == ">" else array.dtype.str
    if kind not in _TYPES:
        kind = "|u1" if array.dtype == np.bool_ else "<f8"
    if kind == "<f8" and len(array) >= _FEW and (even := _evenly(array)):
        return {"$r": even}
    return _placed(array.astype(kind, copy=False).tobytes(), _TYPES[kind], buffers)


def _evenly(array: NDArray[Any]) -> list[int] | None:
    """Return the first, the distance and the number of evenly spaced whole numbers, None for others."""
    import numpy as np

    first, second, last, n = float(array[0]), float(array[1]), float(array[-1]), len(array)
    by = second - first
    is_whole = first.is_integer() and by.is_integer() and abs(first) < _EXACT and abs(last) < _EXACT
    # The ends tell most of the others apart, without a look at what is between.
    if not is_whole or first + by * (n - 1) != last or not np.array_equal(array, first + by * np.arange(n)):
        return None
    return [int(first), int(by), n]


def _placed(data: bytes, kind: str, buffers: list[bytes]) -> Any:
    buffers.append(data)
    return {"$a": [len(buffers) - 1, kind]}
