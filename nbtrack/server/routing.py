"""Finds the route of a request: a dictionary look-up, or patterns for paths with variables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from ..store.mlflow_api.errors import ApiError
from .route import AnyRoute

__all__ = ["Match", "Router"]


class Match(NamedTuple):
    """The route of a request and the values of the variables in its path."""

    route: Any  # an AnyRoute: its handler takes the messages of its own endpoint, which a union of all routes cannot express
    variables: dict[str, str]


class Router:
    """Finds routes by method and path.

    Args:
        routes: The routes that are served.
        prefix: A prefix of every path, such as ``/mlflow`` behind a proxy; may be empty.
    """

    def __init__(self, routes: Iterable[AnyRoute], prefix: str = "") -> None:
        self._plain: dict[str, dict[str, Match]] = {}
        self._patterns: list[tuple[re.Pattern[str], AnyRoute]] = []
        for route in routes:
            for path in route.endpoint.paths:
                self._add(route, prefix + path)

    def _add(self, route: AnyRoute, path: str) -> None:
        # Most paths have no variables and are found by one look-up.
        if route.endpoint.variables:
            self._patterns.append((route.endpoint.pattern(path), route))
        else:
            self._plain.setdefault(path, {})[route.endpoint.method] = Match(route, {})

    def find(self, method: str, path: str) -> Match:
        """Return the route of a method and path; HEAD finds that of GET.

        Raises:
            ApiError: No route has this path (404), or none of them this method (405).
        """
        method = "GET" if method == "HEAD" else method
        if path.startswith("//"):  # the client's tracking URI ends in a slash
            path = "/" + path.lstrip("/")
        matches = self._plain.get(path) or self._matches_of_patterns(path)
        if not matches:
            raise ApiError("ENDPOINT_NOT_FOUND", f"there is no endpoint {method} {path[:200]}")
        if method not in matches:
            message = f"{path[:200]} does not allow {method}; use {', '.join(sorted(matches))}"
            raise ApiError("BAD_REQUEST", message, status=405)
        return matches[method]

    def _matches_of_patterns(self, path: str) -> dict[str, Match]:
        found = [(match, route) for pattern, route in self._patterns if (match := pattern.fullmatch(path))]
        # Reversed, so that the first route of the table wins where two patterns match.
        return {route.endpoint.method: Match(route, match.groupdict()) for match, route in reversed(found)}
