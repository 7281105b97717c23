"""Large files on their way directly to a bucket and back, by requests that a server has signed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from ...errors import StoreUnavailable
from ..http import HttpClient, Response
from .parallel import for_each
from .protocol import SignedRequest, UploadedPart

__all__ = ["check_addresses", "download_ranges", "parts_of", "upload_parts"]

_PART = 16 << 20
_MOST_PARTS = 10_000
_AT_ONCE = 4
_NONE: Mapping[str, str] = {}


def parts_of(source: Path) -> list[range]:
    """Return the bytes that each part of a file has."""
    size = source.stat().st_size
    length = max(_PART, -(-size // _MOST_PARTS))
    return [range(start, min(start + length, size)) for start in range(0, size, length)]


def check_addresses(requests: Sequence[SignedRequest], server: str) -> None:
    """Refuse requests that a server elsewhere has signed for this very machine, or for what only it can reach.

    A service that listens here for nobody but this machine's users would take them for ours.

    Raises:
        StoreUnavailable: There is such a request.
    """
    for address in {f"{parts.scheme}://{parts.netloc}" for parts in (urlsplit(each.url) for each in requests)}:
        if _is_here(address) and not _is_here(server):
            raise StoreUnavailable(
                f"{server} sends files to {address}, which is this machine: the address of its bucket is wrong"
            )


def _is_here(address: str) -> bool:
    """Tell whether an address is this machine's own, or of the services around it, in whatever form it is written."""
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(urlsplit(address).hostname, None)}
        places = [ip_address(str(each).partition("%")[0]) for each in found]
    except (OSError, ValueError, UnicodeError):  # a name that a proxy may know
        return False
    return any(each.is_loopback or each.is_link_local or each.is_unspecified for each in places)


def upload_parts(source: Path, parts: Sequence[range], requests: Sequence[SignedRequest]) -> list[UploadedPart]:
    """Upload the parts of a file, some at a time; StoreUnavailable."""
    made = [UploadedPart(0)] * len(parts)
    client = _client(requests[0])

    def send(index: int) -> None:
        with source.open("rb") as file:
            file.seek(parts[index].start)
            answer = _send(client, "PUT", requests[index], body=file.read(len(parts[index])))
        made[index] = UploadedPart(index + 1, answer.headers.get("etag", ""))

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
) -> Response:
    parts = urlsplit(request.url)
    answer = client.request(method, f"{parts.path}?{parts.query}", body=body, headers={**request.headers, **(headers or {})})
    if answer.status >= 300:
        said = answer.body.decode(errors="replace")[:200]
        raise StoreUnavailable(f"{client.url} refuses a part of a file ({answer.status}): {said}")
    return answer
