"""The names in searches for experiments, registered models, versions, logged models and traces."""

from __future__ import annotations

from typing import Final

from ...entities.tags import SOURCE_RUN, TRACE_NAME
from .names import Kind, Names
from .tree import Entity, Identifier

__all__ = ["EXPERIMENTS", "LOGGED_MODELS", "REGISTERED_MODELS", "TRACES", "VERSIONS"]

_TAGGED: Final[dict[str, Entity]] = {
    "tags": "tag",
    "tag": "tag",
    "attributes": "attribute",
    "attribute": "attribute",
    "attr": "attribute",
}
_MEASURED: Final[dict[str, Entity]] = {
    **_TAGGED,
    "metrics": "metric",
    "metric": "metric",
    "params": "param",
    "param": "param",
    "parameters": "param",
    "parameter": "param",
}
# What goes with a trace and never changes is kept as its params are.
_TRACED: Final[dict[str, Entity]] = {**_TAGGED, "trace": "attribute", "metadata": "param", "request_metadata": "param"}
_TEXTS: Final[dict[Entity, Kind]] = {"metric": "number", "param": "text", "tag": "text"}

_TIMES: Final[dict[str, Kind]] = {"creation_timestamp": "time", "last_updated_timestamp": "time"}
_TIME_ALIASES: Final = {
    "created": "creation_timestamp",
    "creation_time": "creation_timestamp",
    "creation_timestamp_ms": "creation_timestamp",
    "updated": "last_updated_timestamp",
    "last_updated_time": "last_updated_timestamp",
    "last_updated_timestamp_ms": "last_updated_timestamp",
}

EXPERIMENTS: Final = Names(
    "experiments",
    _TAGGED,
    {"name": "text", "experiment_id": "id", "creation_time": "time", "last_update_time": "time"},
    kinds=_TEXTS,
)
REGISTERED_MODELS: Final = Names(
    "registered models",
    _TAGGED,
    {"name": "text", **_TIMES},
    {**_TIME_ALIASES, "timestamp": "last_updated_timestamp"},
    kinds=_TEXTS,
)
VERSIONS: Final = Names(
    "model versions",
    _TAGGED,
    {
        "name": "text",
        "version_number": "whole",
        "run_id": "text",
        "model_id": "text",
        "source_path": "text",
        "stage": "text",
        "status": "status",
        **_TIMES,
    },
    {**_TIME_ALIASES, "version": "version_number", "source": "source_path", "current_stage": "stage"},
    kinds=_TEXTS,
)
LOGGED_MODELS: Final = Names(
    "logged models",
    _MEASURED,
    {
        "name": "text",
        "model_id": "text",
        "model_type": "text",
        "status": "status",
        "source_run_id": "text",
        "experiment_id": "id",
        **_TIMES,
    },
    {**_TIME_ALIASES, "timestamp": "creation_timestamp"},
    kinds=_TEXTS,
)
TRACES: Final = Names(
    "traces",
    _TRACED,
    {
        "trace_id": "text",
        "client_request_id": "text",
        "experiment_id": "id",
        "status": "status",
        "timestamp_ms": "time",
        "execution_time_ms": "number",
        "end_time_ms": "time",
    },
    {
        "request_id": "trace_id",
        "state": "status",
        "timestamp": "timestamp_ms",
        "request_time": "timestamp_ms",
        "execution_time": "execution_time_ms",
        "execution_duration": "execution_time_ms",
        "end_time": "end_time_ms",
    },
    elsewhere={"name": Identifier("tag", TRACE_NAME), "run_id": Identifier("param", SOURCE_RUN)},
    kinds=_TEXTS,
)
