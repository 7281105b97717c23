"""The row of a run, and the ``RunInfo`` made of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from ...entities.run import LifecycleStage, RunInfo, Status
from ...errors import RunNotFound
from .connection import SqlConnection
from .damage import DamagedRow, check_rows, shown, wanted_of
from .dialects.base import listed
from .schema.tables import runs

__all__ = ["RUN_INFO", "RunRow", "lock_runs", "run_info", "run_infos", "run_key"]

RUN_INFO = (
    runs.c.id,
    runs.c.experiment_id,
    runs.c.name,
    runs.c.status,
    runs.c.start_time,
    runs.c.end_time,
    runs.c.artifact_uri,
    runs.c.user,
    runs.c.stage,
)

_log = logging.getLogger("nbtrack")

_STATUS = {str(status): status for status in Status}
_STAGE = {str(stage): stage for stage in LifecycleStage}
_SOUND = tuple(
    [
        wanted if column.nullable or wanted.types is None else wanted._replace(types=wanted.types - {type(None)})
        for wanted, column in zip(wanted_of(sa.select(*RUN_INFO)), RUN_INFO, strict=True)
    ]
)

# In the order of their keys, so that two transactions that lock the same runs do not deadlock.
_LOCK = sa.select(*runs.columns).select_from(listed(runs.c.id, "ids")[1]).order_by(runs.c.key).with_for_update(of=runs)
_KEY = sa.select(runs.c.key).where(runs.c.id == sa.bindparam("id"))
_CHANGEABLE = ("name", "status", "end_time", "owner", "heartbeat")
_SAVE = (
    sa.update(runs).where(runs.c.key == sa.bindparam("run")).values({name: sa.bindparam(f"new_{name}") for name in _CHANGEABLE})
)


@dataclass(slots=True)
class RunRow:
    """A run's row, in the order of its columns; ``key`` is 0 before the row is inserted."""

    key: int
    id: str
    experiment_id: int
    name: str
    status: str
    start_time: int
    end_time: int | None
    artifact_uri: str
    user: str
    stage: str
    deleted_time: int | None
    owner: str
    heartbeat: int

    def insert(self, connection: SqlConnection) -> None:
        """Insert this row, and set its key."""
        self.key = connection.insert_one(runs, _without_key(self))

    def save(self, connection: SqlConnection) -> None:
        """Update the columns that events change."""
        connection.run(_SAVE, run=self.key, **{f"new_{name}": getattr(self, name) for name in _CHANGEABLE})


_without_key = attrgetter(*[field.name for field in fields(RunRow)[1:]])


def lock_runs(connection: SqlConnection, run_ids: Iterable[str]) -> dict[str, RunRow]:
    """Return those of these runs that exist, by id, locked until the transaction ends."""
    rows = connection.rows(_LOCK, ids=json.dumps(list(run_ids)))
    return {row[1]: RunRow(*row) for row in rows}


def run_key(connection: SqlConnection, run_id: str) -> int:
    """Return the key of a run; RunNotFound."""
    row = connection.row(_KEY, id=run_id)
    if row is None:
        raise RunNotFound(f"there is no run with the id {run_id!r}")
    return int(row[0])


def run_info(connection: SqlConnection, row: Any) -> RunInfo:
    """Return a row of ``RUN_INFO`` as a RunInfo; DamagedRow."""
    label = connection.dialect.label
    try:
        check_rows(label, _SOUND, (row,))
        return _info(connection, row)
    except DamagedRow as error:
        raise DamagedRow(label, f"a run {shown(row[0])}", f"{error.what.removeprefix('a value in ')}: {error.why}") from error


def run_infos(connection: SqlConnection, rows: Sequence[Any]) -> list[RunInfo]:
    """Return rows of ``RUN_INFO`` as RunInfos; damaged ones are named in a warning and left out."""
    try:
        check_rows(connection.dialect.label, _SOUND, rows)
        return [_info(connection, row) for row in rows]
    except DamagedRow:
        return list(_readable(connection, rows))


def _readable(connection: SqlConnection, rows: Sequence[Any]) -> Iterator[RunInfo]:
    for row in rows:
        try:
            yield run_info(connection, row)
        except DamagedRow as error:
            _tell_left_out(str(error))


@lru_cache(maxsize=256)
def _tell_left_out(problem: str) -> None:
    """Warn once in a process, for the same runs are listed repeatedly."""
    _log.warning("nbtrack: %s; it is left out", problem)


def _info(connection: SqlConnection, row: Any) -> RunInfo:
    run_id, experiment_id, name, status, start_time, end_time, kept, user, stage = row
    try:
        known = _STATUS[status], _STAGE[stage]
    except KeyError as error:
        where = "runs.stage" if status in _STATUS else "runs.status"
        raise DamagedRow(connection.dialect.label, f"a value in {where}", f"{error} is unknown") from error
    place = connection.places.shown(kept)
    return RunInfo(run_id, str(experiment_id), name, known[0], start_time, end_time, place, user, known[1])
