"""MLflow's client straight into a local store: ``mlflow.set_tracking_uri("nbtrack:///path/runs.db")``, without a server.

MLflow finds these stores by the entry points of this package. They are MLflow's own REST stores, with their requests handled in
this process by the handlers of ``nbtrack server``; files go directly to the store's place for artifacts.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mlflow.exceptions import RestException
from mlflow.store.model_registry.rest_store import RestStore as MlflowRegistryStore
from mlflow.store.tracking.rest_store import RestStore as MlflowTrackingStore
from mlflow.utils.proto_json_utils import parse_dict
from mlflow.utils.rest_utils import MlflowHostCreds

from ..errors import InvalidInput
from ..server.inprocess import InProcess
from ..server.service import Service
from ..settings import Settings, resolve
from ..store.artifacts.open import open_artifacts
from ..store.open import open_store
from ..system.file_uri import sqlite_uri

__all__ = ["RegistryStore", "TrackingStore"]

_DATABASES = (".db", ".sqlite", ".sqlite3")
_lock = threading.Lock()
_servers: dict[Settings, InProcess] = {}


class TrackingStore(MlflowTrackingStore):
    """MLflow's tracking store over a local store: runs, logged models and traces."""

    def __init__(self, store_uri: str, artifact_uri: str | None = None) -> None:
        super().__init__(lambda: MlflowHostCreds(store_uri))
        self._server = _server(store_uri, artifact_uri)

    @property
    def supports_workspaces(self) -> bool:
        """Whether there are workspaces: no."""
        return False

    def log_spans(self, location: str, spans: list[Any], tracking_uri: str | None = None) -> list[Any]:
        """Raise NotImplementedError, so that MLflow writes the spans of a trace as a file."""
        raise NotImplementedError("the spans of a trace are kept as its file traces.json")

    def _call_endpoint(
        self,
        api: Any,
        json_body: str | None = None,
        endpoint: str | None = None,
        retry_timeout_seconds: int | None = None,
        response_proto: Any = None,
    ) -> Any:
        table = self._V3_METHOD_TO_INFO if api in self._V3_APIS else self._METHOD_TO_INFO
        usual, method = table[api]
        return _ask(self._server, method, endpoint or usual, json_body, response_proto or api.Response())


class RegistryStore(MlflowRegistryStore):
    """MLflow's model registry over a local store."""

    def __init__(self, store_uri: str, tracking_uri: str | None = None) -> None:
        super().__init__(lambda: MlflowHostCreds(store_uri))
        self._server = _server(store_uri, None)

    @property
    def supports_workspaces(self) -> bool:
        """Whether there are workspaces: no."""
        return False

    def _call_endpoint(self, api: Any, json_body: str | None, call_all_endpoints: bool = False, extra_headers: Any = None) -> Any:
        if call_all_endpoints:
            endpoint, method = self._get_all_endpoints_from_method(api)[0]
        else:
            endpoint, method = self._get_endpoint_from_method(api)
        return _ask(self._server, method, endpoint, json_body, self._get_response_from_method(api))


def _ask(server: InProcess, method: str, path: str, body: str | None, answer: Any) -> Any:
    status, content = server.answer(method, path, body)
    found = json.loads(content)
    if status >= 400:
        raise RestException(found)
    parse_dict(found, answer)
    return answer


def _server(uri: str, artifacts: str | None) -> InProcess:
    """Return the server of a store; the same one each time."""
    settings = _settings(uri, artifacts)
    with _lock:
        if settings not in _servers:
            store = open_store(settings.uri, artifact_root=settings.artifacts)
            _servers[settings] = InProcess(Service(store, open_artifacts(settings.artifacts), serves_artifacts=False))
        return _servers[settings]


def _settings(uri: str, artifacts: str | None) -> Settings:
    """Return the settings of a store: a database file, a folder that has one, or for ``nbtrack:`` the project's own."""
    parts = urlsplit(uri)
    if parts.netloc:
        raise InvalidInput(f"{uri!r} names a host; write nbtrack:///path/runs.db, or the http:// address of an nbtrack server")
    path = unquote(parts.path)
    if not path.strip("/"):
        return resolve(artifacts=artifacts, environ={}).for_writing
    is_database = Path(path).suffix in _DATABASES
    return resolve(sqlite_uri(Path(path)) if is_database else path, artifacts=artifacts, environ={})
