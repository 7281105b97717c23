"""The store of an unpickled run, whose project may have been moved since it was pickled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..delivery.connection import Connection
from ..delivery.connections import connection_to, connections
from ..errors import InvalidInput, NbtrackError
from ..journal.reader import journals
from ..settings import Settings, resolve, working_directory
from ..system.file_uri import sqlite_uri

__all__ = ["connection_of_pickled"]


def connection_of_pickled(settings: Settings, run_id: str) -> Connection:
    """Return the connection for a run that was pickled with these settings.

    Where their folder is gone, it is the first that knows the run: of this process's connections, and of the project in the
    working directory. Reading does not make the folder again.
    """
    root = settings.root
    if root is None or root.exists():
        return connection_to(settings)
    for found in _others(settings):
        if settings.database is None or _knows(found, run_id):
            return found
    return connection_to(settings, makes_folder=False)


def _others(settings: Settings) -> Iterator[Connection]:
    """Yield the connections to look in; for a store outside the folder, the same one with the journals of this project."""
    try:
        if settings.database is None:
            yield connection_to(replace(resolve(settings.uri, environ={}, config={}), experiment=settings.experiment))
            return
        yield from connections()
        yield connection_to(resolve(environ={}, config={}), makes_folder=False)
        here = Path(working_directory()) / settings.database.name
        if here.is_file():
            yield connection_to(resolve(sqlite_uri(here), environ={}, config={}), makes_folder=False)
    except InvalidInput:  # the working directory has no project that can be used
        return


def _knows(connection: Connection, run_id: str) -> bool:
    if any(True for home in connection.journals for _ in journals(home, run_id)):
        return True
    database = connection.settings.database
    if database is None or not database.is_file():
        return False
    try:
        connection.store().get_run(run_id)
    except NbtrackError:
        return False
    return True
