"""Credentials, trusted certificates and proxies, from the environment variables that MLflow's clients and requests read."""

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
    """Return the ``Authorization`` header; no header without credentials.

    As in MLflow's clients, a user name with a password wins over a token, and what the address contains over the environment.
    """
    # Read for each request, so that an expired token can be replaced in os.environ.
    user = address.user or environ.get("MLFLOW_TRACKING_USERNAME", "")
    password = address.password or environ.get("MLFLOW_TRACKING_PASSWORD", "")
    token = environ.get("MLFLOW_TRACKING_TOKEN", "")
    if user and password:
        return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")}
    if token and not (token.isascii() and token.isprintable()):
        raise InvalidInput("MLFLOW_TRACKING_TOKEN has characters that a token cannot have, perhaps a line end")
    return {"Authorization": f"Bearer {token}"} if token else {}


@dataclass(frozen=True, slots=True)
class Trust:
    """How TLS certificates are handled.

    Attributes:
        is_checked: Whether the server's certificate is verified.
        authorities: A file or folder of certificate authorities; None for the system's.
        own: The client's own certificate.
    """

    is_checked: bool = True
    authorities: str | None = None
    own: str | None = None


def trust(environ: Mapping[str, str]) -> Trust:
    """Return how the environment wants certificates to be handled."""
    if environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in _TRUE:
        return Trust(is_checked=False)
    names = ("MLFLOW_TRACKING_SERVER_CERT_PATH", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    authorities = next((environ[name] for name in names if environ.get(name)), None)
    return Trust(True, authorities, environ.get("MLFLOW_TRACKING_CLIENT_CERT_PATH") or None)


def proxy_for(address: Address) -> str | None:
    """Return the system's proxy for a server, None to connect directly."""
    parts = urlsplit(address.url)
    if urllib.request.proxy_bypass(parts.netloc):
        return None
    return urllib.request.getproxies().get(parts.scheme)
