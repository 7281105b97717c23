"""Options in a database's URL, ``…?connect_timeout=5``: names and values, checked before the driver sees them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from ....errors import InvalidInput

__all__ = ["Reader", "options_of", "switch", "unless_none", "whole"]

# Converts an option's string to its value; the ValueError names what is accepted.
Reader = Callable[[str], Any]


def options_of(url: sa.URL, label: str, known: Mapping[str, Reader], *, others: Iterable[str] = ()) -> dict[str, Any]:
    """Return the options of a database's URL, with their values.

    Args:
        url: The address.
        label: What errors call the database.
        known: What reads the value of each option.
        others: Options that are not for the driver; they are allowed, and left out.

    Raises:
        InvalidInput: One is unknown, is given twice, or has a value that it cannot have.
    """
    skipped = set(others)
    return {name: _value(name, said, label, known, skipped) for name, said in url.query.items() if name not in skipped}


def _value(name: str, said: str | tuple[str, ...], label: str, known: Mapping[str, Reader], others: set[str]) -> Any:
    if name not in known:
        raise InvalidInput(f"{label} has an option {name!r} that is unknown; {_instead(name, {*known, *others})}")
    if not isinstance(said, str):
        raise InvalidInput(f"{label} has the option {name!r} more than once; give it once")
    try:
        return known[name](said)
    except ValueError as error:
        raise InvalidInput(f"{label}: the option {name!r} takes {error}, not {said!r}") from error


def _instead(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, known, 3, 0.5)
    return f"did you mean {' or '.join(map(repr, close))}?" if close else f"there are {', '.join(sorted(known))}"


def whole(text: str) -> int:
    """Read a whole number that is not negative."""
    if not (text.isascii() and text.isdecimal()):
        raise ValueError("a whole number")
    return int(text)


def unless_none(read: Callable[[str], Any]) -> Reader:
    """Return a reader that also accepts ``none``."""

    def read_or_none(text: str) -> Any:
        if text.lower() == "none":
            return None
        try:
            return read(text)
        except ValueError as error:
            raise ValueError(f"{error} or none") from error

    return read_or_none


def switch(text: str) -> bool:
    """Read yes or no."""
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if text.lower() not in words:
        raise ValueError("true or false")
    return words[text.lower()]
