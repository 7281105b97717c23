"""Opening a store by its URI."""

from __future__ import annotations

from ..errors import InvalidInput
from ..settings import without_password
from .protocol.store import Store

__all__ = ["check_uri", "open_store"]

_KINDS = {
    "memory": "memory",
    "sqlite": "sqlite",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "http": "server",
    "https": "server",
}


def open_store(uri: str, *, artifact_root: str, served: str = "") -> Store:
    """Open the store at ``sqlite:///…``, ``postgresql://…``, ``mysql://…``, ``http(s)://…`` or ``memory:``.

    A new database and its tables are created.

    Args:
        uri: The store; of SQLite ``sqlite:///runs.db`` is relative to the working directory and ``sqlite:////data/runs.db``
            is absolute. ``?timeout=10`` sets for how many seconds a lock of SQLite is waited for.
        artifact_root: Where the artifacts of new experiments go, a folder or a URI; a server has its own place for them.
        served: The URI of the artifacts that a server keeps, where the root leads clients through the server to them.

    Raises:
        InvalidInput: The URI is not valid, or of a kind that this version cannot open.
        SchemaError: The store was written by a newer nbtrack, or the database is not a store.
        StoreUnavailable: It cannot be reached now.
    """
    kind = check_uri(uri)
    if kind == "memory":
        from .memory import MemoryStore

        return MemoryStore(artifact_root.rstrip("/"))
    return _open_server(uri) if kind == "server" else _open_sql(uri, artifact_root, served)


def check_uri(uri: str) -> str:
    """Return the kind of store that a URI names: memory, sqlite, postgresql, mysql or server; nothing is opened.

    Raises:
        InvalidInput: It is not the URI of a store.
    """
    kind = uri.partition(":")[0].lower().partition("+")[0]
    if kind in _KINDS:
        return _checked(_KINDS[kind], uri)
    instead = (
        "use sqlite:///runs.db, postgresql+psycopg://user@host/database, mysql+pymysql://user@host/database, "
        "http://host:5000, or a folder"
    )
    raise InvalidInput(f"{without_password(uri)!r} is not the URI of a store; {instead}")


def _checked(kind: str, uri: str) -> str:
    if kind == "server":
        from .http import Address

        Address.of(uri)
    return kind


def _open_server(uri: str) -> Store:
    from .http import client_of
    from .nbtrack_server.handshake import native_protocol

    client = client_of(uri)
    if protocol := native_protocol(client):
        from .nbtrack_server.store import NbtrackServerStore

        return NbtrackServerStore(client, protocol)
    from .mlflow_server.store import MlflowServerStore

    return MlflowServerStore(client)


def _open_sql(uri: str, artifact_root: str, served: str) -> Store:
    import sqlalchemy as sa

    from .sql.dialects import dialect_of
    from .sql.dialects.url import url_of
    from .sql.store import SqlStore

    try:
        url = url_of(uri)
        if "@" in (url.host or ""):
            raise ValueError("what stands before it was a part of the password")
    except (sa.exc.ArgumentError, ValueError) as error:
        raise InvalidInput(
            "the URI of the store cannot be read: write sqlite:///runs.db, postgresql+psycopg://user@host:5432/database or "
            "mysql+pymysql://user@host:3306/database, and what is special in a name or password as %XX"
        ) from error
    return SqlStore(dialect_of(url), artifact_root, served=served)
