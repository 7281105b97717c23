"""SQLite: a file beside the notebook, with any number of readers and one writer at a time."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ColumnElement
from typing_extensions import override

from ....errors import InvalidInput, NbtrackError, SchemaError, StoreError, StoreUnavailable
from ....journal.clock import folder_clock
from ....system.anchor import make_folders
from ..places import Home
from .base import Dialect, Unfolded
from .filesystem import has_locks, has_shared_memory
from .readonly import Reading, reading
from .sharing import create_copy, create_file, keep_private, share_log, take_back_log
from .sidefiles import check_side_files

__all__ = ["SQLite"]

_log = logging.getLogger("nbtrack")

_BUSY_TIMEOUT = 3.0  # seconds; another may be set by "?timeout=…"
_MAPPED = 1 << 30  # bytes of the file at most; SQLite reads the rest with read()
_LARGE_LOG = 4 << 20  # bytes of the write-ahead log, which SQLite reuses but never truncates
_BETWEEN_SETTLING = 1.0  # seconds
_UNAVAILABLE = {
    sqlite3.SQLITE_PERM: "may not be opened",
    sqlite3.SQLITE_BUSY: "is locked by another process",
    sqlite3.SQLITE_LOCKED: "is locked by another connection",
    sqlite3.SQLITE_NOMEM: "does not fit in memory",
    sqlite3.SQLITE_READONLY: "is read-only: let it be written to, or name another file",
    sqlite3.SQLITE_IOERR: "cannot be read or written",
    sqlite3.SQLITE_FULL: "has no space left on its disk: make some",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: the folder is missing or must not be written to",
    sqlite3.SQLITE_PROTOCOL: "cannot be locked",
    sqlite3.SQLITE_AUTH: "may not be opened",
}
_REMEDY = "have its owner let you write it and its folder, or choose another store with nbtrack.connect(folder) or NBTRACK_URI"
_GLOB = {ord("%"): "*", ord("_"): "?", ord("*"): "[*]", ord("?"): "[?]", ord("["): "[[]"}


@compiles(Unfolded, "sqlite")
def _unfolded(element: Unfolded, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


class SQLite(Dialect):
    """A SQLite file."""

    core = sqlite.dialect(paramstyle="qmark")
    is_typed = False

    def __init__(self, url: sa.URL) -> None:
        super().__init__(url)
        self._settled = -_BETWEEN_SETTLING
        self._is_private = False
        if url.database in (None, "", ":memory:"):
            raise InvalidInput(f"{self.label} names no file: write sqlite:///runs.db, or memory: to keep nothing")

    @property
    def label(self) -> str:
        """The name of the file in errors."""
        return str(self.path)

    @cached_property
    def path(self) -> Path:
        """The absolute path of the file, so that a change of the working directory does not matter."""
        return Path(str(self.url.database)).absolute()

    @override
    def moved(self, old: Path, new: Path) -> SQLite | None:
        if not self.path.is_relative_to(old):
            return None
        return SQLite(self.url.set(database=str(new / self.path.relative_to(old))))

    @override
    def home(self) -> Home:
        return Home(self.path)

    @override
    def place(self) -> tuple[int, int] | None:
        # SQLite itself goes on writing to a file that was deleted.
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    @override
    def now(self) -> int | None:
        # The file system's time, which is a file server's where several machines share the database.
        return folder_clock(self.path.parent)

    @override
    def reading_only(self) -> Reading | None:
        try:
            return reading(self.path)
        except OSError:  # the file is gone or may not be read: SQLite reports it
            return None

    @override
    def engine(self) -> sa.Engine:
        options: dict[str, Any] = {"check_same_thread": False}
        if "timeout" not in self.url.query:
            options["timeout"] = _BUSY_TIMEOUT
        engine = sa.create_engine(self.url.set(database=str(self.path)), connect_args=options, max_overflow=-1)
        sa.event.listen(engine, "do_connect", self._connect)
        sa.event.listen(engine, "begin", _begin)
        return engine

    @override
    def make_folder(self) -> None:
        try:
            make_folders(self.path.parent)
        except OSError as error:
            raise StoreUnavailable(f"the folder of {self.path} cannot be made: {error.strerror or error}") from error

    def _connect(self, dialect: sa.Dialect, _record: object, arguments: Any, options: Any) -> Any:
        """Open a connection, with a write-ahead log if the file system supports it, else with a rollback journal."""
        check_side_files(self.path)
        if (how := self.reading_only()) is not None:
            return _connect_to_read(dialect, how, self.path, options)
        create_file(self.path, is_private=self._is_private)
        take_back_log(self.path)
        connection: Any = dialect.connect(*arguments, **options)
        try:
            if not self._has_journal(connection):
                connection.close()
                self._leave_log()
                connection = dialect.connect(*arguments, **options)
            share_log(self.path)
            _set_up(connection)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _has_journal(self, connection: Any) -> bool:
        """Switch the file to a write-ahead log if possible; return whether it can be used with its current journal."""
        try:
            (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
            if mode != "wal" and has_shared_memory(self.path.parent):
                connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            return _code(error) != sqlite3.SQLITE_IOERR
        return True

    def _leave_log(self) -> None:
        """Switch a file that was copied from another file system from a write-ahead log to a rollback journal."""
        with suppress(sqlite3.Error), closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # then SQLite needs no shared memory
            connection.execute("PRAGMA journal_mode = DELETE")

    @override
    def writing(self) -> AbstractContextManager[Any]:
        # Waiting for a lock is fairer and faster than letting SQLite retry.
        return (
            threading.RLock()
        )  # reentrant: a signal handler that writes while its thread does gets an error that the file is locked

    @override
    def insert_or_pass(self, table: sa.Table) -> sa.Insert:
        return sqlite.insert(table).on_conflict_do_nothing(index_elements=list(table.primary_key))

    @override
    def upsert(self, table: sa.Table) -> sa.Insert:
        insert = sqlite.insert(table)
        updates = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
        return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=updates)

    @override
    def insert_returning_key(self, table: sa.Table) -> sa.Insert:
        # Not RETURNING: SQLite before 3.35 lacks it.
        return sa.insert(table)

    @override
    def inserted_key(self, cursor: sqlite3.Cursor) -> int:
        return int(cursor.lastrowid or 0)

    @override
    def lock_schema(self, connection: sa.Connection) -> AbstractContextManager[None]:
        # A write transaction excludes every other one already.
        return nullcontext()

    @override
    def back_up(self, version: str) -> None:
        # ``runs.db`` is copied to ``runs.db.0001.backup``.
        target = self.path.with_name(f"{self.path.name}.{version}.backup")
        create_copy(target, self.path)
        check_side_files(target)
        with closing(sqlite3.connect(self.path)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)

    @override
    def keep_private(self) -> None:
        self._is_private = True
        self.make_folder()
        try:
            if keep_private(self.path):
                _log.warning("nbtrack: %s has users in it: from now on nobody but its owner may open it", self.path)
        except OSError as error:
            raise StoreUnavailable(
                f"{self.path} has users in it, and others may open it ({error.strerror}): its owner says `chmod 600 {self.path}`"
            ) from error

    @override
    def is_immediate(self) -> bool:
        # With a write-ahead log writers do not block readers.
        return self.path.with_name(f"{self.path.name}-wal").exists()

    @override
    def settle(self) -> None:
        # Checkpoints a large write-ahead log, unless a reader still needs it.
        log = self.path.with_name(f"{self.path.name}-wal")
        now = time.monotonic()
        with suppress(OSError, sqlite3.Error):
            # A checkpoint syncs the disk, so not after each of many small writes.
            if now - self._settled > _BETWEEN_SETTLING and log.stat().st_size > _LARGE_LOG:
                self._settled = now
                with closing(sqlite3.connect(self.path, timeout=0)) as connection:
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @override
    def is_worth_retrying(self, error: BaseException) -> bool:
        # Writers never run at the same time.
        return False

    @override
    def is_lost(self, error: BaseException) -> bool:
        # There is no server to lose.
        return False

    @override
    def error(self, error: BaseException) -> NbtrackError:
        code = _code(error)
        if code == sqlite3.SQLITE_BUSY and not has_locks(self.path.parent):
            instead = "name a file on another one, as in nbtrack.connect('sqlite:////var/tmp/runs.db')"
            return StoreUnavailable(f"{self.label} cannot be locked, for its file system has no locks: {instead}")
        if code == sqlite3.SQLITE_READONLY and self.reading_only() is not None:
            return StoreUnavailable(f"{self.label} may only be read here: {_REMEDY}")
        if code in _UNAVAILABLE:
            return StoreUnavailable(f"{self.label} {_UNAVAILABLE[code]} ({error})")
        if code == sqlite3.SQLITE_NOTADB:
            return SchemaError(f"{self.label} is not a SQLite database, so not a store of nbtrack; name another file")
        if code == sqlite3.SQLITE_CORRUPT:
            return StoreError(f"{self.label} is damaged ({error}); sqlite3's .recover may save what is in it")
        return StoreError(f"{self.label}: {error}")

    @override
    def like(self, column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
        # GLOB, because LIKE ignores case in SQLite.
        return column.bool_op("GLOB")(pattern.translate(_GLOB))

    @override
    def is_among(self, key: sa.Column[Any], other: sa.Column[Any], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
        # SQLite evaluates the list once, which is faster than a subquery for every row.
        return key.in_(sa.select(other).where(*conditions))


def _code(error: BaseException) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _connect_to_read(dialect: sa.Dialect, how: Reading, path: Path, options: Any) -> Any:
    connection: Any = dialect.connect(how.uri(path), **options, uri=True)
    connection.isolation_level = None
    if how.is_alone:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # then SQLite needs no shared memory
    return connection


def _set_up(connection: Any) -> None:
    """Prepare a new connection; only ``_begin`` begins transactions."""
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA trusted_schema = OFF")  # the file's schema may not call functions with side effects
    connection.execute("PRAGMA wal_autocheckpoint = 4000")  # pages, 16 MB: a sync of the file less often than by default


def _begin(connection: sa.Connection) -> None:
    if connection.get_execution_options().get("write"):
        connection.connection.cursor().execute("BEGIN IMMEDIATE")
