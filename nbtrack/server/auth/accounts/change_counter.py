"""The number of changes to accounts, by which every process notices that its cache is out of date."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from ....store.sql.connection import SqlConnection
from ....store.sql.database import Database
from .schema import changes

__all__ = ["ChangeCounter"]

T = TypeVar("T")

_NUMBER = sa.select(changes.c.number)
_INCREMENT = sa.update(changes).values(number=changes.c.number + sa.literal_column("1"))


class ChangeCounter:
    """Counts the transactions that change users, tokens or grants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def number(self) -> int:
        """Return the number of changes so far."""
        with self._database.read() as connection:
            return int(connection.row(_NUMBER)[0])

    def write(self, work: Callable[[SqlConnection], T]) -> T:
        """Run a change and count it, both in one transaction; return what the work returns."""

        def counted(connection: SqlConnection) -> T:
            result = work(connection)
            connection.run(_INCREMENT)
            return result

        return self._database.write(counted)
