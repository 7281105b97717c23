"""Describes the REST API in OpenAPI 3.1, generated from the endpoints: https://spec.openapis.org/oas/v3.1.0."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from typing import Any

import msgspec

from ..store.mlflow_api.endpoint import Endpoint
from ..store.mlflow_api.message import Message
from .exchange import Exchange
from .service import Service

__all__ = ["describer", "document"]

API_VERSION = "2.0"  # of MLflow's API; nbtrack's own version is not shown to clients that are not authenticated
_REFERENCE = "#/components/schemas/{name}"
_PATH_KIND = re.compile(r":path\}")


class Failure(Message):
    """One of MLflow's error codes and a message."""

    error_code: str
    message: str


def describer(endpoints: Iterable[Endpoint[Any, Any]], prefix: str) -> Callable[[Service, Exchange, Message], Awaitable[None]]:
    """Return a handler that answers with the description of some endpoints, generated at the first request."""

    @cache
    def content() -> bytes:
        return json.dumps(document(endpoints, prefix)).encode()

    async def answer(_service: Service, exchange: Exchange, _request: Message) -> None:
        await exchange.answer(200, content(), b"application/json")

    return answer


def document(endpoints: Iterable[Endpoint[Any, Any]], prefix: str = "") -> dict[str, Any]:
    """Return the description of some endpoints, each at the first of its paths, which is the one that clients use.

    Args:
        endpoints: The endpoints.
        prefix: A prefix of every path.
    """
    rows = list(endpoints)
    messages = [Failure, *dict.fromkeys(kind for row in rows for kind in (row.request, row.response))]
    schemas, components = msgspec.json.schema_components(messages, ref_template=_REFERENCE)
    schema_of = dict(zip(messages, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        path = _PATH_KIND.sub("}", prefix + row.paths[0])
        paths.setdefault(path, {})[row.method.lower()] = _operation(row, schema_of, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "nbtrack server", "version": API_VERSION},
        "paths": paths,
        "components": {"schemas": components},
    }


def _operation(row: Endpoint[Any, Any], schema_of: dict[Any, Any], components: dict[str, Any]) -> dict[str, Any]:
    fields = components[schema_of[row.request]["$ref"].rpartition("/")[2]]
    required = {*fields.get("required", ()), *row.required}
    in_query = row.method == "GET" or row.raw
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": schema}
        if name in row.variables
        else {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in fields["properties"].items()
        if in_query or name in row.variables
    ]
    operation: dict[str, Any] = {"operationId": row.name, "parameters": parameters}
    if row.raw and row.method != "GET":
        operation["requestBody"] = {"content": {"application/octet-stream": {}}}
    elif not in_query:
        body = {"allOf": [schema_of[row.request]], "required": sorted(required - set(row.variables))}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    success = {} if row.raw else {"content": {"application/json": {"schema": schema_of[row.response]}}}
    failure = {"content": {"application/json": {"schema": schema_of[Failure]}}}
    operation["responses"] = {
        "200": {"description": "Done.", **success},
        "default": {"description": "An error, in MLflow's form.", **failure},
    }
    return operation
