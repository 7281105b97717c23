"""Azure's connection strings, ``AccountName=…;AccountKey=…``, in the forms that its portal, its tools and people write.

Source: "Configure Azure Storage connection strings" in Azure's documentation; names are compared without case, as its SDKs do.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

__all__ = ["connection_settings"]

_EMULATOR: Final = "devstoreaccount1"
# The key that every emulator has; it is in Azure's documentation.
_EMULATORS_KEY: Final = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def connection_settings(text: str) -> dict[str, str]:
    """Return what a connection string says, by names in lower case; ``accountname`` where anything tells it.

    Example:
        >>> connection_settings("BlobEndpoint = https://team.blob.core.windows.net/;SharedAccessSignature=sig=x")["accountname"]
        'team'
    """
    pairs = [part.split("=", 1) for part in text.strip().strip("\"'").split(";") if "=" in part]
    said = {name.strip().lower(): value.strip() for name, value in pairs}
    if said.get("usedevelopmentstorage", "").lower() == "true":
        said = {**_emulator(said.get("developmentstorageproxyuri", "")), **said}
    if "accountname" not in said and (account := _account_in(said.get("blobendpoint", ""))):
        said["accountname"] = account
    return said


def _emulator(proxy: str) -> dict[str, str]:
    host = (proxy or "http://127.0.0.1").rstrip("/")
    return {"accountname": _EMULATOR, "accountkey": _EMULATORS_KEY, "blobendpoint": f"{host}:10000/{_EMULATOR}"}


def _account_in(endpoint: str) -> str:
    """Return the account that an endpoint's address names: in its host, or of an emulator in its path."""
    parts = urlsplit(endpoint)
    path = parts.path.strip("/")
    return path.partition("/")[0] if path else (parts.hostname or "").partition(".")[0]
