"""Files that clients send: received as they come, without a thread that waits for the client, and kept once they are whole."""

from __future__ import annotations

import secrets
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final

from ..store.artifacts.paths import TEMPORARY, local_path, scheme_of
from ..store.mlflow_api.errors import ApiError
from .exchange import Exchange

__all__ = ["received", "slot"]

_IN_MEMORY: Final = 1 << 20  # bytes of a file that is not written to disk on its way
_AT_ONCE: Final = 64  # uploads of one client

_running: Counter[str] = Counter()


@contextmanager
def slot(client: str) -> Iterator[None]:
    """Count one more upload of a client, and one less afterwards.

    Raises:
        ApiError: There are as many as one client may have at once; it may ask again.
    """
    if _running[client] >= _AT_ONCE:
        raise ApiError("REQUEST_LIMIT_EXCEEDED", f"one client may send {_AT_ONCE} files at once", status=429)
    _running[client] += 1
    try:
        yield
    finally:
        _running[client] -= 1
        if not _running[client]:
            del _running[client]


@asynccontextmanager
async def received(exchange: Exchange, root: str) -> AsyncIterator[Path | bytes]:
    """Give the body of a request once all of it is here: a small one as it is, a large one as a file that is gone afterwards.

    Args:
        exchange: The request.
        root: The URI of the artifact store: where that is a folder of this machine, the file is made in it, and so only renamed.

    Raises:
        ApiError: The client went away, or was silent for too long.
    """
    parts = exchange.stream()
    head = await _up_to(parts, _IN_MEMORY)
    if len(head) < _IN_MEMORY:
        yield head
        return
    place = _folder(root) / f"{TEMPORARY}{secrets.token_hex(8)}"
    try:
        await exchange.in_thread(_create, place, head)
        while block := await _up_to(parts, _IN_MEMORY):
            await exchange.in_thread(_append, place, block)
        yield place
    finally:
        with suppress(FileNotFoundError):
            await exchange.in_thread(place.unlink)


async def _up_to(parts: AsyncIterator[bytes], size: int) -> bytes:
    """Return the next bytes, at least ``size`` of them but at the end."""
    found: list[bytes] = []
    while size > 0 and (part := await anext(parts, b"")):
        found.append(part)
        size -= len(part)
    return b"".join(found)


def _folder(root: str) -> Path:
    return local_path(root) if scheme_of(root) in ("", "file") else Path(tempfile.gettempdir())


def _create(place: Path, block: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("xb") as file:
        file.write(block)


def _append(place: Path, block: bytes) -> None:
    with place.open("ab") as file:
        file.write(block)
