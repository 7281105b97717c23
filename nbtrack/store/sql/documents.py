"""Documents and records of files, of one run and of many."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ...entities.run import ArtifactRecord
from .connection import SqlConnection
from .damage import DamagedRow, shown
from .dialects.base import among, listed
from .rows import run_key
from .schema.tables import artifacts, documents, run_documents, runs

__all__ = ["read_artifacts", "read_artifacts_of", "read_document", "read_documents", "read_documents_of", "read_texts"]

_PLACE, _LISTED = listed(runs.c.id, "ids")

_DOCUMENTS = (
    sa.select(run_documents.c.kind, run_documents.c.sha256)
    .where(run_documents.c.run_key == sa.bindparam("run"))
    .order_by(run_documents.c.kind)
)
_DOCUMENTS_OF_RUNS = (
    sa.select(_PLACE, run_documents.c.kind, run_documents.c.sha256)
    .select_from(_LISTED)
    .join(run_documents, run_documents.c.run_key == runs.c.key)
)
_DOCUMENT = sa.select(documents.c.body).where(documents.c.sha256 == sa.bindparam("sha256"))
_TEXTS = sa.select(documents.c.sha256, documents.c.body).where(among(documents.c.sha256, "hashes"))
_ARTIFACTS = (
    sa.select(artifacts.c.path, artifacts.c.size, artifacts.c.sha256)
    .where(artifacts.c.run_key == sa.bindparam("run"))
    .order_by(artifacts.c.path)
)
_ARTIFACTS_OF_RUNS = (
    sa.select(_PLACE, artifacts.c.path, artifacts.c.size, artifacts.c.sha256)
    .select_from(_LISTED)
    .join(artifacts, artifacts.c.run_key == runs.c.key)
)


def _of_run(statement: sa.Select[Any], connection: SqlConnection, run_id: str) -> Sequence[Any]:
    return connection.rows(statement, run=run_key(connection, run_id))


def read_documents(connection: SqlConnection, run_id: str) -> dict[str, str]:
    """Return the sha256 of each document of a run, by its kind."""
    return dict(_of_run(_DOCUMENTS, connection, run_id))


def read_document(connection: SqlConnection, sha256: str) -> str | None:
    """Return a document's text; None if it does not exist."""
    row = connection.row(_DOCUMENT, sha256=sha256)
    return None if row is None else _text(connection, sha256, row[0])


def _text(connection: SqlConnection, sha256: str, body: bytes) -> str:
    try:
        return zlib.decompress(body).decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise DamagedRow(connection.dialect.label, f"a document {shown(sha256)}", str(error)) from error


def read_artifacts(connection: SqlConnection, run_id: str) -> list[ArtifactRecord]:
    """Return the records of a run's files, by path."""
    return [ArtifactRecord(*row) for row in _of_run(_ARTIFACTS, connection, run_id)]


# Of many runs, in the order of the runs asked for; sorting here takes less time than in the database.


def _of_runs(statement: sa.Select[Any], connection: SqlConnection, run_ids: Sequence[str]) -> list[Any]:
    return sorted(connection.rows(statement, ids=json.dumps(list(run_ids))))


def read_documents_of(connection: SqlConnection, run_ids: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return (run id, kind, sha256) of every document of these runs."""
    return [(run_ids[place], kind, sha256) for place, kind, sha256 in _of_runs(_DOCUMENTS_OF_RUNS, connection, run_ids)]


def read_artifacts_of(connection: SqlConnection, run_ids: Sequence[str]) -> list[tuple[str, ArtifactRecord]]:
    """Return (run id, record) of every file of these runs."""
    return [(run_ids[place], ArtifactRecord(*record)) for place, *record in _of_runs(_ARTIFACTS_OF_RUNS, connection, run_ids)]


def read_texts(connection: SqlConnection, sha256s: Sequence[str]) -> dict[str, str]:
    """Return the texts of documents by their sha256."""
    rows = connection.rows(_TEXTS, hashes=json.dumps(list(sha256s)))
    return {sha256: _text(connection, sha256, body) for sha256, body in rows}
