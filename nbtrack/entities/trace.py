"""Traces as frozen data: what is known of one beside its spans, which are an artifact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Assessment", "TraceInfo", "TraceState"]


class TraceState(StrEnum):
    """How a trace stands, in MLflow's words."""

    STATE_UNSPECIFIED = "STATE_UNSPECIFIED"
    OK = "OK"
    ERROR = "ERROR"
    IN_PROGRESS = "IN_PROGRESS"


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a person or a program thinks of a trace.

    Attributes:
        body: All of it, as the JSON that came.
    """

    id: str
    name: str
    created: int
    updated: int
    body: str


@dataclass(frozen=True, slots=True)
class TraceInfo:
    """What a store knows of a trace; times and durations are milliseconds.

    Attributes:
        metadata: What was known when it was made, which nobody changes; tags may change.
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
