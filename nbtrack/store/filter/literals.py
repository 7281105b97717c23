"""Values in a filter, read in the type that they are compared with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .lexer import Token, error_at, unquote
from .moments import duration_ms, moment_ms
from .names import Kind
from .tree import Scalar

__all__ = ["read_value"]

_MOST = (1 << 63) - 1  # the largest whole number in a store

# Text, number and the clock's milliseconds to a value; ValueError says what is wrong.
_Reader = Callable[[str, int], Scalar]


def read_value(kind: Kind, token: Token, text: str, now: int) -> Scalar:
    """Return the value of a token, in the unit of the name that it is compared with.

    Raises:
        FilterError: It is no value, or not one that can be compared with that.
    """
    readers: dict[str, _Reader | str] = {"number": _NUMBERS[kind]}
    if token.text[:1] in ("'", '"'):
        readers["quoted"] = _TEXTS[kind]
    reader = readers.get(token.kind) or _no_value(token)
    if isinstance(reader, str):
        raise error_at(reader.format(token.text, unquote(token.text)), text, token)
    try:
        return reader(unquote(token.text), now)
    except ValueError as error:
        raise error_at(str(error), text, token) from error


def _text(text: str, now: int) -> str:
    return text


def _upper(text: str, now: int) -> str:
    return text.upper()


def _float(text: str, now: int) -> float:
    return float(text)


def _whole(text: str, now: int) -> int:
    if not text.lstrip("+-").isdecimal():
        raise ValueError(f"this is compared with a whole number, which {text} is not")
    return max(-_MOST, min(int(text), _MOST))


def _milliseconds(text: str, now: int) -> int:
    number = float(text)
    if abs(number) > 2**53 or number != int(number):
        raise ValueError("a time is a whole number of milliseconds since the epoch, or quoted: '2026-11-01', '2 days ago'")
    return int(number)


_NUMBERS: Final[dict[Kind, _Reader | str]] = {
    "number": _float,
    "whole": _whole,
    "param": _float,
    "text": "this is compared as a string: put quotes around it, '{0}'",
    "status": "a status is a word in quotes: 'RUNNING', 'FINISHED', 'FAILED', 'KILLED'",
    "id": _text,
    "time": _milliseconds,
    "duration": lambda text, now: float(text) * 1000,
}
_TEXTS: Final[dict[Kind, _Reader | str]] = {
    "number": "a metric is a number: write {1} without quotes",
    "whole": _whole,
    "param": _text,
    "text": _text,
    "status": _upper,
    "id": _text,
    "time": moment_ms,
    "duration": lambda text, now: duration_ms(text),
}


def _no_value(token: Token) -> str:
    """Return a template of the error for a token that is not a value, with the remedy."""
    word = token.upper
    if token.kind == "quoted":
        return "backticks are for names; put a string in single quotes: '{1}'"
    if token.kind == "path":
        return "a name is compared with a value, not with another name; a string needs quotes: '{0}'"
    if word == "NULL":
        return "nothing is equal to NULL; write IS NULL or IS NOT NULL"
    if word == "NAN":
        return "nothing is equal to NaN; metrics.KEY.nan_count > 0 finds the runs that logged one"
    if word in ("TRUE", "FALSE"):
        return f"a string needs quotes, and a param that is a bool is compared as '{word.capitalize()}'"
    return "a string needs quotes: '{0}'" if word.isidentifier() else "a value was expected here: a number or a quoted string"
