"""The handshake: whether a tracking server speaks nbtrack's own protocol, and in which version."""

from __future__ import annotations

import json

from ...errors import StoreUnavailable
from ..http import HttpClient, Response

__all__ = ["native_protocol"]

_INFO = "/api/3.0/mlflow/server-info"
_SECONDS = 5.0  # a cell may wait for it


class _NoInfo(Exception):
    """The server has no such endpoint: MLflow's servers had none before 3.0."""


def _check(response: Response) -> None:
    if response.status == 404:
        raise _NoInfo


def native_protocol(client: HttpClient) -> int:
    """Return the version of nbtrack's own protocol that a server speaks; 0 for an MLflow server.

    Raises:
        StoreUnavailable: The server cannot be reached, or is not a tracking server.
    """
    try:
        response = client.request("GET", _INFO, timeout=_SECONDS, check=_check)
    except _NoInfo:
        return 0
    try:
        info = json.loads(response.body)
        ours = info.get("nbtrack") if isinstance(info, dict) else None
    except ValueError as error:
        raise StoreUnavailable(f"{client.url} is no tracking server: it answers {response.body[:60]!r}") from error
    version = ours.get("protocol", 0) if isinstance(ours, dict) else 0
    return version if isinstance(version, int) else 0
