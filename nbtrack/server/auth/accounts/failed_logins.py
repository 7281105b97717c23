"""Counts of wrong passwords, by hashed user name or address."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import bindparam as value

from ....store.sql.connection import SqlConnection
from ....store.sql.database import Database
from .schema import failures

__all__ = ["FailedLogins"]

_ONE = failures.c.who == value("of")
_COUNT = sa.select(failures.c.count, failures.c.since).where(_ONE)
_INCREMENT = sa.update(failures).values(count=failures.c.count + sa.literal_column("1")).where(_ONE)
_DECREMENT = sa.update(failures).values(count=failures.c.count - sa.literal_column("1")).where(_ONE)
_CLEAR = sa.delete(failures).where(_ONE)
_EXPIRE = sa.delete(failures).where(failures.c.since < value("before"))


class FailedLogins:
    """The table of failed logins; its counts are not changes of accounts, so caches stay valid."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, who: str) -> tuple[int, int]:
        """Return the number of failures and the time of the first (ms); two zeros if there are none."""
        with self._database.read() as connection:
            return connection.row(_COUNT, of=who) or (0, 0)

    def add(self, everyone: Iterable[str], *, now: int, window: int) -> dict[str, tuple[int, int]]:
        """Add a failure for each of several users or addresses; counts older than ``window`` (ms) start again.

        Returns:
            For each, the number of failures including this one, and the time of the first (ms).
        """
        known = sorted(everyone)  # in one order everywhere, or two transactions that lock rows in turn could deadlock

        def increment(connection: SqlConnection) -> dict[str, tuple[int, int]]:
            connection.run(_EXPIRE, before=now - window)
            connection.insert_or_pass(failures, [(who, 0, now) for who in known])
            for who in known:
                connection.run(_INCREMENT, of=who)  # locks the row until the transaction ends, so that no count is lost
            return {who: (row[0], row[1]) for who in known if (row := connection.row(_COUNT, of=who))}

        return self._database.write(increment)

    def take_back(self, who: str) -> None:
        """Subtract one failure."""
        self._database.write(lambda connection: connection.run(_DECREMENT, of=who))

    def clear(self, who: str) -> None:
        """Remove all failures."""
        self._database.write(lambda connection: connection.run(_CLEAR, of=who))
