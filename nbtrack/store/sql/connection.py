"""A connection to a database: prepared statements and raw rows, which are five times as fast as SQLAlchemy's results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ..protocol.search import Query
from .damage import Wanted, check_rows, wanted_of
from .dialects.base import Dialect
from .places import Places

__all__ = ["PreparedStatement", "SelectText", "SqlConnection", "text_of"]

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class PreparedStatement:
    """A statement in the engine's SQL, the names of its parameters in order, and the types that its columns may have."""

    sql: str
    names: tuple[str, ...]
    wanted: tuple[Wanted, ...] = ()


@dataclass(frozen=True, slots=True)
class SelectText:
    """A select in the engine's SQL, and the values of its parameters in order."""

    sql: str
    values: tuple[Any, ...]


def text_of(statement: sa.Select[Any], dialect: Dialect) -> SelectText:
    """Return a select as a string; compiling takes longer than many searches, so cache it."""
    compiled = statement.compile(dialect=dialect.core, compile_kwargs={"render_postcompile": True})
    return SelectText(str(compiled), tuple(compiled.params[name] for name in compiled.positiontup or ()))


class SqlConnection:
    """A connection that reads and writes raw rows.

    Statements are SQLAlchemy's, built once at import; each is compiled once in a process.

    Attributes:
        core: SQLAlchemy's connection, for statements that differ from call to call.
        places: Translates the URIs in rows to those that readers see.
    """

    def __init__(self, core: sa.Connection, dialect: Dialect, prepared: dict[Any, PreparedStatement], places: Places) -> None:
        self.core, self.dialect, self.places = core, dialect, places
        self._driver = core.connection.dbapi_connection
        self._prepared = prepared

    def rows(self, statement: sa.Select[Any], **values: Any) -> Sequence[Any]:
        """Return all rows of a select, as tuples."""
        with closing(self._execute(statement, values)) as cursor:
            return self._checked(statement, cursor.fetchall())

    def raw_rows(self, statement: sa.Select[Any] | sa.CompoundSelect[Any], **values: Any) -> Sequence[Any]:
        """Return all rows of a select without checking their types; the caller does."""
        with closing(self._execute(statement, values)) as cursor:
            return cursor.fetchall()  # type: ignore[no-any-return]  # the driver has no types

    def found(self, text: SelectText) -> Sequence[Any]:
        """Return all rows of a compiled select, as tuples."""
        with closing(self._driver.cursor()) as cursor:  # type: ignore[union-attr]
            cursor.execute(text.sql, text.values)
            return cursor.fetchall()

    def row(self, statement: sa.Select[Any], **values: Any) -> Any:
        """Return the first row of a select, None where there is none."""
        found = self.first(statement, **values)
        return None if found is None else self._checked(statement, (found,))[0]

    def first(self, statement: sa.Select[Any], **values: Any) -> Any:
        """Return the first row of a select without checking its types; None where there is none."""
        with closing(self._execute(statement, values)) as cursor:
            return cursor.fetchone()

    def selected(self, statement: sa.Select[Any]) -> Sequence[Any]:
        """Return all rows of a select that differs from call to call."""
        found = self.core.execute(statement).all()
        if found and not self.dialect.is_typed:
            check_rows(self.dialect.label, wanted_of(statement), found)
        return found

    def page(self, statement: sa.Select[Any], query: Query) -> tuple[Sequence[Any], bool]:
        """Return the rows of a select up to the limit of a query, and whether there are more."""
        limit = query.limit
        rows = self.selected(statement.limit(None if limit is None else limit + 1).offset(query.offset or None))
        return (rows, False) if limit is None else (rows[:limit], len(rows) > limit)

    def _checked(self, statement: Any, found: Sequence[Any]) -> Sequence[Any]:
        """Return rows whose values have the types of their columns; DamagedRow."""
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
        """Return the time in milliseconds by the database's own clock; None if it has none."""
        clock = self.dialect.clock
        return self.dialect.now() if clock is None else int(self.row(clock)[0])

    def insert(self, table: sa.Table, rows: Sequence[Row]) -> None:
        """Insert rows, whose values are in the order of the table's columns."""
        self._insert(("insert", table), sa.insert, table, rows)

    def insert_or_pass(self, table: sa.Table, rows: Sequence[Row]) -> None:
        """Insert rows, and ignore those whose primary key exists."""
        self._insert(("insert_or_pass", table), self.dialect.insert_or_pass, table, rows)

    def upsert(self, table: sa.Table, rows: Sequence[Row]) -> None:
        """Insert rows, and overwrite those whose primary key exists."""
        self._insert(("upsert", table), self.dialect.upsert, table, rows)

    def insert_one(self, table: sa.Table, row: Row) -> int:
        """Insert a row without its first column, which the engine numbers, and return that number."""
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

    def _prepare(self, name: Any, statement: Any, columns: dict[str, None] | None = None) -> PreparedStatement:
        if name not in self._prepared:
            compiled = statement.compile(dialect=self.dialect.core, column_keys=columns)
            self._prepared[name] = PreparedStatement(str(compiled), tuple(compiled.positiontup or ()), wanted_of(statement))
        return self._prepared[name]
