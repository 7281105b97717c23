"""Encodes single values for a digest: the same bytes in every process, of bounded length, by no code of the values' own."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

__all__ = ["ValueBytes", "is_plain"]

_PLAIN = frozenset((str, int, float, bool, type(None)))
_MOST_PLAIN = 1_000_000  # characters
_MOST_DIGITS = 10**40
_MOST_BYTES = 4_000_000
_LEAST_BYTES = 64  # of one value, however many there are
_LEAST_OF_PART = 128  # bytes that a value in a container counts as, because encoding one takes a microsecond
_DEEPEST = 8


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


# Types of these libraries that str() represents completely.
_LIBRARIES = _set("builtins datetime decimal fractions ipaddress numpy pandas pathlib uuid zoneinfo")
_BY_TEXT = _set(
    "complex date datetime time timedelta timezone Decimal Fraction IPv4Address IPv6Address PosixPath PurePosixPath "
    "UUID ZoneInfo PureWindowsPath WindowsPath Timestamp Timedelta Period Interval datetime64 timedelta64"
    " complex64 complex128 longdouble"
)
_MISSING = frozenset(("NoneType", "NaTType", "NAType"))


def is_plain(values: Sequence[object]) -> bool:
    """Return whether values are only strings, numbers and None of moderate size, which ``str`` and pandas read directly."""
    kinds = set(map(type, values))
    if not kinds <= _PLAIN:
        return False
    if int in kinds and any(abs(v) > _MOST_DIGITS for v in values if type(v) is int):
        return False
    return str not in kinds or sum(len(v) for v in values if type(v) is str) <= _MOST_PLAIN


class ValueBytes:
    """Encodes values into at most some megabytes: long strings and large containers by their beginning and length.

    ``opaque`` collects the types of values that only their own code could read; the digest contains only the type of such values.
    """

    def __init__(self) -> None:
        self.opaque: dict[str, None] = {}

    def read(self, values: Sequence[object]) -> bytes:
        """Return the bytes of several values."""
        room = max(_LEAST_BYTES, _MOST_BYTES // max(1, len(values)))
        return b"\n".join([self._of(value, room, _DEEPEST) for value in values])

    def _of(self, value: Any, room: int, depth: int) -> bytes:
        kind = type(value)
        if kind is str:
            return _clipped(value, room)
        if kind.__name__ in _MISSING or (issubclass(kind, float) and value != value):
            return b"~"
        if issubclass(kind, list | tuple | dict | set | frozenset):
            return self._container(value, kind, room, depth)
        return self._scalar(value, kind, room)

    def _scalar(self, value: Any, kind: type, room: int) -> bytes:
        if issubclass(kind, str):
            return _clipped(str.__str__(value), room)
        if kind is bool or issubclass(kind, float):
            return repr(float.__float__(value) if issubclass(kind, float) else value).encode()
        if issubclass(kind, int):
            return b"%x" % int.__int__(value)
        if issubclass(kind, bytes | bytearray):
            return b"b%d:" % len(value) + bytes(value[:room])
        return self._foreign(value, kind, room)

    def _foreign(self, value: Any, kind: type, room: int) -> bytes:
        numpy = sys.modules.get("numpy")
        if numpy is not None and kind is numpy.ndarray:
            return self._array(value, room)
        is_known = kind.__module__.partition(".")[0] in _LIBRARIES
        if is_known and kind.__name__ in _BY_TEXT:
            return b"%s:" % kind.__name__.encode() + _clipped(str(value), room)
        if is_known and numpy is not None and issubclass(kind, numpy.generic) and type(item := value.item()) in _PLAIN:
            return self._of(item, room, 0)
        return self._only_type(kind)

    def _array(self, array: Any, room: int) -> bytes:
        head = f"{array.dtype}{array.shape}".encode()
        some = array.flat[: max(1, room // max(1, array.itemsize))]
        return head + (self._parts(some.tolist(), room, 1) if array.dtype.hasobject else some.tobytes())

    def _container(self, value: Any, kind: type, room: int, depth: int) -> bytes:
        if not depth:
            return self._only_type(kind)
        head = b"%s%d:" % (kind.__name__.encode(), len(value))
        if not issubclass(kind, set | frozenset):
            parts = chain.from_iterable(value.items()) if issubclass(kind, dict) else value
            return head + self._parts(parts, room, depth - 1)
        return head + self._elements(value, room, depth - 1)

    def _elements(self, value: Any, room: int, depth: int) -> bytes:
        """Encode a set only if it fits completely: which elements come first differs between processes."""
        each = room // max(1, len(value))
        return b",".join(sorted(self._of(part, each, depth) for part in value)) if each >= _LEAST_OF_PART else b""

    def _parts(self, parts: Iterable[object], room: int, depth: int) -> bytes:
        found = []
        for part in parts:
            found.append(self._of(part, room, depth))
            room -= max(len(found[-1]), _LEAST_OF_PART)
            if room <= 0:
                break
        return b",".join(found)

    def _only_type(self, kind: type) -> bytes:
        name = f"{kind.__module__}.{kind.__qualname__}"
        self.opaque[name] = None
        return f"<{name}>".encode()


def _clipped(text: str, room: int) -> bytes:
    half = room // 2
    some = text if len(text) <= room else text[:half] + text[-half:]
    return b"%d:" % len(text) + some.encode("utf-8", errors="surrogatepass")
