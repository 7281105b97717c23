"""What kind of server is there: one of ours, or another of MLflow's kind."""

from __future__ import annotations

import json

from ...errors import StoreUnavailable
from ..http import HttpClient, Response
from . import PROTOCOL

__all__ = ["speaks_native"]

_INFO = "/api/3.0/mlflow/server-info"
_SECONDS = 5.0  # a cell may wait for it


class _NoInfo(Exception):
    """The server has no such endpoint, as MLflow had none before 3.0."""


def _judge(answer: Response) -> None:
    if answer.status == 404:
        raise _NoInfo


def speaks_native(client: HttpClient) -> bool:
    """Tell whether a server speaks nbtrack's own protocol; where not, it is to be asked as an MLflow server.

    Raises:
        StoreUnavailable: It cannot be reached, or is no tracking server.
    """
    try:
        answer = client.request("GET", _INFO, timeout=_SECONDS, judge=_judge)
    except _NoInfo:
        return False
    try:
        info = json.loads(answer.body)
        ours = info.get("nbtrack") if isinstance(info, dict) else None
    except ValueError as error:
        raise StoreUnavailable(f"{client.url} is no tracking server: it says {answer.body[:60]!r}") from error
    return isinstance(ours, dict) and ours.get("protocol", 0) >= PROTOCOL
