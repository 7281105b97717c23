"""The server's JSON endpoints, called in this process without a socket."""

from __future__ import annotations

import json
from typing import Any

from ..errors import NbtrackError
from ..store.mlflow_api import codec
from .error_answers import error_answer
from .handlers.routes import ROUTES
from .route import Route
from .routing import Router
from .service import Service

__all__ = ["InProcess"]


class InProcess:
    """Answers JSON requests; files are read and written directly in the artifact store."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._router = Router([route for route in ROUTES if isinstance(route, Route)])

    def answer(self, method: str, path: str, body: str | None) -> tuple[int, bytes]:
        """Return the status and body of the answer to a request; the body of a GET is its query as a JSON object."""
        request: Any = None
        try:
            route, variables = self._router.find(method, path)
            if method == "GET":
                query = _pairs(json.loads(body or "{}"))
                request = codec.from_query(route.endpoint, [*query, *variables.items()])
            else:
                request = codec.from_body(route.endpoint, (body or "{}").encode(), variables)
            return 200, codec.encode(route.handler(self._service, request))
        except NbtrackError as error:
            return error_answer(error, request, is_local=True)


def _pairs(query: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the name and value pairs of a query as they would appear in a URL."""
    return [(name, _string(each)) for name, value in query.items() for each in (value if isinstance(value, list) else [value])]


def _string(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
