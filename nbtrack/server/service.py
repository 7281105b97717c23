"""What handlers work with, and the endpoints about the server itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from ..store.artifacts.protocol import ArtifactStore, Presigns, TakesParts
from ..store.mlflow_api import service as wire
from ..store.mlflow_api.message import Empty, Message
from ..store.nbtrack_server import PROTOCOL
from ..store.protocol.store import Store
from .exchange import Exchange

__all__ = ["HANDLERS", "STREAMERS", "Handler", "Service", "Streamer"]


@dataclass(frozen=True, slots=True)
class Service:
    """What there is to serve.

    Attributes:
        store: Where runs live.
        artifacts: Where their files are.
        serves_artifacts: Whether clients reach the files through the server.
        version: This server's version.
    """

    store: Store
    artifacts: ArtifactStore
    serves_artifacts: bool = True
    version: str = ""

    def may_edit(self, path: str) -> None:
        """Raise AccessDenied where whoever asks may not write a file; without users everybody may."""

    def may_read(self, path: str) -> None:
        """Raise AccessDenied where whoever asks may not read a file."""


# A handler of JSON: it may take its time, for it runs in a thread.
Handler: TypeAlias = "Callable[[Service, Any], Message]"
# A handler of a file's content: it runs in the loop, answers by itself, and must not wait there.
Streamer: TypeAlias = "Callable[[Service, Exchange, Any], Awaitable[None]]"


def server_info(service: Service, _request: Empty) -> wire.ServerInfo:
    """Say what this server can do."""
    presigns = isinstance(service.artifacts, Presigns)
    return wire.ServerInfo(
        store_type="SqlStore",
        multipart_uploads_enabled=service.serves_artifacts and isinstance(service.artifacts, TakesParts),
        multipart_downloads_enabled=service.serves_artifacts and presigns,
        presigned_upload_run_id_supported=presigns,
        nbtrack=wire.NbtrackInfo(version=service.version, protocol=PROTOCOL),
    )


async def health(_service: Service, exchange: Exchange, _request: Empty) -> None:
    """Say that the server runs."""
    await exchange.answer(200, b"OK", b"text/plain; charset=utf-8")


async def version(_service: Service, exchange: Exchange, _request: Empty) -> None:
    """Say which MLflow this is to its clients."""
    await exchange.answer(200, wire.MLFLOW_VERSION.encode(), b"text/plain; charset=utf-8")


HANDLERS: Final[Mapping[str, Handler]] = {"server_info": server_info}
STREAMERS: Final[Mapping[str, Streamer]] = {"health": health, "version": version}
