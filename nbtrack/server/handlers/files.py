"""Contents of files, in and out as streams: memory does not grow with a file's size."""

from __future__ import annotations

import mimetypes
import os
import re
import unicodedata
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote

from ...store.mlflow_api import artifacts as wire
from ...store.mlflow_api import logged_models
from ...store.mlflow_api.errors import ApiError, invalid, missing_value
from ..exchange import Exchange
from ..route import StreamRoute
from ..service import Service
from ..uploads import received, slot
from .artifact_paths import folder_at, folder_of, joined
from .artifacts import check_serving
from .model_registry import version_of
from .trace_spans import SPANS_FILE
from .traces import spans_location

__all__ = ["ROUTES"]

_BLOCK: Final = 1 << 20
_LARGEST_AJAX: Final = 10 << 20
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
# Shown as text, whatever a browser would make of them: MLflow's list.
_TEXTS: Final = re.compile(
    "txt|log|err|cfg|conf|cnf|cf|ini|properties|prop|hocon|toml|yaml|yml|xml|json|js|py|py3|csv|tsv|md|rst|ipynb|MLmodel|mlproject"
)

_TOKEN: Final = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)  # what a header has without quotes


async def download_artifact(service: Service, exchange: Exchange, request: wire.ArtifactAt) -> None:
    """Send a file of the server's artifact store."""
    check_serving(service)
    await _send(service, exchange, joined("", request.path))


async def get_artifact(service: Service, exchange: Exchange, request: wire.GetArtifact) -> None:
    """Send a file of a run."""
    if not request.run or not request.path:
        raise missing_value("path" if request.run else "run_id")
    await _send(service, exchange, await exchange.in_thread(_file_of_run, service, request))


def _file_of_run(service: Service, request: wire.GetArtifact) -> str:
    joined("", request.path)  # a bad path is refused before anything is looked up
    return joined(folder_of(service.store.get_run(request.run), service.artifacts.uri), request.path)


async def get_model_version_artifact(service: Service, exchange: Exchange, request: wire.GetVersionArtifact) -> None:
    """Send a file of a model's version."""
    for name in ("name", "version", "path"):
        if not getattr(request, name):
            raise missing_value(name)
    joined("", request.path)
    await _send(service, exchange, await exchange.in_thread(_file_of_version, service, request))


def _file_of_version(service: Service, request: wire.GetVersionArtifact) -> str:
    return joined(folder_at(version_of(service, request.name, request.version).location, service.artifacts.uri), request.path)


async def get_logged_model_artifact(service: Service, exchange: Exchange, request: logged_models.GetModelArtifact) -> None:
    """Send a file of a logged model."""
    if not request.artifact_file_path:
        raise ApiError("BAD_REQUEST", 'Request must include the "artifact_file_path" query parameter.')
    joined("", request.artifact_file_path)
    await _send(service, exchange, await exchange.in_thread(_file_of_model, service, request))


def _file_of_model(service: Service, request: logged_models.GetModelArtifact) -> str:
    where = service.store.models.get(request.model_id).artifact_uri
    return joined(folder_at(where, service.artifacts.uri), request.artifact_file_path)


async def get_trace_artifact(service: Service, exchange: Exchange, request: wire.GetTraceArtifact) -> None:
    """Send the spans of a trace."""
    if not request.request_id:
        raise missing_value("request_id")
    await _send(service, exchange, await exchange.in_thread(_file_of_trace, service, request.request_id))


def _file_of_trace(service: Service, trace_id: str) -> str:
    return joined(folder_at(spans_location(service, trace_id), service.artifacts.uri), SPANS_FILE)


async def put_artifact(service: Service, exchange: Exchange, request: wire.ArtifactAt) -> None:
    """Take a file in; it is there whole or not at all."""
    check_serving(service)
    path = joined("", request.path)
    await exchange.in_thread(service.may_edit, path)
    with slot(exchange.address):
        async with received(exchange, service.artifacts.uri) as content:
            await exchange.in_thread(_keep, service, path, content)
    await exchange.answer(200, b"{}")


def _keep(service: Service, path: str, content: Path | bytes) -> None:
    if isinstance(content, Path):
        service.artifacts.put(path, content, move=True)
    else:
        service.artifacts.write(path, BytesIO(content))


async def upload_artifact(service: Service, exchange: Exchange, request: wire.GetArtifact) -> None:
    """Take in a small file of a run, as MLflow's web pages send it."""
    if not request.run_uuid and not request.run_id:
        raise invalid("Request must specify run_uuid.")
    if not request.path:
        raise invalid("Request must specify path.")
    joined("", request.path)
    body = await exchange.body(_LARGEST_AJAX, "Artifact size is too large. Max size is 10MB.")
    if not body:
        raise invalid("Request must specify data.")
    path = await exchange.in_thread(_file_of_run, service, request)
    await exchange.in_thread(service.artifacts.write, path, BytesIO(body))
    await exchange.answer(200, b"{}")


# Sending.


async def _send(service: Service, exchange: Exchange, path: str) -> None:
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
    """Return a file's size, None of one that cannot tell."""
    if not file.seekable():
        return None
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def _wanted(asked: str | None, size: int | None) -> tuple[int, int | None]:
    """Return the bytes that a Range header asks for: from where and to where; all, unless it is one plain range."""
    found = _RANGE.fullmatch(asked or "")
    if size is None or found is None or found[0] == "bytes=-":
        return 0, size
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
        (b"content-security-policy", b"default-src 'none'; sandbox"),  # should a browser show it all the same, it may do nothing
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
    """Return a header that has the file saved under its name, and never shown on the server's own pages."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode() or "download"
    named = plain if _TOKEN.fullmatch(plain) else '"' + plain.replace("\\", "_").replace('"', "_") + '"'
    return f"attachment; filename={named}" + ("" if name.isascii() else f"; filename*=UTF-8''{quote(name, safe='')}")


ROUTES: Final = (
    StreamRoute(wire.DOWNLOAD_ARTIFACT, download_artifact, "READ"),
    StreamRoute(wire.GET_ARTIFACT, get_artifact, "READ"),
    StreamRoute(wire.GET_VERSION_ARTIFACT, get_model_version_artifact, "READ"),
    StreamRoute(logged_models.GET_LOGGED_MODEL_ARTIFACT, get_logged_model_artifact, "READ"),
    StreamRoute(wire.GET_TRACE_ARTIFACT, get_trace_artifact, "READ"),
    StreamRoute(wire.PUT_ARTIFACT, put_artifact, "EDIT"),
    StreamRoute(wire.UPLOAD_ARTIFACT, upload_artifact, "EDIT"),
)
