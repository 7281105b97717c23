"""All that a server keeps about its users, in one database."""

from __future__ import annotations

from ....store.sql.database import Database
from .change_counter import ChangeCounter
from .failed_logins import FailedLogins
from .grants import Grants
from .tokens import Tokens
from .users import Users

__all__ = ["Accounts"]


class Accounts:
    """Users and their grants in one database, which all processes of a server share.

    Attributes:
        users: The users and their password hashes.
        tokens: Their access tokens.
        grants: Their permissions on experiments and registered models.
        failed_logins: Wrong passwords by user and address.
    """

    def __init__(self, database: Database) -> None:
        self._database, self._counter = database, ChangeCounter(database)
        self.users = Users(database, self._counter)
        self.tokens = Tokens(database, self._counter)
        self.grants = Grants(database, self._counter)
        self.failed_logins = FailedLogins(database)

    def changes(self) -> int:
        """Return how often users, tokens and grants have changed: while it stays the same, what was read before is current."""
        return self._counter.number()

    def close(self) -> None:
        """Close all connections."""
        self._database.close()
