"""Traces in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial

from typing_extensions import override

from ...entities.run import LifecycleStage
from ...entities.trace import Assessment, TraceInfo, TraceState
from ...errors import Deleted, NotFound, TraceNotFound
from ..filter import Identifier, Scalar
from ..matching.match import arranged, meets
from ..protocol.search import Page, Query
from ..protocol.traces import Traces
from ..text import storable
from .state import State

__all__ = ["MemoryTraces"]


class MemoryTraces(Traces):
    """Traces for as long as the process lives.

    Args:
        lock: The store's lock.
        state: Returns the current state of the store.
    """

    def __init__(self, lock: AbstractContextManager[bool], state: Callable[[], State]) -> None:
        self._lock, self._state = lock, state
        self._traces: dict[str, TraceInfo] = {}

    @override
    def start(self, info: TraceInfo) -> TraceInfo:
        info = storable(info)
        with self._lock:
            experiment = self._state().experiment(info.experiment_id)
            if experiment.stage is LifecycleStage.DELETED:
                raise Deleted(f"the experiment {experiment.name!r} is deleted; restore it before tracing to it")
            old = self._traces.get(info.id)
            kept = {each.id: each for each in (*(old.assessments if old else ()), *info.assessments)}
            return self._keep(
                replace(
                    info,
                    experiment_id=old.experiment_id if old else info.experiment_id,
                    metadata={**(old.metadata if old else {}), **info.metadata},
                    tags={**(old.tags if old else {}), **info.tags},
                    assessments=_in_order(kept),
                )
            )

    @override
    def end(
        self, trace_id: str, *, duration: int, state: TraceState, metadata: Mapping[str, str], tags: Mapping[str, str]
    ) -> TraceInfo:
        with self._lock:
            old = self._trace(trace_id)
            metadata = {**old.metadata, **storable(dict(metadata))}
            return self._keep(
                replace(old, duration=duration, state=state, metadata=metadata, tags={**old.tags, **storable(dict(tags))})
            )

    @override
    def get(self, trace_ids: Sequence[str]) -> list[TraceInfo]:
        with self._lock:
            return [self._traces[trace_id] for trace_id in map(storable, trace_ids) if trace_id in self._traces]

    @override
    def search(self, search: Query) -> Page[TraceInfo]:
        with self._lock:
            traces = [trace for trace in self._traces.values() if trace.experiment_id in (search.experiment_ids or ())]
        found = [trace for trace in traces if meets(search.filter, partial(_values, info=trace))]
        found.sort(key=lambda trace: (-trace.request_time, trace.id))
        return Page.of(arranged(found, search.order, _values), search)

    @override
    def set_tag(self, trace_id: str, key: str, value: str) -> None:
        with self._lock:
            old = self._trace(trace_id)
            self._keep(replace(old, tags={**old.tags, storable(key): storable(value)}))

    @override
    def delete_tag(self, trace_id: str, key: str) -> None:
        with self._lock:
            old = self._trace(trace_id)
            if key not in old.tags:
                raise NotFound(f"No trace tag with key '{key}' for trace with ID '{trace_id}'")
            self._keep(replace(old, tags={each: value for each, value in old.tags.items() if each != key}))

    @override
    def delete(
        self, experiment_id: str, *, trace_ids: Sequence[str] | None = None, before: int | None = None, limit: int | None = None
    ) -> int:
        with self._lock:
            there = [trace for trace in self._traces.values() if trace.experiment_id == experiment_id]
            there.sort(key=lambda trace: (trace.request_time, trace.id))
            doomed = [trace for trace in there if trace_ids is None or trace.id in trace_ids]
            doomed = [trace for trace in doomed if before is None or trace.request_time <= before][:limit]
            for trace in doomed:
                del self._traces[trace.id]
            return len(doomed)

    @override
    def assess(self, trace_id: str, assessment: Assessment) -> None:
        with self._lock:
            old = self._trace(trace_id)
            kept = {**{each.id: each for each in old.assessments}, assessment.id: storable(assessment)}
            self._keep(replace(old, assessments=_in_order(kept)))

    @override
    def delete_assessment(self, trace_id: str, assessment_id: str) -> None:
        with self._lock:
            old = self._trace(trace_id)
            self._keep(replace(old, assessments=tuple(each for each in old.assessments if each.id != assessment_id)))

    def _trace(self, trace_id: str) -> TraceInfo:
        if storable(trace_id) not in self._traces:
            raise TraceNotFound(f"Trace with ID '{trace_id}' not found.")
        return self._traces[storable(trace_id)]

    def _keep(self, info: TraceInfo) -> TraceInfo:
        kept = replace(info, metadata=dict(sorted(info.metadata.items())), tags=dict(sorted(info.tags.items())))
        self._traces[info.id] = kept
        return kept


def _in_order(assessments: Mapping[str, Assessment]) -> tuple[Assessment, ...]:
    return tuple(sorted(assessments.values(), key=lambda each: (each.created, each.id)))


def _values(left: Identifier, info: TraceInfo) -> Sequence[Scalar]:
    """Return the value of a name in a trace; filters call its metadata params."""
    if left.entity != "attribute":
        values = info.tags if left.entity == "tag" else info.metadata
        return [values[left.key]] if left.key in values else []
    found = _ATTRIBUTES[left.key](info)
    return [] if found is None else [found]


_ATTRIBUTES: dict[str, Callable[[TraceInfo], Scalar | None]] = {
    "trace_id": lambda info: info.id,
    "client_request_id": lambda info: info.client_request_id,
    "experiment_id": lambda info: info.experiment_id,
    "status": lambda info: info.state.value,
    "timestamp_ms": lambda info: info.request_time,
    "execution_time_ms": lambda info: info.duration,
    "end_time_ms": lambda info: None if info.duration is None else info.request_time + info.duration,
}
