"""Artifacts in Google Cloud Storage: ``gs://bucket/folder``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import AccessDenied
from ...settings import environment
from .artifact_uri import ArtifactUri, missing_extra
from .bucket import BucketArtifacts, client_options, retries

if TYPE_CHECKING:
    from obstore.store import GCSStore

__all__ = ["open_google"]

_EXAMPLE = "gs://bucket/folder"
_REMEDY = "set GOOGLE_APPLICATION_CREDENTIALS to the file of a service account, or run gcloud auth application-default login"
# obstore reads these credentials itself; without any of them google-auth looks for others.
_OWN = {"GOOGLE_BEARER_TOKEN", "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_PATH", "GOOGLE_SERVICE_ACCOUNT_KEY"}


def open_google(uri: str) -> BucketArtifacts:
    """Open the artifacts below a folder of a bucket.

    Raises:
        InvalidInput: The URI names no bucket, or the extra is not installed.
        AccessDenied: There are no credentials.
    """
    place = ArtifactUri.of(uri)
    names = ("GOOGLE_", "CLOUDSDK_", "GCLOUD_")
    given = tuple(sorted((name, value) for name, value in environment().items() if name.startswith(names)))
    try:
        return BucketArtifacts(uri, _bucket(place.bucket(_EXAMPLE), given), place.path, _REMEDY)
    except ModuleNotFoundError as error:
        raise missing_extra(error, "gs", "gcs") from error


@lru_cache(maxsize=16)
def _bucket(name: str, given: tuple[tuple[str, str], ...]) -> GCSStore:
    from obstore.store import GCSStore

    environ = dict(given)
    options: dict[str, Any] = {}
    if not (_OWN & set(environ) or _is_service_account(environ)):
        options["credential_provider"] = _credentials(name)
    endpoint = environ.get("GOOGLE_BASE_URL", "")
    return GCSStore(name, client_options=client_options(endpoint), retry_config=retries(), **options)


def _is_service_account(environ: Mapping[str, str]) -> bool:
    """Tell whether the credentials are the key of a service account, which obstore reads itself and can presign with."""
    try:
        content = json.loads(Path(environ["GOOGLE_APPLICATION_CREDENTIALS"]).read_text(encoding="utf-8"))
    except (KeyError, OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("type") == "service_account"


def _credentials(bucket: str) -> Any:
    """Return a provider of what google-auth finds: a person's login, a machine's role, a workload identity."""
    from google.auth.exceptions import DefaultCredentialsError
    from obstore.auth.google import GoogleCredentialProvider

    try:
        return GoogleCredentialProvider()
    except DefaultCredentialsError as error:
        raise AccessDenied(f"gs://{bucket}: there are no credentials; {_REMEDY}") from error
