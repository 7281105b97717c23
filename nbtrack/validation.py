"""Validates what users pass to functions; errors name the argument and what it must be."""

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
    """Return a value as errors show it, shortened."""
    try:
        seen = repr(value[: _MOST_SHOWN + 1] if isinstance(value, str | bytes) else value)
    except Exception:  # noqa: BLE001 - an object's repr may raise anything, and the error must be shown all the same
        seen = f"a {type(value).__name__}"
    return seen if len(seen) <= _MOST_SHOWN else seen[: _MOST_SHOWN - 1] + "…"


def typed(value: object) -> str:
    """Return a value and its type as errors show them."""
    return f"{shown(value)} of type {type(value).__name__}"


def text(value: object, what: str, *, most: int | None = None) -> str:
    """Return a string.

    Args:
        value: The user's value.
        what: How errors name it, such as "the name of a run".
        most: The largest number of characters.

    Raises:
        WrongType: It is not a string.
        InvalidInput: It is too long.
    """
    if not isinstance(value, str):
        raise WrongType(f"{what} must be a string, not {typed(value)}")
    if most is not None and len(value) > most:
        raise InvalidInput(f"{what} has at most {most} characters; {shown(value)} has {len(value)}")
    return value


def texts(values: object, what: str) -> list[str]:
    """Return one string, or several, as a list.

    Raises:
        WrongType: It is neither.
    """
    if isinstance(values, str):
        return [values]
    return [text(each, what) for each in several(values, f"{what} must be a string or a list of strings")]


def several(values: object, demand: str) -> list[Any]:
    """Return the items of an iterable as a list; WrongType, with ``demand`` in its message, for anything else."""
    try:
        return list(values)  # type: ignore[call-overload, no-any-return]  # what it raises tells
    except TypeError:
        raise WrongType(f"{demand}, not {typed(values)}") from None


def mapping(value: Mapping[T, Any] | None, what: str) -> Mapping[T, Any]:
    """Return a mapping; an empty one for None.

    Raises:
        WrongType: It is neither.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise WrongType(f"{what} must be a dict of names and values, not {typed(value)}")
    return value


def amount(value: object, what: str) -> int | None:
    """Return a number of items; None means all.

    Raises:
        WrongType: It is not an integer.
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
    return min(number, _MOST)  # databases refuse larger limits


def seconds(value: object, what: str) -> float:
    """Return a number of seconds to wait, at most what threads can wait for.

    Raises:
        WrongType: It is not a number.
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
        WrongType: It is neither a string nor a path.
        InvalidInput: It is empty or contains characters that no path can have.
    """
    if not isinstance(value, str | os.PathLike):
        raise WrongType(f"{what} must be a path, not {typed(value)}")
    name = os.fspath(value)
    if not isinstance(name, str):
        raise WrongType(f"{what} must be a string or a path, not {typed(value)}")
    if not name or "\0" in name or not _is_encodable(name):
        raise InvalidInput(f"{what} is {shown(name)}, which is not a valid path")
    return Path(name)


def _is_encodable(name: str) -> bool:
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return True
