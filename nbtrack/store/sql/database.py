"""A database as a store uses it: opening, transactions, and errors translated to the store's."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, TypeVar

import sqlalchemy as sa

from ...errors import InvalidInput, NbtrackError, StoreError, StoreUnavailable
from .connection import PreparedStatement, SqlConnection
from .dialects.base import Dialect
from .places import Places

__all__ = ["Database"]

T = TypeVar("T")

_ATTEMPTS = 5
_LOOKS = 20  # at a file whose folder is renamed repeatedly
_abandoned: list[sa.Engine] = []  # a parent process's engines in a forked child, which must neither use nor close them


class _ChangedWhileRead(StoreUnavailable):
    """What was read may be partly old and partly new, for the database was written to meanwhile."""


class Database:
    """One database for all threads; a forked child opens connections of its own.

    Args:
        dialect: The database.
        prepare: Called with a database before its first use: creates or migrates its tables.
        places: Translates the URIs in rows to those that readers see.

    Attributes:
        generation: How often its file was replaced by another database, or was deleted.
        is_gone: Called when the file is missing; returns whether it was deleted, and calls ``move`` where it was renamed.
        reading_only: How the database is read where it cannot be written to; None where it can.
    """

    def __init__(
        self, dialect: Dialect, prepare: Callable[[Database], None] = lambda _: None, places: Places | None = None
    ) -> None:
        self.dialect, self._prepare_tables, self.places = dialect, prepare, places or Places()
        self._prepared: dict[Any, PreparedStatement] = {}
        self._held = threading.local()
        self._place: object = None
        self.reading_only: object = None
        self.generation = 0
        self.is_gone: Callable[[], bool] = lambda: True
        self._opening, self._is_opening = threading.RLock(), False
        self._renew()

    def open(self) -> None:
        """Open the database, and again where its file was replaced; read and write call this.

        Raises:
            StoreUnavailable: The database cannot be reached or written to now.
            StoreError: Any other error of the database.
        """
        self._in_this_process()
        for _ in range(_LOOKS):
            if self._is_current():
                return
            is_gone = self._is_missing() and self.is_gone()  # outside the lock, because ``move`` takes it
            with self._opening:
                if self._is_opening or self._is_current():
                    return
                if is_gone or not self._is_missing():
                    self._reopen()
                    return
        raise StoreUnavailable(f"{self.dialect.label} is being renamed: try again")

    def _is_missing(self) -> bool:
        """Return whether the file of the opened database is no longer at its path."""
        return self._place is not None and not self._is_opening and self.dialect.place() is None

    def _is_current(self) -> bool:
        """Return whether the opened database is still in place, with the same access."""
        return (
            self._place is not None
            and self._place == self.dialect.place()
            and (self.reading_only is None or self.reading_only == self.dialect.reading_only())
        )

    def move(self, dialect: Dialect, places: Places) -> None:
        """Use the same database at a new path; transactions in progress end with the old connections."""
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
        """Yield a connection for reading.

        Raises:
            StoreUnavailable: The database cannot be reached now.
            StoreError: Any other error of the database.
        """
        self.open()
        held: SqlConnection | None = getattr(self._held, "connection", None)
        if held is not None:
            yield held
            return
        with self._unchanged(), self._translated(), self._reader.connect() as core:
            yield SqlConnection(core, self.dialect, self._prepared, self.places)

    def ask(self, read: Callable[..., T], *arguments: Any) -> T:
        """Return the result of ``read``, whose first argument is a connection; it may be called several times."""
        for _ in range(_ATTEMPTS - 1):
            with suppress(_ChangedWhileRead), self.read() as connection:
                return read(connection, *arguments)
        with self.read() as connection:
            return read(connection, *arguments)

    @contextmanager
    def _unchanged(self) -> Iterator[None]:
        """Raise _ChangedWhileRead if a database that cannot be locked was changed meanwhile, even after another error."""
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
            raise _ChangedWhileRead(f"{self.dialect.label} was written to while it was read: read it again") from error

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let all reads of this thread share one connection: checking one out costs as much as a small query."""
        with self.read() as connection:
            before, self._held.connection = getattr(self._held, "connection", None), connection
            try:
                yield
            finally:
                self._held.connection = before

    def write(self, work: Callable[[SqlConnection], T]) -> T:
        """Run ``work`` in one transaction and return its result; if it raises, nothing has changed.

        ``work`` is called again if another transaction conflicted with it.

        Raises:
            StoreUnavailable: The database cannot be reached or written to now.
            StoreError: Any other error of the database.
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
        """Close all connections; those in use are closed when they return to the pool."""
        if self._process == os.getpid():
            before = self._engine
            self._renew()
            _drop(before)


def _drop(engine: sa.Engine) -> None:
    """Close the connections of an engine that is no longer used; those in use when they return to the pool."""
    sa.event.listen(engine.pool, "checkin", lambda _, record: record.invalidate())
    engine.dispose()


def _cause(error: BaseException) -> BaseException:
    """Return the driver's error, which SQLAlchemy may have wrapped."""
    return (error.orig or error) if isinstance(error, sa.exc.DBAPIError) else error
