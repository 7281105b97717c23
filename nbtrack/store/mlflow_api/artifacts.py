"""Messages and endpoints of artifacts: those of a run, and those that the server proxies."""

from __future__ import annotations

from typing import Final

from .endpoint import AJAX, ROOT, Endpoint
from .message import Empty, Message, RunRequest

__all__ = [
    "ABORT_UPLOAD",
    "COMPLETE_UPLOAD",
    "CREATE_UPLOAD",
    "DELETE_ARTIFACT",
    "DOWNLOAD_ARTIFACT",
    "ENDPOINTS",
    "GET_ARTIFACT",
    "GET_TRACE_ARTIFACT",
    "GET_VERSION_ARTIFACT",
    "LIST_ARTIFACTS",
    "LIST_STORED",
    "PRESIGNED_DOWNLOAD",
    "PRESIGNED_STORED",
    "PRESIGNED_UPLOAD",
    "PUT_ARTIFACT",
    "UPLOAD_ARTIFACT",
    "AbortUpload",
    "ArtifactAt",
    "ArtifactsResponse",
    "CompleteUpload",
    "CreateUpload",
    "FileInfo",
    "GetArtifact",
    "GetTraceArtifact",
    "GetVersionArtifact",
    "ListArtifacts",
    "ListStored",
    "PresignedUrl",
    "SignPath",
    "StoredUrl",
    "Upload",
    "UploadPart",
    "UploadUrl",
]


class FileInfo(Message):
    """A file or a folder, which has no size."""

    path: str
    is_dir: bool
    file_size: int | None = None


class ArtifactsResponse(Message):
    """The content of a folder; ``root_uri`` is set if it is a run's."""

    root_uri: str = ""
    files: list[FileInfo] = []
    next_page_token: str = ""


class ListArtifacts(RunRequest):
    """List a folder of a run."""

    path: str = ""
    page_token: str = ""


class GetArtifact(RunRequest):
    """Download a file of a run."""

    path: str = ""


class GetVersionArtifact(Message):
    """Download a file of a model version."""

    name: str = ""
    version: str = ""
    path: str = ""


class GetTraceArtifact(Message):
    """Download the spans of a trace."""

    request_id: str = ""


class ListStored(Message):
    """List a folder of the server's artifact store."""

    path: str = ""


class ArtifactAt(Message):
    """Name a file of the server's artifact store."""

    path: str = ""


class UploadUrl(Message):
    """The presigned URL for one part of an upload."""

    url: str
    part_number: int
    headers: dict[str, str] = {}


class CreateUpload(Message):
    """Start a multipart upload: ``path`` is the file's name, its folder is part of the URL."""

    artifact_path: str = ""
    path: str = ""
    num_parts: int = 0


class Upload(Message):
    """A multipart upload that has started."""

    upload_id: str = ""
    credentials: list[UploadUrl] = []


class UploadPart(Message):
    """A part that was uploaded."""

    part_number: int = 0
    etag: str = ""
    url: str = ""


class CompleteUpload(Message):
    """Make the file from its parts."""

    artifact_path: str = ""
    path: str = ""
    upload_id: str = ""
    parts: list[UploadPart] = []


class AbortUpload(Message):
    """Cancel a multipart upload and delete its parts."""

    artifact_path: str = ""
    path: str = ""
    upload_id: str = ""


class SignPath(RunRequest):
    """Presign a URL by which a client reaches a run's file in the bucket itself."""

    path: str = ""
    expiration: int | None = None
    model_id: str = ""


class PresignedUrl(Message):
    """A presigned URL of a run's file."""

    presigned_url: str
    headers: dict[str, str] = {}
    file_size: int | None = None


class StoredUrl(Message):
    """A presigned URL of a file in the server's artifact store."""

    url: str
    headers: dict[str, str] = {}
    file_size: int | None = None


_STORED: Final = "mlflow-artifacts/artifacts/{path:path}"
_OF_UPLOAD: Final = ("path", "upload_id")

LIST_ARTIFACTS: Final = Endpoint("list_artifacts", "GET", "mlflow/artifacts/list", ListArtifacts, ArtifactsResponse, ("run_id",))
PRESIGNED_UPLOAD: Final = Endpoint(
    "presigned_upload_url", "POST", "mlflow/artifacts/presigned-upload-url", SignPath, PresignedUrl, ("path",)
)
PRESIGNED_DOWNLOAD: Final = Endpoint(
    "presigned_download_url", "POST", "mlflow/artifacts/presigned-download-url", SignPath, PresignedUrl, ("run_id", "path")
)
GET_ARTIFACT: Final = Endpoint("get_artifact", "GET", "get-artifact", GetArtifact, Empty, bases=ROOT, raw=True)
# MLflow's web pages read files by these endpoints and upload them by upload-artifact.
GET_VERSION_ARTIFACT: Final = Endpoint(
    "get_model_version_artifact", "GET", "model-versions/get-artifact", GetVersionArtifact, Empty, bases=ROOT, raw=True
)
GET_TRACE_ARTIFACT: Final = Endpoint(
    "get_trace_artifact", "GET", "mlflow/get-trace-artifact", GetTraceArtifact, Empty, bases=AJAX, raw=True
)
UPLOAD_ARTIFACT: Final = Endpoint("upload_artifact", "POST", "mlflow/upload-artifact", GetArtifact, Empty, bases=AJAX, raw=True)
LIST_STORED: Final = Endpoint("list_stored_artifacts", "GET", "mlflow-artifacts/artifacts", ListStored, ArtifactsResponse)
DOWNLOAD_ARTIFACT: Final = Endpoint("download_artifact", "GET", _STORED, ArtifactAt, Empty, raw=True)
PUT_ARTIFACT: Final = Endpoint("put_artifact", "PUT", _STORED, ArtifactAt, Empty, raw=True)
DELETE_ARTIFACT: Final = Endpoint("delete_artifact", "DELETE", _STORED, ArtifactAt, Empty)
CREATE_UPLOAD: Final = Endpoint(
    "create_multipart_upload",
    "POST",
    "mlflow-artifacts/mpu/create/{artifact_path:path}",
    CreateUpload,
    Upload,
    ("path", "num_parts"),
    is_repeatable=False,
)
COMPLETE_UPLOAD: Final = Endpoint(
    "complete_multipart_upload",
    "POST",
    "mlflow-artifacts/mpu/complete/{artifact_path:path}",
    CompleteUpload,
    Empty,
    _OF_UPLOAD,
    is_repeatable=False,
)
ABORT_UPLOAD: Final = Endpoint(
    "abort_multipart_upload",
    "POST",
    "mlflow-artifacts/mpu/abort/{artifact_path:path}",
    AbortUpload,
    Empty,
    _OF_UPLOAD,
    is_repeatable=False,
)
PRESIGNED_STORED: Final = Endpoint("presigned_stored_url", "GET", "mlflow-artifacts/presigned/{path:path}", ArtifactAt, StoredUrl)

ENDPOINTS: Final = (
    LIST_ARTIFACTS,
    PRESIGNED_UPLOAD,
    PRESIGNED_DOWNLOAD,
    GET_ARTIFACT,
    GET_VERSION_ARTIFACT,
    GET_TRACE_ARTIFACT,
    UPLOAD_ARTIFACT,
    LIST_STORED,
    DOWNLOAD_ARTIFACT,
    PUT_ARTIFACT,
    DELETE_ARTIFACT,
    CREATE_UPLOAD,
    COMPLETE_UPLOAD,
    ABORT_UPLOAD,
    PRESIGNED_STORED,
)
