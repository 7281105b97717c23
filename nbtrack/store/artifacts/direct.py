"""Large files on their way directly to a bucket and back, by requests that a server has signed."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from ...errors import StoreUnavailable
from ..http import Answer, HttpClient
from .base import Part, SignedRequest
from .parallel import for_each

__all__ = ["download_ranges", "parts_of", "upload_parts"]

_PART = 16 << 20
_MOST_PARTS = 10_000
_AT_ONCE = 4
_NONE: Mapping[str, str] = {}


def parts_of(source: Path) -> list[range]:
    """Return the bytes that each part of a file has."""
    size = source.stat().st_size
    length = max(_PART, -(-size // _MOST_PARTS))
    return [range(start, min(start + length, size)) for start in range(0, size, length)]


def upload_parts(source: Path, parts: Sequence[range], requests: Sequence[SignedRequest]) -> list[Part]:
    """Upload the parts of a file, some at a time; StoreUnavailable."""
    made = [Part(0)] * len(parts)
    client = _client(requests[0])

    def send(index: int) -> None:
        with source.open("rb") as file:
            file.seek(parts[index].start)
            answer = _send(client, "PUT", requests[index], body=file.read(len(parts[index])))
        made[index] = Part(index + 1, answer.headers.get("etag", ""))

    for_each(send, range(len(parts)), _AT_ONCE)
    return made


def download_ranges(request: SignedRequest, size: int, file: BinaryIO) -> None:
    """Download a file of a known size in pieces, some at a time; StoreUnavailable."""
    client, writing = _client(request), threading.Lock()

    def fetch(start: int) -> None:
        end = min(start + _PART, size)
        block = _send(client, "GET", request, headers={"Range": f"bytes={start}-{end - 1}"}).body
        if len(block) != end - start:
            raise StoreUnavailable(f"{client.url} gives {len(block)} bytes of a file where {end - start} were asked for")
        with writing:
            file.seek(start)
            file.write(block)

    for_each(fetch, range(0, size, _PART), _AT_ONCE)


def _client(request: SignedRequest) -> HttpClient:
    """Return a client for a signed request's host: one that says nobody's name, for the signature is all that counts."""
    parts = urlsplit(request.url)
    return HttpClient(f"{parts.scheme}://{parts.netloc}", environ=dict)


def _send(
    client: HttpClient,
    method: str,
    request: SignedRequest,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    parts = urlsplit(request.url)
    answer = client.request(method, f"{parts.path}?{parts.query}", body=body, headers={**request.headers, **(headers or {})})
    if answer.status >= 300:
        said = answer.body.decode(errors="replace")[:200]
        raise StoreUnavailable(f"{client.url} refuses a part of a file ({answer.status}): {said}")
    return answer
