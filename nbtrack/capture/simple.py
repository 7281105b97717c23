"""Turn a Python value into a param's value, or say that it is none."""

from __future__ import annotations

import datetime
import enum
import os
import sys
from collections.abc import Mapping
from typing import Final

from ..entities import ParamValue

__all__ = ["LONGEST_VALUE", "NOT_SIMPLE", "NotSimple", "is_environment", "simple_value"]


class NotSimple:
    """The type of the one value that stands for "this is no value for a param"."""

    def __bool__(self) -> bool:
        return False


NOT_SIMPLE: Final = NotSimple()

LONGEST_VALUE = 6000  # characters, as in MLflow
_MOST_PARTS = 64
_DEEPEST = 4


def simple_value(value: object) -> ParamValue | NotSimple:
    """Return what a param can hold of ``value``, ``NOT_SIMPLE`` where it is something else.

    Numbers, strings, bools and None; numpy's scalars as Python's; paths, dates, devices and enum members as text; and lists,
    tuples, sets and dicts of these with at most 64 parts in all, four deep.
    """
    return _Reader().read(value, _DEEPEST)


def is_environment(value: Mapping[object, object]) -> bool:
    """Tell whether a mapping is the environment or a copy of it, which is never recorded."""
    return "PATH" in value and any(key in value for key in ("HOME", "PWD", "USERPROFILE", "HOSTNAME"))


class _Reader:
    def __init__(self) -> None:
        self._parts = _MOST_PARTS

    def read(self, value: object, depth: int) -> ParamValue | NotSimple:
        self._parts -= 1
        if self._parts < 0 or depth < 0:
            return NOT_SIMPLE
        if isinstance(value, dict):
            return NOT_SIMPLE if is_environment(value) else self._mapping(value, depth)
        if isinstance(value, list | tuple):
            return self._sequence(value, depth)
        if isinstance(value, set | frozenset):
            return self._sequence(sorted(value, key=repr), depth) if len(value) <= _MOST_PARTS else NOT_SIMPLE
        return _scalar(value)

    def _mapping(self, value: dict[object, object], depth: int) -> ParamValue | NotSimple:
        found: dict[str, ParamValue] = {}
        for key, item in value.items():
            name, part = _scalar(key), self.read(item, depth - 1)
            if isinstance(name, NotSimple) or isinstance(part, NotSimple):
                return NOT_SIMPLE
            found[str(name)] = part
        return found

    def _sequence(self, value: list[object] | tuple[object, ...], depth: int) -> ParamValue | NotSimple:
        found: list[ParamValue] = []
        for item in value:
            part = self.read(item, depth - 1)
            if isinstance(part, NotSimple):
                return NOT_SIMPLE
            found.append(part)
        return found


def _scalar(value: object) -> bool | int | float | str | None | NotSimple:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return int(value) if isinstance(value, int) else float(value)
    if isinstance(value, os.PathLike | datetime.date | datetime.timedelta):
        return _text(str(value))
    return _foreign(value)


def _foreign(value: object) -> bool | int | float | str | None | NotSimple:
    """Read a scalar of numpy, a device or dtype of torch; only of libraries that are loaded anyway."""
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None and isinstance(value, numpy.generic):
        item = value.item()
        return _scalar(item) if type(item) in (bool, int, float, str) else NOT_SIMPLE
    if torch is not None and isinstance(value, (torch.device, torch.dtype)):
        return str(value)
    return NOT_SIMPLE


def _text(value: str) -> str | NotSimple:
    """Return a plain ``str``, unless it cannot be stored: a lone surrogate or a NUL."""
    text = str(value)
    return NOT_SIMPLE if "\0" in text or text.encode("utf-8", errors="ignore").decode() != text else text
