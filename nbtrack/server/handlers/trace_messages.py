"""Traces as messages of both versions, and what their fields mean."""

from __future__ import annotations

from typing import Final

from ...entities.trace import TraceInfo, TraceState
from ...store.mlflow_api import old_traces
from ...store.mlflow_api import traces as wire
from ...store.mlflow_api.limits import invalid_value
from ...store.mlflow_api.message import KeyValue
from .assessments import body_of
from .timestamps import time_text
from .trace_links import shown_metadata

__all__ = ["duration_of", "info_message", "old_message", "state_of"]

_STATES: Final[dict[str, TraceState]] = {
    **{state.value: state for state in TraceState},
    "TRACE_STATUS_UNSPECIFIED": TraceState.STATE_UNSPECIFIED,
    **{str(number): state for number, state in enumerate(TraceState)},
}


def state_of(word: str) -> TraceState:
    """Return the state that a word or number names; ApiError."""
    if (word or "STATE_UNSPECIFIED") not in _STATES:
        raise invalid_value("state", word, f"It must be one of {', '.join(TraceState)}.")
    return _STATES[word or "STATE_UNSPECIFIED"]


def duration_of(text: str | None) -> int | None:
    """Return a duration such as ``0.25s`` in milliseconds; ApiError."""
    try:
        return None if text is None else round(float(text.removesuffix("s")) * 1000)
    except (ValueError, OverflowError) as error:
        raise invalid_value("execution_duration", text, "a duration is such as 0.25s") from error


def info_message(info: TraceInfo) -> wire.TraceInfo:
    """Return the message of a trace in version 3."""
    return wire.TraceInfo(
        info.id,
        info.client_request_id,
        wire.Location("MLFLOW_EXPERIMENT", wire.ExperimentLocation(info.experiment_id)),
        info.request_preview,
        info.response_preview,
        time_text(info.request_time),
        None if info.duration is None else f"{info.duration / 1000:.3f}s",
        info.state.value,
        shown_metadata(info),
        dict(info.tags),
        list(map(body_of, info.assessments)),
    )


def old_message(info: TraceInfo) -> old_traces.OldTraceInfo:
    """Return the message of a trace in version 2."""
    is_unspecified = info.state is TraceState.STATE_UNSPECIFIED
    return old_traces.OldTraceInfo(
        info.id,
        info.experiment_id,
        info.request_time,
        info.duration,
        "TRACE_STATUS_UNSPECIFIED" if is_unspecified else info.state.value,
        [KeyValue(*each) for each in shown_metadata(info).items()],
        [KeyValue(*each) for each in info.tags.items()],
    )
