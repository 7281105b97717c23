"""What kind of server is there: one of ours, or another of MLflow's kind."""

from __future__ import annotations

import json

from ...errors import StoreUnavailable
from ..http import HttpClient, Response

__all__ = ["native_protocol"]

_INFO = "/api/3.0/mlflow/server-info"
_SECONDS = 5.0  # a cell may wait for it


class _NoInfo(Exception):
    """The server has no such endpoint, as MLflow had none before 3.0."""


def _judge(answer: Response) -> None:
    if answer.status == 404:
        raise _NoInfo


def native_protocol(client: HttpClient) -> int:
    """Return the version of nbtrack's own protocol that a server speaks, 0 for an MLflow server, which speaks none.

    Raises:
        StoreUnavailable: It cannot be reached, or is no tracking server.
    """
    try:
        answer = client.request("GET", _INFO, timeout=_SECONDS, judge=_judge)
    except _NoInfo:
        return 0
    try:
        info = json.loads(answer.body)
        ours = info.get("nbtrack") if isinstance(info, dict) else None
    except ValueError as error:
        raise StoreUnavailable(f"{client.url} is no tracking server: it says {answer.body[:60]!r}") from error
    version = ours.get("protocol", 0) if isinstance(ours, dict) else 0
    return version if isinstance(version, int) else 0
