"""The users of a server, with the hashes of their passwords."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as value

from ....entities.run import now_ms
from ....errors import AlreadyExists, InvalidInput, NotFound
from ....store.sql.connection import SqlConnection
from ....store.sql.database import Database
from .change_counter import ChangeCounter
from .schema import users

__all__ = ["SELECT_USERS", "User", "Users", "get_user", "user_of_row"]


@dataclass(frozen=True, slots=True)
class User:
    """A user of a server; ``password`` is the hash, which ``repr`` leaves out."""

    id: int
    name: str
    is_admin: bool
    password: str = field(repr=False, default="")


SELECT_USERS = sa.select(users.c.key, users.c.name, users.c.is_admin, users.c.password)
_ALL = SELECT_USERS.order_by(users.c.name)
_OF_NAME = SELECT_USERS.where(users.c.name == value("name"))
_COUNT_ADMINS = sa.select(sa.func.count()).select_from(users).where(users.c.is_admin == sa.literal_column("1"))
_SET_PASSWORD = sa.update(users).where(users.c.key == value("id")).values(password=value("new"))
_SET_ADMIN = sa.update(users).where(users.c.key == value("id")).values(is_admin=value("new"))
_REMOVE = sa.delete(users).where(users.c.key == value("id"))


class Users:
    """The table of users; it always keeps one administrator."""

    def __init__(self, database: Database, counter: ChangeCounter) -> None:
        self._database, self._counter = database, counter

    def all(self) -> list[User]:
        """Return all users by name."""
        with self._database.read() as connection:
            return [user_of_row(row) for row in connection.rows(_ALL)]

    def find(self, name: str) -> User | None:
        """Return the user of a name, or None."""
        with self._database.read() as connection:
            return _find(connection, name)

    def get(self, name: str) -> User:
        """Return the user of a name; NotFound."""
        with self._database.read() as connection:
            return get_user(connection, name)

    def add(self, name: str, password: str, *, is_admin: bool = False) -> User:
        """Add a user with a hashed password; AlreadyExists if the name is taken."""

        def insert(connection: SqlConnection) -> User:
            if _find(connection, name) is not None:
                raise AlreadyExists(f"User with username={name!r} already exists")
            return User(connection.insert_one(users, (name, password, int(is_admin), now_ms())), name, is_admin, password)

        return self._counter.write(insert)

    def add_first_admin(self, name: str, password: str) -> bool:
        """Add an administrator unless there is one, and return whether one was added."""

        def insert(connection: SqlConnection) -> bool:
            # The lock decides between processes that start at the same time.
            with connection.dialect.lock_schema(connection.core):
                if connection.row(_COUNT_ADMINS)[0]:
                    return False
                if _find(connection, name) is not None:
                    raise AlreadyExists(f"there is no administrator, and {name!r} is a user: nbtrack users add NAME --admin")
                connection.insert_one(users, (name, password, 1, now_ms()))
                return True

        return self._counter.write(insert)

    def set_password(self, name: str, password: str) -> None:
        """Set a user's hashed password."""
        self._counter.write(lambda connection: connection.run(_SET_PASSWORD, id=get_user(connection, name).id, new=password))

    def set_admin(self, name: str, is_admin: bool) -> None:
        """Make a user an administrator or an ordinary user; InvalidInput for the last administrator."""

        def update(connection: SqlConnection) -> None:
            user = get_user(connection, name)
            if user.is_admin and not is_admin:
                _check_not_last_admin(connection, name)
            connection.run(_SET_ADMIN, id=user.id, new=int(is_admin))

        self._counter.write(update)

    def remove(self, name: str) -> None:
        """Remove a user with all tokens and grants; InvalidInput for the last administrator."""

        def delete(connection: SqlConnection) -> None:
            user = get_user(connection, name)
            if user.is_admin:
                _check_not_last_admin(connection, name)
            connection.run(_REMOVE, id=user.id)

        self._counter.write(delete)


def user_of_row(row: Sequence[Any]) -> User:
    """Return the user in a row of ``SELECT_USERS``."""
    key, name, is_admin, password = row
    return User(key, name, bool(is_admin), password)


def get_user(connection: SqlConnection, name: str) -> User:
    """Return the user of a name within a transaction; NotFound."""
    found = _find(connection, name)
    if found is None:
        raise NotFound(f"User with username={name!r} not found")
    return found


def _find(connection: SqlConnection, name: str) -> User | None:
    row = connection.row(_OF_NAME, name=name)
    return None if row is None else user_of_row(row)


def _check_not_last_admin(connection: SqlConnection, name: str) -> None:
    if connection.row(_COUNT_ADMINS)[0] == 1:
        raise InvalidInput(f"{name!r} is the only administrator: make another user one before")
