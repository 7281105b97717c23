"""Azure's connection strings, ``AccountName=…;AccountKey=…``, in all forms that its portal and its tools write.

Source: "Configure Azure Storage connection strings" in Azure's documentation; names are case-insensitive, as in its SDKs.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

__all__ = ["connection_settings"]

_EMULATOR: Final = "devstoreaccount1"
# The published key of every emulator.
_EMULATORS_KEY: Final = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def connection_settings(text: str) -> dict[str, str]:
    """Return the settings in a connection string by lower-case name, with ``accountname`` if any of them contains it.

    Example:
        >>> connection_settings("BlobEndpoint = https://team.blob.core.windows.net/;SharedAccessSignature=sig=x")["accountname"]
        'team'
    """
    pairs = [part.split("=", 1) for part in text.strip().strip("\"'").split(";") if "=" in part]
    settings = {name.strip().lower(): value.strip() for name, value in pairs}
    if settings.get("usedevelopmentstorage", "").lower() == "true":
        settings = {**_emulator(settings.get("developmentstorageproxyuri", "")), **settings}
    if "accountname" not in settings and (account := _account_in(settings.get("blobendpoint", ""))):
        settings["accountname"] = account
    return settings


def _emulator(proxy: str) -> dict[str, str]:
    host = (proxy or "http://127.0.0.1").rstrip("/")
    return {"accountname": _EMULATOR, "accountkey": _EMULATORS_KEY, "blobendpoint": f"{host}:10000/{_EMULATOR}"}


def _account_in(endpoint: str) -> str:
    """Return the account in an endpoint's address: in its host, or for an emulator in its path."""
    parts = urlsplit(endpoint)
    path = parts.path.strip("/")
    return path.partition("/")[0] if path else (parts.hostname or "").partition(".")[0]
