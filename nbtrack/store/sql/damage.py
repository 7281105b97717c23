"""Damaged rows: a database that nbtrack did not write like this is reported in one line.

SQLite stores any value in any column. Values that are read are checked against the types of their columns, a column at a time and
in one place, so that no other code meets a string instead of a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa

from ...errors import StoreError

__all__ = ["DamagedRow", "Wanted", "check_rows", "member", "shown", "wanted_of"]

E = TypeVar("E", bound=Enum)

_REMEDY = "restore the database from a copy, or correct it with sqlite3"
_NONE = type(None)
# In the order in which they are checked.
_KINDS: Sequence[tuple[type[Any] | tuple[type[Any], ...], str, frozenset[type]]] = (
    (sa.Integer, "a whole number", frozenset({int, _NONE})),
    ((sa.Numeric, sa.Float), "a number", frozenset({float, int, _NONE})),
    (sa.String, "a string", frozenset({str, _NONE})),
    (sa.LargeBinary, "bytes", frozenset({bytes, _NONE})),
)
_SHOWN = 80  # characters of a value


class DamagedRow(StoreError):
    """A row has a value that it cannot have.

    Args:
        label: The database.
        what: The row, or a value in it.
        why: What is wrong there.
    """

    def __init__(self, label: str, what: str, why: str) -> None:
        self.label, self.what, self.why = label, what, why
        super().__init__(label, what, why)

    def __str__(self) -> str:
        return f"the store {self.label} has {self.what} that cannot be read: {self.why}; {_REMEDY}"


class Wanted(NamedTuple):
    """The values that a column may have: its name, a description, and Python types; None allows anything."""

    name: str
    words: str
    types: frozenset[type] | None


def wanted_of(statement: Any) -> tuple[Wanted, ...]:
    """Return the values that the columns of a select may have; empty for another statement."""
    return tuple([_wanted(column) for column in getattr(statement, "selected_columns", ())])


def _wanted(column: Any) -> Wanted:
    for kind, words, types in _KINDS:
        if isinstance(column.type, kind):
            return Wanted(str(column), words, types)
    return Wanted(str(column), "", None)


def check_rows(label: str, wanted: Sequence[Wanted], rows: Sequence[Sequence[Any]]) -> None:
    """Raise DamagedRow if a value does not have the type of its column."""
    # A column at a time with itemgetter: ``zip(*rows)`` takes twice as long.
    for each, value_of in zip(wanted, map(itemgetter, range(len(wanted))), strict=True):
        if rows and each.types is not None and not each.types.issuperset(map(type, map(value_of, rows))):
            wrong = next(value for value in map(value_of, rows) if type(value) not in each.types)
            raise DamagedRow(label, f"a value in {each.name}", f"{shown(wrong)} is not {each.words}")


def member(label: str, kind: type[E], value: object, where: str) -> E:
    """Return the member of an enumeration that a value in a row names."""
    try:
        return kind(value)
    except ValueError as error:
        raise DamagedRow(label, f"a value in {where}", f"{shown(value)} is none of {_named(kind.__members__)}") from error


def _named(members: Mapping[str, Enum]) -> str:
    return ", ".join(str(each.value) for each in members.values())


def shown(value: object) -> str:
    """Return a value as an error shows it."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
