"""Everything that differs between database engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # unopened.py, a module beside this, must not load SQLAlchemy
    from sqlalchemy import URL

    from .base import Dialect

__all__ = ["dialect_of"]


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
