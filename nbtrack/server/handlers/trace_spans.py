"""Converts a trace's spans from the file that MLflow's clients upload to the form in which a trace contains them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ...errors import ArtifactNotFound
from ...store.artifacts.protocol import ArtifactStore
from ...store.mlflow_api.errors import ApiError
from .artifact_paths import folder_at, joined

__all__ = ["SPANS_FILE", "spans_in"]

SPANS_FILE: Final = "traces.json"
_LARGEST_INT: Final = 1 << 63


def spans_in(artifacts: ArtifactStore, location: str) -> list[dict[str, Any]]:
    """Return the spans in a folder in OpenTelemetry's JSON form; none if there is no file.

    Raises:
        ApiError: The file has a form from before MLflow 3.
    """
    try:
        with artifacts.open(joined(folder_at(location, artifacts.uri), SPANS_FILE)) as file:
            found = json.load(file)
    except ArtifactNotFound:
        return []
    except ValueError as error:
        raise _unknown(location) from error
    try:
        return [_span(each) for each in found["spans"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unknown(location) from error


def _unknown(location: str) -> ApiError:
    return ApiError(
        "BAD_REQUEST", f"{location}/{SPANS_FILE} has no spans in the form of MLflow 3; ask get-trace-artifact for the file"
    )


def _span(raw: Mapping[str, Any]) -> dict[str, Any]:
    attributes = {key: json.loads(value) for key, value in raw["attributes"].items()}
    return {
        "trace_id": raw["trace_id"],
        "span_id": raw["span_id"],
        **({"parent_span_id": raw["parent_span_id"]} if raw["parent_span_id"] else {}),
        "name": raw["name"],
        "start_time_unix_nano": raw["start_time_unix_nano"],
        **({"end_time_unix_nano": raw["end_time_unix_nano"]} if raw.get("end_time_unix_nano") else {}),
        "attributes": _pairs(attributes),
        "events": [_event(each) for each in raw.get("events", ())],
        "status": {key: value for key, value in raw["status"].items() if value},
    }


def _event(raw: Mapping[str, Any]) -> dict[str, Any]:
    named = {"time_unix_nano": raw["time_unix_nano"], "name": raw["name"]}
    return {**named, "attributes": _pairs(raw.get("attributes") or {})}


def _pairs(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a mapping as a list of keys and values; None has no value."""
    return [{"key": key, **({} if value is None else {"value": _value(value)})} for key, value in values.items()]


def _value(value: Any) -> dict[str, Any]:
    """Return a value under the name of its type, as OpenTelemetry's JSON has it."""
    if isinstance(value, bool):
        return {"bool_value": value}
    if isinstance(value, int) and -_LARGEST_INT <= value < _LARGEST_INT:
        return {"int_value": value}
    if isinstance(value, float):
        return {"double_value": value}
    if isinstance(value, list):
        return {"array_value": {"values": [{} if each is None else _value(each) for each in value]}}
    if isinstance(value, dict):
        return {"kvlist_value": {"values": _pairs(value)}}
    return {"string_value": str(value)}
