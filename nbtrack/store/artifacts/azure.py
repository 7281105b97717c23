"""Artifacts in Azure Blob Storage: ``az://container/folder``, ``wasbs://container@account.blob.core.windows.net/folder``."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit
from xml.sax.saxutils import escape

from typing_extensions import override

from ...errors import InvalidInput, StoreError
from ...settings import environment
from ..http import HttpClient
from .artifact_uri import ArtifactUri, missing_extra
from .azure_connection import connection_settings
from .bucket import BucketArtifacts, client_options, retries
from .forked import fork_safe
from .paths import artifact_path
from .protocol import SignedRequest, TakesParts, UploadedPart

if TYPE_CHECKING:
    from obstore.store import AzureStore

__all__ = ["AzureArtifacts", "open_azure"]

_EXAMPLE = "wasbs://container@account.blob.core.windows.net/folder"
_REMEDY = "set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCESS_KEY or AZURE_STORAGE_SAS_TOKEN, or log in with az login"
_ACCOUNT = "AZURE_STORAGE_ACCOUNT_NAME"
# obstore reads these credentials itself; without any of them azure-identity looks for others.
_OWN = {
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_ACCESS_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_SAS_KEY",
    "AZURE_STORAGE_TOKEN",
}
_COMPLETION_SECONDS = 600


def open_azure(uri: str) -> AzureArtifacts:
    """Open the artifacts below a folder of a container.

    Raises:
        InvalidInput: The URI names no container, nothing names the account, or the extra is not installed.
        AccessDenied: There are no credentials.
    """
    place = ArtifactUri.of(uri)
    given = tuple(sorted((name, value) for name, value in environment().items() if name.startswith("AZURE_")))
    container, _, host = place.bucket(_EXAMPLE).partition("@")
    path = unquote(place.path) if place.scheme.startswith("abfs") else place.path
    try:
        account = _account(host, dict(given))
        return AzureArtifacts(uri, _bucket(container, account, given), path, container, account)
    except ModuleNotFoundError as error:
        raise missing_extra(error, place.scheme, "azure") from error


@dataclass(frozen=True, slots=True)
class Account:
    """A storage account: its name, the address of its blobs, and its key or a shared access signature if one is set."""

    name: str
    url: str
    key: str = field(default="", repr=False)
    signature: str = field(default="", repr=False)


@lru_cache(maxsize=16)
def _bucket(container: str, account: Account, given: tuple[tuple[str, str], ...]) -> AzureStore:
    from obstore.store import AzureStore

    options: dict[str, Any] = {"account_name": account.name, "endpoint": account.url}
    if account.key:
        options["account_key"] = account.key
    elif account.signature:
        options["sas_key"] = account.signature
    elif not _OWN & {name for name, _ in given}:
        options["credential_provider"] = _credentials()
    return AzureStore(container, client_options=client_options(account.url), retry_config=retries(), **options)


def _account(host: str, environ: Mapping[str, str]) -> Account:
    """Return the account that the URI or the environment names."""
    settings = connection_settings(environ.get("AZURE_STORAGE_CONNECTION_STRING", ""))
    account = host.partition(".")[0] or settings.get("accountname") or environ.get(_ACCOUNT, "")
    if not account:
        raise InvalidInput(f"artifacts at az: need the account's name; write {_EXAMPLE}, or set {_ACCOUNT}")
    suffix = host.partition(".")[2].replace("dfs.", "blob.", 1) or f"blob.{settings.get('EndpointSuffix', 'core.windows.net')}"
    protocol = settings.get("defaultendpointsprotocol", "https")
    url = (settings.get("blobendpoint") or f"{protocol}://{account}.{suffix}").rstrip("/")
    key = settings.get("accountkey") or environ.get("AZURE_STORAGE_ACCESS_KEY") or environ.get("AZURE_STORAGE_ACCOUNT_KEY", "")
    return Account(
        account, url, key, (settings.get("sharedaccesssignature") or environ.get("AZURE_STORAGE_SAS_TOKEN", "")).lstrip("?")
    )


def _credentials() -> Any:
    from obstore.auth.azure import AzureCredentialProvider

    return AzureCredentialProvider()


class AzureArtifacts(BucketArtifacts, TakesParts):
    """The files of one run in a container. The parts of an upload are what Azure calls blocks."""

    def __init__(self, uri: str, bucket: AzureStore, prefix: str, container: str, account: Account) -> None:
        super().__init__(uri, bucket, prefix, _REMEDY)
        self._container, self._account = container, account

    @override
    @fork_safe
    def presign_upload(self, path: str, *, seconds: int) -> SignedRequest:
        return SignedRequest(self._signed("PUT", path, seconds), {"x-ms-blob-type": "BlockBlob"})

    @override
    def _signed(self, method: Any, path: str, seconds: int) -> str:
        key = self._key(artifact_path(path))
        if self._account.key:
            return self._signed_by_key(method, key, seconds)
        if quote(key) != key:
            # obstore 0.12 signs the encoded name, and Azure expects a signature of the plain one.
            raise StoreError(
                f"a request for artifact {path!r} can only be signed with the account's key, for its name has special characters"
            )
        return super()._signed(method, path, seconds)

    def _signed_by_key(self, method: str, key: str, seconds: int) -> str:
        from azure.storage.blob import BlobSasPermissions, generate_blob_sas

        allowed = BlobSasPermissions(read=True) if method == "GET" else BlobSasPermissions(write=True, create=True)
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        account = {"account_name": self._account.name, "account_key": self._account.key}
        token = generate_blob_sas(container_name=self._container, blob_name=key, permission=allowed, expiry=until, **account)
        return f"{self._account.url}/{self._container}/{quote(key)}?{token}"

    @override
    def create_parts(self, path: str, count: int, *, seconds: int) -> tuple[str, list[SignedRequest]]:
        upload = secrets.token_hex(8)
        signed = self.presign_upload(path, seconds=seconds).url
        numbers = range(1, count + 1)
        return upload, [SignedRequest(f"{signed}&comp=block&blockid={quote(_block(upload, n), safe='')}") for n in numbers]

    @override
    def complete_parts(self, path: str, upload: str, parts: Sequence[UploadedPart]) -> None:
        blocks = (f"<Latest>{escape(_block(upload, number))}</Latest>" for number in sorted(part.number for part in parts))
        body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{"".join(blocks)}</BlockList>'
        signed = urlsplit(self.presign_upload(path, seconds=_COMPLETION_SECONDS).url)
        client = HttpClient(f"{signed.scheme}://{signed.netloc}", environ=dict)
        answer = client.request("PUT", f"{signed.path}?{signed.query}&comp=blocklist", body=body.encode(), headers=_XML)
        if answer.status >= 300:
            raise StoreError(
                f"cannot make artifact {path!r} in {self.uri} from its parts: {answer.body.decode(errors='replace')[:300]}"
            )

    @override
    def abort_parts(self, path: str, upload: str) -> None:
        pass  # Azure removes the blocks of an incomplete upload after a week


_XML = {"Content-Type": "application/xml"}


def _block(upload: str, number: int) -> str:
    """Return the id of a part's block; Azure requires equal lengths within a blob."""
    return base64.b64encode(f"{upload}-{number:05}".encode()).decode()
