"""Opens the database of users and creates its tables."""

from __future__ import annotations

from contextlib import ExitStack

import sqlalchemy as sa

from ....errors import InvalidInput, SchemaError
from ....store.sql.connection import SqlConnection
from ....store.sql.database import Database
from ....store.sql.dialects import dialect_of
from ....store.sql.dialects.base import Dialect
from ....store.sql.dialects.url import url_of
from .accounts import Accounts
from .schema import ACCOUNTS_HEAD, changes, metadata_of_accounts, version_of_accounts

__all__ = ["keep_private", "open_accounts"]


def open_accounts(uri: str) -> Accounts:
    """Open the users in a database, creating the tables if there are none.

    Raises:
        InvalidInput: The URI names no database.
        SchemaError: A newer nbtrack created the tables.
        StoreUnavailable: The database cannot be reached now.
    """
    database = Database(keep_private(uri))
    with ExitStack() as stack:
        stack.callback(database.close)
        with database.read() as connection:
            is_current = _version(connection) == ACCOUNTS_HEAD
        if not is_current:
            database.write(_create_tables)
        stack.pop_all()
    return Accounts(database)


def keep_private(uri: str) -> Dialect:
    """Restrict the database file of users to its owner, creating it if needed; return the database's dialect.

    Raises:
        InvalidInput: The URI names no database.
        StoreUnavailable: Others can open the file, and it belongs to another user.
    """
    dialect = _dialect_of_uri(uri)
    dialect.keep_private()
    return dialect


def _dialect_of_uri(uri: str) -> Dialect:
    kind = uri.partition(":")[0].lower().partition("+")[0]
    if kind not in ("sqlite", "postgresql", "postgres", "mysql", "mariadb"):
        raise InvalidInput("users are kept in a database: name one by --auth-db, such as sqlite:///users.db or postgresql://…")
    try:
        return dialect_of(url_of(uri))
    except (sa.exc.ArgumentError, ValueError) as error:
        # The URI is not shown: it may contain a password.
        raise InvalidInput("the URI of the users' database cannot be read; write it as that of a store") from error


def _version(connection: SqlConnection) -> str | None:
    if not sa.inspect(connection.core).has_table(version_of_accounts.name):
        return None
    row = connection.row(sa.select(version_of_accounts.c.version_num))
    return None if row is None else str(row[0])


def _create_tables(connection: SqlConnection) -> None:
    with connection.dialect.lock_schema(connection.core):
        found = _version(connection)  # read again under the lock: another process may have created them
        if found == ACCOUNTS_HEAD:
            return
        if found is not None:
            raise SchemaError(f"the users were written by a newer nbtrack (version {found}); pip install -U nbtrack")
        metadata_of_accounts.create_all(connection.core)
        connection.insert_or_pass(changes, [(1, 0)])
        connection.insert(version_of_accounts, [(ACCOUNTS_HEAD,)])
