"""Endpoints of artifacts with JSON messages; ``file_contents`` has those that transfer contents."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import PureWindowsPath
from typing import Any, Final, TypeVar

from ...errors import StoreError
from ...store.artifacts.protocol import ArtifactEntry, ArtifactStore, Presigns, TakesParts, UploadedPart
from ...store.mlflow_api import artifacts as wire
from ...store.mlflow_api.errors import ApiError, invalid
from ...store.mlflow_api.message import Empty, Message
from ..route import Route
from ..service import Service
from .artifact_paths import folder_at, folder_of, inside, joined

__all__ = ["ROUTES", "check_serving", "files_below"]

_SIGNED_SECONDS: Final = 900
_UPLOAD_SECONDS: Final = 24 * 3600  # for all parts of a large file
_LONGEST_SIGNED: Final = 604_800  # the limit of S3 and others
_MOST_PARTS: Final = 10_000

A = TypeVar("A", bound=Message)


def check_serving(service: Service) -> None:
    """Raise ApiError if the server was started with ``--no-serve-artifacts``."""
    if not service.serves_artifacts:
        raise ApiError("TEMPORARILY_UNAVAILABLE", "this server was started with --no-serve-artifacts", status=503)


def _serving(handler: Callable[[Service, Any], A]) -> Callable[[Service, Any], A]:
    @wraps(handler)
    def checked(service: Service, request: Any) -> A:
        check_serving(service)
        return handler(service, request)

    return checked


def list_artifacts(service: Service, request: wire.ListArtifacts) -> wire.ArtifactsResponse:
    """List a folder of a run, with paths relative to the run's artifacts."""
    path = inside(request.path)
    return files_below(service, service.store.get_run(request.run).artifact_uri, path)


def files_below(service: Service, uri: str, path: str) -> wire.ArtifactsResponse:
    """List a folder below a URI in the server's artifact store, with paths relative to the URI."""
    folder = folder_at(uri, service.artifacts.uri)
    found = service.artifacts.list("/".join(filter(None, (folder, path))))
    skipped = len(folder) + 1 if folder else 0
    return wire.ArtifactsResponse(uri, _messages(found, lambda entry: entry.path[skipped:]))


@_serving
def list_stored(service: Service, request: wire.ListStored) -> wire.ArtifactsResponse:
    """List a folder of the server's artifact store by names."""
    return wire.ArtifactsResponse(files=_messages(service.artifacts.list(inside(request.path)), lambda entry: entry.name))


def _messages(entries: Iterable[ArtifactEntry], named: Callable[[ArtifactEntry], str]) -> list[wire.FileInfo]:
    return [wire.FileInfo(named(entry), entry.is_dir, entry.size) for entry in entries]


@_serving
def delete_artifact(service: Service, request: wire.ArtifactAt) -> Empty:
    """Delete a file or folder of the server's artifact store."""
    service.artifacts.delete(joined("", request.path))
    return Empty()


# Multipart uploads, whose parts the client sends directly to the bucket.


@_serving
def create_multipart_upload(service: Service, request: wire.CreateUpload) -> wire.Upload:
    """Begin a multipart upload, whose parts the client sends directly to the bucket."""
    if not 1 <= request.num_parts <= _MOST_PARTS:
        raise invalid(f"num_parts must be between 1 and {_MOST_PARTS}, not {request.num_parts}.")
    path = _target(request)
    store = _takes_parts(service, path)
    upload, requests = store.create_parts(path, request.num_parts, seconds=_UPLOAD_SECONDS)
    return wire.Upload(
        upload, [wire.UploadUrl(each.url, number, dict(each.headers)) for number, each in enumerate(requests, start=1)]
    )


@_serving
def complete_multipart_upload(service: Service, request: wire.CompleteUpload) -> Empty:
    """Assemble a file from its uploaded parts."""
    parts = [UploadedPart(part.part_number, part.etag) for part in request.parts]
    try:
        _takes_parts(service, _target(request)).complete_parts(_target(request), request.upload_id, parts)
    except StoreError as error:  # the bucket refuses it; no retry would help
        raise invalid(f"the upload '{request.upload_id}' does not exist or lacks some of these parts") from error
    return Empty()


@_serving
def abort_multipart_upload(service: Service, request: wire.AbortUpload) -> Empty:
    """Abort a multipart upload."""
    _takes_parts(service, _target(request)).abort_parts(_target(request), request.upload_id)
    return Empty()


def _takes_parts(service: Service, path: str) -> TakesParts:
    """Return the artifact store if it takes uploads in parts; users who may not edit the path are refused first."""
    service.may_edit(path)
    if not isinstance(service.artifacts, TakesParts):
        raise ApiError("NOT_IMPLEMENTED", "Multipart upload is not supported for the current artifact repository")
    return service.artifacts


def _target(request: wire.CreateUpload | wire.CompleteUpload | wire.AbortUpload) -> str:
    """Return the file's path: the folder in the URL and the name of the client's local file."""
    return joined(inside(request.artifact_path), PureWindowsPath(request.path).name)


# Presigned requests, which clients send to the bucket themselves.


def presigned_upload_url(service: Service, request: wire.SignPath) -> wire.PresignedUrl:
    """Return a presigned request to upload a file of a run."""
    if bool(request.run) == bool(request.model_id):
        raise invalid("Exactly one of run_id and model_id must be provided.")
    path = _file_of_run(service, request)
    service.may_edit(path)
    signed = _presigns(service, "upload").presign_upload(path, seconds=_seconds(request))
    return wire.PresignedUrl(signed.url, dict(signed.headers))


def presigned_download_url(service: Service, request: wire.SignPath) -> wire.PresignedUrl:
    """Return a presigned request to download a file of a run."""
    path = _file_of_run(service, request)
    service.may_read(path)
    signed = _presigns(service, "download").presign_download(path, seconds=_seconds(request))
    return wire.PresignedUrl(signed.url, dict(signed.headers), _size_of(service.artifacts, path))


@_serving
def presigned_stored_url(service: Service, request: wire.ArtifactAt) -> wire.StoredUrl:
    """Return a presigned request to download a file of the server's artifact store."""
    path = joined("", request.path)
    service.may_read(path)
    signed = _presigns(service, "download").presign_download(path, seconds=_SIGNED_SECONDS)
    return wire.StoredUrl(signed.url, dict(signed.headers), _size_of(service.artifacts, path))


def _file_of_run(service: Service, request: wire.SignPath) -> str:
    return joined(folder_of(service.store.get_run(request.run), service.artifacts.uri), request.path)


def _presigns(service: Service, what: str) -> Presigns:
    if not isinstance(service.artifacts, Presigns):
        raise ApiError("NOT_IMPLEMENTED", f"Presigned {what} is not supported for the current artifact repository")
    return service.artifacts


def _seconds(request: wire.SignPath) -> int:
    seconds = _SIGNED_SECONDS if request.expiration is None else request.expiration
    if not 1 <= seconds <= _LONGEST_SIGNED:
        raise invalid(f"expiration must be between 1 and {_LONGEST_SIGNED} seconds (got {seconds}).")
    return seconds


def _size_of(store: ArtifactStore, path: str) -> int | None:
    # Artifact stores have no operation for the size of one file.
    return next((entry.size for entry in store.list(path.rpartition("/")[0]) if entry.path == path), None)


ROUTES: Final = (
    Route(wire.LIST_ARTIFACTS, list_artifacts, "READ"),
    Route(wire.LIST_STORED, list_stored, "READ"),
    Route(wire.DELETE_ARTIFACT, delete_artifact, "MANAGE"),
    Route(wire.CREATE_UPLOAD, create_multipart_upload, "EDIT"),
    Route(wire.COMPLETE_UPLOAD, complete_multipart_upload, "EDIT"),
    Route(wire.ABORT_UPLOAD, abort_multipart_upload, "EDIT"),
    Route(wire.PRESIGNED_UPLOAD, presigned_upload_url, "EDIT"),
    Route(wire.PRESIGNED_DOWNLOAD, presigned_download_url, "READ"),
    Route(wire.PRESIGNED_STORED, presigned_stored_url, "READ"),
)
