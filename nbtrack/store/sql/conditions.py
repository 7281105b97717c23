"""Filters and orders of logged models, registered models, versions and traces, whose tags and params are in side tables.

They mean what ``match.meets`` and ``match.arranged`` say. A missing value is a missing row; a NULL in an existing row is a NaN;
only an attribute may be missing as a NULL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from typing_extensions import override

from ..filter import Comparison, Identifier, Order
from ..filter.tree import Entity
from .compiler import Compiler, Condition, Value, directed
from .dialects.base import Dialect

__all__ = ["Conditions", "SideTable", "Subject", "arrange"]


@dataclass(frozen=True)
class SideTable:
    """A table with keys and values of the things searched for.

    Attributes:
        owner: The column with the key of the thing.
        only: Conditions on the rows that count.
    """

    owner: sa.Column[Any]
    key: sa.Column[Any]
    value: sa.Column[Any]
    only: tuple[Condition, ...] = ()

    @classmethod
    def of(cls, table: sa.Table) -> SideTable:
        """Return a table whose first column is the owner's key as a side table."""
        return cls(next(iter(table.columns)), table.c.key, table.c.value)


@dataclass(frozen=True)
class Subject:
    """A kind of thing to search for.

    Attributes:
        key: The column of its primary key.
        attributes: The value of each attribute.
        side_tables: Where its tags, params and metrics are.
        blank: Attributes that are missing where they are empty.
    """

    key: sa.Column[Any]
    attributes: Mapping[str, Value]
    side_tables: Mapping[Entity, SideTable] = field(default_factory=dict)
    blank: frozenset[str] = frozenset()

    def has(self, name: str) -> Condition:
        """Return the condition that an attribute has a value."""
        value = self.attributes[name]
        return value != "" if name in self.blank else value.is_not(None)


class Conditions(Compiler):
    """Compiles filters to conditions on the rows of a subject."""

    def __init__(self, subject: Subject, dialect: Dialect) -> None:
        super().__init__(dialect)
        self._subject = subject

    @override
    def present(self, left: Identifier) -> Condition:
        return self._subject.has(left.key) if left.entity == "attribute" else self._exists(left)

    @override
    def comparison(self, node: Comparison) -> Condition:
        left = node.left
        if left.entity == "attribute":
            return sa.and_(self._subject.has(left.key), self.test(self._subject.attributes[left.key], node))
        value = self._subject.side_tables[left.entity].value
        test = self.test(value, node)
        is_nan_too = left.entity == "metric" and node.negated
        return self._exists(left, sa.or_(value.is_(None), test) if is_nan_too else test)

    def _exists(self, left: Identifier, *conditions: Condition) -> Condition:
        side, key = self._subject.side_tables[left.entity], self._subject.key
        rows = sa.select(sa.literal(1)).where(side.owner == key, side.key == left.key, *side.only, *conditions)
        return sa.exists(rows.correlate(key.table))


def arrange(found: sa.FromClause, subject: Subject, order: Sequence[Order]) -> tuple[sa.FromClause, list[Value]]:
    """Return the FROM clause, joined with the values to sort by, and the sort keys: missing values last."""
    keys: list[Value] = []
    for item in order:
        if item.left.entity == "attribute":
            value, is_missing = subject.attributes[item.left.key], sa.not_(subject.has(item.left.key))
        else:
            side = subject.side_tables[item.left.entity]
            table = side.owner.table.alias()
            is_its = sa.and_(table.c[side.owner.name] == subject.key, table.c[side.key.name] == item.left.key)
            found, value = found.outerjoin(table, is_its), table.c[side.value.name]
            is_missing = value.is_(None)
        keys += [is_missing, directed(value, descending=item.descending)]
    return found, keys
