"""Artifacts in S3, and in what speaks its language: ``s3://bucket/prefix``; the one home of boto3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from ...errors import AccessDenied, StoreError, StoreUnavailable
from ...settings import environment
from .base import Part, SignedRequest
from .bucket import BucketArtifacts, client_options, retries
from .paths import artifact_path
from .places import Place, missing_extra

if TYPE_CHECKING:
    from obstore.store import S3Store

    from .base import TakesParts

__all__ = ["S3Artifacts", "open_s3"]

_EXAMPLE = "s3://bucket/folder"
_REMEDY = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; "
    "AWS_REGION and MLFLOW_S3_ENDPOINT_URL say where the bucket is"
)
# What decides which bucket is meant and who asks; a change of one of them opens it anew.
_READ = ("AWS_", "MLFLOW_S3_", "MLFLOW_EXPERIMENTAL_S3_")
_TRUE = ("true", "1", "yes")


def open_s3(uri: str) -> S3Artifacts:
    """Open the artifacts below a prefix of a bucket.

    Raises:
        InvalidInput: The URI names no bucket, or the extra is not installed.
        AccessDenied: There are no credentials.
    """
    place = Place.of(uri)
    given = tuple(sorted((name, value) for name, value in environment().items() if name.startswith(_READ)))
    try:
        return S3Artifacts(uri, _bucket(place.bucket(_EXAMPLE), given), place, dict(given))
    except ModuleNotFoundError as error:
        raise missing_extra(error, "s3", "s3") from error


@lru_cache(maxsize=16)
def _bucket(name: str, given: tuple[tuple[str, str], ...]) -> S3Store:
    from obstore.store import S3Store

    environ = dict(given)
    endpoint = _endpoint(environ)
    options: dict[str, Any] = {"endpoint": endpoint} if endpoint else {}
    if not {"AWS_ACCESS_KEY_ID", "AWS_SKIP_SIGNATURE"} & set(environ):
        options |= {"skip_signature": True} if _is_unsigned(environ) else {"credential_provider": _credentials(name)}
    is_checked = environ.get("MLFLOW_S3_IGNORE_TLS", "").lower() not in _TRUE
    return S3Store(name, client_options=client_options(endpoint, is_checked=is_checked), retry_config=retries(), **options)


def _endpoint(environ: Mapping[str, str]) -> str:
    names = ("MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    return next((environ[name] for name in names if environ.get(name)), "")


def _is_unsigned(environ: Mapping[str, str]) -> bool:
    return environ.get("MLFLOW_EXPERIMENTAL_S3_SIGNATURE_VERSION", "").lower() == "unsigned"


def _credentials(bucket: str) -> Any:
    """Return what gives credentials from where boto3 finds them: profiles, single sign-on, roles of a machine."""
    from obstore.auth.boto3 import Boto3CredentialProvider

    try:
        return Boto3CredentialProvider()
    except ValueError as error:
        raise AccessDenied(f"s3://{bucket}: there are no credentials; {_REMEDY}") from error


class S3Artifacts(BucketArtifacts):
    """The files of one run in S3; others may upload one in parts."""

    def __init__(self, uri: str, bucket: S3Store, place: Place, environ: Mapping[str, str]) -> None:
        super().__init__(uri, bucket, place.path, _REMEDY)
        self._place, self._environ = place, environ

    def create_parts(self, path: str, count: int, *, seconds: int) -> tuple[str, list[SignedRequest]]:
        """Return a new upload and its parts; see ``TakesParts``."""
        where = self._where(path)
        with self._client_translated(path):
            upload = self._client.create_multipart_upload(**where)["UploadId"]
            parts = [{**where, "UploadId": upload, "PartNumber": number} for number in range(1, count + 1)]
            signed = [self._client.generate_presigned_url("upload_part", Params=each, ExpiresIn=seconds) for each in parts]
        return upload, [SignedRequest(url) for url in signed]

    def complete_parts(self, path: str, upload: str, parts: Sequence[Part]) -> None:
        """Make the file of its parts; see ``TakesParts``."""
        made = [{"PartNumber": part.number, "ETag": part.etag} for part in sorted(parts, key=lambda part: part.number)]
        with self._client_translated(path):
            self._client.complete_multipart_upload(**self._where(path), UploadId=upload, MultipartUpload={"Parts": made})

    def abort_parts(self, path: str, upload: str) -> None:
        """Give up an upload; see ``TakesParts``."""
        from botocore.exceptions import ClientError

        with self._client_translated(path):
            try:
                self._client.abort_multipart_upload(**self._where(path), UploadId=upload)
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchUpload":
                    raise

    def _where(self, path: str) -> dict[str, str]:
        return {"Bucket": self._place.authority, "Key": self._key(artifact_path(path))}

    @cached_property
    def _client(self) -> Any:
        return _client(tuple(sorted(self._environ.items())))

    @contextmanager
    def _client_translated(self, path: str) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

        try:
            yield
        except NoCredentialsError as error:
            raise AccessDenied(f"{self.uri}: there are no credentials; {_REMEDY}") from error
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            kind = AccessDenied if status in (401, 403) else StoreUnavailable if status >= 500 else StoreError
            raise kind(f"cannot upload artifact {path!r} to {self.uri} in parts: {error}") from error
        except BotoCoreError as error:
            raise StoreUnavailable(f"cannot upload artifact {path!r} to {self.uri} in parts: {error}") from error


@lru_cache(maxsize=16)
def _client(given: tuple[tuple[str, str], ...]) -> Any:
    """Return boto3's client, which obstore lacks the requests of: uploads whose parts others send."""
    import boto3
    from botocore.config import Config

    environ = dict(given)
    limits = Config(connect_timeout=5, read_timeout=30, retries={"max_attempts": 3}, signature_version="s3v4")
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or boto3.Session().region_name or "us-east-1"
    is_checked = environ.get("MLFLOW_S3_IGNORE_TLS", "").lower() not in _TRUE
    return boto3.client(
        "s3", endpoint_url=_endpoint(environ) or None, region_name=region, config=limits, verify=None if is_checked else False
    )


if TYPE_CHECKING:
    _: type[TakesParts] = S3Artifacts
