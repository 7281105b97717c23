"""The server's endpoints asked in this process: the same table and handlers, without a socket."""

from __future__ import annotations

import json
from typing import Any

from ..errors import NbtrackError
from ..store.mlflow_api import codec
from ..store.mlflow_api.table import ENDPOINTS
from .error_answers import error_answer
from .handlers.table import HANDLERS
from .routing import Router
from .service import Service

__all__ = ["InProcess"]


class InProcess:
    """Answers requests of JSON; files are reached where they are."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._router = Router([endpoint for endpoint in ENDPOINTS if endpoint.name in HANDLERS and not endpoint.raw])

    def answer(self, method: str, path: str, body: str | None) -> tuple[int, bytes]:
        """Return the status and the body that answer a request; the body of a GET is its query as JSON."""
        request: Any = None
        try:
            found = self._router.find(method, path)
            if method == "GET":
                query = _pairs(json.loads(body or "{}"))
                request = codec.from_query(found.endpoint, [*query, *found.variables.items()])
            else:
                request = codec.from_body(found.endpoint, (body or "{}").encode(), found.variables)
            return 200, codec.encode(HANDLERS[found.endpoint.name](self._service, request))
        except NbtrackError as error:
            return error_answer(error, request, is_local=True)


def _pairs(query: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what a URL would have for a query."""
    return [(name, _word(each)) for name, value in query.items() for each in (value if isinstance(value, list) else [value])]


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
