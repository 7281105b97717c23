"""Traces guarded by one user's permissions on their experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from typing_extensions import override

from ...entities.trace import Assessment, TraceInfo, TraceState
from ...errors import TraceNotFound
from ...store.protocol.search import Page, Query
from ...store.protocol.traces import Traces
from .access import Access
from .permissions import Permission

__all__ = ["GuardedTraces"]

READ, EDIT, MANAGE = Permission.READ, Permission.EDIT, Permission.MANAGE


class GuardedTraces(Traces):
    """The traces of a store as one user may use them."""

    def __init__(self, traces: Traces, access: Access) -> None:
        self._traces, self._access = traces, access

    @override
    def start(self, info: TraceInfo) -> TraceInfo:
        self._access.experiment(info.experiment_id, EDIT)
        with suppress(TraceNotFound):  # a trace of this id that exists may belong to another experiment
            self._access.trace(info.id, EDIT)
        return self._traces.start(info)

    @override
    def end(
        self, trace_id: str, *, duration: int, state: TraceState, metadata: Mapping[str, str], tags: Mapping[str, str]
    ) -> TraceInfo:
        self._access.trace(trace_id, EDIT)
        return self._traces.end(trace_id, duration=duration, state=state, metadata=metadata, tags=tags)

    @override
    def get(self, trace_ids: Sequence[str]) -> list[TraceInfo]:
        self._access.traces(trace_ids, READ)
        return self._traces.get(trace_ids)

    @override
    def search(self, search: Query) -> Page[TraceInfo]:
        return self._traces.search(replace(search, experiment_ids=self._access.readable(search.experiment_ids or ())))

    @override
    def set_tag(self, trace_id: str, key: str, value: str) -> None:
        self._access.trace(trace_id, EDIT)
        self._traces.set_tag(trace_id, key, value)

    @override
    def delete_tag(self, trace_id: str, key: str) -> None:
        self._access.trace(trace_id, EDIT)
        self._traces.delete_tag(trace_id, key)

    @override
    def delete(
        self, experiment_id: str, *, trace_ids: Sequence[str] | None = None, before: int | None = None, limit: int | None = None
    ) -> int:
        self._access.experiment(experiment_id, MANAGE)
        return self._traces.delete(experiment_id, trace_ids=trace_ids, before=before, limit=limit)

    @override
    def assess(self, trace_id: str, assessment: Assessment) -> None:
        self._access.trace(trace_id, EDIT)
        self._traces.assess(trace_id, assessment)

    @override
    def delete_assessment(self, trace_id: str, assessment_id: str) -> None:
        self._access.trace(trace_id, EDIT)
        self._traces.delete_assessment(trace_id, assessment_id)
