"""Strings that every store can keep.

PostgreSQL cannot store NUL, and no database a lone surrogate. So that a run reads the same from every store, each replaces both
by U+FFFD, the replacement character, before it writes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

__all__ = ["storable"]

T = TypeVar("T")

_search = re.compile("[\0\ud800-\udfff]").search
_substitute = re.compile("[\0\ud800-\udfff]").sub


def storable(value: T) -> T:
    """Return a string, or a structure of strings (events, mappings, lists, tuples), as every store can keep it.

    A value that needs no change, as nearly all, is returned itself.
    """
    replaced: T = _replaced(value)
    return replaced


def _is_storable(value: Any) -> bool:
    # Called for every string that comes in: plain types are checked first, for abstract classes are slow.
    if isinstance(value, str):
        return _search(value) is None
    if value is None or isinstance(value, (int, float)):
        return True
    if isinstance(value, dict):
        return all(map(_is_storable, value)) and all(map(_is_storable, value.values()))
    if isinstance(value, Mapping):
        return all(map(_is_storable, value)) and all(map(_is_storable, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(_is_storable, value))
    names = getattr(value, "__dataclass_fields__", ())
    return all(_is_storable(getattr(value, name)) for name in names)


def _replaced(value: Any) -> Any:
    if _is_storable(value):
        return value  # unchanged: a status is a str too, and must stay a status
    if isinstance(value, str):
        return _substitute("\ufffd", value)
    if isinstance(value, Mapping):
        return {_replaced(key): _replaced(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_replaced, value))
    if not is_dataclass(value) or isinstance(value, type):
        return value
    return replace(value, **{field.name: _replaced(getattr(value, field.name)) for field in fields(value)})
