"""Tables of keys and values that belong to rows of another table: tags, params, metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from .connection import SqlConnection

__all__ = ["AT_ONCE", "KeyValues"]

AT_ONCE = 500  # keys in one IN list, far below the limit of any engine


class KeyValues:
    """A table with columns for the owner's key, a key and a value.

    Args:
        table: The table, whose first column is the owner's key.
        value: The column of the values, and ``key`` that of the keys.
    """

    def __init__(self, table: sa.Table, *, key: str = "key", value: str = "value") -> None:
        self.table = table
        owner = next(iter(table.columns))
        self._of_many = sa.select(owner, table.c[key], table.c[value]).order_by(owner, table.c[key])
        self._owner = owner
        self._of_one = self._of_many.where(owner == sa.bindparam("owner"))
        self._drop = sa.delete(table).where(owner == sa.bindparam("owner"), table.c[key] == sa.bindparam("which"))

    def of_one(self, connection: SqlConnection, owner: int) -> dict[str, Any]:
        """Return the keys and values of one owner."""
        return {key: value for _, key, value in connection.rows(self._of_one, owner=owner)}

    def of_many(self, connection: SqlConnection, owners: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Return the keys and values of many owners, by the owner's key."""
        found: dict[int, dict[str, Any]] = {owner: {} for owner in owners}
        for start in range(0, len(owners), AT_ONCE):
            some = self._of_many.where(self._owner.in_(owners[start : start + AT_ONCE]))
            for owner, key, value in connection.selected(some):
                found[owner][key] = value
        return found

    def put(self, connection: SqlConnection, owner: int, values: Mapping[str, Any]) -> None:
        """Set values, or overwrite them."""
        connection.upsert(self.table, [(owner, key, value) for key, value in values.items()])

    def add(self, connection: SqlConnection, owner: int, values: Mapping[str, Any]) -> None:
        """Set values; one that exists stays."""
        connection.insert_or_pass(self.table, [(owner, key, value) for key, value in values.items()])

    def drop(self, connection: SqlConnection, owner: int, key: str) -> bool:
        """Delete a key, and return whether it existed."""
        return connection.run(self._drop, owner=owner, which=key) > 0
