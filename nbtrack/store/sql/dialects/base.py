"""What a SQL engine must be able to do for a store."""

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
    """The texts of a JSON array as a table of ``value`` and ``key``, the place in the array: one parameter for any number."""

    inherit_cache = True


class Mean(FunctionElement[float]):
    """The mean of a metric, from its row of ``metrics``; NULL of a metric that is never a number."""

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
    """Return the condition that a column is one of the texts in a JSON array."""
    values = _unfolded(parameter)
    return column.in_(sa.select(sa.cast(values.c.value, sa.Text())))


def listed(column: sa.Column[str], parameter: str) -> tuple[ColumnElement[int], sa.Join]:
    """Return the rows of which a column is one of the texts in a JSON array, and the place of each in the array.

    Where the table is large beside the array, every engine answers this from an index.
    """
    values = _unfolded(parameter)
    return values.c.key, values.join(column.table, column == sa.cast(values.c.value, sa.Text()))


def _unfolded(parameter: str) -> sa.TableValuedAlias:
    return Unfolded(sa.bindparam(parameter, type_=sa.Text())).table_valued("value", "key")


class Dialect(ABC):
    """One database, in the language of its engine.

    Attributes:
        url: The database.
        core: SQLAlchemy's dialect, with positional parameters.
        clock: Asks the server for its time in milliseconds; None where there is no server.
        is_typed: Whether a column has nothing but values of its type.
    """

    core: sa.Dialect
    clock: sa.Select[int] | None = None
    is_typed = True

    def __init__(self, url: sa.URL) -> None:
        self.url = url

    @property
    def label(self) -> str:
        """The database as errors call it, without its password."""
        return without_password(self.url.render_as_string(hide_password=True))

    @abstractmethod
    def engine(self) -> sa.Engine:
        """Return a new engine with its pool.

        Connections of its ``write`` option hold the right to write from the beginning of a transaction on.
        """

    def make_folder(self) -> None:  # noqa: B027 - a server has none
        """Make the folder of a database that is a file.

        Raises:
            StoreUnavailable: It cannot be made.
        """

    def reading(self, engine: sa.Engine) -> sa.Engine:
        """Return the engine as it is best used for reading."""
        return engine

    def moved(self, old: Path, new: Path) -> Dialect | None:
        """Return the same database after a folder was renamed; None where it does not lie in that."""
        return None

    def home(self) -> Home | None:
        """Return the folders that belong to the database; None where it is not a file."""
        return None

    def place(self) -> object:
        """Return what tells the database from another one that has taken its place; None where it is gone."""
        return ""

    def now(self) -> int | None:
        """Return the time in milliseconds by the database's own clock where no server has one; None where it cannot be told."""
        return None

    def reading_only(self) -> object:
        """Return what connections depend on where the database may only be read: others are made when it changes; else None."""
        return None

    @abstractmethod
    def writing(self) -> AbstractContextManager[Any]:
        """Return what lets this process's threads write in turn, where the engine itself does not."""

    @abstractmethod
    def insert_or_pass(self, table: sa.Table) -> sa.Insert:
        """Return an insert that passes over rows whose primary key is there."""

    @abstractmethod
    def upsert(self, table: sa.Table) -> sa.Insert:
        """Return an insert that overwrites rows whose primary key is there."""

    @abstractmethod
    def insert_returning_key(self, table: sa.Table) -> sa.Insert:
        """Return an insert for ``inserted_key``."""

    @abstractmethod
    def inserted_key(self, cursor: Any) -> int:
        """Return the key that the engine gave the row just inserted."""

    @abstractmethod
    def lock_schema(self, connection: sa.Connection) -> AbstractContextManager[None]:
        """Let nobody else make or migrate tables meanwhile, and until what was made can be seen by all."""

    @abstractmethod
    def back_up(self, version: str) -> None:
        """Keep a copy of the database as it is at ``version``, where that is a plain file."""

    def keep_private(self) -> None:  # noqa: B027
        """Let nobody but its owner open the database, where that is a plain file."""

    def cursor(self, driver: Any) -> Any:
        """Return a new cursor of the driver's connection."""
        return driver.cursor()

    def is_immediate(self) -> bool:
        """Tell whether reading waits neither for a server nor for a lock."""
        return False

    def settle(self) -> None:  # noqa: B027
        """Put what was written where it is to stay, after much of it and where the engine leaves that for later."""

    @abstractmethod
    def is_worth_retrying(self, error: BaseException) -> bool:
        """Tell whether the same transaction may succeed now: two that ran at the same time got in each other's way."""

    @abstractmethod
    def is_lost(self, error: BaseException) -> bool:
        """Tell whether the connection is gone."""

    @abstractmethod
    def error(self, error: BaseException) -> NbtrackError:
        """Return what an error of the driver means to the caller of a store."""

    def like(self, column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
        """Return whether a text matches a pattern, case and all: ``%`` is any text, ``_`` one character, nothing escapes."""
        return column.like(pattern, escape="")

    def ilike(self, column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
        """Return whether a string in ASCII lower case matches a pattern without capital ASCII letters, as ``like`` matches."""
        return self.like(sa.func.lower(column), pattern)

    def is_among(self, key: sa.Column[Any], other: sa.Column[Any], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
        """Return whether a row whose ``other`` is this row's ``key`` meets conditions that an index answers."""
        return sa.exists(sa.select(sa.literal(1)).where(other == key, *conditions).correlate(key.table))
