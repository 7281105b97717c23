"""Endpoints that receive or send the contents of files."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Final

from ...store.mlflow_api import artifacts as wire
from ...store.mlflow_api import logged_models
from ...store.mlflow_api.errors import ApiError, invalid, missing_value
from ..exchange import Exchange
from ..route import StreamRoute
from ..service import Service
from ..uploads import received, slot
from .artifact_paths import folder_at, folder_of, joined
from .artifacts import check_serving
from .file_answer import send_file
from .model_versions import version_of
from .trace_lookup import spans_location
from .trace_spans import SPANS_FILE

__all__ = ["ROUTES"]

_LARGEST_AJAX: Final = 10 << 20


async def download_artifact(service: Service, exchange: Exchange, request: wire.ArtifactAt) -> None:
    """Send a file of the server's artifact store."""
    check_serving(service)
    await send_file(service, exchange, joined("", request.path))


async def get_artifact(service: Service, exchange: Exchange, request: wire.GetArtifact) -> None:
    """Send a file of a run."""
    if not request.run or not request.path:
        raise missing_value("path" if request.run else "run_id")
    await send_file(service, exchange, await exchange.in_thread(_file_of_run, service, request))


def _file_of_run(service: Service, request: wire.GetArtifact) -> str:
    joined("", request.path)  # refuse a bad path before looking up the run
    return joined(folder_of(service.store.get_run(request.run), service.artifacts.uri), request.path)


async def get_model_version_artifact(service: Service, exchange: Exchange, request: wire.GetVersionArtifact) -> None:
    """Send a file of a model version."""
    for name in ("name", "version", "path"):
        if not getattr(request, name):
            raise missing_value(name)
    joined("", request.path)
    await send_file(service, exchange, await exchange.in_thread(_file_of_version, service, request))


def _file_of_version(service: Service, request: wire.GetVersionArtifact) -> str:
    return joined(folder_at(version_of(service, request.name, request.version).location, service.artifacts.uri), request.path)


async def get_logged_model_artifact(service: Service, exchange: Exchange, request: logged_models.GetModelArtifact) -> None:
    """Send a file of a logged model."""
    if not request.artifact_file_path:
        raise ApiError("BAD_REQUEST", 'Request must include the "artifact_file_path" query parameter.')
    joined("", request.artifact_file_path)
    await send_file(service, exchange, await exchange.in_thread(_file_of_model, service, request))


def _file_of_model(service: Service, request: logged_models.GetModelArtifact) -> str:
    where = service.store.models.get(request.model_id).artifact_uri
    return joined(folder_at(where, service.artifacts.uri), request.artifact_file_path)


async def get_trace_artifact(service: Service, exchange: Exchange, request: wire.GetTraceArtifact) -> None:
    """Send the spans of a trace."""
    if not request.request_id:
        raise missing_value("request_id")
    await send_file(service, exchange, await exchange.in_thread(_file_of_trace, service, request.request_id))


def _file_of_trace(service: Service, trace_id: str) -> str:
    return joined(folder_at(spans_location(service, trace_id), service.artifacts.uri), SPANS_FILE)


async def put_artifact(service: Service, exchange: Exchange, request: wire.ArtifactAt) -> None:
    """Receive a file into the artifact store, which then has all of it or nothing."""
    check_serving(service)
    path = joined("", request.path)
    await exchange.in_thread(service.may_edit, path)
    with slot(exchange.address):
        async with received(exchange, service.artifacts.uri) as content:
            await exchange.in_thread(_keep, service, path, content)
    await exchange.answer(200, b"{}")


def _keep(service: Service, path: str, content: Path | bytes) -> None:
    if isinstance(content, Path):
        service.artifacts.put(path, content, move=True)
    else:
        service.artifacts.write(path, BytesIO(content))


async def upload_artifact(service: Service, exchange: Exchange, request: wire.GetArtifact) -> None:
    """Receive a small file of a run, as MLflow's web pages send it."""
    if not request.run_uuid and not request.run_id:
        raise invalid("Request must specify run_uuid.")
    if not request.path:
        raise invalid("Request must specify path.")
    joined("", request.path)
    body = await exchange.body(_LARGEST_AJAX, "Artifact size is too large. Max size is 10MB.")
    if not body:
        raise invalid("Request must specify data.")
    path = await exchange.in_thread(_file_of_run, service, request)
    await exchange.in_thread(service.artifacts.write, path, BytesIO(body))
    await exchange.answer(200, b"{}")


ROUTES: Final = (
    StreamRoute(wire.DOWNLOAD_ARTIFACT, download_artifact, "READ"),
    StreamRoute(wire.GET_ARTIFACT, get_artifact, "READ"),
    StreamRoute(wire.GET_VERSION_ARTIFACT, get_model_version_artifact, "READ"),
    StreamRoute(logged_models.GET_LOGGED_MODEL_ARTIFACT, get_logged_model_artifact, "READ"),
    StreamRoute(wire.GET_TRACE_ARTIFACT, get_trace_artifact, "READ"),
    StreamRoute(wire.PUT_ARTIFACT, put_artifact, "EDIT"),
    StreamRoute(wire.UPLOAD_ARTIFACT, upload_artifact, "EDIT"),
)
