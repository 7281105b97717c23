"""PostgreSQL through psycopg 3: one database for a team."""

from __future__ import annotations

import functools
import select
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from typing_extensions import override

from ....errors import InvalidInput, NbtrackError, StoreError, StoreUnavailable
from .base import Dialect, Unfolded
from .options import Reader, options_of, unless_none, whole

try:
    import psycopg
except ImportError as error:
    raise InvalidInput("a store on PostgreSQL needs psycopg: pip install 'nbtrack[postgresql]'") from error

__all__ = ["PostgreSQL"]

# Seconds, milliseconds. Prepared statements belong to a server's session, which pgbouncer gives to others between transactions.
_CONNECT = {"connect_timeout": 10, "tcp_user_timeout": 30_000, "prepare_threshold": None}
_PLACES = ("host", "port")  # there may be several of each; SQLAlchemy reads them
_LOCK_TIMEOUT = "10s"  # for a run that another writer is holding
_FRESH = 1.0  # seconds after its last use in which a connection is assumed to be alive
_SCHEMA_LOCK = 0x6E62_7472  # "nbtr"; the advisory lock for creating or migrating tables

# Classes of SQLSTATE after which a later retry may succeed: connection, transaction rolled back, authorization, resources,
# not in the prerequisite state (a lock not available), operator intervention, system error.
_UNAVAILABLE = {"08", "28", "3D", "40", "53", "55", "57", "58"}
_READ_ONLY = "25006"


@compiles(Unfolded, "postgresql")
def _unfolded(element: Unfolded, compiler: SQLCompiler, **options: Any) -> str:
    array = f"CAST({compiler.process(element.clauses, **options)} AS JSON)"
    return f"(SELECT value, place - 1 AS key FROM json_array_elements_text({array}) WITH ORDINALITY AS unfolded(value, place))"  # noqa: S608


class PostgreSQL(Dialect):
    """A database on a PostgreSQL server."""

    core = postgresql.psycopg.dialect(paramstyle="format")  # type: ignore[no-untyped-call]

    clock = sa.select(sa.literal_column("CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)", sa.BigInteger()))

    @override
    def engine(self) -> sa.Engine:
        options = _CONNECT | options_of(self.url, self.label, _options(), others=_PLACES)
        places = {name: value for name, value in self.url.query.items() if name in _PLACES}
        url = self.url.set(drivername="postgresql+psycopg", query=places)
        # Only ``_begin`` begins transactions: around each reading statement one would cost two more messages.
        how = {"isolation_level": "AUTOCOMMIT", "paramstyle": "format", "pool_timeout": 10}
        engine = sa.create_engine(url, connect_args=options, **how)
        sa.event.listen(engine, "begin", _begin)
        sa.event.listen(engine, "connect", lambda _, record: _note_use(None, record))
        sa.event.listen(engine, "checkin", _note_use)
        sa.event.listen(engine, "checkout", lambda driver, record, _: _check_alive(engine, driver, record))
        return engine

    @override
    def cursor(self, driver: Any) -> Any:
        # The binary format sends bytes as they are, not in hexadecimal.
        return driver.cursor(binary=True)

    @override
    def writing(self) -> AbstractContextManager[Any]:
        # The server orders writers itself.
        return nullcontext()

    @override
    def insert_or_pass(self, table: sa.Table) -> sa.Insert:
        return postgresql.insert(table).on_conflict_do_nothing(index_elements=list(table.primary_key))

    @override
    def upsert(self, table: sa.Table) -> sa.Insert:
        insert = postgresql.insert(table)
        updates = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
        return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=updates)

    @override
    def insert_returning_key(self, table: sa.Table) -> sa.Insert:
        return sa.insert(table).returning(*table.primary_key)

    @override
    def inserted_key(self, cursor: Any) -> int:
        return int(cursor.fetchone()[0])

    @contextmanager
    @override
    def lock_schema(self, connection: sa.Connection) -> Iterator[None]:
        # The lock is released when the transaction ends.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
        yield

    @override
    def back_up(self, version: str) -> None:
        """Do nothing: a server has backups of its own."""

    @override
    def is_worth_retrying(self, error: BaseException) -> bool:
        # Two transactions ran into a deadlock, or inserted the same row.
        return isinstance(error, (psycopg.errors.TransactionRollback, psycopg.errors.UniqueViolation))

    @override
    def is_lost(self, error: BaseException) -> bool:
        return isinstance(error, psycopg.OperationalError) and (error.sqlstate or "08")[:2] in ("08", "57")

    @override
    def error(self, error: BaseException) -> NbtrackError:
        state = getattr(error, "sqlstate", None) or ("08000" if isinstance(error, psycopg.OperationalError) else "")
        if state[:2] in _UNAVAILABLE or state == _READ_ONLY:
            return StoreUnavailable(f"{self.label} cannot be reached or used now: {_first_line(error)}")
        return StoreError(f"{self.label}: {_first_line(error)}")


@functools.cache
def _options() -> Mapping[str, Reader]:
    """Return the options that a URL may have: libpq's, and psycopg's own."""
    known: dict[str, Reader] = {each.keyword.decode(): str for each in psycopg.pq.Conninfo.get_defaults()}
    numbers = ("connect_timeout", "tcp_user_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count")
    own = {"prepare_threshold": unless_none(whole), "client_encoding": _utf8}
    return {**known, **dict.fromkeys(numbers, whole), **own}


def _utf8(text: str) -> str:
    if text.lower().replace("-", "") not in ("utf8", "unicode"):
        raise ValueError("utf8 alone, for runs have all kinds of names")
    return "utf8"


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]


def _begin(connection: sa.Connection) -> None:
    """Begin a transaction, in one message; psycopg ends it."""
    if connection.get_execution_options().get("write"):
        connection.connection.cursor().execute(f"BEGIN; SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")


def _note_use(_driver: object, record: Any) -> None:
    record.info["used"] = time.monotonic()


def _check_alive(engine: sa.Engine, driver: Any, record: Any) -> None:
    """Check that a connection is alive, with a message only if in doubt: it costs as much as a small query."""
    if time.monotonic() - record.info["used"] > _FRESH or not _is_quiet(driver):
        try:
            engine.dialect.do_ping(driver)
        except psycopg.Error as error:
            raise sa.exc.InvalidatePoolError from error


def _is_quiet(driver: Any) -> bool:
    """Return whether the server has sent nothing since the last statement, such as that it shuts down."""
    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(driver.pgconn.socket, select.POLLIN)
    return not poll.poll(0)
