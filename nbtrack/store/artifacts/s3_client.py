"""boto3, for what obstore lacks: settings of profiles, presigned uploads in parts, and arguments of uploads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from ...errors import InvalidInput

__all__ = ["Given", "client", "endpoint_of", "is_checked", "region_of", "signed_headers", "upload_arguments"]

# The environment variables that decide which bucket and which credentials are used.
Given = tuple[tuple[str, str], ...]

_ARGUMENTS: Final = "MLFLOW_S3_UPLOAD_EXTRA_ARGS"
_TRUE: Final = ("true", "1", "yes")
# The header that a client must send with a request that was presigned with an argument, from the reference of S3's REST API.
_HEADERS: Final = {
    "ACL": "x-amz-acl",
    "CacheControl": "Cache-Control",
    "ContentType": "Content-Type",
    "ContentDisposition": "Content-Disposition",
    "ContentEncoding": "Content-Encoding",
    "ContentLanguage": "Content-Language",
    "ExpectedBucketOwner": "x-amz-expected-bucket-owner",
    "RequestPayer": "x-amz-request-payer",
    "SSEKMSEncryptionContext": "x-amz-server-side-encryption-context",
    "SSEKMSKeyId": "x-amz-server-side-encryption-aws-kms-key-id",
    "ServerSideEncryption": "x-amz-server-side-encryption",
    "StorageClass": "x-amz-storage-class",
    "Tagging": "x-amz-tagging",
}


def endpoint_of(given: Given) -> str:
    """Return the address of the service, from the environment or the profile; empty for Amazon's own."""
    environ = dict(given)
    names = ("MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    return next((environ[name] for name in names if environ.get(name)), "") or _of_profile(given, "endpoint_url")


def region_of(given: Given) -> str:
    """Return the region, from the environment or the profile."""
    environ = dict(given)
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or _of_profile(given, "region") or "us-east-1"


def is_checked(given: Given) -> bool:
    """Tell whether the service's certificate is to be checked."""
    return dict(given).get("MLFLOW_S3_IGNORE_TLS", "").lower() not in _TRUE


@lru_cache(maxsize=16)
def _of_profile(_given: Given, name: str) -> str:
    """Return a setting of the profile; cached by the environment that names the profile."""
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    try:
        return str(Session().get_scoped_config().get(name) or "")
    except BotoCoreError:  # the profile does not exist, which the search for credentials reports
        return ""


def upload_arguments(given: Given) -> dict[str, Any]:
    """Return the further arguments of each upload, as users of MLflow set them, such as encryption by a key of KMS.

    Raises:
        InvalidInput: It is not a JSON object, or has an argument that S3 does not know.
    """
    text = dict(given).get(_ARGUMENTS, "")
    if not text:
        return {}
    from boto3.s3.transfer import S3Transfer

    try:
        arguments = json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"{_ARGUMENTS} is not JSON ({error}); write it as {_EXAMPLE}") from error
    if not isinstance(arguments, dict):
        raise InvalidInput(f"{_ARGUMENTS} is not an object of JSON; write it as {_EXAMPLE}")
    if unknown := sorted(set(arguments) - set(S3Transfer.ALLOWED_UPLOAD_ARGS)):
        raise InvalidInput(f"{_ARGUMENTS} has {unknown[0]!r}, which S3 does not know; there are {', '.join(_HEADERS)} and others")
    return arguments


_EXAMPLE: Final = '\'{"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "…"}\''


def signed_headers(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers that a request signed with these arguments must have.

    Raises:
        InvalidInput: An argument has no known header.
    """
    if unknown := sorted(set(arguments) - set(_HEADERS)):
        raise InvalidInput(f"a request with {unknown[0]!r} of {_ARGUMENTS} cannot be signed for others; log through the server")
    return {_HEADERS[name]: str(value) for name, value in arguments.items()}


@lru_cache(maxsize=16)
def client(given: Given) -> Any:
    """Return boto3's client."""
    import boto3
    from botocore.config import Config

    limits = Config(connect_timeout=5, read_timeout=30, retries={"max_attempts": 3}, signature_version="s3v4")
    return boto3.client(
        "s3",
        endpoint_url=endpoint_of(given) or None,
        region_name=region_of(given),
        config=limits,
        verify=None if is_checked(given) else False,
    )
