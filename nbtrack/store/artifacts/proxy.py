"""Artifacts that a tracking server keeps: ``mlflow-artifacts:/…``, or ``http(s)://host/api/2.0/mlflow-artifacts/artifacts/…``."""

from __future__ import annotations

import json
import mimetypes
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from ...errors import InvalidInput, NbtrackError, StoreError, StoreUnavailable
from ...settings import environment
from ..http import HttpClient, client_of
from .artifact_uri import ArtifactUri
from .presigned import check_addresses, download_ranges, parts_of, upload_parts
from .protocol import ArtifactEntry, SignedRequest
from .remote_base import RemoteArtifacts

if TYPE_CHECKING:
    from .protocol import ArtifactStore

__all__ = ["ProxyArtifacts", "open_proxy"]

_SERVICE = "/api/2.0/mlflow-artifacts"
_FILES = f"{_SERVICE}/artifacts"
# A server may answer only once it has passed a large file on.
_UPLOAD_SECONDS = 900.0
_SERVER_INFO = "/api/3.0/mlflow/server-info"
# From this size on, a file goes directly to where the server keeps it, if the server lets it; MLflow's own limit.
_LARGE = "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE"
_BLOCK = 1 << 20
_JSON = {"Content-Type": "application/json"}


def open_proxy(uri: str, server: str) -> ProxyArtifacts:
    """Open the artifacts that a server keeps.

    Args:
        uri: Where they are.
        server: The tracking server, for a URI that names none; else what MLFLOW_TRACKING_URI says.

    Raises:
        InvalidInput: The URI leads to no server, or not to its artifacts.
    """
    place = ArtifactUri.of(uri)
    server = server or environment().get("MLFLOW_TRACKING_URI", "")
    if place.scheme != "mlflow-artifacts":
        base, service, path = f"{place.authority}/{place.path}".partition(_FILES)
        if not service:
            raise InvalidInput(
                f"artifacts at {place.scheme}: are those of a tracking server; write {place.scheme}://host{_FILES}/folder"
            )
        return ProxyArtifacts(uri, client_of(f"{place.scheme}://{base}"), path.strip("/"))
    if not server.lower().startswith(("http:", "https:")):
        raise InvalidInput(
            f"artifacts at {uri!r} are kept by a tracking server; connect to it, or set MLFLOW_TRACKING_URI to its address"
        )
    if place.authority:
        server = f"{urlsplit(server).scheme}://{place.authority}"
    return ProxyArtifacts(uri, client_of(server.rstrip("/")), place.path)


class ProxyArtifacts(RemoteArtifacts):
    """The files of one run that go through a tracking server.

    Args:
        uri: Where they are.
        client: The server.
        root: The run's folder there.
    """

    def __init__(self, uri: str, client: HttpClient, root: str) -> None:
        super().__init__(uri)
        self._client, self._root = client, root

    def _at(self, name: str) -> str:
        return "/".join(filter(None, [self._root, name]))

    def _upload(self, name: str, source: Path) -> None:
        if source.stat().st_size >= _large() and self._offers.get("multipart_uploads_enabled"):
            self._upload_parts(name, source)
            return
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        with source.open("rb") as content:
            headers = {"Content-Type": kind, "Content-Length": str(source.stat().st_size)}
            place = f"{_FILES}/{quote(self._at(name))}"
            answer = self._ask("PUT", place, body=content, headers=headers, timeout=_UPLOAD_SECONDS)
        # Something on the way may say 200 without having asked the server, which says {}, and MLflow's nothing.
        if answer.body:
            _object(answer)

    def _upload_parts(self, name: str, source: Path) -> None:
        """Upload a large file in parts, directly to where the server keeps it."""
        parts = parts_of(source)
        folder, _, last = self._at(name).rpartition("/")
        begun = self._post("create", folder, {"path": last, "num_parts": len(parts)})
        upload = {"path": last, "upload_id": begun["upload_id"]}
        try:
            requests = [SignedRequest(each["url"], each.get("headers", {})) for each in begun["credentials"]]
            check_addresses(requests, self._client.url)
            made = upload_parts(source, parts, requests)
            etags = zip(made, requests, strict=True)
            said = [{"part_number": part.number, "etag": part.etag, "url": request.url} for part, request in etags]
            self._post("complete", folder, {**upload, "parts": said})
        except BaseException:
            with suppress(NbtrackError, OSError):
                self._post("abort", folder, upload)
            raise

    def _post(self, what: str, folder: str, said: Any) -> Any:
        where = f"{_SERVICE}/mpu/{what}/{quote(folder)}"
        answer = self._ask(
            "POST", where, body=json.dumps(said).encode(), headers={"Content-Type": "application/json"}, is_repeatable=False
        )
        return _object(answer)

    @cached_property
    def _offers(self) -> Any:
        """What the server says that it can do; nothing where it is too old to say."""
        try:
            return _object(self._ask("GET", _SERVER_INFO))
        except (FileNotFoundError, ValueError, StoreError):
            return {}

    def _size(self, name: str) -> int | None:
        folder = posixpath.dirname(name)
        return next((entry.size or 0 for entry in self._entries(folder) if entry.path == name and not entry.is_dir), None)

    def _entries(self, folder: str) -> Iterator[ArtifactEntry]:
        answer = self._ask("GET", _FILES, query=[("path", self._at(folder))])
        for each in _object(answer).get("files", []):
            path = posixpath.join(folder, posixpath.basename(each["path"]))
            is_dir = bool(each.get("is_dir"))
            yield ArtifactEntry(path, None if is_dir else int(each.get("file_size", 0)), is_dir)

    def _fetch(self, name: str, target: Path) -> None:
        with self._client.stream("GET", f"{_FILES}/{quote(self._at(name))}") as response, target.open("xb") as file:
            if response.status != 200:
                self._refuse(response.status, response.headers, response.read(_BLOCK))
            size = int(response.headers.get("Content-Length", 0))
            if size >= _large() and self._offers.get("multipart_downloads_enabled"):
                response.close()
                signed = _object(self._ask("GET", f"{_SERVICE}/presigned/{quote(self._at(name))}"))
                request = SignedRequest(signed["url"], signed.get("headers", {}))
                check_addresses([request], self._client.url)
                download_ranges(request, size, file)
                return
            for block in response.stream(_BLOCK):
                file.write(block)

    def _remove(self, name: str) -> None:
        try:
            self._ask("DELETE", f"{_FILES}/{quote(self._at(name))}")
        except FileNotFoundError:
            return

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        answer = self._client.request(method, path, check=self._check, **options)
        self._check(answer)
        return answer

    def _check(self, answer: Any) -> None:
        if answer.status >= 400:
            self._refuse(answer.status, answer.headers, answer.body)

    def _refuse(self, status: int, headers: Any, body: bytes) -> None:
        """Raise the error that an answer stands for."""
        said = _message(body)
        if status == 404:
            raise FileNotFoundError(said)
        if status == 400:
            raise InvalidInput(f"{self._client.url} refuses the artifact: {said}")
        self._client.raise_for_status(status, headers, said)
        raise StoreError(f"{self._client.url} answers {status} where artifacts are asked for: {said}")

    @contextmanager
    def _translated(self, path: str) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError, KeyError) as error:
            if isinstance(error, InvalidInput):
                raise
            raise StoreUnavailable(f"cannot use artifact {path!r} in {self.uri}: {error}") from error


def _large() -> int:
    return int(environment().get(_LARGE) or 500 << 20)


def _object(answer: Any) -> dict[str, Any]:
    """Return the object of JSON that a tracking server answers with; ValueError where this is none."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ValueError(  # noqa: TRY004 - of the content, not of an argument
            f"what answers ({answer.status}) is no tracking server: it says {answer.body[:60]!r}"
        )
    return found


def _message(body: bytes) -> str:
    """Return what an answer says of an error."""
    try:
        said = json.loads(body)
        return str(said.get("message", said)) if isinstance(said, dict) else str(said)
    except ValueError:
        return body.decode(errors="replace")[:300]


if TYPE_CHECKING:
    _: type[ArtifactStore] = ProxyArtifacts
