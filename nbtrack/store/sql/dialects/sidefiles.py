"""Checks the files beside a database before SQLite opens them: it follows links, and deletes files that they name."""

from __future__ import annotations

import os
from pathlib import Path

from ....errors import StoreUnavailable

__all__ = ["check_side_files"]

_SUFFIXES = ("-journal", "-wal", "-shm")
_MAGIC = bytes.fromhex("d9d505f920a163d7")  # the end of a rollback journal that names another file


def check_side_files(database: Path) -> None:
    """Refuse a database with a file beside it that would make SQLite write to or delete files elsewhere.

    SQLite writes its log and its shared memory into what a link leads to. And a rollback journal may name another journal,
    that of a transaction over several databases, which SQLite deletes; nbtrack has no such transactions.

    Raises:
        StoreUnavailable: There is such a file.
    """
    real = os.path.realpath(database)
    for suffix in _SUFFIXES:
        beside = Path(real + suffix)
        if beside.is_symlink():
            raise StoreUnavailable(f"{beside} is a link, through which SQLite would write to another file: remove it")
        if beside.exists() and not beside.is_file():
            raise StoreUnavailable(f"{beside} is no file: remove it")
    if _names_another(Path(real + _SUFFIXES[0])):
        raise StoreUnavailable(f"{real}-journal names another file, which SQLite would delete: remove that journal")


def _names_another(journal: Path) -> bool:
    try:
        with journal.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - len(_MAGIC)))
            return file.read() == _MAGIC
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreUnavailable(f"{journal} cannot be read: {error.strerror or error}") from error
