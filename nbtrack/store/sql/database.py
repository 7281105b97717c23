"""A database as a store uses it: connections, transactions, prepared statements, and errors in the store's own words."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from ...errors import InvalidInput, NbtrackError, StoreError, StoreUnavailable
from .damage import Wanted, check_rows, wanted_of
from .dialects.base import Dialect
from .places import Places

__all__ = ["Database", "SelectText", "SqlConnection", "text_of"]

T = TypeVar("T")
Row = Sequence[Any]

_ATTEMPTS = 5
_LOOKS = 20  # for a file whose folder is renamed again and again
_abandoned: list[sa.Engine] = []  # a parent's engines in a forked child: not used, and not closed either


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A statement in the engine's own language, its parameters in their order, and what the columns that it gives may have."""

    sql: str
    names: tuple[str, ...]
    wanted: tuple[Wanted, ...] = ()


@dataclass(frozen=True, slots=True)
class SelectText:
    """A select in the engine's own language, and the values in it in their order."""

    sql: str
    values: tuple[Any, ...]


def text_of(statement: sa.Select[Any], dialect: Dialect) -> SelectText:
    """Return the text of a select; to make it takes longer than many a search, so keep it."""
    compiled = statement.compile(dialect=dialect.core, compile_kwargs={"render_postcompile": True})
    return SelectText(str(compiled), tuple(compiled.params[name] for name in compiled.positiontup or ()))


class _ChangedWhileRead(StoreUnavailable):
    """What was read may be partly old and partly new."""


class SqlConnection:
    """A connection to read and write with raw rows, which is five times as fast as through SQLAlchemy's results.

    Statements are SQLAlchemy's, made once a module; the text of each is made once a process.

    Attributes:
        core: SQLAlchemy's connection, for statements that differ from call to call.
        places: What rows and readers call the places of files.
    """

    def __init__(self, core: sa.Connection, dialect: Dialect, prepared: dict[Any, _Prepared], places: Places) -> None:
        self.core, self.dialect, self.places = core, dialect, places
        self._driver = core.connection.dbapi_connection
        self._prepared = prepared

    def rows(self, statement: sa.Select[Any], **values: Any) -> Sequence[Any]:
        """Return all rows of a select, as tuples."""
        with closing(self._execute(statement, values)) as cursor:
            return self._checked(statement, cursor.fetchall())

    def raw_rows(self, statement: sa.Select[Any] | sa.CompoundSelect[Any], **values: Any) -> Sequence[Any]:
        """Return all rows of a select as they are there, for who checks them."""
        with closing(self._execute(statement, values)) as cursor:
            return cursor.fetchall()  # type: ignore[no-any-return]  # of a driver without types

    def found(self, text: SelectText) -> Sequence[Any]:
        """Return all rows of a select that was made a text, as tuples."""
        with closing(self._driver.cursor()) as cursor:  # type: ignore[union-attr]
            cursor.execute(text.sql, text.values)
            return cursor.fetchall()

    def row(self, statement: sa.Select[Any], **values: Any) -> Any:
        """Return the first row of a select, None where there is none."""
        found = self.first(statement, **values)
        return None if found is None else self._checked(statement, (found,))[0]

    def first(self, statement: sa.Select[Any], **values: Any) -> Any:
        """Return the first row of a select as it is there, for who checks it; None where there is none."""
        with closing(self._execute(statement, values)) as cursor:
            return cursor.fetchone()

    def selected(self, statement: sa.Select[Any]) -> Sequence[Any]:
        """Return all rows of a select that differs from call to call."""
        found = self.core.execute(statement).all()
        if found and not self.dialect.is_typed:
            check_rows(self.dialect.label, wanted_of(statement), found)
        return found

    def _checked(self, statement: Any, found: Sequence[Any]) -> Sequence[Any]:
        """Return rows that have what their columns are declared to have; DamagedRow."""
        if found and not self.dialect.is_typed:
            check_rows(self.dialect.label, self._prepared[statement].wanted, found)
        return found

    def run(self, statement: sa.Update | sa.Delete, **values: Any) -> int:
        """Execute an update or delete and return how many rows it changed."""
        with closing(self._execute(statement, values)) as cursor:
            return int(cursor.rowcount)

    def run_many(self, statement: sa.Update | sa.Delete, values: Iterable[dict[str, Any]]) -> None:
        """Execute an update or delete once for each set of values."""
        prepared = self._prepare(statement, statement)
        self._execute_many(prepared.sql, [tuple([each[name] for name in prepared.names]) for each in values])

    def now(self) -> int | None:
        """Return the time in milliseconds by the database's own clock; None where it cannot be told."""
        clock = self.dialect.clock
        return self.dialect.now() if clock is None else int(self.row(clock)[0])

    def insert(self, table: sa.Table, rows: Sequence[Row]) -> None:
        """Insert rows, whose values stand in the order of the table's columns."""
        self._insert(("insert", table), sa.insert, table, rows)

    def insert_or_pass(self, table: sa.Table, rows: Sequence[Row]) -> None:
        """Insert rows, and pass over those whose primary key is there."""
        self._insert(("insert_or_pass", table), self.dialect.insert_or_pass, table, rows)

    def upsert(self, table: sa.Table, rows: Sequence[Row]) -> None:
        """Insert rows, and overwrite those whose primary key is there."""
        self._insert(("upsert", table), self.dialect.upsert, table, rows)

    def insert_one(self, table: sa.Table, row: Row) -> int:
        """Insert a row, whose first column numbers itself and is left out, and return its number."""
        name = ("insert_one", table)
        if name not in self._prepared:
            columns = {column.name: None for column in list(table.columns)[1:]}
            self._prepare(name, self.dialect.insert_returning_key(table), columns)
        with closing(self._driver.cursor()) as cursor:  # type: ignore[union-attr]
            cursor.execute(self._prepared[name].sql, tuple(row))
            return self.dialect.inserted_key(cursor)

    def _insert(self, name: Any, make: Callable[[sa.Table], sa.Insert], table: sa.Table, rows: Sequence[Row]) -> None:
        if name not in self._prepared:
            self._prepare(name, make(table), {column.name: None for column in table.columns})
        if rows:
            self._execute_many(self._prepared[name].sql, rows)

    def _execute(self, statement: Any, values: dict[str, Any]) -> Any:
        prepared = self._prepare(statement, statement)
        cursor = self.dialect.cursor(self._driver)
        cursor.execute(prepared.sql, tuple([values[name] for name in prepared.names]))
        return cursor

    def _execute_many(self, sql: str, rows: Sequence[Row]) -> None:
        with closing(self._driver.cursor()) as cursor:  # type: ignore[union-attr]
            cursor.executemany(sql, rows)

    def _prepare(self, name: Any, statement: Any, columns: dict[str, None] | None = None) -> _Prepared:
        if name not in self._prepared:
            compiled = statement.compile(dialect=self.dialect.core, column_keys=columns)
            self._prepared[name] = _Prepared(str(compiled), tuple(compiled.positiontup or ()), wanted_of(statement))
        return self._prepared[name]


class Database:
    """One database, used by any thread, and by a forked child through connections of its own.

    Args:
        dialect: The database.
        prepare: What is done first in a database that is new here: making its tables.
        places: What rows and readers call the places of files.

    Attributes:
        generation: How often another one was found in its place, because its file was deleted or replaced.
        is_gone: Asked where its file is missing whether it was deleted; where it was renamed, this calls ``move``.
        reading_only: How it is read where it may not be written to; None where it may.
    """

    def __init__(
        self, dialect: Dialect, prepare: Callable[[Database], None] = lambda _: None, places: Places | None = None
    ) -> None:
        self.dialect, self._prepare_tables, self.places = dialect, prepare, places or Places()
        self._prepared: dict[Any, _Prepared] = {}
        self._held = threading.local()
        self._place: object = None
        self.reading_only: object = None
        self.generation = 0
        self.is_gone: Callable[[], bool] = lambda: True
        self._opening, self._is_opening = threading.RLock(), False
        self._renew()

    def open(self) -> None:
        """See to it that the database is the one that was prepared; read and write do so by themselves.

        Raises:
            StoreUnavailable: It cannot be reached or written to now.
            StoreError: Whatever else went wrong in it.
        """
        self._in_this_process()
        for _ in range(_LOOKS):
            if self._is_current():
                return
            is_gone = self._is_missing() and self.is_gone()  # outside of the lock, for ``move`` takes it
            with self._opening:
                if self._is_opening or self._is_current():
                    return
                if is_gone or not self._is_missing():
                    self._reopen()
                    return
        raise StoreUnavailable(f"{self.dialect.label} is being renamed: try again")

    def _is_missing(self) -> bool:
        """Tell whether the database that was opened is not where it was."""
        return self._place is not None and not self._is_opening and self.dialect.place() is None

    def _is_current(self) -> bool:
        """Tell whether the database is the one that was opened, and may be read or written as then."""
        return (
            self._place is not None
            and self._place == self.dialect.place()
            and (self.reading_only is None or self.reading_only == self.dialect.reading_only())
        )

    def move(self, dialect: Dialect, places: Places) -> None:
        """Go on with the same database by the name that it has now; what is under way ends where it began."""
        with self._opening:
            before, self.dialect, self.places = self._engine, dialect, places
            self._renew()
            _drop(before)

    def _reopen(self) -> None:
        self._is_opening = True
        try:
            self._begin_anew()
        finally:
            self._is_opening = False

    def _begin_anew(self) -> None:
        found = self.dialect.place()
        if self._place is not None:
            before = self._engine
            self._renew()
            _drop(before)
            self.generation += self._place != found
        if found is None:
            self.dialect.make_folder()
        self.reading_only = self.dialect.reading_only()
        self._prepare_tables(self)
        self._place = self.dialect.place()

    def _renew(self) -> None:
        self._engine: sa.Engine = self.dialect.engine()
        self._writer = self._engine.execution_options(write=True)
        self._reader = self.dialect.reading(self._engine)
        self._turn: AbstractContextManager[Any] = self.dialect.writing()
        self._process = os.getpid()

    def _in_this_process(self) -> None:
        if self._process != os.getpid():
            _abandoned.append(self._engine)
            self._opening, self._is_opening = threading.RLock(), False
            self._renew()

    @contextmanager
    def read(self) -> Iterator[SqlConnection]:
        """Give a connection for reading.

        Raises:
            StoreUnavailable: The database cannot be reached now.
            StoreError: Whatever else went wrong in it.
        """
        self.open()
        held: SqlConnection | None = getattr(self._held, "connection", None)
        if held is not None:
            yield held
            return
        with self._unchanged(), self._translated(), self._reader.connect() as core:
            yield SqlConnection(core, self.dialect, self._prepared, self.places)

    def ask(self, read: Callable[..., T], *arguments: Any) -> T:
        """Return what a function reads by a connection, its first argument; it may be called again. Errors as in ``read``."""
        for _ in range(_ATTEMPTS - 1):
            with suppress(_ChangedWhileRead), self.read() as connection:
                return read(connection, *arguments)
        with self.read() as connection:
            return read(connection, *arguments)

    @contextmanager
    def _unchanged(self) -> Iterator[None]:
        """Raise _ChangedWhileRead, whatever else was raised, if a database that cannot be locked was changed meanwhile."""
        how = self.reading_only
        if how is None:
            yield
            return
        try:
            yield
        except NbtrackError as error:
            self._check_unchanged(how, error)
            raise
        self._check_unchanged(how)

    def _check_unchanged(self, how: object, error: Exception | None = None) -> None:
        if how != self.dialect.reading_only():
            raise _ChangedWhileRead(f"{self.dialect.label} was written to while it was read: read it once more") from error

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let all that this thread reads within have one connection: to get one takes as long as a small query."""
        with self.read() as connection:
            before, self._held.connection = getattr(self._held, "connection", None), connection
            try:
                yield
            finally:
                self._held.connection = before

    def write(self, work: Callable[[SqlConnection], T]) -> T:
        """Do some work in one transaction and return what it returns; where it raises, nothing has changed.

        The work may be called again, when another transaction got in its way.

        Raises:
            StoreUnavailable: The database cannot be reached or written to now.
            StoreError: Whatever else went wrong in it.
        """
        self.open()
        with self._translated():
            for _ in range(_ATTEMPTS - 1):
                try:
                    return self._write(work)
                except (sa.exc.DBAPIError, self._driver_error) as error:
                    if not self.dialect.is_worth_retrying(_cause(error)):
                        raise
            return self._write(work)

    def _write(self, work: Callable[[SqlConnection], T]) -> T:
        with self._turn, self._writer.begin() as core:
            return work(SqlConnection(core, self.dialect, self._prepared, self.places))

    @property
    def _driver_error(self) -> type[Exception]:
        return self._engine.dialect.loaded_dbapi.Error

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.DBAPIError, self._driver_error) as error:
            raise self._translate(_cause(error)) from error
        except OverflowError as error:
            raise InvalidInput(f"{self.dialect.label}: a number is too large for 64 bits") from error
        except sa.exc.TimeoutError as error:
            raise StoreUnavailable(f"{self.dialect.label}: all connections are in use") from error
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(f"{self.dialect.label}: {error}") from error

    def _translate(self, error: BaseException) -> NbtrackError:
        if self.dialect.is_lost(error):
            self._engine.dispose()
        return self.dialect.error(error)

    def close(self) -> None:
        """Close all connections; those in use are closed when they are given back."""
        if self._process == os.getpid():
            before = self._engine
            self._renew()
            _drop(before)


def _drop(engine: sa.Engine) -> None:
    """Close the connections of an engine that is used no more, and those that are in use when they are given back."""
    sa.event.listen(engine.pool, "checkin", lambda _, record: record.invalidate())
    engine.dispose()


def _cause(error: BaseException) -> BaseException:
    """Return the driver's own error."""
    return (error.orig or error) if isinstance(error, sa.exc.DBAPIError) else error
