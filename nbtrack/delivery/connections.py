"""This process's connections, one for each store, and what becomes of them in a forked child."""

from __future__ import annotations

import os
import threading

from ..settings import Settings
from ..system.anchor import forget_name
from .connection import Connection

__all__ = ["connection_to", "connections"]

_FORK_TIMEOUT = 2.0

_connections: dict[Settings, Connection] = {}
_lock = threading.RLock()


def connection_to(settings: Settings, *, makes_folder: bool = True) -> Connection:
    """Return this process's connection for these settings, the same one each time.

    Args:
        settings: Where the store is.
        makes_folder: Whether a missing folder is made for reading too, not only for what is logged.
    """
    for connection in connections():
        connection.follow()  # or the former name of a renamed folder would stand for its store
    with _lock:
        if settings not in _connections:
            if settings.root is not None:
                forget_name(settings.root)
            _connections[settings] = Connection(settings, makes_folder=makes_folder, on_moved=_note_move)
        connection = _connections[settings]
        connection.makes_folder |= makes_folder
        return connection


def connections() -> list[Connection]:
    """Return all connections of this process."""
    with _lock:
        return list(_connections.values())


def _note_move(connection: Connection, before: Settings) -> None:
    """Find a connection by its new settings after its folder was renamed."""
    with _lock:
        if _connections.get(before) is connection:
            del _connections[before]
            _connections.setdefault(connection.settings, connection)


def _before_fork() -> None:
    for connection in list(_connections.values()):
        connection.flusher.settle(_FORK_TIMEOUT)


def _after_fork() -> None:
    global _lock  # noqa: PLW0603
    _lock = threading.RLock()
    for connection in _connections.values():
        connection.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork)
