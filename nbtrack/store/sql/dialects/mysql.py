"""MySQL and MariaDB through PyMySQL: one database for a team.

What these servers lack is made up for here. A DOUBLE holds no infinity, so the largest finite number stands for it, and that
number itself becomes its neighbour; only summaries of metrics can have either. Tables are not made in a transaction, so a lock
beside it keeps others away, and what is half made is finished by the next who comes.
"""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from string import ascii_uppercase
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects.mysql.base import MySQLDDLCompiler
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from typing_extensions import override

from ....errors import InvalidInput, NbtrackError, StoreError, StoreUnavailable, TooLarge
from .base import Dialect, Mean, Unfolded
from .mysql_cursor import TOO_LARGE, BoundedCursor
from .mysql_options import OPTIONS, OURS, encryption
from .options import options_of

try:
    import pymysql
    from pymysql.constants import FIELD_TYPE
    from pymysql.converters import conversions, escape_float
except ImportError as error:
    raise InvalidInput("a store on MySQL or MariaDB needs PyMySQL: pip install 'nbtrack[mysql]'") from error

__all__ = ["MySQL"]

# Seconds. A server that vanished never answers, so waiting is bounded; none of our statements takes a minute.
_TIMEOUTS = {"connect_timeout": 10, "read_timeout": 120, "write_timeout": 120}
_LOCK_TIMEOUT = 10  # seconds, for a run that another writer is holding
_MODE = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO"  # the experiment "Default" has the number 0

_WORTH_RETRYING = {
    1020,  # the row has changed since it was read
    1062,  # both inserted the same row
    1213,  # a deadlock
}
_LOST = {
    1053,  # the server shuts down
    1927,  # the connection was killed
    2006,  # the server has gone away
    2013,  # the connection was lost in a query
    2055,
    4031,  # the connection was idle for too long
}
_UNAVAILABLE = _LOST | _WORTH_RETRYING - {1062} | {
    1021,  # no space left
    1037,  # no memory left
    1038,
    1040,  # too many connections
    1041,
    1044,  # access denied
    1045,
    1049,  # no such database
    1114,  # the table is full
    1129,  # too many failed attempts to connect
    1130,  # this host may not connect
    1142,  # no right to read or write a table
    1158,  # no message could be read or written
    1159,
    1160,
    1161,
    1203,  # too many connections of this user
    1205,  # a lock was waited for too long
    1226,  # too many of something of this user
    1290,  # read-only
    1317,  # the query was interrupted
    1698,  # access denied
    1792,  # read-only
    1836,
    1969,  # the query took too long
    2002,  # the server cannot be reached
    2003,
    2005,
    3024,  # the query took too long
}  # fmt: skip

_LARGEST = sys.float_info.max
_BELOW_LARGEST = math.nextafter(_LARGEST, 0)


@compiles(Unfolded, "mysql")
def _unfolded(element: Unfolded, compiler: SQLCompiler, **options: Any) -> str:
    array = compiler.process(element.clauses, **options)
    columns = "value LONGTEXT CHARACTER SET utf8mb4 PATH '$', place FOR ORDINALITY"
    return f"(SELECT value, place - 1 AS `key` FROM JSON_TABLE({array}, '$[*]' COLUMNS ({columns})) AS unfolded)"  # noqa: S608


@compiles(Mean, "mysql")
def _mean(element: Mean, compiler: SQLCompiler, **options: Any) -> str:
    is_infinite = sa.func.abs(element.total) == sa.literal_column(f"{_LARGEST!r}")
    return compiler.process(sa.case((is_infinite, element.total), else_=element.quotient), **options)


class _Tables(MySQLDDLCompiler):
    """Tables whose strings compare by code point, including trailing spaces; each server calls that collation differently."""

    def post_create_table(self, table: sa.Table) -> str:
        return f"{super().post_create_table(table)} ENGINE=InnoDB CHARSET=utf8mb4 COLLATE={_collation(self.dialect.is_mariadb)}"


class MySQL(Dialect):
    """A database on a MariaDB (10.6 or newer) server, or on MySQL (8.0.17 or newer), which the tests do not run."""

    core = MySQLDialect_pymysql(paramstyle="format")

    clock = sa.select(sa.literal_column("UNIX_TIMESTAMP() * 1000", sa.BigInteger()))

    def __init__(self, url: sa.URL) -> None:
        super().__init__(url)
        if not url.database:
            raise InvalidInput(f"{self.label} names no database: write mysql+pymysql://user@host:3306/database")

    @override
    def engine(self) -> sa.Engine:
        said = encryption(options_of(self.url, self.label, OPTIONS, others=OURS), self.label)
        # The SQL mode is set on connect, because SQLAlchemy reads it then, and quotes names accordingly.
        ours = {"charset": "utf8mb4", "conv": _CONVERSIONS, "sql_mode": _MODE, "cursorclass": BoundedCursor}
        options = {**_TIMEOUTS, **said, **ours}
        engine = sa.create_engine(
            self.url.set(drivername="mysql+pymysql", query={}),
            connect_args=options,
            paramstyle="format",
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            pool_timeout=10,
        )
        engine.dialect.ddl_compiler = _Tables
        sa.event.listen(engine, "connect", _set_up)
        return engine

    @override
    def writing(self) -> AbstractContextManager[Any]:
        # The server orders writers itself.
        return nullcontext()

    @override
    def insert_or_pass(self, table: sa.Table) -> sa.Insert:
        # INSERT IGNORE would hide other errors, too.
        column = next(iter(table.primary_key))
        return mysql.insert(table).on_duplicate_key_update({column.name: column})

    @override
    def upsert(self, table: sa.Table) -> sa.Insert:
        insert = mysql.insert(table)
        updates = {column.name: sa.func.VALUES(column) for column in table.columns if not column.primary_key}
        return insert.on_duplicate_key_update(updates)

    @override
    def insert_returning_key(self, table: sa.Table) -> sa.Insert:
        return sa.insert(table)

    @override
    def inserted_key(self, cursor: Any) -> int:
        return int(cursor.lastrowid or 0)

    @contextmanager
    @override
    def lock_schema(self, connection: sa.Connection) -> Iterator[None]:
        name = "nbtrack." + hashlib.sha256(str(self.url.database).encode()).hexdigest()[:32]
        if not connection.execute(sa.select(sa.func.get_lock(name, _LOCK_TIMEOUT))).scalar():
            raise StoreUnavailable(f"{self.label}: another process is making or migrating its tables")
        try:
            yield
            connection.connection.commit()  # visible to the process that gets the lock next
        finally:
            connection.execute(sa.select(sa.func.release_lock(name)))

    @override
    def back_up(self, version: str) -> None:
        """Do nothing: a server has backups of its own."""

    @override
    def is_worth_retrying(self, error: BaseException) -> bool:
        # Two transactions ran into a deadlock, or inserted the same row.
        return _code(error) in _WORTH_RETRYING

    @override
    def is_lost(self, error: BaseException) -> bool:
        # PyMySQL reports a connection that it has closed itself with the number 0.
        return _code(error) in _LOST or isinstance(error, pymysql.err.InterfaceError)

    @override
    def error(self, error: BaseException) -> NbtrackError:
        message = str(error.args[1] if len(error.args) > 1 else error) or "the connection is closed"
        if _code(error) == TOO_LARGE:
            return TooLarge(f"{self.label}: {message}")
        if _code(error) in _UNAVAILABLE or isinstance(error, pymysql.err.InterfaceError):
            return StoreUnavailable(f"{self.label} cannot be reached or used now: {message}")
        return StoreError(f"{self.label}: {message}")

    @override
    def like(self, column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
        # MySQL always has an escape character, so one is chosen and escaped.
        return column.like(pattern.replace("|", "||"), escape="|")

    @override
    def ilike(self, column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
        # LOWER() also changes letters that are not ASCII.
        for letter in ascii_uppercase:
            column = sa.func.replace(column, letter, letter.lower())
        return self.like(column, pattern)


def _set_up(connection: Any, _record: object) -> None:
    """Prepare a new connection: the collation of strings, and a strict SQL mode."""
    collation = _collation("mariadb" in connection.get_server_info().lower())
    with connection.cursor() as cursor:
        cursor.execute(f"SET NAMES utf8mb4 COLLATE {collation}")
        cursor.execute(f"SET SESSION innodb_lock_wait_timeout = {_LOCK_TIMEOUT}")


def _collation(is_mariadb: bool) -> str:
    return "utf8mb4_nopad_bin" if is_mariadb else "utf8mb4_0900_bin"


def _code(error: BaseException) -> int:
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def _write_float(value: float, mapping: Any = None) -> str:
    if abs(value) >= _LARGEST:
        value = math.copysign(_LARGEST if math.isinf(value) else _BELOW_LARGEST, value)
    return str(escape_float(value, mapping))


def _read_float(text: str) -> float:
    value = float(text)
    return value if abs(value) < _LARGEST else math.copysign(math.inf, value)


_CONVERSIONS = {**conversions, float: _write_float, FIELD_TYPE.DOUBLE: _read_float}
