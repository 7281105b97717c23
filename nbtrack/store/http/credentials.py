"""Who asks, and whom to trust: from the environment variables that MLflow's clients and requests read."""

from __future__ import annotations

import base64
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ...errors import InvalidInput
from .address import Address

__all__ = ["Trust", "authorization", "proxy_for", "trust"]

_TRUE = ("true", "1")


def authorization(address: Address, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the header that says who asks; empty for nobody.

    Name and password come before a token, and those in the address before the environment's, as for MLflow's clients.
    They are read for each request, so that a token that ran out can be replaced in ``os.environ``.
    """
    user = address.user or environ.get("MLFLOW_TRACKING_USERNAME", "")
    password = address.password or environ.get("MLFLOW_TRACKING_PASSWORD", "")
    token = environ.get("MLFLOW_TRACKING_TOKEN", "")
    if user and password:
        return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")}
    if token and not (token.isascii() and token.isprintable()):
        raise InvalidInput("MLFLOW_TRACKING_TOKEN has characters that no token can have, a line end perhaps")
    return {"Authorization": f"Bearer {token}"} if token else {}


@dataclass(frozen=True, slots=True)
class Trust:
    """Which certificates of a server are taken: whether they are looked at, by which authorities, and our own."""

    is_checked: bool = True
    authorities: str | None = None
    own: str | None = None


def trust(environ: Mapping[str, str]) -> Trust:
    """Return what the environment says of certificates."""
    if environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in _TRUE:
        return Trust(is_checked=False)
    names = ("MLFLOW_TRACKING_SERVER_CERT_PATH", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    authorities = next((environ[name] for name in names if environ.get(name)), None)
    return Trust(True, authorities, environ.get("MLFLOW_TRACKING_CLIENT_CERT_PATH") or None)


def proxy_for(address: Address) -> str | None:
    """Return the proxy that stands between us and a server, as the system is set up; None for none."""
    parts = urlsplit(address.url)
    if urllib.request.proxy_bypass(parts.netloc):
        return None
    return urllib.request.getproxies().get(parts.scheme)
