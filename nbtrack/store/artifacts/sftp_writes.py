"""Pipelined writes by SFTP, each of which the server confirms.

paramiko's own pipelined files ignore the responses to their first hundred writes, so that a file on a full disk is truncated
without an error (paramiko/sftp_file.py, ``_write``, which sends requests without a receiver).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .protocol import Readable

if TYPE_CHECKING:
    import paramiko

__all__ = ["write_confirmed"]

_BLOCK = 32 << 10  # every server accepts writes of this size
_MOST_PENDING = 64


def write_confirmed(client: paramiko.SFTPClient, file: paramiko.SFTPFile, content: Readable) -> int:
    """Write everything that a reader returns to a file, and return its size when the server has confirmed each write.

    Args:
        client: The channel, used by this thread alone.
        file: An empty file, open for writing on this channel.
        content: What to write, from its position on.

    Raises:
        OSError: The server refused a write, for example because its disk is full.
    """
    writes = _PendingWrites(client, file.handle)
    while block := content.read(_BLOCK):
        writes.send(bytes(block))
    writes.wait_for(0)
    return writes.size


class _PendingWrites:
    """The writes of one file that the server has not confirmed."""

    def __init__(self, client: Any, handle: bytes) -> None:
        self.size = 0
        self._client, self._handle = client, handle
        self._waiting: set[int] = set()
        self._refusal: BaseException | None = None

    def send(self, block: bytes) -> None:
        from paramiko.sftp import CMD_WRITE, int64

        self.wait_for(_MOST_PENDING - 1)
        number = self._client._async_request(self, CMD_WRITE, self._handle, int64(self.size), block)
        self._waiting.add(number)
        self.size += len(block)

    def wait_for(self, most: int) -> None:
        """Read responses until at most ``most`` are pending."""
        while len(self._waiting) > most and self._refusal is None:
            self._client._read_response()  # calls _async_response
        if self._refusal is not None:
            raise self._refusal

    def _async_response(self, _kind: int, message: Any, number: int) -> None:
        """Receive the response to a write; called by paramiko's client."""
        self._waiting.discard(number)
        try:
            self._client._convert_status(message)
        except (OSError, EOFError) as error:
            self._refusal = self._refusal or error
