"""What a store needs of a SQL engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from ....errors import NbtrackError
from ....settings import without_password
from ..places import Home

__all__ = ["Dialect", "Mean", "Unfolded", "among", "listed"]


class Unfolded(FunctionElement[Any]):
    """The strings of a JSON array as a table of ``value`` and ``key``, the position: one parameter for any number of strings."""

    inherit_cache = True


class Mean(FunctionElement[float]):
    """The mean of a metric, from its row of ``metrics``; NULL if all its values are NaN."""

    inherit_cache = True
    type = sa.Double()

    def __init__(self, table: sa.FromClause) -> None:
        self.total: ColumnElement[float] = table.c.total
        self.quotient = table.c.total / sa.func.nullif(table.c.count - table.c.nan_count, sa.literal_column("0"))
        super().__init__(table.c.total, table.c.count, table.c.nan_count)


@compiles(Mean)
def _mean(element: Mean, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.quotient, **options)


def among(column: sa.Column[str], parameter: str) -> ColumnElement[bool]:
    """Return the condition that a column is one of the strings in a JSON array."""
    values = _unfolded(parameter)
    return column.in_(sa.select(sa.cast(values.c.value, sa.Text())))


def listed(column: sa.Column[str], parameter: str) -> tuple[ColumnElement[int], sa.Join]:
    """Return the position of each row in a JSON array of strings, and the rows whose column is one of them.

    If the table is large compared with the array, every engine uses an index.
    """
    values = _unfolded(parameter)
    return values.c.key, values.join(column.table, column == sa.cast(values.c.value, sa.Text()))


def _unfolded(parameter: str) -> sa.TableValuedAlias:
    return Unfolded(sa.bindparam(parameter, type_=sa.Text())).table_valued("value", "key")


class Dialect(ABC):
    """One database, in the SQL of its engine.

    Attributes:
        url: The database.
        core: SQLAlchemy's dialect, with positional parameters.
        clock: A select of the server's time in milliseconds; None if there is no server.
        is_typed: Whether the engine enforces the types of columns.
    """

    core: sa.Dialect
    clock: sa.Select[int] | None = None
    is_typed = True

    def __init__(self, url: sa.URL) -> None:
        self.url = url

    @property
    def label(self) -> str:
        """The name of the database in errors, without its password."""
        return without_password(self.url.render_as_string(hide_password=True))

    @abstractmethod
    def engine(self) -> sa.Engine:
        """Return a new engine with its pool.

        With the option ``write``, a transaction takes the lock for writing when it begins.
        """

    def make_folder(self) -> None:  # noqa: B027 - a server has none
        """Make the folder of a database that is a file.

        Raises:
            StoreUnavailable: It cannot be made.
        """

    def reading(self, engine: sa.Engine) -> sa.Engine:
        """Return the engine with the options that suit reading."""
        return engine

    def moved(self, old: Path, new: Path) -> Dialect | None:
        """Return the same database after a folder was renamed; None if it is not in that folder."""
        return None

    def home(self) -> Home | None:
        """Return the folders that belong to the database; None if it is not a file."""
        return None

    def place(self) -> object:
        """Return an identity that differs if another database takes its place; None if the file is missing."""
        return ""

    def now(self) -> int | None:
        """Return the time in milliseconds by the clock of a database without a server; None if it has none."""
        return None

    def reading_only(self) -> object:
        """Return how a read-only database is read, for connections depend on it; None if it can be written to."""
        return None

    @abstractmethod
    def writing(self) -> AbstractContextManager[Any]:
        """Return a lock that orders this process's writing threads, if the engine does not."""

    @abstractmethod
    def insert_or_pass(self, table: sa.Table) -> sa.Insert:
        """Return an insert that ignores rows whose primary key exists."""

    @abstractmethod
    def upsert(self, table: sa.Table) -> sa.Insert:
        """Return an insert that overwrites rows whose primary key exists."""

    @abstractmethod
    def insert_returning_key(self, table: sa.Table) -> sa.Insert:
        """Return an insert for ``inserted_key``."""

    @abstractmethod
    def inserted_key(self, cursor: Any) -> int:
        """Return the key of the row just inserted."""

    @abstractmethod
    def lock_schema(self, connection: sa.Connection) -> AbstractContextManager[None]:
        """Lock the schema against other processes until new tables are visible to them."""

    @abstractmethod
    def back_up(self, version: str) -> None:
        """Copy a database that is a file, as a backup of its ``version``."""

    def keep_private(self) -> None:  # noqa: B027
        """Restrict a database that is a file to its owner."""

    def cursor(self, driver: Any) -> Any:
        """Return a new cursor of the driver's connection."""
        return driver.cursor()

    def is_immediate(self) -> bool:
        """Return whether reading waits neither for a server nor for a lock."""
        return False

    def settle(self) -> None:  # noqa: B027
        """Do the upkeep that the engine defers, if much was written."""

    @abstractmethod
    def is_worth_retrying(self, error: BaseException) -> bool:
        """Return whether a transaction that conflicted with another one may succeed if it is run again."""

    @abstractmethod
    def is_lost(self, error: BaseException) -> bool:
        """Return whether the connection is lost."""

    @abstractmethod
    def error(self, error: BaseException) -> NbtrackError:
        """Return an error of the driver as an error of a store."""

    def like(self, column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
        """Return whether a string matches a pattern, case-sensitively: ``%`` is any string, ``_`` one character; no escapes."""
        return column.like(pattern, escape="")

    def ilike(self, column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
        """Return whether a string in ASCII lower case matches a pattern without capital ASCII letters, as ``like`` matches."""
        return self.like(sa.func.lower(column), pattern)

    def is_among(self, key: sa.Column[Any], other: sa.Column[Any], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
        """Return whether a row with this row's ``key`` in ``other`` meets conditions that have an index."""
        return sa.exists(sa.select(sa.literal(1)).where(other == key, *conditions).correlate(key.table))
