"""What params, tags and timestamps may be, and what of them is kept."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from enum import Enum
from pathlib import PurePath
from typing import Any

from ..capture.secrets.redact import redact_value
from ..capture.stable import stable_text
from ..entities.run import ParamValue
from ..errors import InvalidInput, WrongType
from ..journal.keys import check_key
from ..journal.rows import stamp_of
from ..validation import shown, typed

__all__ = ["param_value", "stamp_in", "tag_value"]

_MAX_DEPTH = 20
_MOST_TIME = ((1 << 63) - 2) // 1_000_000
_MAX_BITS = 13_000  # Python refuses to print longer integers, unless it is configured to


def param_value(key: str, value: Any) -> ParamValue:
    """Return a param's value as it is kept: simple values with their type, anything else as a string.

    Raises:
        WrongType: The key is not a string.
        InvalidInput: The key cannot be a name, or the value is nested too deep.
    """
    check_key(key, "param")
    redacted: ParamValue = redact_value(key, _plain(key, value, 0))
    return redacted


def tag_value(key: str, value: Any) -> str:
    """Return a tag's value as it is kept: a string.

    Raises:
        WrongType: The key is not a string.
        InvalidInput: The key cannot be a name, or the value is nested too deep.
    """
    check_key(key, "tag")
    if isinstance(value, dict | list) or type(value) is int:
        value = _plain(key, value, 0)
    elif value is not None and not isinstance(value, bool | str):
        value = stable_text(str(value))
    return str(redact_value(key, value))


def _plain(key: str, value: Any, depth: int) -> ParamValue:
    if depth > _MAX_DEPTH:
        raise InvalidInput(f"the value of {key!r} is nested more than {_MAX_DEPTH} deep; log it with log_dict")
    if type(value) is int and value.bit_length() > _MAX_BITS:
        raise InvalidInput(f"the value of {key!r} has more than 4,000 digits; log it with log_text")
    if value is None or type(value) in (bool, int, float, str):
        return value  # type: ignore[no-any-return]
    if isinstance(value, Mapping):
        return {str(name): _plain(key, each, depth + 1) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(key, each, depth + 1) for each in value]
    if isinstance(value, Enum | PurePath):
        return str(value)
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", None) == 0 and not isinstance(value, type):
        plain = item()
        # numpy returns numbers wider than 64 bits as what they are.
        return str(plain) if type(plain) is type(value) else _plain(key, plain, depth + 1)
    for simple in (bool, int, float, str):
        if isinstance(value, simple):  # an instance of a subclass
            return simple(value)
    return stable_text(str(value))


def stamp_in(timestamp: Any) -> int:
    """Return a time in milliseconds as a row keeps it.

    Raises:
        WrongType: It is not a number.
        InvalidInput: It is not finite, or too large.
    """
    try:
        if hasattr(timestamp, "__index__"):
            time = operator.index(timestamp)
        elif hasattr(timestamp, "__float__"):  # float() would also read strings
            time = math.trunc(float(timestamp))
        else:
            raise TypeError("not a number")
    except (TypeError, RuntimeError) as error:
        raise WrongType(f"timestamp must be milliseconds since the epoch, not {typed(timestamp)}") from error
    except (ValueError, ArithmeticError) as error:
        raise InvalidInput(f"timestamp must be milliseconds since the epoch, not {shown(timestamp)}") from error
    if abs(time) > _MOST_TIME:
        raise InvalidInput(f"timestamp {shown(timestamp)} is out of range: milliseconds since the epoch, before the year 2262")
    return stamp_of(time)
