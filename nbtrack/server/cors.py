"""CORS: which web pages of other origins may use the server; https://fetch.spec.whatwg.org/#http-cors-protocol."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, MutableMapping
from typing import Any, Final

from .exchange import Scope, Send

__all__ = ["Cors", "is_preflight"]

_ALLOWED: Final = (
    (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE"),
    (b"access-control-allow-headers", b"authorization, content-type, range"),
    (b"access-control-max-age", b"600"),
)
_EXPOSED: Final = b"content-disposition, content-length, content-range, retry-after, www-authenticate"


class Cors:
    """Allows pages of some origins to send requests and read the answers.

    Credentials of the browser are not allowed: the server has no cookies, and a page sends an Authorization header itself.

    Args:
        origins: Origins such as ``https://lab.example``; ``*`` matches any characters.
    """

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = tuple(origins)

    def allows(self, origin: str) -> bool:
        """Return whether pages of an origin are allowed."""
        return any(fnmatch.fnmatchcase(origin, allowed) for allowed in self._origins)

    def sending(self, origin: str, send: Send) -> Send:
        """Return a ``send`` that adds the headers that let a page of an origin read the answer."""

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *_headers(origin)]}
            await send(message)

        return send_with_headers

    async def answer(self, origin: str, send: Send) -> None:
        """Answer a browser's preflight request."""
        headers = [*_ALLOWED, *_headers(origin)]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def _headers(origin: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", _EXPOSED),
        (b"vary", b"origin"),  # or a cache would return one origin's answer to another
    ]


def is_preflight(scope: Scope) -> bool:
    """Return whether a request is a preflight: the browser asks whether a page may send another request."""
    return scope["method"] == "OPTIONS" and any(name == b"access-control-request-method" for name, _ in scope["headers"])
