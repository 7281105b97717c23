"""From a method and a path to the endpoint: one look into a dictionary, or the patterns of those with variables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from ..store.mlflow_api.endpoint import Endpoint
from ..store.mlflow_api.errors import ApiError

__all__ = ["Router"]


class Found(NamedTuple):
    """An endpoint, and the values of the variables in its path."""

    endpoint: Endpoint[Any, Any]
    variables: dict[str, str]


class Router:
    """Finds endpoints.

    Args:
        endpoints: Those that are served.
        prefix: What stands before every path, such as ``/mlflow`` behind a proxy; or nothing.
    """

    def __init__(self, endpoints: Iterable[Endpoint[Any, Any]], prefix: str = "") -> None:
        self._plain: dict[str, dict[str, Found]] = {}
        self._patterns: list[tuple[re.Pattern[str], Endpoint[Any, Any]]] = []
        for endpoint in endpoints:
            for path in endpoint.paths:
                self._add(endpoint, prefix + path)

    def _add(self, endpoint: Endpoint[Any, Any], path: str) -> None:
        if endpoint.variables:
            self._patterns.append((endpoint.pattern(path), endpoint))
        else:
            self._plain.setdefault(path, {})[endpoint.method] = Found(endpoint, {})

    def find(self, method: str, path: str) -> Found:
        """Return the endpoint at a path; one that knows GET knows HEAD.

        Raises:
            ApiError: There is none at this path (404), or none for this method (405).
        """
        method = "GET" if method == "HEAD" else method
        if path.startswith("//"):  # of an address that was given with a slash at its end
            path = "/" + path.lstrip("/")
        served = self._plain.get(path) or self._matching(path)
        if not served:
            raise ApiError("ENDPOINT_NOT_FOUND", f"there is no endpoint {method} {path[:200]}")
        if method not in served:
            message = f"{path[:200]} is not asked with {method} but with {', '.join(sorted(served))}"
            raise ApiError("BAD_REQUEST", message, status=405)
        return served[method]

    def _matching(self, path: str) -> dict[str, Found]:
        found = [(match, endpoint) for pattern, endpoint in self._patterns if (match := pattern.fullmatch(path))]
        return {endpoint.method: Found(endpoint, match.groupdict()) for match, endpoint in reversed(found)}
