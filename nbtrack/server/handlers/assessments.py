"""Endpoints of traces' assessments."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any, Final

from ...entities.run import now_ms
from ...entities.trace import Assessment
from ...errors import NotFound, TraceNotFound
from ...store.mlflow_api import traces as wire
from ...store.mlflow_api.errors import invalid, missing_value
from ...store.mlflow_api.message import Empty
from ..route import Route
from ..service import Service
from .timestamps import milliseconds_of, time_text

__all__ = ["ROUTES", "assessment_of", "body_of"]

_KINDS: Final = ("feedback", "expectation", "issue")  # each assessment has exactly one


def create_assessment(service: Service, request: wire.CreateAssessment) -> wire.AssessmentResponse:
    """Add an assessment to a trace; one that it overrides becomes invalid."""
    given = request.assessment or {}
    if sum(kind in given for kind in _KINDS) != 1:
        raise invalid(f"Unknown assessment type: an assessment has one of {', '.join(_KINDS)}")
    new, overridden = assessment_of(request.trace_id, given), str(given.get("overrides") or "")
    old = _found(service, request.trace_id, overridden) if overridden else None
    service.store.traces.assess(request.trace_id, new)
    if old is not None:
        _set_valid(service, request.trace_id, old, valid=False)
    return wire.AssessmentResponse(json.loads(new.body))


def get_assessment(service: Service, request: wire.AssessmentRequest) -> wire.AssessmentResponse:
    """Return an assessment."""
    return wire.AssessmentResponse(body_of(_found(service, request.trace_id, request.assessment_id)))


def update_assessment(service: Service, request: wire.UpdateAssessment) -> wire.AssessmentResponse:
    """Change an assessment; new metadata is merged into the old."""
    old = body_of(_found(service, request.trace_id, request.assessment_id))
    given = request.assessment or {}
    changed = [_snake(name) for name in request.update_mask.split(",") if name] or list(given)
    new = {name: given[name] for name in changed if name in given}
    for kind in _KINDS:
        if kind in new and kind not in old:
            raise invalid(f"Cannot update the {kind} of an assessment that has none.")
    if "metadata" in new:
        new["metadata"] = {**old.get("metadata", {}), **new["metadata"]}
    merged = {**old, **new, "last_update_time": time_text(now_ms())}
    kept = assessment_of(request.trace_id, {**merged, "assessment_id": request.assessment_id})
    service.store.traces.assess(request.trace_id, kept)
    return wire.AssessmentResponse(json.loads(kept.body))


def delete_assessment(service: Service, request: wire.AssessmentRequest) -> Empty:
    """Delete an assessment; one that it had overridden becomes valid again."""
    there = {each.id: each for each in _of_trace(service, request.trace_id)}
    gone = there.get(request.assessment_id)
    service.store.traces.delete_assessment(request.trace_id, request.assessment_id)
    overridden = there.get(str(json.loads(gone.body).get("overrides"))) if gone else None
    if overridden is not None:
        _set_valid(service, request.trace_id, overridden, valid=True)
    return Empty()


def assessment_of(trace_id: str, body: Mapping[str, Any]) -> Assessment:
    """Return the assessment in a message, with a new id and times if it has none; ApiError without a name."""
    now = time_text(now_ms())
    name = str(body.get("assessment_name") or "")
    if not name:
        raise missing_value("assessment.assessment_name")
    given = body.get("assessment_id") or f"a-{secrets.token_hex(16)}"
    whole = {"create_time": now, "last_update_time": now, "valid": True, **body, "assessment_id": given, "trace_id": trace_id}
    if "expectation" in whole:
        whole["expectation"] = _serialized(whole["expectation"])
    created, updated = milliseconds_of(str(whole["create_time"])), milliseconds_of(str(whole["last_update_time"]))
    return Assessment(str(given), name, created, updated, json.dumps(whole))


def _serialized(expectation: Any) -> Any:
    """Return an expectation as MLflow's server sends it: lists and objects become JSON strings."""
    value = expectation.get("value") if isinstance(expectation, Mapping) else None
    if not isinstance(value, list | dict):
        return expectation
    return {"serialized_value": {"serialization_format": "JSON_FORMAT", "value": json.dumps(value)}}


def _set_valid(service: Service, trace_id: str, old: Assessment, *, valid: bool) -> None:
    service.store.traces.assess(trace_id, assessment_of(trace_id, {**body_of(old), "valid": valid}))


def body_of(assessment: Assessment) -> dict[str, Any]:
    """Return the message of an assessment; those stored by older releases lack ``valid``."""
    return {"valid": True, **json.loads(assessment.body)}


def _found(service: Service, trace_id: str, assessment_id: str) -> Assessment:
    for each in _of_trace(service, trace_id):
        if each.id == assessment_id:
            return each
    raise NotFound(f"Assessment with ID '{assessment_id}' not found for trace '{trace_id}'")


def _of_trace(service: Service, trace_id: str) -> tuple[Assessment, ...]:
    for trace in service.store.traces.get([trace_id]):
        return trace.assessments
    raise TraceNotFound(f"Trace with ID '{trace_id}' not found.")


def _snake(name: str) -> str:
    """Return a field's name in snake case; an update mask may use camel case."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name.strip())


ROUTES: Final = (
    Route(wire.CREATE_ASSESSMENT, create_assessment, "EDIT"),
    Route(wire.GET_ASSESSMENT, get_assessment, "READ"),
    Route(wire.UPDATE_ASSESSMENT, update_assessment, "EDIT"),
    Route(wire.DELETE_ASSESSMENT, delete_assessment, "EDIT"),
)
