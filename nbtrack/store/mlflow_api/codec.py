"""Encodes messages as JSON and query strings, and decodes them."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, get_type_hints

import msgspec

from ..text import storable
from .endpoint import Endpoint
from .errors import ApiError, invalid, missing_value
from .message import Message

__all__ = ["decode", "encode", "from_body", "from_query", "number_out", "to_query"]

M = TypeVar("M", bound=Message)
Q = TypeVar("Q", bound=Message)

_LARGEST = sys.float_info.max
_encoder = msgspec.json.Encoder()
# Errors of msgspec for input of an unusual form, which _loads and _convert may still accept.
_NOT_PLAIN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def encode(message: Any) -> bytes:
    """Return a message as JSON."""
    return _encoder.encode(message)


def decode(data: bytes, kind: type[M]) -> M:
    """Return the message in the body of a response; ApiError if there is none."""
    try:
        message: M = _decoder(kind).decode(data)
    except _NOT_PLAIN:
        return _convert(_loads(data), kind)
    return message


def from_body(endpoint: Endpoint[Q, Any], body: bytes, variables: Mapping[str, str] | None = None) -> Q:
    """Return the message in a request's body and the variables of its path.

    Raises:
        ApiError: The body is not JSON, a value has a wrong type, or a required one is missing.
    """
    try:
        request: Q = _decoder(endpoint.request).decode(body)
    except _NOT_PLAIN:  # an unusual form, or an error
        request = _convert(_loads(body), endpoint.request)
    for name, value in (variables or {}).items():
        setattr(request, name, value)
    check_required(endpoint, request)
    return request


def from_query(endpoint: Endpoint[Q, Any], query: Sequence[tuple[str, str]]) -> Q:
    """Return the message in a query string, in which a list is a repeated name.

    Raises:
        ApiError: A value has a wrong type, or a required one is missing.
    """
    lists = _lists(endpoint.request)
    raw: dict[str, Any] = {}
    for name, value in query:
        if name in lists:
            raw.setdefault(name, []).append(value)
        else:
            raw.setdefault(name, value)
    request = _convert(raw, endpoint.request)
    check_required(endpoint, request)
    return request


def to_query(request: Message) -> list[tuple[str, str]]:
    """Return a message as a query string's names and values."""
    return [
        (name, str(each))
        for name, value in msgspec.to_builtins(request).items()
        for each in (value if isinstance(value, list) else [value])
    ]


def check_required(endpoint: Endpoint[Q, Any], request: Q) -> None:
    """Refuse a request in which a required field is missing or empty."""
    for name in endpoint.required:
        value = getattr(request, name)
        if name == "run_id" and not value:
            value = getattr(request, "run_uuid", value)
        if value is None or value == "":
            raise missing_value(name)


def number_out(value: float) -> Any:
    """Return a float as it is sent in JSON, which has neither NaN nor infinities."""
    if value - value == 0.0:  # finite
        return value
    return "NaN" if math.isnan(value) else math.copysign(_LARGEST, value)


@cache
def _decoder(kind: type[Message]) -> msgspec.json.Decoder[Any]:
    # The clients of R and Java send numbers as strings.
    return msgspec.json.Decoder(kind, strict=False)


@cache
def _lists(kind: type[Message]) -> frozenset[str]:
    """Return the names of the fields that are lists."""
    hints = get_type_hints(kind)
    return frozenset(name for name, hint in hints.items() if "list[" in str(hint))


def _loads(body: bytes) -> Any:
    """Return the JSON in a body, in every form that clients send: encoded twice, with NaN as a literal, or an empty body."""
    if not body:
        return {}
    try:
        found = json.loads(body)
        found = json.loads(found) if isinstance(found, str) else found
        found = storable(found)  # without lone surrogates, which could not be sent back
    except (ValueError, RecursionError) as error:
        raise ApiError("BAD_REQUEST", "the body of the request is not JSON") from error
    return {} if found is None else found


def _convert(raw: Any, kind: type[M]) -> M:
    if not isinstance(raw, Mapping):
        raise ApiError("BAD_REQUEST", f"the body of the request is not a JSON object but of type '{type(raw).__name__}'")
    try:
        raw = _without_null(raw)
        return msgspec.convert(raw, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _wrong_type(raw, str(error)) from error
    except RecursionError as error:
        raise ApiError("BAD_REQUEST", "the body of the request is nested too deeply") from error


def _without_null(raw: Any) -> Any:
    """Return JSON without nulls, which mean not set."""
    if isinstance(raw, Mapping):
        return {key: _without_null(value) for key, value in raw.items() if value is not None}
    return [_without_null(each) for each in raw] if isinstance(raw, list) else raw


def _wrong_type(raw: Mapping[str, Any], complaint: str) -> ApiError:
    """Return MLflow's error for the outermost field that msgspec reports."""
    name = complaint.partition("`$.")[2].rstrip("`").partition(".")[0].partition("[")[0]
    value = raw.get(name)
    shown = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return invalid(
        f"Invalid value {shown} for parameter '{name}' supplied:  Hint: Value was of type '{type(value).__name__}'. "
        "See the API docs for more information about request parameters."
    )
