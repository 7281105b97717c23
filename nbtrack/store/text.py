"""Text that every store can keep.

PostgreSQL has no NUL in a text, and no database has half a surrogate pair. So that a run reads the same wherever it is
kept, every store replaces both by U+FFFD, the replacement character, before it keeps anything.
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
    """Return a text, or anything made of texts (events, mappings, lists, tuples), as every store can keep it.

    What is fine, as nearly everything is, is returned as it is.
    """
    replaced: T = _replaced(value)
    return replaced


def _is_storable(value: Any) -> bool:
    # Asked of every text that comes in: the plain types first, and no abstract classes where none are.
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
        return value  # as it is: a status is a text, too, and would be no status any more
    if isinstance(value, str):
        return _substitute("\ufffd", value)
    if isinstance(value, Mapping):
        return {_replaced(key): _replaced(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_replaced, value))
    if not is_dataclass(value) or isinstance(value, type):
        return value
    return replace(value, **{field.name: _replaced(getattr(value, field.name)) for field in fields(value)})
