"""Endpoints about the server itself: its abilities, health and version."""

from __future__ import annotations

from typing import Final

from ...store.artifacts.protocol import Presigns, TakesParts
from ...store.mlflow_api import service as wire
from ...store.mlflow_api.message import Empty
from ...store.nbtrack_server import PROTOCOL
from ..exchange import Exchange
from ..route import Route, StreamRoute
from ..service import Service

__all__ = ["ROUTES"]


def server_info(service: Service, _request: Empty) -> wire.ServerInfo:
    """Return what this server can do."""
    presigns = isinstance(service.artifacts, Presigns)
    return wire.ServerInfo(
        store_type="SqlStore",
        multipart_uploads_enabled=service.serves_artifacts and isinstance(service.artifacts, TakesParts),
        multipart_downloads_enabled=service.serves_artifacts and presigns,
        presigned_upload_run_id_supported=presigns,
        nbtrack=wire.NbtrackInfo(version=service.version, protocol=PROTOCOL),
    )


async def health(_service: Service, exchange: Exchange, _request: Empty) -> None:
    """Answer that the server is running."""
    await exchange.answer(200, b"OK", b"text/plain; charset=utf-8")


async def version(_service: Service, exchange: Exchange, _request: Empty) -> None:
    """Return the version of MLflow that clients take the server for."""
    await exchange.answer(200, wire.MLFLOW_VERSION.encode(), b"text/plain; charset=utf-8")


ROUTES: Final = (
    Route(wire.SERVER_INFO, server_info, "SIGNED_IN"),
    StreamRoute(wire.HEALTH, health, "ANYBODY"),
    StreamRoute(wire.VERSION, version, "ANYBODY"),
)
