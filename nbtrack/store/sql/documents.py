"""Documents and records of files of one run."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ...entities.run import ArtifactRecord
from .damage import Unreadable, shown
from .database import Connection
from .rows import run_key
from .schema.tables import artifacts, documents, run_documents

__all__ = ["read_artifacts", "read_document", "read_documents"]

_DOCUMENTS = (
    sa.select(run_documents.c.kind, run_documents.c.sha256)
    .where(run_documents.c.run_key == sa.bindparam("run"))
    .order_by(run_documents.c.kind)
)
_DOCUMENT = sa.select(documents.c.body).where(documents.c.sha256 == sa.bindparam("sha256"))
_ARTIFACTS = (
    sa.select(artifacts.c.path, artifacts.c.size, artifacts.c.sha256)
    .where(artifacts.c.run_key == sa.bindparam("run"))
    .order_by(artifacts.c.path)
)


def _of_run(statement: sa.Select[Any], connection: Connection, run_id: str) -> Sequence[Any]:
    return connection.rows(statement, run=run_key(connection, run_id))


def read_documents(connection: Connection, run_id: str) -> dict[str, str]:
    """Return the sha256 of each document of a run, by its kind."""
    return dict(_of_run(_DOCUMENTS, connection, run_id))


def read_document(connection: Connection, sha256: str) -> str | None:
    """Return a document's text, None where there is none."""
    row = connection.row(_DOCUMENT, sha256=sha256)
    try:
        return None if row is None else zlib.decompress(row[0]).decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise Unreadable(connection.dialect.label, f"a document {shown(sha256)}", str(error)) from error


def read_artifacts(connection: Connection, run_id: str) -> list[ArtifactRecord]:
    """Return what was recorded of a run's files, by path."""
    return [ArtifactRecord(*row) for row in _of_run(_ARTIFACTS, connection, run_id)]
