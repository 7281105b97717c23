"""Traces as frozen data: everything but their spans, which are an artifact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Assessment", "TraceInfo", "TraceState"]


class TraceState(StrEnum):
    """The state of a trace, in MLflow's words."""

    STATE_UNSPECIFIED = "STATE_UNSPECIFIED"
    OK = "OK"
    ERROR = "ERROR"
    IN_PROGRESS = "IN_PROGRESS"


@dataclass(frozen=True, slots=True)
class Assessment:
    """A judgement of a trace by a person or a program.

    Attributes:
        body: The whole assessment as the JSON of the request.
    """

    id: str
    name: str
    created: int
    updated: int
    body: str


@dataclass(frozen=True, slots=True)
class TraceInfo:
    """A trace without its spans; times and durations are milliseconds.

    Attributes:
        metadata: Facts from the creation of the trace, which never change, unlike tags.
    """

    id: str
    experiment_id: str
    request_time: int
    duration: int | None = None
    state: TraceState = TraceState.IN_PROGRESS
    client_request_id: str | None = None
    request_preview: str | None = None
    response_preview: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    assessments: tuple[Assessment, ...] = ()
