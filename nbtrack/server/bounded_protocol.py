"""What a connection may cost before anybody has said who they are: a request's head is short and comes soon."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["HEAD_SECONDS", "LARGEST_HEAD", "BoundedProtocol"]

LARGEST_HEAD: Final = 64 << 10  # bytes: twice what nginx takes unless told otherwise
HEAD_SECONDS: Final = 30.0


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which waits for ever for heads of any size, with bounds on both."""

    _head = 0  # bytes of the head that is coming
    _is_in_head = True
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Wait for the head of the first request."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Refuse what has become too long."""
        super().data_received(data)
        self._head += len(data)
        if self._is_in_head and self._head > LARGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def on_message_begin(self) -> None:
        """Wait for the head of another request."""
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        """Take the time that the request needs."""
        self._is_in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def _expect_head(self) -> None:
        self._head, self._is_in_head = 0, True
        self._stop_waiting()
        self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
