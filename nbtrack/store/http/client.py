"""Requests to one server; the one home of urllib3."""

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
from .errors import TransientError, refusal, unreachable

if TYPE_CHECKING:
    import urllib3
    from urllib3.response import BaseHTTPResponse

__all__ = ["HttpClient", "Response", "client_of"]

T = TypeVar("T")

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0
_CONNECTIONS = 8
# Before the second and the third try; a journal's flusher tries again by itself, and much longer.
_PAUSES = (0.1, 0.5)
_LONGEST_PAUSE = 2.0

_clients: dict[str, HttpClient] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer: its HTTP status, its headers by lower-case name, its content."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def client_of(uri: str) -> HttpClient:
    """Return this process's client for a server, the same one each time, so that connections are kept."""
    with _lock:
        if uri not in _clients:
            _clients[uri] = HttpClient(uri)
        return _clients[uri]


class HttpClient:
    """Sends requests to a server and keeps connections to it; any thread may, and a forked child gets connections of its own.

    Every failure on the way is a ``StoreUnavailable``, one of access an ``AccessDenied``. A server that asks to be left alone
    (``Retry-After``) is not asked again before.

    Args:
        uri: The server, perhaps with a name and a password in it and a path below which it is.
        environ: The environment, for credentials and certificates.
    """

    def __init__(self, uri: str, *, environ: Callable[[], Mapping[str, str]] = environment) -> None:
        self._address = Address.of(uri)
        self._environ = environ
        self._pools: tuple[int, Trust, urllib3.PoolManager] | None = None
        self._resting_until = 0.0

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
        repeats: bool = True,
        timeout: float = _READ_SECONDS,
        judge: Callable[[Response], None] | None = None,
    ) -> Response:
        """Return the answer to a request.

        Args:
            method: The HTTP method.
            path: The path below the server's address, beginning with ``/``, percent-encoded.
            query: Names and values of the query.
            body: The content; a file is streamed.
            headers: Further headers.
            repeats: Whether asking twice is as asking once, so that it may be asked again where no answer came.
            timeout: Seconds to wait for each piece of the answer.
            judge: Is given each answer first, to raise what it knows better than ``check``.

        Raises:
            StoreUnavailable: No answer came, or one that says to come back later, or to come as somebody else.
        """

        def ask() -> Response:
            with self.stream(method, path, query=query, body=body, headers=headers, timeout=timeout) as response:
                found = Response(response.status, _lower(response.headers), response.data)
            if judge is not None:
                judge(found)
            self.check(found.status, found.headers)
            return found

        return _repeated(ask) if repeats and not hasattr(body, "read") else ask()

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
        """Give the answer to a request while it is still coming; it is not looked at, see ``check``."""
        import urllib3

        self._refuse_rest()
        where = self.url + path + (f"?{urlencode(query)}" if query else "")
        own = {"User-Agent": "nbtrack", **(headers or {}), **authorization(self._address, self._environ())}
        limits = urllib3.Timeout(connect=min(timeout, _CONNECT_SECONDS), read=timeout)
        response = None
        try:
            response = self._pool().urlopen(
                method, where, body=body, headers=own, timeout=limits, retries=False, redirect=False, preload_content=False
            )
            yield response
        except urllib3.exceptions.LocationParseError as error:
            raise InvalidInput(f"{self.url} is no address of a server") from error
        except urllib3.exceptions.HTTPError as error:
            # What of an answer may still come must not be taken for the beginning of the next one.
            if response is not None:
                response.close()
            raise _away(self.url, error) from error
        finally:
            if response is not None:
                response.drain_conn() if response.length_remaining == 0 else response.close()
                response.release_conn()

    def check(self, status: int, headers: Mapping[str, str], said: str = "") -> None:
        """Raise the error that an answer's status and headers stand for, if they do."""
        error = refusal(self.url, status, headers, said)
        if isinstance(error, TransientError) and error.wait > _LONGEST_PAUSE:
            self._resting_until = time.monotonic() + error.wait
        if error is not None:
            raise error

    def close(self) -> None:
        """Close connections that are not in use; they are made again when needed."""
        if self._pools is not None:
            self._pools[2].clear()

    def _refuse_rest(self) -> None:
        left = self._resting_until - time.monotonic()
        if left > 0:
            raise StoreUnavailable(f"{self.url} asks to be left alone for another {left:.0f} s")

    def _pool(self) -> urllib3.PoolManager:
        """Return the connections of this process, made anew after a fork and where other certificates are to be trusted."""
        wanted = trust(self._environ())
        kept = self._pools
        if kept is None or kept[:2] != (os.getpid(), wanted):
            kept = self._pools = (os.getpid(), wanted, _new_pool(self._address, wanted))
        return kept[2]


def _new_pool(address: Address, wanted: Trust) -> urllib3.PoolManager:
    import urllib3

    options: dict[str, Any] = {"num_pools": 2, "maxsize": _CONNECTIONS, "block": False}
    if address.url.startswith("https:"):
        for path in filter(None, (wanted.authorities, wanted.own)):
            if not Path(path).exists():
                raise InvalidInput(f"the certificate {path!r}, which the environment names, is not there")
        options["cert_reqs"] = "CERT_REQUIRED" if wanted.is_checked else "CERT_NONE"
        is_folder = wanted.authorities is not None and Path(wanted.authorities).is_dir()
        options |= {"ca_cert_dir" if is_folder else "ca_certs": wanted.authorities, "cert_file": wanted.own}
        if not wanted.is_checked:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    proxy = proxy_for(address)
    return urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)


def _away(url: str, error: Exception) -> NbtrackError:
    """Return what urllib3 says as an error of ours, without the address that it was asked, which may hold a secret."""
    import urllib3

    kinds: dict[type[Exception], str] = {
        urllib3.exceptions.NameResolutionError: "there is no server of that name",
        urllib3.exceptions.NewConnectionError: "the connection is refused",
        urllib3.exceptions.ConnectTimeoutError: "the server does not answer",
        urllib3.exceptions.ReadTimeoutError: "the server is too slow",
        urllib3.exceptions.ProxyError: "the proxy cannot be reached",
        urllib3.exceptions.SSLError: f"no secure connection: {error}",
    }
    reason = next((text for kind, text in kinds.items() if isinstance(error, kind)), "")
    if not reason:
        return TransientError(f"{url}: the connection broke")
    return unreachable(url, reason, is_certificate=isinstance(error, urllib3.exceptions.SSLError))


def _repeated(ask: Callable[[], T]) -> T:
    """Ask again after a pause where that may help, as long as it is short."""
    for pause in _PAUSES:
        try:
            return ask()
        except TransientError as error:
            if error.wait > _LONGEST_PAUSE:
                raise
            time.sleep(max(pause, error.wait))
    return ask()


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
