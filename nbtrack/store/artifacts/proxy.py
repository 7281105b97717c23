"""Artifacts served by a tracking server: ``mlflow-artifacts:/…``, ``http(s)://host/api/2.0/mlflow-artifacts/artifacts/…``."""

from __future__ import annotations

import json
import mimetypes
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from typing_extensions import override

from ...errors import InvalidInput, NbtrackError, StoreError, StoreUnavailable
from ...settings import environment
from ..http import HttpClient, client_of
from ..mlflow_api.artifacts import ABORT_UPLOAD, COMPLETE_UPLOAD, CREATE_UPLOAD
from ..mlflow_api.endpoint import Endpoint
from .artifact_uri import ArtifactUri
from .presigned import check_addresses, download_ranges, parts_of, upload_parts
from .protocol import ArtifactEntry, SignedRequest
from .remote_base import RemoteArtifacts

__all__ = ["ProxyArtifacts", "open_proxy"]

_SERVICE = "/api/2.0/mlflow-artifacts"
_FILES = f"{_SERVICE}/artifacts"
# A server may respond only when it has passed a large file on to its bucket.
_UPLOAD_SECONDS = 900.0
_SERVER_INFO = "/api/3.0/mlflow/server-info"
# MLflow's variable for the size from which a file is sent directly to the server's bucket, if the server permits it.
_LARGE = "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE"
_BLOCK = 1 << 20
_JSON = {"Content-Type": "application/json"}


def open_proxy(uri: str, server: str) -> ProxyArtifacts:
    """Open artifacts that a tracking server serves.

    Args:
        uri: Where they are.
        server: The tracking server of a URI that names none; if empty, that of MLFLOW_TRACKING_URI.

    Raises:
        InvalidInput: There is no server, or the URI is not one of its artifacts.
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
            f"artifacts at {uri!r} are served by a tracking server; connect to it, or set MLFLOW_TRACKING_URI to its address"
        )
    if place.authority:
        server = f"{urlsplit(server).scheme}://{place.authority}"
    return ProxyArtifacts(uri, client_of(server.rstrip("/")), place.path)


class ProxyArtifacts(RemoteArtifacts):
    """The files of one run, served by a tracking server.

    Args:
        uri: Where they are.
        client: The server.
        root: The run's folder on the server.
    """

    def __init__(self, uri: str, client: HttpClient, root: str) -> None:
        super().__init__(uri)
        self._client, self._root = client, root

    def _at(self, name: str) -> str:
        return "/".join(filter(None, [self._root, name]))

    @override
    def _upload(self, name: str, source: Path) -> None:
        if source.stat().st_size >= _large() and self._features.get("multipart_uploads_enabled"):
            self._upload_parts(name, source)
            return
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        with source.open("rb") as content:
            headers = {"Content-Type": kind, "Content-Length": str(source.stat().st_size)}
            place = f"{_FILES}/{quote(self._at(name))}"
            answer = self._request("PUT", place, body=content, headers=headers, timeout=_UPLOAD_SECONDS)
        # The server answers {} or, if it is MLflow's, nothing; a proxy that answers 200 by itself sends something else.
        if answer.body:
            _object(answer)

    def _upload_parts(self, name: str, source: Path) -> None:
        """Upload a large file in parts, directly to the server's bucket."""
        parts = parts_of(source)
        folder, _, last = self._at(name).rpartition("/")
        created = self._post(CREATE_UPLOAD, folder, {"path": last, "num_parts": len(parts)})
        upload = {"path": last, "upload_id": created["upload_id"]}
        try:
            requests = [SignedRequest(each["url"], each.get("headers", {})) for each in created["credentials"]]
            check_addresses(requests, self._client.url)
            made = upload_parts(source, parts, requests)
            etags = [
                {"part_number": part.number, "etag": part.etag, "url": request.url}
                for part, request in zip(made, requests, strict=True)
            ]
            self._post(COMPLETE_UPLOAD, folder, {**upload, "parts": etags})
        except BaseException:
            with suppress(NbtrackError, OSError):
                self._post(ABORT_UPLOAD, folder, upload)
            raise

    def _post(self, endpoint: Endpoint[Any, Any], folder: str, body: Any) -> Any:
        path = endpoint.url(endpoint.request(artifact_path=folder))
        content = json.dumps(body).encode()
        return _object(self._request("POST", path, body=content, headers=_JSON, is_repeatable=endpoint.is_repeatable))

    @cached_property
    def _features(self) -> Any:
        """The features that the server announces; none if it is too old."""
        try:
            return _object(self._request("GET", _SERVER_INFO))
        except (FileNotFoundError, ValueError, StoreError):
            return {}

    @override
    def _size(self, name: str) -> int | None:
        folder = posixpath.dirname(name)
        return next((entry.size or 0 for entry in self._entries(folder) if entry.path == name and not entry.is_dir), None)

    @override
    def _entries(self, folder: str) -> Iterator[ArtifactEntry]:
        answer = self._request("GET", _FILES, query=[("path", self._at(folder))])
        for each in _object(answer).get("files", []):
            path = posixpath.join(folder, posixpath.basename(each["path"]))
            is_dir = bool(each.get("is_dir"))
            yield ArtifactEntry(path, None if is_dir else int(each.get("file_size", 0)), is_dir)

    @override
    def _fetch(self, name: str, target: Path) -> None:
        with self._client.stream("GET", f"{_FILES}/{quote(self._at(name))}") as response, target.open("xb") as file:
            if response.status != 200:
                self._refuse(response.status, response.headers, response.read(_BLOCK))
            size = int(response.headers.get("Content-Length", 0))
            if size >= _large() and self._features.get("multipart_downloads_enabled"):
                response.close()
                signed = _object(self._request("GET", f"{_SERVICE}/presigned/{quote(self._at(name))}"))
                request = SignedRequest(signed["url"], signed.get("headers", {}))
                check_addresses([request], self._client.url)
                download_ranges(request, size, file)
                return
            for block in response.stream(_BLOCK):
                file.write(block)

    @override
    def _remove(self, name: str) -> None:
        try:
            self._request("DELETE", f"{_FILES}/{quote(self._at(name))}")
        except FileNotFoundError:
            return

    def _request(self, method: str, path: str, **options: Any) -> Any:
        answer = self._client.request(method, path, check=self._check, **options)
        self._check(answer)
        return answer

    def _check(self, answer: Any) -> None:
        if answer.status >= 400:
            self._refuse(answer.status, answer.headers, answer.body)

    def _refuse(self, status: int, headers: Any, body: bytes) -> None:
        """Raise the error that a response means."""
        message = _message(body)
        if status == 404:
            raise FileNotFoundError(message)
        if status == 400:
            raise InvalidInput(f"{self._client.url} refuses the artifact: {message}")
        self._client.raise_for_status(status, headers, message)
        raise StoreError(f"{self._client.url} answers {status} to a request for artifacts: {message}")

    @override
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
    """Return the JSON object in a response; ValueError if there is none, as from a server that is not a tracking server."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ValueError(  # noqa: TRY004 - the content is wrong, not the type of an argument
            f"the server is no tracking server: it answers {answer.body[:60]!r} ({answer.status})"
        )
    return found


def _message(body: bytes) -> str:
    """Return the error message in the body of a response."""
    try:
        content = json.loads(body)
        return str(content.get("message", content)) if isinstance(content, dict) else str(content)
    except ValueError:
        return body.decode(errors="replace")[:300]
