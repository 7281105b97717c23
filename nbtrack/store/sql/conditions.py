"""Filters and orders of things that are not runs, in SQL: models, versions, traces, each with rows of keys and values beside it.

They mean what ``match.meets`` and ``match.arranged`` say. What is missing is a missing row; a NULL in a row that is there is a
NaN; only an attribute may be missing as a NULL.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from ..filter import And, Comparison, Identifier, Node, Not, Or, Order, Present
from ..filter.tree import Entity
from .dialects.base import Dialect

__all__ = ["Conditions", "Part", "Subject", "arrange", "directed"]

Condition: TypeAlias = sa.ColumnElement[bool]
Value: TypeAlias = sa.ColumnElement[Any]


@dataclass(frozen=True)
class Part:
    """Rows of keys and values that belong to a thing.

    Attributes:
        owner: The column with the key of the thing.
        only: Which of the rows count.
    """

    owner: sa.Column[Any]
    key: sa.Column[Any]
    value: sa.Column[Any]
    only: tuple[Condition, ...] = ()

    @classmethod
    def of(cls, table: sa.Table) -> Part:
        """Return the part in a table whose first column is the owner's key."""
        return cls(next(iter(table.columns)), table.c.key, table.c.value)


@dataclass(frozen=True)
class Subject:
    """What is searched for: its key, its attributes, what is kept beside it, and which attributes are missing where empty."""

    key: sa.Column[Any]
    attributes: Mapping[str, Value]
    parts: Mapping[Entity, Part] = field(default_factory=dict)
    blank: frozenset[str] = frozenset()

    def is_there(self, name: str) -> Condition:
        """Return whether a thing has an attribute."""
        value = self.attributes[name]
        return value != "" if name in self.blank else value.is_not(None)


class Conditions:
    """Filters to conditions on the rows of a subject, for one engine."""

    def __init__(self, subject: Subject, dialect: Dialect) -> None:
        self._subject = subject
        self._operators: dict[str, Callable[[Value, Any], Condition]] = {
            **_OPERATORS,
            "LIKE": dialect.like,
            "ILIKE": lambda column, pattern: dialect.ilike(column, pattern.translate(_LOWER)),
        }

    def compile(self, node: Node) -> Condition:
        """Return a filter as a condition."""
        match node:
            case And(operands):
                return sa.and_(*map(self.compile, operands))
            case Or(operands):
                return sa.or_(*map(self.compile, operands))
            case Not(operand):
                return sa.not_(self.compile(operand))
            case Present(left):
                return self._present(left)
            case Comparison():
                return self._comparison(node)

    def _present(self, left: Identifier) -> Condition:
        if left.entity == "attribute":
            return self._subject.is_there(left.key)
        return self._has(left)

    def _comparison(self, node: Comparison) -> Condition:
        left = node.left
        if left.entity == "attribute":
            return sa.and_(self._subject.is_there(left.key), self._test(self._subject.attributes[left.key], node))
        value = self._subject.parts[left.entity].value
        test = self._test(value, node)
        is_nan_too = left.entity == "metric" and node.negated
        return self._has(left, sa.or_(value.is_(None), test) if is_nan_too else test)

    def _has(self, left: Identifier, *conditions: Condition) -> Condition:
        part, key = self._subject.parts[left.entity], self._subject.key
        rows = sa.select(sa.literal(1)).where(part.owner == key, part.key == left.key, *part.only, *conditions)
        return sa.exists(rows.correlate(key.table))

    def _test(self, value: Value, node: Comparison) -> Condition:
        positive = self._operators[node.operator](value, node.value)
        return sa.not_(positive) if node.negated else positive


def arrange(found: sa.FromClause, subject: Subject, order: Sequence[Order]) -> tuple[sa.FromClause, list[Value]]:
    """Return where the things come from, joined with what to sort by, and the keys to sort by: missing values last."""
    keys: list[Value] = []
    for item in order:
        if item.left.entity == "attribute":
            value, is_missing = subject.attributes[item.left.key], sa.not_(subject.is_there(item.left.key))
        else:
            part = subject.parts[item.left.entity]
            table = part.owner.table.alias()
            is_its = sa.and_(table.c[part.owner.name] == subject.key, table.c[part.key.name] == item.left.key)
            found, value = found.outerjoin(table, is_its), table.c[part.value.name]
            is_missing = value.is_(None)
        keys += [is_missing, directed(value, descending=item.descending)]
    return found, keys


def directed(value: Value, *, descending: bool) -> Value:
    """Return a key to sort by, in a direction."""
    return value.desc() if descending else value.asc()


# ILIKE takes ASCII letters alone as the same in both cases.
_LOWER: Final = {ord(letter): letter.lower() for letter in ascii_uppercase}
_OPERATORS: Final[dict[str, Callable[[Value, Any], Condition]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "IN": lambda value, choices: value.in_(choices),
    "BETWEEN": lambda value, bounds: value.between(*bounds),
}
