"""Queries of a SQLite store without opening it: SQLAlchemy is not loaded, no file is created, no lock is waited for.

A store takes a quarter of a second to open, which nobody should wait for who only starts a run.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from ....entities.run import LifecycleStage
from ....errors import StoreUnavailable
from .readonly import may_write
from .sidefiles import check_side_files

__all__ = ["is_deleted"]

_PATIENCE = 0.25  # seconds for one query: in a malicious file "experiments" may be a view without an end
_STEPS = 10_000  # of SQLite's virtual machine between two checks of the clock
_STAGE = "SELECT stage FROM experiments WHERE name = ?"

# The times and sizes of the files of a database; None for a missing one.
_Files = tuple[tuple[int, int] | None, ...]


def is_deleted(path: Path, experiment: str) -> bool:
    """Return whether the experiment of that name is deleted in a store's file; False if the file or experiment does not exist.

    Raises:
        StoreUnavailable: The file does not say so at once: it is locked, just being written, or no store.
    """
    real = Path(os.path.realpath(path))
    if not real.is_file():
        return False
    try:
        return _stage(real, experiment) == LifecycleStage.DELETED.value
    except (sqlite3.Error, OSError) as error:
        raise StoreUnavailable(f"{path} cannot be read now: {error}") from error


def _stage(real: Path, experiment: str) -> object:
    before = _files(real)
    if before[1:] != (None, None):  # there are locks, or a log that others write to
        return _asked(real, _shared_options(real), experiment)
    # Opened in any other way, a file without a log would get one, which would stay.
    found = _asked(real, "immutable=1", experiment)
    return found if _files(real) == before else _asked(real, _shared_options(real), experiment)


def _files(real: Path) -> _Files:
    return tuple([_seen(f"{real}{suffix}") for suffix in ("", "-wal", "-journal")])


def _seen(path: str) -> tuple[int, int] | None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size


def _shared_options(real: Path) -> str:
    """Return how to read a file that other processes write to."""
    check_side_files(real)
    if may_write(real):
        return "mode=ro"
    if not Path(f"{real}-shm").exists():
        raise StoreUnavailable(f"{real} may only be read here, and has a log without shared memory")
    return "mode=ro&readonly_shm=1"


def _asked(real: Path, options: str, experiment: str) -> object:
    uri = f"file:{quote(str(real))}?{options}"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_PATIENCE)) as connection:
        end = time.monotonic() + _PATIENCE
        connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
        connection.execute("PRAGMA trusted_schema = OFF")
        row = connection.execute(_STAGE, (experiment,)).fetchone()
    return None if row is None else row[0]
