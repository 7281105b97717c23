"""An HTTP request and its answer, over ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import Executor
from typing import Any, TypeAlias, TypeVar
from urllib.parse import parse_qsl

from ..store.mlflow_api.errors import ApiError, invalid

__all__ = ["Exchange", "Receive", "Scope", "Send"]

Scope: TypeAlias = "MutableMapping[str, Any]"
Receive: TypeAlias = "Callable[[], Awaitable[MutableMapping[str, Any]]]"
Send: TypeAlias = "Callable[[MutableMapping[str, Any]], Awaitable[None]]"
Headers: TypeAlias = "Iterable[tuple[bytes, bytes]]"

T = TypeVar("T")

MAX_BODY = 64 << 20  # bytes of a JSON body: many times the largest batch that MLflow's limits allow
SILENCE = 60.0  # seconds without a byte of a body, after which the request is abandoned


class Exchange:
    """A request, and the means to answer it once.

    Attributes:
        method: The HTTP method.
        path: The decoded path, without the query.
        address: The client's address; empty if unknown.
        has_begun: Whether the head of the answer was sent.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, threads: Executor) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.address: str = (scope.get("client") or ("",))[0]
        self.has_begun = False
        self._scope, self._receive, self._send, self._threads = scope, receive, send, threads

    @property
    def length(self) -> int | None:
        """The size of the body in bytes, None if the client has not declared it."""
        if self.method in ("GET", "HEAD"):
            return 0  # a body of these is never read
        declared = self.header(b"content-length")
        return int(declared) if declared and declared.isascii() and declared.isdecimal() else None

    def header(self, name: bytes) -> str | None:
        """Return a header of the request, or None."""
        return next((value.decode("latin-1") for key, value in self._scope["headers"] if key == name), None)

    def query(self) -> list[tuple[str, str]]:
        """Return the query as name and value pairs."""
        return parse_qsl(self._scope["query_string"].decode("latin-1"), keep_blank_values=True)

    async def in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run blocking work in a thread for files, and return its result."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    async def body(self, largest: int = MAX_BODY, refusal: str = "") -> bytes:
        """Return the whole body.

        Args:
            largest: The most bytes that are accepted.
            refusal: The message of the error for more bytes; by default one with the limit.

        Raises:
            ApiError: The body is too large, or the client disconnected or went silent.
        """
        parts: list[bytes] = []
        size = 0
        async for part in self.stream():
            size += len(part)
            if size > largest:
                if refusal:
                    raise invalid(refusal)
                raise ApiError("BAD_REQUEST", f"the body of a request may have {largest} bytes", status=413)
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)  # most bodies come in one part and are not copied

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives.

        Raises:
            ApiError: The client disconnected, or has sent nothing for a minute.
        """
        more = True
        while more:
            message = await self._next_message()
            if message["type"] == "http.disconnect":
                raise ApiError("CANCELLED", "the client disconnected before its request was complete")
            if part := message.get("body"):
                yield part
            more = message.get("more_body", False)

    async def _next_message(self) -> MutableMapping[str, Any]:
        try:
            async with asyncio.timeout(SILENCE):
                return await self._receive()
        except TimeoutError as error:
            raise ApiError(
                "DEADLINE_EXCEEDED", f"no byte of the request's body arrived for {SILENCE:.0f} s", status=408
            ) from error

    async def answer(self, status: int, body: bytes, kind: bytes = b"application/json", headers: Headers = ()) -> None:
        """Send a whole answer; one to HEAD has the headers alone."""
        await self.begin(status, [(b"content-type", kind), (b"content-length", b"%d" % len(body)), *headers])
        await self._send({"type": "http.response.body", "body": b"" if self.method == "HEAD" else body})

    async def begin(self, status: int, headers: Headers) -> None:
        """Send the head of an answer whose body follows in parts."""
        self.has_begun = True
        await self._send({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def send_part(self, part: bytes) -> None:
        """Send a part of the body."""
        await self._send({"type": "http.response.body", "body": part, "more_body": True})

    async def finish(self) -> None:
        """End the body of an answer that was sent in parts."""
        await self._send({"type": "http.response.body", "body": b""})

    def check_content_type(self) -> None:
        """Refuse the body of a POST or PUT without the content type of JSON, as MLflow's server does."""
        kind = self.header(b"content-type")
        if self.method not in ("POST", "PUT"):
            return
        if kind is None:
            raise invalid("Bad Request. Content-Type header is missing.")
        if kind.partition(";")[0].strip().lower() != "application/json":
            raise invalid("Bad Request. Content-Type must be one of ['application/json'].")
