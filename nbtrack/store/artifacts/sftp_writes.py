"""Writing a file by SFTP: many requests on their way at once, and each of them answered before the file counts as written.

paramiko's own pipelined files forget the answers to their first hundred writes, so that a file on a full disk is cut
without an error (paramiko/sftp_file.py, ``_write``: the requests are made for nobody).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .protocol import Readable

if TYPE_CHECKING:
    import paramiko

__all__ = ["write_confirmed"]

_BLOCK = 32 << 10  # what every server takes at once
_ON_THE_WAY = 64


def write_confirmed(client: paramiko.SFTPClient, file: paramiko.SFTPFile, content: Readable) -> int:
    """Write all that a reader gives into a new file, and return its size once the server has confirmed each write.

    Args:
        client: The channel, used by this thread alone.
        file: An empty file that is open for writing on it.
        content: What to write, from where it stands.

    Raises:
        OSError: The server refused a write: its disk is full, say.
    """
    writes = _Writes(client, file.handle)
    while block := content.read(_BLOCK):
        writes.send(bytes(block))
    writes.wait_for(0)
    return writes.size


class _Writes:
    """The writes of one file, and how many of them are not answered yet."""

    def __init__(self, client: Any, handle: bytes) -> None:
        self.size = 0
        self._client, self._handle = client, handle
        self._waiting: set[int] = set()
        self._refusal: BaseException | None = None

    def send(self, block: bytes) -> None:
        from paramiko.sftp import CMD_WRITE, int64

        self.wait_for(_ON_THE_WAY - 1)
        number = self._client._async_request(self, CMD_WRITE, self._handle, int64(self.size), block)
        self._waiting.add(number)
        self.size += len(block)

    def wait_for(self, most: int) -> None:
        """Read answers until at most so many are missing."""
        while len(self._waiting) > most and self._refusal is None:
            self._client._read_response()  # which hands each answer to whoever asked
        if self._refusal is not None:
            raise self._refusal

    def _async_response(self, _kind: int, message: Any, number: int) -> None:
        """Take the answer to a write; paramiko's client calls this."""
        self._waiting.discard(number)
        try:
            self._client._convert_status(message)
        except (OSError, EOFError) as error:
            self._refusal = self._refusal or error
