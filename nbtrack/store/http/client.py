"""Requests to one server; the only module that imports urllib3."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar
from urllib.parse import urlencode

from ...errors import InvalidInput, NbtrackError, StoreUnavailable
from ...settings import environment
from .address import Address
from .credentials import Trust, authorization, proxy_for, trust
from .errors import TransientError, error_of_status, unreachable

if TYPE_CHECKING:
    import urllib3
    from urllib3.response import BaseHTTPResponse

__all__ = ["HttpClient", "Response", "client_of"]

T = TypeVar("T")

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0
_CONNECTIONS = 8
# Before the second and the third attempt. Delivery in the background retries by itself, and for much longer.
_PAUSES = (0.1, 0.5)
_LONGEST_PAUSE = 2.0

_clients: dict[str, HttpClient] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response: status, headers by lower-case name, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def client_of(uri: str) -> HttpClient:
    """Return this process's client for a server, always the same one, so that connections are reused."""
    with _lock:
        if uri not in _clients:
            _clients[uri] = HttpClient(uri)
        return _clients[uri]


class HttpClient:
    """Sends requests to one server over kept connections.

    Threads may share a client; a forked child opens connections of its own. Every failure on the way is a
    ``StoreUnavailable``, missing access an ``AccessDenied``. After a ``Retry-After`` of more than two seconds every
    request fails at once until that time has passed.

    Args:
        uri: The server, optionally with a user name and password and with a path below which everything is.
        environ: The environment, for credentials and certificates.
    """

    def __init__(self, uri: str, *, environ: Callable[[], Mapping[str, str]] = environment) -> None:
        self._address = Address.of(uri)
        self._environ = environ
        self._pools: tuple[int, Trust, urllib3.PoolManager] | None = None
        self._paused_until = 0.0

    @property
    def url(self) -> str:
        """The server's address, without credentials."""
        return self._address.url

    def __repr__(self) -> str:
        return f"HttpClient({self.url!r})"

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: bytes | BinaryIO | None = None,
        headers: Mapping[str, str] | None = None,
        is_repeatable: bool = True,
        timeout: float = _READ_SECONDS,
        check: Callable[[Response], None] | None = None,
    ) -> Response:
        """Send a request and return its response.

        Args:
            method: The HTTP method.
            path: The path below the server's address, beginning with ``/``, percent-encoded.
            query: Names and values of the query.
            body: The content; a file is streamed.
            headers: Further headers.
            is_repeatable: Whether the request may be sent again when no response came. A streamed one never is.
            timeout: Seconds to wait for each piece of the response.
            check: Called with each response first, to raise a more exact error than ``raise_for_status``.

        Raises:
            StoreUnavailable: No response came, or one that says that the server is unavailable.
            AccessDenied: The credentials are missing or insufficient.
        """

        def send() -> Response:
            with self.stream(method, path, query=query, body=body, headers=headers, timeout=timeout) as raw:
                response = Response(raw.status, {name.lower(): value for name, value in raw.headers.items()}, raw.data)
            if check is not None:
                check(response)
            self.raise_for_status(response.status, response.headers)
            return response

        return _with_retries(send) if is_repeatable and not hasattr(body, "read") else send()

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: bytes | BinaryIO | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = _READ_SECONDS,
    ) -> Iterator[BaseHTTPResponse]:
        """Send a request and yield the response while its body is still arriving; its status is not checked."""
        import urllib3

        self._raise_if_paused()
        url = self.url + path + (f"?{urlencode(query)}" if query else "")
        own = {"User-Agent": "nbtrack", **(headers or {}), **authorization(self._address, self._environ())}
        limits = urllib3.Timeout(connect=min(timeout, _CONNECT_SECONDS), read=timeout)
        response = None
        try:
            # Without urllib3's retries, which do not know what may be repeated, and its redirects, which may lead elsewhere.
            response = self._pool().urlopen(
                method, url, body=body, headers=own, timeout=limits, retries=False, redirect=False, preload_content=False
            )
            yield response
        except urllib3.exceptions.LocationParseError as error:
            raise InvalidInput(f"{self.url} is not the address of a server; write http://host:5000") from error
        except urllib3.exceptions.HTTPError as error:
            # The connection may still deliver the rest of this response, which the next request would read as its own.
            if response is not None:
                response.close()
            raise _translated(self.url, error) from error
        finally:
            if response is not None:
                # Only a connection whose response was read to the end can be used again.
                response.drain_conn() if response.length_remaining == 0 else response.close()
                response.release_conn()

    def raise_for_status(self, status: int, headers: Mapping[str, str], message: str = "") -> None:
        """Raise the error that a response's status and headers mean, if any.

        Args:
            status: The HTTP status.
            headers: The headers, by lower-case name.
            message: What the body says about the error, if that is known.
        """
        error = error_of_status(self.url, status, headers, message)
        if isinstance(error, TransientError) and error.wait > _LONGEST_PAUSE:
            self._paused_until = time.monotonic() + error.wait
        if error is not None:
            raise error

    def close(self) -> None:
        """Close idle connections; later requests open new ones."""
        if self._pools is not None:
            self._pools[2].clear()

    def _raise_if_paused(self) -> None:
        left = self._paused_until - time.monotonic()
        if left > 0:
            raise StoreUnavailable(f"{self.url} asks for no more requests for another {left:.0f} s")

    def _pool(self) -> urllib3.PoolManager:
        """Return this process's connections; new ones after a fork and when the environment names other certificates."""
        wanted = trust(self._environ())
        kept = self._pools
        # A forked child must not write to the sockets of its parent.
        if kept is None or kept[:2] != (os.getpid(), wanted):
            kept = self._pools = (os.getpid(), wanted, _new_pool(self._address, wanted))
        return kept[2]


def _new_pool(address: Address, wanted: Trust) -> urllib3.PoolManager:
    import urllib3

    options: dict[str, Any] = {"num_pools": 2, "maxsize": _CONNECTIONS, "block": False}
    if address.url.startswith("https:"):
        for path in filter(None, (wanted.authorities, wanted.own)):
            if not Path(path).exists():
                raise InvalidInput(f"there is no certificate {path!r}, which an environment variable names; correct the path")
        options["cert_reqs"] = "CERT_REQUIRED" if wanted.is_checked else "CERT_NONE"
        is_folder = wanted.authorities is not None and Path(wanted.authorities).is_dir()
        options |= {"ca_cert_dir" if is_folder else "ca_certs": wanted.authorities, "cert_file": wanted.own}
        if not wanted.is_checked:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    proxy = proxy_for(address)
    return urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)


def _translated(url: str, error: Exception) -> NbtrackError:
    """Return urllib3's error as one of this package, without the requested URL, which may contain a secret."""
    import urllib3

    reasons: dict[type[Exception], str] = {
        urllib3.exceptions.NameResolutionError: "there is no server of that name",
        urllib3.exceptions.NewConnectionError: "the connection is refused",
        urllib3.exceptions.ConnectTimeoutError: "the server does not answer",
        urllib3.exceptions.ReadTimeoutError: "the server is too slow",
        urllib3.exceptions.ProxyError: "the proxy cannot be reached",
        urllib3.exceptions.SSLError: f"no secure connection: {error}",
    }
    reason = next((text for kind, text in reasons.items() if isinstance(error, kind)), "")
    if not reason:
        return TransientError(f"{url}: the connection broke")
    return unreachable(url, reason, is_certificate=isinstance(error, urllib3.exceptions.SSLError))


def _with_retries(send: Callable[[], T]) -> T:
    """Send again after a transient failure, unless the server asks for a pause longer than a caller should wait."""
    for pause in _PAUSES:
        try:
            return send()
        except TransientError as error:
            if error.wait > _LONGEST_PAUSE:
                raise
            time.sleep(max(pause, error.wait))
    return send()
