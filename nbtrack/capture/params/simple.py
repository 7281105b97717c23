"""Converts a Python value to a param's value, if it is simple enough."""

from __future__ import annotations

import datetime
import enum
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ...entities.run import ParamValue
from ..base import NotRecordable

__all__ = ["LONGEST_VALUE", "NOT_SIMPLE", "NotSimple", "TooLong", "is_environment", "read_simple", "simple_value"]


class NotSimple:
    """The type of the one value that means "not a value for a param"."""

    def __bool__(self) -> bool:
        return False


NOT_SIMPLE: Final = NotSimple()

LONGEST_VALUE = 6000  # characters, as in MLflow
_MOST_PARTS = 64
_DEEPEST = 4
_MOST_BITS = 13_000  # Python refuses to convert longer integers to strings


class TooLong(NotRecordable):
    """A value has more characters than a param may have."""


def simple_value(value: object) -> ParamValue | NotSimple:
    """Return a value as a param can hold it, or ``NOT_SIMPLE``.

    Numbers, strings, bools and None; numpy's scalars as Python's; paths, dates, devices and enum members as strings; and lists,
    tuples, sets and dicts of these with at most 64 parts in all, four levels deep.
    """
    try:
        return read_simple(value)
    except NotRecordable:
        return NOT_SIMPLE


def read_simple(value: object) -> ParamValue | NotSimple:
    """Return the same, but raise ``NotRecordable`` with the reason for a value that is too large to be simple.

    Only the type of a value decides what it is, because an object's own code may return anything or raise. Sizes are checked
    first, so reading a value of any size takes microseconds.
    """
    return _Reader().read(value, _DEEPEST)


def is_environment(value: Mapping[object, object]) -> bool:
    """Return whether a mapping is the environment or a copy of it, which is never recorded."""
    return "PATH" in value and any(key in value for key in ("HOME", "PWD", "USERPROFILE", "HOSTNAME"))


class _Reader:
    def __init__(self) -> None:
        self._parts, self._characters = _MOST_PARTS, LONGEST_VALUE

    def read(self, value: object, depth: int) -> ParamValue | NotSimple:
        self._parts -= 1
        if self._parts < 0:
            raise NotRecordable(f"more than {_MOST_PARTS} values")
        kind = type(value)
        if not issubclass(kind, dict | list | tuple | set | frozenset):
            return self._scalar(value, kind)
        if depth < 0:
            raise NotRecordable(f"nested more than {_DEEPEST} deep")
        return self._container(value, kind, depth)

    def _container(self, value: Any, kind: type, depth: int) -> ParamValue | NotSimple:
        if issubclass(kind, dict):
            return self._mapping(value, depth)
        found = self._sequence(value, depth)
        # The order of a set differs between processes.
        return sorted(found, key=repr) if issubclass(kind, set | frozenset) and isinstance(found, list) else found

    def _mapping(self, value: dict[object, object], depth: int) -> ParamValue | NotSimple:
        if is_environment(value):
            raise NotRecordable("environment variables are never recorded")
        found: dict[str, ParamValue] = {}
        for key, item in value.items():
            name, part = self._scalar(key, type(key)), self.read(item, depth - 1)
            if isinstance(name, NotSimple) or isinstance(part, NotSimple):
                return NOT_SIMPLE
            found[str(name)] = part
        return found

    def _sequence(self, value: Iterable[object], depth: int) -> list[ParamValue] | NotSimple:
        found: list[ParamValue] = []
        for item in value:
            part = self.read(item, depth - 1)
            if isinstance(part, NotSimple):
                return NOT_SIMPLE
            found.append(part)
        return found

    def _scalar(self, value: Any, kind: type) -> bool | int | float | str | None | NotSimple:
        if value is None or kind is bool:
            return value  # type: ignore[no-any-return]
        if issubclass(kind, enum.Enum):
            return self._text(value.name)
        if issubclass(kind, str):
            return self._text(value)
        if issubclass(kind, int):
            return _integer(value)
        if issubclass(kind, float):
            return float.__float__(value)
        if issubclass(kind, bytes | bytearray):
            return self._bytes(value)
        if issubclass(kind, os.PathLike | datetime.date | datetime.timedelta):
            return self._text(str(value))
        return self._foreign(value, kind)

    def _foreign(self, value: Any, kind: type) -> bool | int | float | str | None | NotSimple:
        """Read a scalar of numpy, or a device or dtype of torch; only of libraries that are loaded already."""
        if issubclass(kind, _loaded("numpy", "generic")):
            item = value.item()
            return self._scalar(item, type(item)) if type(item) in (bool, int, float, str) else NOT_SIMPLE
        if issubclass(kind, _loaded("torch", "device", "dtype")):
            return str(value)
        return NOT_SIMPLE

    def _text(self, value: object) -> str | NotSimple:
        """Return a plain ``str``, unless it cannot be stored: it contains a lone surrogate or NUL."""
        if not isinstance(value, str):
            return NOT_SIMPLE
        self._take(str.__len__(value), "string", "characters")
        text = str.__str__(value)
        return NOT_SIMPLE if "\0" in text or text.encode("utf-8", errors="ignore").decode() != text else text

    def _bytes(self, value: bytes | bytearray) -> NotSimple:
        self._take(len(value), type(value).__name__, "bytes")
        return NOT_SIMPLE

    def _take(self, length: int, kind: str, unit: str) -> None:
        if length > LONGEST_VALUE:
            raise TooLong(f"a {kind} of {length:,} {unit}")
        self._characters -= length
        if self._characters < 0:
            raise TooLong(f"strings of more than {LONGEST_VALUE:,} characters together")


def _integer(value: int) -> int:
    number = int.__int__(value)
    if number.bit_length() > _MOST_BITS:
        raise TooLong("a number of more than 4,000 digits")
    return number


def _loaded(module: str, *names: str) -> tuple[type, ...]:
    """Return types of a library by name; none if it is not loaded."""
    library = sys.modules.get(module)
    found = (getattr(library, name, None) for name in names) if library is not None else ()
    return tuple(each for each in found if isinstance(each, type))
