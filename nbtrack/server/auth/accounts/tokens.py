"""The access tokens of users: programs send one in place of a password."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import bindparam as value

from ....entities.run import now_ms
from ....errors import AlreadyExists, NotFound
from ....store.sql.connection import SqlConnection
from ....store.sql.database import Database
from .change_counter import ChangeCounter
from .schema import tokens, users
from .users import SELECT_USERS, User, get_user, user_of_row

__all__ = ["TokenInfo", "Tokens"]


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """The name of a token and when it was created (ms); the token itself is never stored."""

    name: str
    created: int


_ONE = (tokens.c.user_key == value("id"), tokens.c.name == value("name"))
_OF_USER = sa.select(tokens.c.name, tokens.c.created).where(tokens.c.user_key == value("id")).order_by(tokens.c.name)
_OF_NAME = sa.select(tokens.c.name).where(*_ONE)
_REVOKE = sa.delete(tokens).where(*_ONE)
_OWNER = SELECT_USERS.join(tokens, tokens.c.user_key == users.c.key).where(tokens.c.sha256 == value("sha256"))


class Tokens:
    """The table of tokens, which are stored hashed."""

    def __init__(self, database: Database, counter: ChangeCounter) -> None:
        self._database, self._counter = database, counter

    def add(self, user: str, name: str, sha256: str) -> None:
        """Add a user's token by its hash; AlreadyExists if the user has one of this name."""

        def insert(connection: SqlConnection) -> None:
            key = get_user(connection, user).id
            if connection.row(_OF_NAME, id=key, name=name) is not None:
                raise AlreadyExists(f"{user} has a token {name!r} already: revoke it, or choose another name")
            connection.insert(tokens, [(key, name, sha256, now_ms())])

        self._counter.write(insert)

    def of(self, user: str) -> list[TokenInfo]:
        """Return a user's tokens by name."""
        with self._database.read() as connection:
            return [TokenInfo(*row) for row in connection.rows(_OF_USER, id=get_user(connection, user).id)]

    def revoke(self, user: str, name: str) -> None:
        """Revoke a user's token; NotFound."""

        def delete(connection: SqlConnection) -> None:
            if not connection.run(_REVOKE, id=get_user(connection, user).id, name=name):
                raise NotFound(f"{user} has no token {name!r}")

        self._counter.write(delete)

    def owner(self, sha256: str) -> User | None:
        """Return the user whose token has a hash, or None."""
        with self._database.read() as connection:
            row = connection.row(_OWNER, sha256=sha256)
        return None if row is None else user_of_row(row)
