"""Receives uploaded files on the event loop, so that a slow client occupies no thread."""

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

_IN_MEMORY: Final = 1 << 20  # bytes: a smaller file is not written to a temporary one first
_AT_ONCE: Final = 64  # uploads of one client address

_running: Counter[str] = Counter()  # changed on the event loop only, so without a lock


@contextmanager
def slot(client: str) -> Iterator[None]:
    """Occupy one of a client's simultaneous uploads during the context.

    Raises:
        ApiError: All of the client's are in use (429); it may try again.
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
    """Receive the whole body of a request: a small one as bytes, a large one as a temporary file that the context deletes.

    Args:
        exchange: The request.
        root: The URI of the artifact store. The temporary file of a local store is inside it, so that storing it is a rename.

    Raises:
        ApiError: The client disconnected or went silent.
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
    """Return the next bytes: at least ``size``, fewer only at the end."""
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
