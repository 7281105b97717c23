"""The ASGI application: it finds a request's route, runs the handler in a worker thread and sends the answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..errors import NbtrackError
from ..store.artifacts.protocol import ArtifactStore
from ..store.mlflow_api import codec
from ..store.mlflow_api.errors import ApiError
from ..store.mlflow_api.service import OPENAPI
from ..store.nbtrack_server import CONTENT_TYPE, PATH
from ..store.protocol.store import Store
from .auth.permissions import Permission
from .error_answers import error_answer
from .exchange import Exchange, Receive, Scope, Send
from .handlers.routes import ROUTES
from .nbtrack_protocol import answer as call_store
from .openapi import describer
from .route import AccessRule, StreamRoute
from .routing import Match, Router
from .service import Service

if TYPE_CHECKING:
    from .auth.accounts import Accounts
    from .auth.admission import Admission

__all__ = ["App", "create_app"]

T = TypeVar("T")

_THREADS: Final = 8  # for JSON requests: a database gains little from more at once
_FILE_THREADS: Final = 32  # for files, whose threads mostly wait for the network
_SHORT_BODY: Final = 1 << 16  # bytes that are read before the client is authenticated
_log = logging.getLogger("nbtrack.server")


class App:
    """An ASGI application that serves MLflow's REST API and nbtrack's protocol over a store; create it with ``create_app``."""

    def __init__(self, service: Service, prefix: str = "", admission: Admission | None = None) -> None:
        self._service, self._admission = service, admission
        self._protocol_path = prefix + PATH
        routes = [*ROUTES, *(admission.routes if admission else ())]
        endpoints = [OPENAPI, *(each.endpoint for each in routes)]
        routes.append(StreamRoute(OPENAPI, describer(endpoints, prefix), "ANYBODY"))
        self._router = Router(routes, prefix)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="nbtrack-server")
        self._file_threads = ThreadPoolExecutor(_FILE_THREADS, thread_name_prefix="nbtrack-files")

    @property
    def store(self) -> Store:
        """The store that is served."""
        return self._service.store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or take part in the server's startup and shutdown."""
        if scope["type"] == "http":
            await self._respond(Exchange(scope, receive, send, self._file_threads))
        elif scope["type"] == "lifespan":
            await self._run_lifespan(receive, send)

    async def _run_lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.close()
        await send({"type": "lifespan.shutdown.complete"})

    def close(self) -> None:
        """Finish the work of the threads, then close the store and the accounts."""
        self._threads.shutdown()
        self._file_threads.shutdown()
        self._service.store.close()
        if self._admission:
            self._admission.accounts.close()

    async def _respond(self, exchange: Exchange) -> None:
        try:
            if exchange.path.startswith(self._protocol_path):
                await self._serve_nbtrack(exchange)
            else:
                await self._serve_mlflow(exchange)
        except NbtrackError as error:
            await _send_error(exchange, error)
        except Exception as error:  # noqa: BLE001 - a bug of the server: its log has the details, the client gets none
            _log.exception("%s %s failed", exchange.method, exchange.path)
            await _send_error(exchange, error)

    async def _serve_nbtrack(self, exchange: Exchange) -> None:
        """Answer a request of nbtrack's own protocol."""
        if exchange.method != "POST" or exchange.header(b"content-type") != CONTENT_TYPE:
            raise ApiError("BAD_REQUEST", f"a request of this protocol is a POST with the content type {CONTENT_TYPE}")
        service = await self._admit(exchange, "SIGNED_IN")  # the guarded store has the rule of each operation
        operation, content = exchange.path.removeprefix(self._protocol_path), await exchange.body()
        status, answer = await self._in_thread(call_store, service.store, operation, content)
        await exchange.answer(status, answer, CONTENT_TYPE.encode())

    async def _serve_mlflow(self, exchange: Exchange) -> None:
        """Answer a request of MLflow's REST API."""
        match = self._router.find(exchange.method, exchange.path)
        if isinstance(match.route, StreamRoute):
            service = await self._admit(exchange, match.route.access)
            await match.route.handler(service, exchange, _request_of_query(exchange, match))
        else:
            await self._answer_json(exchange, match)

    async def _admit(self, exchange: Exchange, rule: AccessRule | None) -> Service:
        """Return the service for a request before its body is read, so that an unknown client cannot send one."""
        return self._service if self._admission is None else await self._in_thread(self._service_for, exchange, rule)

    def _service_for(self, exchange: Exchange, rule: AccessRule | None) -> Service:
        return self._service if self._admission is None else self._admission.admit(exchange, rule)

    async def _answer_json(self, exchange: Exchange, match: Match) -> None:
        # A change of threads costs more than admission: a request with a short body is admitted in the thread that handles it.
        is_short = exchange.length is not None and exchange.length <= _SHORT_BODY
        service = None if is_short else await self._admit(exchange, match.route.access)
        if exchange.method in ("GET", "HEAD"):
            body = None
        else:
            exchange.check_content_type()
            body = await exchange.body()
        await exchange.answer(*await self._in_thread(self._handle, service, exchange, match, body))

    async def _in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def _handle(self, service: Service | None, exchange: Exchange, match: Match, body: bytes | None) -> tuple[int, bytes]:
        """Decode, handle and encode a JSON request in one step of a worker thread; AuthenticationFailed."""
        service = service or self._service_for(exchange, match.route.access)
        request = None
        try:
            if body is None:
                request = _request_of_query(exchange, match)
            else:
                request = codec.from_body(match.route.endpoint, body, match.variables)
            return 200, codec.encode(match.route.handler(service, request))
        except NbtrackError as error:
            return error_answer(error, request)


def _request_of_query(exchange: Exchange, match: Match) -> Any:
    return codec.from_query(match.route.endpoint, [*match.variables.items(), *exchange.query()])


async def _send_error(exchange: Exchange, error: Exception) -> None:
    """Send an error as the answer, or abort the connection if a file is already being sent, so that the client notices."""
    if exchange.has_begun:
        raise ConnectionAbortedError("the answer broke off")
    await exchange.answer(*error_answer(error), headers=getattr(error, "headers", ()))


def create_app(
    store: Store,
    artifacts: ArtifactStore,
    *,
    serves_artifacts: bool = True,
    version: str = "",
    prefix: str = "",
    accounts: Accounts | None = None,
    default: Permission = Permission.READ,
) -> App:
    """Return the ASGI application that serves a store.

    Args:
        store: Where runs are stored; closed when the application shuts down.
        artifacts: Where their files are stored.
        serves_artifacts: Whether clients transfer files through the server; new experiments then have ``mlflow-artifacts:`` URIs.
        version: The version of nbtrack that the server reports.
        prefix: A prefix of every path, such as ``/mlflow`` behind a proxy.
        accounts: The users; without them every client may do everything.
        default: The permission of users on whatever they have no grant for.
    """
    service = Service(store, artifacts, serves_artifacts, version)
    if accounts is None:
        return App(service, prefix)
    from .auth.admission import Admission  # loads SQLAlchemy, which a server without users may not need

    return App(service, prefix, Admission(accounts, service, default))
