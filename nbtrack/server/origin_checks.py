"""Host and Origin checks against DNS rebinding and CSRF.

A web page can make its reader's browser send requests to a server on the reader's machine or network. If the page does so under
a name of its own that resolves to the server (DNS rebinding), the Host header reveals it; if under the server's name (CSRF), the
Origin header does.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from ..store.mlflow_api.codec import encode
from ..store.mlflow_api.errors import ErrorMessage
from .app import App
from .cors import Cors, is_preflight
from .exchange import Receive, Scope, Send

__all__ = ["OriginChecks"]

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_CHANGING: Final = frozenset(("POST", "PUT", "PATCH", "DELETE"))
_MOST_CACHED: Final = 64
_LONGEST_HOST: Final = 260  # a name has at most 253 characters, a port six
_UNCHECKED: Final = frozenset(("/health", "/version"))  # for monitoring, which uses the server's address


class OriginChecks:
    """An ASGI application that passes allowed requests on to another one.

    Args:
        inner: The application.
        hosts: Allowed names and addresses of the server besides the loopback ones; ``*`` matches any characters.
        origins: Origins whose pages may send changes, besides the server's own and the loopback ones; ``*`` as above.
    """

    def __init__(self, inner: App, hosts: Iterable[str] = (), origins: Iterable[str] = ()) -> None:
        self.inner = inner
        self._hosts = {*_LOOPBACK, *(host.lower() for host in hosts if not _is_any(host))}
        self._patterns = [host for host in self._hosts if "*" in host]
        self._cors = Cors(origins)
        self._allowed: set[str] = set()  # Host headers that have passed; bounded, because clients choose them

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer with 403."""
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
        elif scope["path"] not in _UNCHECKED and (reason := self._reason_to_refuse(scope)):
            await _forbid(reason, send)
        else:
            await self._pass_on(scope, receive, send)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = _header(scope, b"origin")
        if origin is None or not self._cors.allows(origin):
            await self.inner(scope, receive, send)
        elif is_preflight(scope):
            await self._cors.answer(origin, send)
        else:
            await self.inner(scope, receive, self._cors.sending(origin, send))

    def _reason_to_refuse(self, scope: Scope) -> str | None:
        host, origin = _header(scope, b"host"), _header(scope, b"origin")
        if host not in self._allowed:
            if host is None or not self._is_allowed(host):
                return "Invalid Host header - possible DNS rebinding attack detected; --allowed-hosts names more hosts"
            if len(self._allowed) < _MOST_CACHED and len(host) <= _LONGEST_HOST:
                self._allowed.add(host)
        if origin and scope["method"] in _CHANGING and not self._may_change(origin, host):
            return "Cross-origin request blocked; --allowed-origins names more origins"
        return None

    def _is_allowed(self, host: str) -> bool:
        name = _name(host)
        return name in self._hosts or any(fnmatch.fnmatchcase(name, pattern) for pattern in self._patterns)

    def _may_change(self, origin: str, host: str) -> bool:
        parsed = urlsplit(origin)
        if parsed.netloc and (parsed.netloc.lower() == host.lower() or _name(parsed.netloc) in _LOOPBACK):
            return True
        return self._cors.allows(origin)


def _header(scope: Scope, wanted: bytes) -> str | None:
    """Return a header's last value, or None."""
    found = None
    for name, value in scope["headers"]:
        if name == wanted:
            found = value
    return None if found is None else found.decode("latin-1")


def _name(host: str) -> str:
    """Return the name in a Host header without its port."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_any(host: str) -> bool:
    """Return whether an address is 0.0.0.0 or ::, which a server can listen on but a client never names."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


async def _forbid(reason: str, send: Send) -> None:
    body = encode(ErrorMessage("PERMISSION_DENIED", reason))
    # Close the connection, because the request's body was not read.
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
