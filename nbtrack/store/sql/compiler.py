"""Filters to SQL conditions: what is the same for every kind of thing that is searched for."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from string import ascii_uppercase
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from ..filter import And, Comparison, Identifier, Node, Not, Or, Present
from .dialects.base import Dialect

__all__ = ["Compiler", "Condition", "Value", "directed"]

Condition: TypeAlias = sa.ColumnElement[bool]
Value: TypeAlias = sa.ColumnElement[Any]

# ILIKE ignores the case of ASCII letters only.
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


class Compiler(ABC):
    """Compiles filters to conditions for one engine; a subclass knows where the values of names are stored."""

    def __init__(self, dialect: Dialect) -> None:
        self._operators: dict[str, Callable[[Value, Any], Condition]] = {
            **_OPERATORS,
            "LIKE": dialect.like,
            "ILIKE": lambda column, pattern: dialect.ilike(column, pattern.translate(_LOWER)),
        }

    def compile(self, node: Node) -> Condition:
        """Return a filter as a condition."""
        match node:
            case And(operands):
                return sa.and_(*self.conjunction(operands))
            case Or(operands):
                return sa.or_(*map(self.compile, operands))
            case Not(operand):
                return sa.not_(self.compile(operand))
            case Present(left):
                return self.present(left)
            case Comparison():
                return self.comparison(node)

    def conjunction(self, operands: Sequence[Node]) -> Iterable[Condition]:
        """Return conditions that hold together if all operands do."""
        return map(self.compile, operands)

    @abstractmethod
    def present(self, left: Identifier) -> Condition:
        """Return the condition that a name has a value."""

    @abstractmethod
    def comparison(self, node: Comparison) -> Condition:
        """Return a comparison as a condition, false where the name has no value."""

    def test(self, value: Value, node: Comparison) -> Condition:
        """Return the comparison of a SQL value."""
        positive = self._operators[node.operator](value, node.value)
        return sa.not_(positive) if node.negated else positive


def directed(value: Value, *, descending: bool) -> Value:
    """Return a sort key in a direction."""
    return value.desc() if descending else value.asc()
