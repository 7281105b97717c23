"""Reads of runs: one, many, those that a query finds, and open ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from operator import itemgetter

import sqlalchemy as sa

from ...entities.run import RunInfo
from ...errors import RunNotFound
from ..protocol.search import Page, Query
from ..protocol.store import OpenRun
from .connection import SelectText, SqlConnection, text_of
from .dialects.base import Dialect, listed
from .logged import read_tags
from .places import Places
from .rows import RUN_INFO, run_info, run_infos
from .schema.tables import runs
from .search import search, search_first

__all__ = ["read_open_runs", "read_run", "read_runs", "search_runs"]

_RUN = sa.select(*RUN_INFO).where(runs.c.id == sa.bindparam("id"))
_PLACE, _LISTED = listed(runs.c.id, "ids")
_RUNS = sa.select(*RUN_INFO, _PLACE).select_from(_LISTED)
# The status is a literal: with a parameter the partial index of open runs is not used.
_OPEN = sa.select(runs.c.id, runs.c.owner, runs.c.heartbeat).where(runs.c.status == sa.literal_column("'RUNNING'"))


def read_run(connection: SqlConnection, run_id: str) -> RunInfo:
    """Return one run; RunNotFound."""
    row = connection.first(_RUN, id=run_id)
    if row is None:
        raise RunNotFound(f"there is no run with the id {run_id!r}")
    return run_info(connection, row)


def read_runs(connection: SqlConnection, run_ids: Sequence[str]) -> list[RunInfo]:
    """Return those of these runs that exist, in the order asked for."""
    rows = sorted(connection.rows(_RUNS, ids=json.dumps(list(run_ids))), key=itemgetter(-1))
    return run_infos(connection, [row[:-1] for row in rows])


def search_runs(connection: SqlConnection, query: Query) -> Page[RunInfo]:
    """Return a page of the runs that match."""
    first = _search_first(query, connection.dialect, connection.places)
    rows = [] if first is None else connection.found(first)
    if query.limit is None or len(rows) <= query.limit:
        rows = connection.found(_search(query, connection.dialect, connection.places))
    page = rows if query.limit is None else rows[: query.limit]
    return Page(tuple(run_infos(connection, page)), more=len(page) < len(rows))


@lru_cache(maxsize=256)
def _search(query: Query, dialect: Dialect, places: Places) -> SelectText:
    return text_of(search(query, dialect, places), dialect)


@lru_cache(maxsize=256)
def _search_first(query: Query, dialect: Dialect, places: Places) -> SelectText | None:
    statement = search_first(query, dialect, places)
    return None if statement is None else text_of(statement, dialect)


def read_open_runs(connection: SqlConnection) -> list[OpenRun]:
    """Return every run in status RUNNING."""
    rows = connection.rows(_OPEN)
    now = connection.now() if rows else None
    found = {
        run_id: OpenRun(run_id, owner, heartbeat, silent=None if now is None else now - heartbeat)
        for run_id, owner, heartbeat in rows
    }
    for run_id, key, value in read_tags(connection, list(found)):
        found[run_id].tags[key] = value
    return list(found.values())
