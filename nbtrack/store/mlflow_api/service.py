"""Messages and endpoints about the server itself."""

from __future__ import annotations

from typing import Final

from .endpoint import API_3, ROOT, Endpoint
from .message import Empty, Message

__all__ = ["ENDPOINTS", "HEALTH", "MLFLOW_VERSION", "OPENAPI", "SERVER_INFO", "VERSION", "NbtrackInfo", "ServerInfo"]

# The version of MLflow that the API follows; clients compare what /version responds with their own.
MLFLOW_VERSION: Final = "3.17.2"


class NbtrackInfo(Message, omit_defaults=False):
    """The version of an nbtrack server, and of its own protocol (``store.nbtrack_server``)."""

    version: str = ""
    protocol: int = 0


class ServerInfo(Message, omit_defaults=False):
    """The features of a server; ``nbtrack`` is None on any other server than nbtrack's."""

    store_type: str | None = None
    workspaces_enabled: bool = False
    trace_archival_enabled: bool = False
    multipart_uploads_enabled: bool = False
    multipart_downloads_enabled: bool = False
    presigned_upload_run_id_supported: bool = False
    presigned_upload_model_id_supported: bool = False
    features_enabled: dict[str, bool] = {}
    nbtrack: NbtrackInfo | None = None


SERVER_INFO: Final = Endpoint("server_info", "GET", "mlflow/server-info", Empty, ServerInfo, bases=API_3)
HEALTH: Final = Endpoint("health", "GET", "health", Empty, Empty, bases=ROOT, raw=True)
VERSION: Final = Endpoint("version", "GET", "version", Empty, Empty, bases=ROOT, raw=True)
OPENAPI: Final = Endpoint("openapi", "GET", "openapi.json", Empty, Empty, bases=ROOT, raw=True)

ENDPOINTS: Final = (SERVER_INFO, HEALTH, VERSION, OPENAPI)
