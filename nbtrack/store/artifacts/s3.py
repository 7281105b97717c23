"""Artifacts in S3 and compatible services: ``s3://bucket/prefix``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from ...errors import AccessDenied, StoreError, StoreUnavailable
from ...settings import environment
from .artifact_uri import ArtifactUri, missing_extra
from .blocks import FullReads
from .bucket import BucketArtifacts, client_options, media_type, retries
from .forked import fork_safe
from .paths import artifact_path
from .protocol import Readable, SignedRequest, TakesParts, UploadedPart
from .s3_client import Given, client, endpoint_of, is_checked, region_of, signed_headers, upload_arguments

if TYPE_CHECKING:
    from obstore.store import S3Store

__all__ = ["S3Artifacts", "open_s3"]

_EXAMPLE = "s3://bucket/folder"
_REMEDY = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; "
    "AWS_REGION and MLFLOW_S3_ENDPOINT_URL say where the bucket is"
)
# These variables decide which bucket and which credentials are used; a change of one opens the bucket anew.
_READ = ("AWS_", "MLFLOW_S3_", "MLFLOW_EXPERIMENTAL_S3_")


def open_s3(uri: str) -> S3Artifacts:
    """Open the artifacts below a prefix of a bucket.

    Raises:
        InvalidInput: The URI names no bucket, the extra is not installed, or MLFLOW_S3_UPLOAD_EXTRA_ARGS cannot be read.
        AccessDenied: There are no credentials.
    """
    place = ArtifactUri.of(uri)
    # An empty variable counts as unset, as in the tools of AWS.
    given = tuple(sorted((name, value) for name, value in environment().items() if name.startswith(_READ) and value))
    try:
        return S3Artifacts(uri, _bucket(place.bucket(_EXAMPLE), given), place, given)
    except ModuleNotFoundError as error:
        raise missing_extra(error, "s3", "s3") from error


@lru_cache(maxsize=16)
def _bucket(name: str, given: Given) -> S3Store:
    from obstore.store import S3Store

    environ, endpoint = dict(given), endpoint_of(given)
    options: dict[str, Any] = {"endpoint": endpoint} if endpoint else {}
    if not {"AWS_ACCESS_KEY_ID", "AWS_SKIP_SIGNATURE"} & set(environ):
        is_unsigned = environ.get("MLFLOW_EXPERIMENTAL_S3_SIGNATURE_VERSION", "").lower() == "unsigned"
        options |= {"skip_signature": True} if is_unsigned else {"credential_provider": _credentials(name)}
    how = client_options(endpoint, is_checked=is_checked(given))
    return S3Store(name, region=region_of(given), client_options=how, retry_config=retries(), **options)


def _credentials(bucket: str) -> Any:
    """Return a provider of what boto3 finds: profiles, single sign-on, the role of a machine."""
    from obstore.auth.boto3 import Boto3CredentialProvider

    try:
        return Boto3CredentialProvider()
    except ValueError as error:
        raise AccessDenied(f"s3://{bucket}: there are no credentials; {_REMEDY}") from error


class S3Artifacts(BucketArtifacts, TakesParts):
    """The files of one run in S3."""

    def __init__(self, uri: str, bucket: S3Store, place: ArtifactUri, given: Given) -> None:
        super().__init__(uri, bucket, place.path, _REMEDY)
        self._place, self._given, self._arguments = place, given, upload_arguments(given)

    @override
    def _upload(self, name: str, source: Path) -> None:
        if not self._arguments:
            super()._upload(name, source)
            return
        with source.open("rb") as content:
            self._upload_with_arguments(name, content)

    @override
    def _send(self, name: str, content: Readable) -> None:
        if self._arguments:
            self._upload_with_arguments(name, FullReads(content))
        else:
            super()._send(name, content)

    def _upload_with_arguments(self, name: str, content: Any) -> None:
        """Upload by boto3: obstore does not know these arguments."""
        arguments = {"ContentType": media_type(name), **self._arguments}
        where = self._where(name)
        with self._client_translated(name):
            self._client.upload_fileobj(content, where["Bucket"], where["Key"], ExtraArgs=arguments)

    @override
    @fork_safe
    def presign_upload(self, path: str, *, seconds: int) -> SignedRequest:
        if not self._arguments:
            return super().presign_upload(path, seconds=seconds)
        headers, what = signed_headers(self._arguments), {**self._where(path), **self._arguments}
        with self._client_translated(path):
            url = self._client.generate_presigned_url("put_object", Params=what, ExpiresIn=seconds)
        return SignedRequest(url, headers)

    @override
    def create_parts(self, path: str, count: int, *, seconds: int) -> tuple[str, list[SignedRequest]]:
        where = self._where(path)
        with self._client_translated(path):
            upload = self._client.create_multipart_upload(**where, **self._arguments)["UploadId"]
            parts = [{**where, "UploadId": upload, "PartNumber": number} for number in range(1, count + 1)]
            signed = [self._client.generate_presigned_url("upload_part", Params=each, ExpiresIn=seconds) for each in parts]
        return upload, [SignedRequest(url) for url in signed]

    @override
    def complete_parts(self, path: str, upload: str, parts: Sequence[UploadedPart]) -> None:
        made = [{"PartNumber": part.number, "ETag": part.etag} for part in sorted(parts, key=lambda part: part.number)]
        with self._client_translated(path):
            self._client.complete_multipart_upload(**self._where(path), UploadId=upload, MultipartUpload={"Parts": made})

    @override
    def abort_parts(self, path: str, upload: str) -> None:
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
        return client(self._given)

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
            raise kind(f"cannot upload artifact {path!r} to {self.uri}: {error}") from error
        except BotoCoreError as error:
            raise StoreUnavailable(f"cannot upload artifact {path!r} to {self.uri}: {error}") from error
