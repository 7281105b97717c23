"""Traces over a SQL database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from typing_extensions import override

from ...entities.run import LifecycleStage
from ...entities.tags import TRACE_LOCATION
from ...entities.trace import Assessment, TraceInfo, TraceState
from ...errors import Deleted, NotFound, TraceNotFound
from ..protocol.search import Page, Query
from ..protocol.traces import Traces
from ..text import storable
from .conditions import Conditions, SideTable, Subject, arrange
from .connection import SqlConnection
from .damage import member
from .database import Database
from .experiments import experiment_of
from .keyvalues import AT_ONCE, KeyValues
from .schema.trace_tables import trace_assessments, trace_metadata, trace_tags, traces

__all__ = ["SqlTraces"]

T = TypeVar("T")

_METADATA, _TAGS = KeyValues(trace_metadata), KeyValues(trace_tags)
_C, _A = traces.c, trace_assessments.c
_SUBJECT = Subject(
    _C.key,
    {
        "trace_id": _C.id,
        "client_request_id": _C.client_request_id,
        "experiment_id": sa.cast(_C.experiment_id, sa.String),
        "status": _C.state,
        "timestamp_ms": _C.request_time,
        "execution_time_ms": _C.duration,
        "end_time_ms": _C.request_time + _C.duration,
    },
    {"tag": SideTable.of(trace_tags), "param": SideTable.of(trace_metadata)},
)
_CHANGEABLE = ("request_time", "duration", "state", "client_request_id", "request_preview", "response_preview")
_BY_ID = sa.select(*traces.columns).where(_C.id == sa.bindparam("which"))
_SAVE = sa.update(traces).where(_C.key == sa.bindparam("which"))
_SAVE = _SAVE.values({name: sa.bindparam(f"new_{name}") for name in _CHANGEABLE})
_END = (
    sa.update(traces)
    .where(_C.key == sa.bindparam("which"))
    .values(duration=sa.bindparam("new_duration"), state=sa.bindparam("new_state"))
)
_ASSESSMENTS = sa.select(*trace_assessments.columns).order_by(_A.created, _A.id)
_DROP_ASSESSMENT = sa.delete(trace_assessments).where(_A.trace_key == sa.bindparam("which"), _A.id == sa.bindparam("assessment"))


class SqlTraces(Traces):
    """Traces in a SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    def start(self, info: TraceInfo) -> TraceInfo:
        return self._write(_start, storable(info))

    @override
    def end(
        self, trace_id: str, *, duration: int, state: TraceState, metadata: Mapping[str, str], tags: Mapping[str, str]
    ) -> TraceInfo:
        more = storable(dict(metadata)), storable(dict(tags))
        return self._write(_end, storable(trace_id), duration, state, *more)

    @override
    def get(self, trace_ids: Sequence[str]) -> list[TraceInfo]:
        return self._read(_get, storable(list(trace_ids)))

    @override
    def search(self, search: Query) -> Page[TraceInfo]:
        return self._read(_search, search)

    @override
    def set_tag(self, trace_id: str, key: str, value: str) -> None:
        tags = {storable(key): storable(value)}
        self._write(lambda c: _put_tags(c, _key(c, storable(trace_id)), tags))

    @override
    def delete_tag(self, trace_id: str, key: str) -> None:
        if not self._write(lambda c: _TAGS.drop(c, _key(c, storable(trace_id)), storable(key))):
            raise NotFound(f"No trace tag with key '{key}' for trace with ID '{trace_id}'")

    @override
    def delete(
        self, experiment_id: str, *, trace_ids: Sequence[str] | None = None, before: int | None = None, limit: int | None = None
    ) -> int:
        return self._write(_delete, experiment_id, trace_ids, before, limit)

    @override
    def assess(self, trace_id: str, assessment: Assessment) -> None:
        new = [storable(assessment)]
        self._write(lambda c: _put_assessments(c, _key(c, storable(trace_id)), new))

    @override
    def delete_assessment(self, trace_id: str, assessment_id: str) -> None:
        assessment = storable(assessment_id)
        self._write(lambda c: c.run(_DROP_ASSESSMENT, which=_key(c, storable(trace_id)), assessment=assessment))

    def _read(self, read: Callable[..., T], *arguments: Any) -> T:
        return self._database.ask(read, *arguments)

    def _write(self, write: Callable[..., T], *arguments: Any) -> T:
        return self._database.write(lambda connection: write(connection, *arguments))


# Reading.


def _get(connection: SqlConnection, trace_ids: Sequence[str]) -> list[TraceInfo]:
    rows: list[Any] = []
    for start in range(0, len(trace_ids), AT_ONCE):
        some = sa.select(*traces.columns).where(_C.id.in_(trace_ids[start : start + AT_ONCE]))
        rows += connection.selected(some)
    found = {info.id: info for info in _infos(connection, rows)}
    return [found[trace_id] for trace_id in trace_ids if trace_id in found]


def _search(connection: SqlConnection, search: Query) -> Page[TraceInfo]:
    numbers = [int(text) for text in search.experiment_ids or () if text.isascii() and text.isdecimal() and len(text) < 10]
    found, keys = arrange(traces, _SUBJECT, search.order)
    statement = sa.select(*traces.columns).select_from(found)
    statement = statement.where(_C.experiment_id.in_(numbers) if numbers else sa.false())
    if search.filter is not None:
        statement = statement.where(Conditions(_SUBJECT, connection.dialect).compile(search.filter))
    statement = statement.order_by(*keys, _C.request_time.desc(), _C.id)
    rows, more = connection.page(statement, search)
    return Page(tuple(_infos(connection, rows)), more)


def _infos(connection: SqlConnection, rows: Sequence[Any]) -> list[TraceInfo]:
    keys = [row[0] for row in rows]
    metadata, tags = _METADATA.of_many(connection, keys), _TAGS.of_many(connection, keys)
    assessments = _assessments(connection, keys)
    label, shown = connection.dialect.label, connection.places.shown
    return [_info(label, row, metadata[row[0]], _placed(tags[row[0]], shown), tuple(assessments[row[0]])) for row in rows]


def _assessments(connection: SqlConnection, keys: Sequence[int]) -> dict[int, list[Assessment]]:
    found: dict[int, list[Assessment]] = {key: [] for key in keys}
    for start in range(0, len(keys), AT_ONCE):
        for key, *facts in connection.selected(_ASSESSMENTS.where(_A.trace_key.in_(keys[start : start + AT_ONCE]))):
            found[key].append(Assessment(*facts))
    return found


def _info(label: str, row: Any, metadata: dict[str, str], tags: dict[str, str], assessments: tuple[Assessment, ...]) -> TraceInfo:
    _, trace_id, experiment_id, request_time, duration, state, client_request_id, request, response = row
    facts = (duration, member(label, TraceState, state, "traces.state"), client_request_id, request, response)
    return TraceInfo(trace_id, str(experiment_id), request_time, *facts, metadata, tags, assessments)


def _row(connection: SqlConnection, trace_id: str) -> Any:
    row = connection.row(_BY_ID, which=trace_id)
    if row is None:
        raise TraceNotFound(f"Trace with ID '{trace_id}' not found.")
    return row


def _key(connection: SqlConnection, trace_id: str) -> int:
    return int(_row(connection, trace_id)[0])


# Writing.


def _start(connection: SqlConnection, info: TraceInfo) -> TraceInfo:
    experiment = experiment_of(connection, info.experiment_id)
    if experiment.stage is LifecycleStage.DELETED:
        raise Deleted(f"the experiment {experiment.name!r} is deleted; restore it before tracing to it")
    facts = {name: getattr(info, name) for name in _CHANGEABLE} | {"state": info.state.value}
    row = connection.row(_BY_ID, which=info.id)
    if row is None:
        key = connection.insert_one(traces, (info.id, int(info.experiment_id), *facts.values()))
    else:
        key = row[0]
        connection.run(_SAVE, which=key, **{f"new_{name}": value for name, value in facts.items()})
    _METADATA.put(connection, key, info.metadata)
    _put_tags(connection, key, info.tags)
    _put_assessments(connection, key, info.assessments)
    return _infos(connection, [_row(connection, info.id)])[0]


def _end(
    connection: SqlConnection, trace_id: str, duration: int, state: TraceState, metadata: dict[str, str], tags: dict[str, str]
) -> TraceInfo:
    key = _key(connection, trace_id)
    connection.run(_END, which=key, new_duration=duration, new_state=state.value)
    _METADATA.put(connection, key, metadata)
    _put_tags(connection, key, tags)
    return _infos(connection, [_row(connection, trace_id)])[0]


def _put_tags(connection: SqlConnection, key: int, tags: Mapping[str, str]) -> None:
    _TAGS.put(connection, key, _placed(tags, connection.places.kept))


def _placed(tags: Mapping[str, str], turned: Callable[[str], str]) -> dict[str, str]:
    """Return tags with the location among them translated for rows, or for readers."""
    return {**tags, TRACE_LOCATION: turned(tags[TRACE_LOCATION])} if TRACE_LOCATION in tags else dict(tags)


def _put_assessments(connection: SqlConnection, key: int, assessments: Iterable[Assessment]) -> None:
    rows = [(key, each.id, each.name, each.created, each.updated, each.body) for each in assessments]
    connection.upsert(trace_assessments, rows)


def _delete(
    connection: SqlConnection, experiment_id: str, trace_ids: Sequence[str] | None, before: int | None, limit: int | None
) -> int:
    number = int(experiment_of(connection, experiment_id).id)
    doomed = sa.select(_C.key).where(_C.experiment_id == number)
    if trace_ids is not None:
        doomed = doomed.where(_C.id.in_(trace_ids))
    if before is not None:
        doomed = doomed.where(_C.request_time <= before)
    keys = list(connection.core.execute(doomed.order_by(_C.request_time, _C.id).limit(limit)).scalars())
    for start in range(0, len(keys), AT_ONCE):
        connection.core.execute(sa.delete(traces).where(_C.key.in_(keys[start : start + AT_ONCE])))
    return len(keys)
