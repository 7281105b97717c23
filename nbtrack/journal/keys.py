"""Checks of the names, values and steps that are logged, and the errors that name what is wrong."""

from __future__ import annotations

import operator
import re
from typing import Any

from ..errors import InvalidInput, NbtrackError, WrongType
from ..validation import shown, typed

__all__ = ["as_number", "bad_step", "check_key"]

_MAX_KEY = 250
_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")


def check_key(key: object, what: str = "metric") -> None:
    """Check the name of a metric, param or tag.

    Raises:
        WrongType: It is not a string.
        InvalidInput: It is empty, too long, or contains characters that no store can keep.
    """
    if not isinstance(key, str):
        raise WrongType(f"the name of a {what} must be a string, not {typed(key)}")
    if not key or len(key) > _MAX_KEY:
        raise InvalidInput(f"the name of a {what} must have 1 to {_MAX_KEY} characters; {key[:40]!r} has {len(key)}")
    if _NOT_STORABLE.search(key):
        raise InvalidInput(f"the name {shown(key)} of a {what} contains a NUL or half a surrogate pair, which no store can keep")


def as_number(key: str, value: Any) -> float:
    """Return a metric's value as a float.

    Raises:
        WrongType: It has no ``__float__``, or that fails, as for an array of several numbers.
        InvalidInput: It is an integer beyond the range of floats.
    """
    try:
        if hasattr(value, "__float__") or hasattr(value, "__index__"):
            return float(value)
    except OverflowError as error:
        raise InvalidInput(f"metric {key!r} is too large for a 64-bit float") from error
    except (TypeError, ValueError, RuntimeError) as error:
        raise WrongType(f"metric {key!r} is not one number but {typed(value)}: {error}") from error
    raise WrongType(f"metric {key!r} must be a number, not {typed(value)}; log strings and settings as params or tags")


def bad_step(step: object) -> NbtrackError:
    """Return the error for a row of numbers that could not be written because of its step, or else its time."""
    try:
        number = operator.index(step)  # type: ignore[arg-type]  # raises TypeError for anything else
    except (TypeError, ValueError):
        return WrongType(f"step must be an integer, not {typed(step)}")
    if not -(1 << 63) <= number < 1 << 63:
        return InvalidInput(f"step {shown(step)} does not fit in 64 bits")
    return InvalidInput("the timestamp is out of range: milliseconds since the epoch, before the year 2262")
