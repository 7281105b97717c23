"""What differs from engine to engine, and nothing of it anywhere else."""

from __future__ import annotations

from sqlalchemy import URL

from .base import Dialect
from .url import url_of

__all__ = ["Dialect", "dialect_of", "url_of"]


def dialect_of(url: URL) -> Dialect:
    """Return the dialect of a database."""
    engine = url.get_backend_name()
    if engine == "sqlite":
        from .sqlite import SQLite

        return SQLite(url)
    if engine in ("mysql", "mariadb"):
        from .mysql import MySQL

        return MySQL(url)
    from .postgresql import PostgreSQL

    return PostgreSQL(url)
