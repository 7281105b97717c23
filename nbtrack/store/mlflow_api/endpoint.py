"""The row of the endpoint table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar
from urllib.parse import quote

from .message import Message

__all__ = ["AJAX", "API", "API_3", "ROOT", "Endpoint"]

Q = TypeVar("Q", bound=Message)
A = TypeVar("A", bound=Message)
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

# Clients use the first base, MLflow's web pages the second.
API = ("/api/2.0/", "/ajax-api/2.0/")
API_3 = ("/api/3.0/", "/ajax-api/3.0/")
AJAX = ("/ajax-api/2.0/",)
ROOT = ("/",)

_VARIABLE = re.compile(r"\{(\w+)(:path)?\}")


@dataclass(frozen=True)
class Endpoint(Generic[Q, A]):
    """One operation of the REST API: its method and path, its request and its response.

    Attributes:
        name: The operation, as handlers and permissions know it.
        method: The HTTP method.
        path: Below each of ``bases``; ``{name}`` is one part, ``{name:path}`` the rest; both are fields of ``request``.
        request: The message of the request: the query string of a GET, otherwise the JSON body.
        response: The message of a success; ``Empty`` if the response is a file's content.
        required: The fields of the request that must be set and not be empty.
        bases: The prefixes of the path.
        raw: Whether the request or the response is a file's content instead of JSON.
        is_repeatable: Whether a client may send the request again when no response came: the second time changes nothing
            more and gets no error.
    """

    name: str
    method: Method
    path: str
    request: type[Q]
    response: type[A]
    required: tuple[str, ...] = ()
    bases: tuple[str, ...] = API
    raw: bool = False
    is_repeatable: bool = True

    @property
    def paths(self) -> list[str]:
        """The paths of the endpoint below each base, with variables."""
        return [base + self.path for base in self.bases]

    @property
    def variables(self) -> list[str]:
        """The fields of the request that are part of the path."""
        return [name for name, _ in _VARIABLE.findall(self.path)]

    def pattern(self, path: str) -> re.Pattern[str]:
        """Return the pattern that matches one of ``paths``, with a group for each variable."""
        return re.compile(_VARIABLE.sub(lambda found: f"(?P<{found[1]}>{'.+' if found[2] else '[^/]+'})", path), re.DOTALL)

    def url(self, request: Q) -> str:
        """Return the first of ``paths`` with the request's values for its variables, percent-encoded."""
        return _VARIABLE.sub(lambda found: quote(str(getattr(request, found[1])), safe="/" if found[2] else ""), self.paths[0])
