"""Sends a file as an answer: whole or a range of bytes, read in blocks so that memory does not grow with its size."""

from __future__ import annotations

import mimetypes
import os
import re
import unicodedata
from typing import BinaryIO, Final
from urllib.parse import quote

from ...store.mlflow_api.errors import ApiError
from ..exchange import Exchange
from ..service import Service

__all__ = ["send_file"]

_BLOCK: Final = 1 << 20
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
# Endings of files that are sent as plain text: MLflow's list.
_TEXTS: Final = re.compile(
    "txt|log|err|cfg|conf|cnf|cf|ini|properties|prop|hocon|toml|yaml|yml|xml|json|js|py|py3|csv|tsv|md|rst|ipynb|MLmodel|mlproject"
)
_TOKEN: Final = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)  # what needs no quotes in a header


async def send_file(service: Service, exchange: Exchange, path: str) -> None:
    """Send a file of the artifact store, or the range of it that the request asks for."""
    file = await exchange.in_thread(service.artifacts.open, path)
    try:
        size = await exchange.in_thread(_size, file)
        start, stop = _wanted(exchange.header(b"range"), size)
        headers = _headers(path, size, start, stop)
        await exchange.begin(200 if (start, stop) == (0, size) else 206, headers)
        if exchange.method != "HEAD":
            await _copy(exchange, file, start, stop)
        await exchange.finish()
    finally:
        await exchange.in_thread(file.close)


async def _copy(exchange: Exchange, file: BinaryIO, start: int, stop: int | None) -> None:
    if start:
        await exchange.in_thread(file.seek, start)
    left = stop - start if stop is not None else None
    while left is None or left > 0:
        block = await exchange.in_thread(file.read, _BLOCK if left is None else min(_BLOCK, left))
        if not block:
            break
        left = None if left is None else left - len(block)
        await exchange.send_part(block)


def _size(file: BinaryIO) -> int | None:
    """Return a file's size, None if it cannot seek."""
    if not file.seekable():
        return None
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def _wanted(asked: str | None, size: int | None) -> tuple[int, int | None]:
    """Return start and stop of the range that a Range header asks for; the whole file unless the header has one simple range."""
    found = _RANGE.fullmatch(asked or "")
    if size is None or found is None or found[0] == "bytes=-":
        return 0, size  # HTTP allows to ignore a range, such as one of several parts
    if not found[1]:
        return max(0, size - int(found[2])), size
    start, stop = int(found[1]), min(int(found[2]) + 1, size) if found[2] else size
    if start >= size or stop <= start:
        raise ApiError("INVALID_PARAMETER_VALUE", f"the range {asked} is not in a file of {size} bytes", status=416)
    return start, stop


def _headers(path: str, size: int | None, start: int, stop: int | None) -> list[tuple[bytes, bytes]]:
    name = path.rpartition("/")[2]
    headers = [
        (b"content-type", _kind(name).encode()),
        (b"content-disposition", _disposition(name).encode("ascii")),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"default-src 'none'; sandbox"),  # if a browser shows the file all the same, no script runs
    ]
    if size is not None and stop is not None:
        headers += [(b"content-length", b"%d" % (stop - start)), (b"accept-ranges", b"bytes")]
        if (start, stop) != (0, size):
            headers.append((b"content-range", b"bytes %d-%d/%d" % (start, stop - 1, size)))
    return headers


def _kind(name: str) -> str:
    if _TEXTS.fullmatch(name.rpartition(".")[2]):
        return "text/plain"
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _disposition(name: str) -> str:
    """Return a header that makes browsers save the file under its name instead of showing it."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode() or "download"
    named = plain if _TOKEN.fullmatch(plain) else '"' + plain.replace("\\", "_").replace('"', "_") + '"'
    return f"attachment; filename={named}" + ("" if name.isascii() else f"; filename*=UTF-8''{quote(name, safe='')}")
