"""What people give to functions: checked where it comes in, and named in the error where it is of no use."""

from __future__ import annotations

import math
import operator
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from .errors import InvalidInput, WrongType

__all__ = ["amount", "local_path", "mapping", "seconds", "several", "shown", "text", "texts", "typed"]

T = TypeVar("T")

_MOST_SHOWN = 60
_MOST = 1 << 53


def shown(value: object) -> str:
    """Return a value as an error shows it, whatever it is: not a million characters of it."""
    try:
        seen = repr(value[: _MOST_SHOWN + 1] if isinstance(value, str | bytes) else value)
    except Exception:  # noqa: BLE001  what cannot be shown is still to be complained of
        seen = f"a {type(value).__name__}"
    return seen if len(seen) <= _MOST_SHOWN else seen[: _MOST_SHOWN - 1] + "…"


def typed(value: object) -> str:
    """Return a value and its type as an error shows them."""
    return f"{shown(value)} of type {type(value).__name__}"


def text(value: object, what: str, *, most: int | None = None) -> str:
    """Return a text.

    Args:
        value: What was given.
        what: What an error calls it, as "the name of a run".
        most: How many characters it may have.

    Raises:
        WrongType: It is none.
        InvalidInput: It is too long.
    """
    if not isinstance(value, str):
        raise WrongType(f"{what} must be a text, not {typed(value)}")
    if most is not None and len(value) > most:
        raise InvalidInput(f"{what} has at most {most} characters; {shown(value)} has {len(value)}")
    return value


def texts(values: object, what: str) -> list[str]:
    """Return one text, or several, as a list.

    Raises:
        WrongType: It is neither.
    """
    if isinstance(values, str):
        return [values]
    return [text(each, what) for each in several(values, f"{what} must be a text or a list of texts")]


def several(values: object, demand: str) -> list[Any]:
    """Return what can be gone through as a list; WrongType, which says what was demanded, for all else."""
    try:
        return list(values)  # type: ignore[call-overload, no-any-return]  # what it raises tells
    except TypeError:
        raise WrongType(f"{demand}, not {typed(values)}") from None


def mapping(value: Mapping[T, Any] | None, what: str) -> Mapping[T, Any]:
    """Return a mapping; None is an empty one.

    Raises:
        WrongType: It is none.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise WrongType(f"{what} must be a dict of names and values, not {typed(value)}")
    return value


def amount(value: object, what: str) -> int | None:
    """Return how many of something are wanted; None for all.

    Raises:
        WrongType: It is no whole number.
        InvalidInput: It is negative.
    """
    if value is None:
        return None
    try:
        number = operator.index(value)  # type: ignore[arg-type]  # what it raises tells
    except TypeError:
        raise WrongType(f"{what} must be a whole number or None, not {typed(value)}") from None
    if number < 0:
        raise InvalidInput(f"{what} must not be negative, as {shown(value)} is")
    return min(number, _MOST)


def seconds(value: object, what: str) -> float:
    """Return for how long to wait, which may be for ever.

    Raises:
        WrongType: It is no number.
        InvalidInput: It is NaN.
    """
    try:
        number = float(value)  # type: ignore[arg-type]  # what it raises tells
    except OverflowError:
        number = math.inf
    except (TypeError, ValueError):
        raise WrongType(f"{what} must be a number of seconds, not {typed(value)}") from None
    if math.isnan(number):
        raise InvalidInput(f"{what} must be a number of seconds, not NaN")
    return min(number, threading.TIMEOUT_MAX)


def local_path(value: object, what: str) -> Path:
    """Return a path of this machine.

    Raises:
        WrongType: It is neither a text nor a path.
        InvalidInput: It is empty, or has what no path can have.
    """
    if not isinstance(value, str | os.PathLike):
        raise WrongType(f"{what} must be a path, not {typed(value)}")
    name = os.fspath(value)
    if not isinstance(name, str):
        raise WrongType(f"{what} must be a path of text, not {typed(value)}")
    if not name or "\0" in name or not _is_encodable(name):
        raise InvalidInput(f"{what} is {shown(name)}, which is no path")
    return Path(name)


def _is_encodable(name: str) -> bool:
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return True
