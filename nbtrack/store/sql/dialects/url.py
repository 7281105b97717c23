"""The URL of a database from its URI."""

from __future__ import annotations

import sqlalchemy as sa

from ....system.file_uri import database_path

__all__ = ["url_of"]


def url_of(uri: str) -> sa.URL:
    """Return the URL of a database, with the path of a file decoded: older versions of SQLAlchemy do not decode %XX.

    Raises:
        sqlalchemy.exc.ArgumentError, ValueError: It cannot be read.
    """
    path = database_path(uri)
    if path is None:
        return sa.make_url(uri)
    options = sa.make_url(f"sqlite:///?{uri.partition('?')[2]}").query
    return sa.URL.create(uri.partition(":")[0].lower(), database=str(path), query=options)
