"""Who may use a server: users, tokens and grants in tables of their own.

What ``store.base`` says of threads, processes and errors holds here, too. What is secret comes here hashed, and never leaves
in an error. A change and the number of changes are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import bindparam as value

from ...entities.run import now_ms
from ...errors import AlreadyExists, InvalidInput, NotFound, SchemaError
from ...store.sql.database import Connection, Database
from ...store.sql.dialects import dialect_of
from ...store.sql.dialects.base import Dialect
from ...store.sql.dialects.url import url_of
from .schema import ACCOUNTS_HEAD, changes, failures, grants, metadata_of_accounts, tokens, users, version_of_accounts

__all__ = ["Accounts", "Grant", "Token", "User", "keep_private", "open_accounts"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class User:
    """A user of a server; ``password`` is its hash, which nothing shows."""

    id: int
    name: str
    is_admin: bool
    password: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a user may do with one thing: the greater the number, the more."""

    kind: str
    resource: str
    permission: int


@dataclass(frozen=True, slots=True)
class Token:
    """A token, of which only the name and age can be told."""

    name: str
    created: int


_USERS = sa.select(users.c.key, users.c.name, users.c.is_admin, users.c.password)
_ALL_USERS = _USERS.order_by(users.c.name)
_USER_OF_NAME = _USERS.where(users.c.name == value("name"))
_USER_OF_TOKEN = _USERS.join(tokens, tokens.c.user_key == users.c.key).where(tokens.c.sha256 == value("sha256"))
_ADMINS = sa.select(sa.func.count()).select_from(users).where(users.c.is_admin == sa.literal_column("1"))
_SET_PASSWORD = sa.update(users).where(users.c.key == value("id")).values(password=value("new"))
_SET_ADMIN = sa.update(users).where(users.c.key == value("id")).values(is_admin=value("new"))
_REMOVE_USER = sa.delete(users).where(users.c.key == value("id"))
_TOKENS = sa.select(tokens.c.name, tokens.c.created).where(tokens.c.user_key == value("id")).order_by(tokens.c.name)
_TOKEN = sa.select(tokens.c.name).where(tokens.c.user_key == value("id"), tokens.c.name == value("name"))
_REVOKE_TOKEN = sa.delete(tokens).where(tokens.c.user_key == value("id"), tokens.c.name == value("name"))
_GRANTS = sa.select(grants.c.kind, grants.c.resource, grants.c.permission).where(grants.c.user_key == value("id"))
_OF_THING = (grants.c.kind == value("of_kind"), grants.c.resource == value("of_resource"))
_REVOKE = sa.delete(grants).where(grants.c.user_key == value("id"), *_OF_THING)
_FORGET = sa.delete(grants).where(*_OF_THING)
_RENAME = sa.update(grants).where(*_OF_THING).values(resource=value("new"))
_CHANGES = sa.select(changes.c.number)
_CHANGED = sa.update(changes).values(number=changes.c.number + sa.literal_column("1"))
_FAILURES = sa.select(failures.c.count, failures.c.since).where(failures.c.who == value("of"))
_ONE_MORE = sa.update(failures).values(count=failures.c.count + sa.literal_column("1")).where(failures.c.who == value("of"))
_ONE_LESS = sa.update(failures).values(count=failures.c.count - sa.literal_column("1")).where(failures.c.who == value("of"))
_FORGET_FAILURES = sa.delete(failures).where(failures.c.who == value("of"))
_OLD_FAILURES = sa.delete(failures).where(failures.c.since < value("before"))


class Accounts:
    """Users and their rights in one database; every process that serves it shares them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def changes(self) -> int:
        """Return how often anything of this has changed: while it is the same, what was read before still holds."""
        with self._database.read() as connection:
            return int(connection.row(_CHANGES)[0])

    # Users.

    def users(self) -> list[User]:
        """Return all users, by name."""
        with self._database.read() as connection:
            return [_user(row) for row in connection.rows(_ALL_USERS)]

    def find(self, name: str) -> User | None:
        """Return a user, None where there is none of this name."""
        with self._database.read() as connection:
            return _found(connection, name)

    def get(self, name: str) -> User:
        """Return a user; NotFound where there is none."""
        with self._database.read() as connection:
            return _get(connection, name)

    def add_user(self, name: str, password: str, *, is_admin: bool = False) -> User:
        """Add a user, whose password is given as its hash; AlreadyExists where the name is taken."""

        def add(connection: Connection) -> User:
            if _found(connection, name) is not None:
                raise AlreadyExists(f"User with username={name!r} already exists")
            return User(connection.insert_one(users, (name, password, int(is_admin), now_ms())), name, is_admin, password)

        return self._change(add)

    def add_first_admin(self, name: str, password: str) -> bool:
        """Add an administrator where there is none yet, and tell whether that was so."""

        def add(connection: Connection) -> bool:
            with connection.dialect.lock_schema(connection.core):
                if connection.row(_ADMINS)[0]:
                    return False
                if _found(connection, name) is not None:
                    raise AlreadyExists(f"there is no administrator, and {name!r} is a user: nbtrack users add NAME --admin")
                connection.insert_one(users, (name, password, 1, now_ms()))
                return True

        return self._change(add)

    def set_password(self, name: str, password: str) -> None:
        """Give a user another password, as its hash."""
        self._change(lambda connection: connection.run(_SET_PASSWORD, id=_get(connection, name).id, new=password))

    def set_admin(self, name: str, is_admin: bool) -> None:
        """Make a user an administrator, or no longer; the last one stays."""

        def set_admin(connection: Connection) -> None:
            user = _get(connection, name)
            if user.is_admin and not is_admin:
                _check_not_last(connection, name)
            connection.run(_SET_ADMIN, id=user.id, new=int(is_admin))

        self._change(set_admin)

    def remove_user(self, name: str) -> None:
        """Remove a user with tokens and grants; the last administrator stays."""

        def remove(connection: Connection) -> None:
            user = _get(connection, name)
            if user.is_admin:
                _check_not_last(connection, name)
            connection.run(_REMOVE_USER, id=user.id)

        self._change(remove)

    # Tokens.

    def add_token(self, user: str, name: str, sha256: str) -> None:
        """Add a token of a user, given as its hash."""

        def add(connection: Connection) -> None:
            key = _get(connection, user).id
            if connection.row(_TOKEN, id=key, name=name) is not None:
                raise AlreadyExists(f"{user} has a token {name!r} already: revoke it, or choose another name")
            connection.insert(tokens, [(key, name, sha256, now_ms())])

        self._change(add)

    def tokens(self, user: str) -> list[Token]:
        """Return the tokens of a user, by name."""
        with self._database.read() as connection:
            return [Token(*row) for row in connection.rows(_TOKENS, id=_get(connection, user).id)]

    def revoke_token(self, user: str, name: str) -> None:
        """Take a token back; NotFound where there is none of this name."""

        def revoke(connection: Connection) -> None:
            if not connection.run(_REVOKE_TOKEN, id=_get(connection, user).id, name=name):
                raise NotFound(f"{user} has no token {name!r}")

        self._change(revoke)

    def user_of_token(self, sha256: str) -> User | None:
        """Return whose token has this hash, None where there is none."""
        with self._database.read() as connection:
            row = connection.row(_USER_OF_TOKEN, sha256=sha256)
        return None if row is None else _user(row)

    # Grants.

    def grants(self, user_id: int) -> list[Grant]:
        """Return all that a user was granted."""
        with self._database.read() as connection:
            return [Grant(*row) for row in connection.rows(_GRANTS, id=user_id)]

    def grant(self, user_id: int, grant: Grant) -> None:
        """Let a user do so much with a thing, whatever it was before."""
        row = (user_id, grant.kind, grant.resource, grant.permission)
        self._change(lambda connection: connection.upsert(grants, [row]))

    def revoke(self, user_id: int, kind: str, resource: str) -> None:
        """Take back what a user may do with a thing; NotFound where nothing was granted."""

        def revoke(connection: Connection) -> None:
            if not connection.run(_REVOKE, id=user_id, of_kind=kind, of_resource=resource):
                raise NotFound(f"no permission on {kind.replace('_', ' ')} {resource!r} was granted to this user")

        self._change(revoke)

    def forget(self, kind: str, resource: str) -> None:
        """Take back from everybody what may be done with a thing that is gone."""
        self._change(lambda connection: connection.run(_FORGET, of_kind=kind, of_resource=resource))

    def rename(self, kind: str, resource: str, new: str) -> None:
        """Let what was granted hold for a thing under its new name."""

        def rename(connection: Connection) -> None:
            connection.run(_FORGET, of_kind=kind, of_resource=new)
            connection.run(_RENAME, of_kind=kind, of_resource=resource, new=new)

        self._change(rename)

    # Wrong passwords.

    def failures(self, who: str) -> tuple[int, int]:
        """Return how many there were, and since when (ms)."""
        with self._database.read() as connection:
            return connection.row(_FAILURES, of=who) or (0, 0)

    def note_attempts(self, everyone: Iterable[str], *, now: int, window: int) -> dict[str, tuple[int, int]]:
        """Count one more for each of these; what began longer ago than ``window`` (ms) begins anew.

        Returns:
            How many there are now of each, this one included, and since when (ms).
        """
        known = sorted(everyone)

        def note(connection: Connection) -> dict[str, tuple[int, int]]:
            connection.run(_OLD_FAILURES, before=now - window)
            connection.insert_or_pass(failures, [(who, 0, now) for who in known])
            for who in known:
                connection.run(_ONE_MORE, of=who)  # holds the row until the transaction ends, whoever else counts
            return {who: (row[0], row[1]) for who in known if (row := connection.row(_FAILURES, of=who))}

        return self._database.write(note)

    def take_back(self, who: str) -> None:
        """Count one less."""
        self._database.write(lambda connection: connection.run(_ONE_LESS, of=who))

    def forgive(self, who: str) -> None:
        """Forget them."""
        self._database.write(lambda connection: connection.run(_FORGET_FAILURES, of=who))

    def _change(self, work: Callable[[Connection], T]) -> T:
        def changed(connection: Connection) -> T:
            done = work(connection)
            connection.run(_CHANGED)
            return done

        return self._database.write(changed)


def _user(row: Sequence[Any]) -> User:
    key, name, is_admin, password = row
    return User(key, name, bool(is_admin), password)


def _found(connection: Connection, name: str) -> User | None:
    row = connection.row(_USER_OF_NAME, name=name)
    return None if row is None else _user(row)


def _get(connection: Connection, name: str) -> User:
    found = _found(connection, name)
    if found is None:
        raise NotFound(f"User with username={name!r} not found")
    return found


def _check_not_last(connection: Connection, name: str) -> None:
    if connection.row(_ADMINS)[0] == 1:
        raise InvalidInput(f"{name!r} is the only administrator: make another user one before")


# Opening.


def open_accounts(uri: str) -> Accounts:
    """Open the users in a database, whose tables are made where there are none.

    Raises:
        InvalidInput: The URI names no database.
        SchemaError: The tables were made by a newer nbtrack.
        StoreUnavailable: It cannot be reached now.
    """
    database = Database(keep_private(uri))
    with ExitStack() as stack:
        stack.callback(database.close)
        with database.read() as connection:
            is_current = _version(connection) == ACCOUNTS_HEAD
        if not is_current:
            database.write(_make)
        stack.pop_all()
    return Accounts(database)


def keep_private(uri: str) -> Dialect:
    """Let nobody but its owner open the file that users are in, or will be; return the database.

    Raises:
        InvalidInput: The URI names no database.
        StoreUnavailable: Others can open it, and it is another user's file.
    """
    dialect = _dialect_at(uri)
    dialect.keep_private()
    return dialect


def _dialect_at(uri: str) -> Dialect:
    kind = uri.partition(":")[0].lower().partition("+")[0]
    if kind not in ("sqlite", "postgresql", "postgres", "mysql", "mariadb"):
        raise InvalidInput("users are kept in a database: name one by --auth-db, such as sqlite:///users.db or postgresql://…")
    try:
        return dialect_of(url_of(uri))
    except (sa.exc.ArgumentError, ValueError) as error:
        raise InvalidInput("the URI of the users' database cannot be read; write it as that of a store") from error


def _version(connection: Connection) -> str | None:
    """Return the version of the tables, None where there are none."""
    if not sa.inspect(connection.core).has_table(version_of_accounts.name):
        return None
    row = connection.row(sa.select(version_of_accounts.c.version_num))
    return None if row is None else str(row[0])


def _make(connection: Connection) -> None:
    with connection.dialect.lock_schema(connection.core):
        found = _version(connection)
        if found == ACCOUNTS_HEAD:
            return
        if found is not None:
            raise SchemaError(f"the users were written by a newer nbtrack (version {found}); pip install -U nbtrack")
        metadata_of_accounts.create_all(connection.core)
        connection.insert_or_pass(changes, [(1, 0)])
        connection.insert(version_of_accounts, [(ACCOUNTS_HEAD,)])
