"""One request and its answer, over ASGI."""

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

MAX_BODY = 64 << 20  # bytes of a JSON body: many times the largest batch that MLflow's limits leave
SILENCE = 60.0  # seconds without a byte of a body, after which nobody waits for the rest


class Exchange:
    """A request that is to be answered once."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, threads: Executor) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.address: str = (scope.get("client") or ("",))[0]
        self.has_begun = False
        self._scope, self._receive, self._send, self._threads = scope, receive, send, threads

    @property
    def length(self) -> int | None:
        """How many bytes the body has, None where that was not said."""
        if self.method in ("GET", "HEAD"):
            return 0  # of what has no body to be read
        said = self.header(b"content-length")
        return int(said) if said and said.isascii() and said.isdecimal() else None

    def header(self, name: bytes) -> str | None:
        """Return a header, None where it was not sent."""
        return next((value.decode("latin-1") for key, value in self._scope["headers"] if key == name), None)

    def query(self) -> list[tuple[str, str]]:
        """Return the query as pairs of name and value."""
        return parse_qsl(self._scope["query_string"].decode("latin-1"), keep_blank_values=True)

    async def in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        """Have something that may wait done in a thread, and return what it returns."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    async def body(self, largest: int = MAX_BODY, refusal: str = "") -> bytes:
        """Return the whole body.

        Raises:
            ApiError: It is larger than it may be, or the client went away.
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
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes.

        Raises:
            ApiError: The client went away, or has sent nothing for a minute.
        """
        more = True
        while more:
            message = await self._next()
            if message["type"] == "http.disconnect":
                raise ApiError("CANCELLED", "the client went away before its request was complete")
            if part := message.get("body"):
                yield part
            more = message.get("more_body", False)

    async def _next(self) -> MutableMapping[str, Any]:
        try:
            async with asyncio.timeout(SILENCE):
                return await self._receive()
        except TimeoutError as error:
            raise ApiError("DEADLINE_EXCEEDED", "the request did not come to its end", status=408) from error

    async def answer(self, status: int, body: bytes, kind: bytes = b"application/json", headers: Headers = ()) -> None:
        """Answer with a body."""
        await self.begin(status, [(b"content-type", kind), (b"content-length", b"%d" % len(body)), *headers])
        await self._send({"type": "http.response.body", "body": b"" if self.method == "HEAD" else body})

    async def begin(self, status: int, headers: Headers) -> None:
        """Send the head of an answer, whose body follows in parts."""
        self.has_begun = True
        await self._send({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def send_part(self, part: bytes) -> None:
        """Send a part of the body."""
        await self._send({"type": "http.response.body", "body": part, "more_body": True})

    async def finish(self) -> None:
        """Say that the body is complete."""
        await self._send({"type": "http.response.body", "body": b""})

    def check_content_type(self) -> None:
        """Refuse a body that does not say to be JSON."""
        kind = self.header(b"content-type")
        if self.method not in ("POST", "PUT"):
            return
        if kind is None:
            raise invalid("Bad Request. Content-Type header is missing.")
        if kind.partition(";")[0].strip().lower() != "application/json":
            raise invalid("Bad Request. Content-Type must be one of ['application/json'].")
