"""Large files sent directly to a bucket and back, by requests that a server has presigned."""

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
    """Return the range of bytes of each part of a file."""
    size = source.stat().st_size
    length = max(_PART, -(-size // _MOST_PARTS))
    return [range(start, min(start + length, size)) for start in range(0, size, length)]


def check_addresses(requests: Sequence[SignedRequest], server: str) -> None:
    """Refuse requests of a remote server for addresses that only this machine can reach.

    A local service without a password would accept them as requests of this machine's user (server-side request forgery,
    with the client as the server's tool).

    Raises:
        StoreUnavailable: A request has such an address.
    """
    for address in {f"{parts.scheme}://{parts.netloc}" for parts in (urlsplit(each.url) for each in requests)}:
        if _is_here(address) and not _is_here(server):
            raise StoreUnavailable(
                f"{server} sends files to {address}, which is this machine: the address of its bucket is wrong"
            )


def _is_here(address: str) -> bool:
    """Tell whether an address, however it is written, is loopback, link-local or unspecified."""
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(urlsplit(address).hostname, None)}
        places = [ip_address(str(each).partition("%")[0]) for each in found]
    except (OSError, ValueError, UnicodeError):  # a name that only a proxy may resolve
        return False
    return any(each.is_loopback or each.is_link_local or each.is_unspecified for each in places)


def upload_parts(source: Path, parts: Sequence[range], requests: Sequence[SignedRequest]) -> list[UploadedPart]:
    """Upload the parts of a file, several in parallel; StoreUnavailable."""
    made = [UploadedPart(0)] * len(parts)
    client = _client(requests[0])

    def send(index: int) -> None:
        with source.open("rb") as file:
            file.seek(parts[index].start)
            response = _send(client, "PUT", requests[index], body=file.read(len(parts[index])))
        made[index] = UploadedPart(index + 1, response.headers.get("etag", ""))

    for_each(send, range(len(parts)), _AT_ONCE)
    return made


def download_ranges(request: SignedRequest, size: int, file: BinaryIO) -> None:
    """Download a file of a known size in ranges, several in parallel; StoreUnavailable."""
    client, writing = _client(request), threading.Lock()

    def fetch(start: int) -> None:
        end = min(start + _PART, size)
        block = _send(client, "GET", request, headers={"Range": f"bytes={start}-{end - 1}"}).body
        if len(block) != end - start:
            raise StoreUnavailable(f"{client.url} sent {len(block)} bytes of a file instead of {end - start}")
        with writing:
            file.seek(start)
            file.write(block)

    for_each(fetch, range(0, size, _PART), _AT_ONCE)


def _client(request: SignedRequest) -> HttpClient:
    """Return a client without credentials for the host of a presigned request."""
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
    response = client.request(method, f"{parts.path}?{parts.query}", body=body, headers={**request.headers, **(headers or {})})
    if response.status >= 300:
        message = response.body.decode(errors="replace")[:200]
        raise StoreUnavailable(f"{client.url} refuses a part of a file ({response.status}): {message}")
    return response
