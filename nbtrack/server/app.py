"""The application: it finds the endpoint, has its handler answer in a thread, and sends what that says."""

from __future__ import annotations

import asyncio
import logging
from collections import ChainMap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..errors import NbtrackError
from ..store.artifacts.protocol import ArtifactStore
from ..store.mlflow_api import codec
from ..store.mlflow_api.errors import ApiError
from ..store.mlflow_api.service import OPENAPI
from ..store.mlflow_api.table import ENDPOINTS
from ..store.nbtrack_server import CONTENT_TYPE, PATH
from ..store.protocol.store import Store
from .auth.permissions import Permission
from .auth.rules import NATIVE
from .error_answers import error_answer
from .exchange import Exchange, Receive, Scope, Send
from .handlers.table import HANDLERS, STREAMERS
from .nbtrack_protocol import answer as call_store
from .openapi import describer
from .routing import Found, Router
from .service import Service

if TYPE_CHECKING:
    from .auth.accounts import Accounts
    from .auth.admission import Admission

__all__ = ["App", "create_app"]

T = TypeVar("T")

_THREADS: Final = 8  # for requests of JSON: as many as a database is asked at once
_FILE_THREADS: Final = 32  # for files, where most of the time is waiting for the network
_SHORT: Final = 1 << 16  # bytes of a body that is read before it is known who sent it
_log = logging.getLogger("nbtrack.server")


class App:
    """An ASGI application that speaks MLflow's REST API over a store; make one with ``create_app``."""

    def __init__(self, service: Service, prefix: str = "", gate: Admission | None = None) -> None:
        self._service, self._gate = service, gate
        self._native = prefix + PATH
        self._handlers = ChainMap(HANDLERS, dict(gate.handlers) if gate else {})
        known = (*ENDPOINTS, *(gate.endpoints if gate else ()))
        self._streamers = {**STREAMERS, OPENAPI.name: describer(known, prefix)}
        self._router = Router(known, prefix)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="nbtrack-server")
        self._file_threads = ThreadPoolExecutor(_FILE_THREADS, thread_name_prefix="nbtrack-files")

    @property
    def store(self) -> Store:
        """Where the runs live."""
        return self._service.store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or start and end with the server."""
        if scope["type"] == "http":
            await self._exchange(Exchange(scope, receive, send, self._file_threads))
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Say that all is ready, and when the server ends, close the store."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.close()
        await send({"type": "lifespan.shutdown.complete"})

    def close(self) -> None:
        """End the threads when they have done their work, and close the store."""
        self._threads.shutdown()
        self._file_threads.shutdown()
        self._service.store.close()
        if self._gate:
            self._gate.accounts.close()

    async def _exchange(self, exchange: Exchange) -> None:
        if exchange.path.startswith(self._native):
            await self._speak(exchange)
        else:
            await self._serve(exchange)

    async def _speak(self, exchange: Exchange) -> None:
        """Answer in nbtrack's own protocol."""
        operation = exchange.path.removeprefix(self._native)
        try:
            if exchange.method != "POST" or exchange.header(b"content-type") != CONTENT_TYPE:
                raise ApiError("BAD_REQUEST", f"what is here is asked by POST with the content type {CONTENT_TYPE}")
            service = await self._admit(exchange, NATIVE)
            content = await exchange.body()
        except NbtrackError as error:
            await _refuse(exchange, error)
        except Exception as error:  # noqa: BLE001 - as below
            _log.exception("%s %s failed", exchange.method, exchange.path)
            await _refuse(exchange, error)
        else:
            answer = await self._in_thread(call_store, service.store, operation, content)
            await exchange.answer(*answer, CONTENT_TYPE.encode())

    async def _serve(self, exchange: Exchange) -> None:
        """Answer in MLflow's."""
        try:
            found = self._router.find(exchange.method, exchange.path)
            if found.endpoint.raw:
                await self._stream(await self._admit(exchange, found.endpoint.name), exchange, found)
            else:
                await self._ask(exchange, found)
        except NbtrackError as error:
            await _refuse(exchange, error)
        except Exception as error:  # noqa: BLE001 - a mistake of ours: the log has all of it, the client no more than that
            _log.exception("%s %s failed", exchange.method, exchange.path)
            await _refuse(exchange, error)

    async def _admit(self, exchange: Exchange, name: str) -> Service:
        """Return what this request is served: before its body is read, so that strangers send none."""
        return self._service if self._gate is None else await self._in_thread(self._admitted, exchange, name)

    def _admitted(self, exchange: Exchange, name: str) -> Service:
        return self._service if self._gate is None else self._gate.admit(exchange, name)

    async def _stream(self, service: Service, exchange: Exchange, found: Found) -> None:
        request = codec.from_query(found.endpoint, [*found.variables.items(), *exchange.query()])
        await self._streamers[found.endpoint.name](service, exchange, request)

    async def _ask(self, exchange: Exchange, found: Found) -> None:
        """Have a request of JSON decoded, handled and its answer encoded, all in one go of one thread.

        Unless its body is a long one, it is let in there, too: to go to a thread takes longer than to let it in.
        """
        is_short = exchange.length is not None and exchange.length <= _SHORT
        service = None if is_short else await self._admit(exchange, found.endpoint.name)
        if exchange.method in ("GET", "HEAD"):
            body = None
        else:
            exchange.check_content_type()
            body = await exchange.body()
        await exchange.answer(*await self._in_thread(self._answer, service, exchange, found, body))

    async def _in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def _answer(self, service: Service | None, exchange: Exchange, found: Found, body: bytes | None) -> tuple[int, bytes]:
        """Return the status and body of an answer; AuthenticationFailed where nobody known asks."""
        service = service or self._admitted(exchange, found.endpoint.name)
        request = None
        try:
            if body is None:
                request = codec.from_query(found.endpoint, [*found.variables.items(), *exchange.query()])
            else:
                request = codec.from_body(found.endpoint, body, found.variables)
            return 200, codec.encode(self._handlers[found.endpoint.name](service, request))
        except NbtrackError as error:
            return error_answer(error, request)


async def _refuse(exchange: Exchange, error: Exception) -> None:
    """Answer with an error, unless a file is on its way already: then the connection breaks off, and the client knows."""
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
        store: Where runs live; closed when the application ends.
        artifacts: Where their files are.
        serves_artifacts: Whether clients reach the files through the server; its experiments then lie at ``mlflow-artifacts:``.
        version: What it says of itself.
        prefix: What stands before every path.
        accounts: The users who may ask; without, everybody may do everything.
        default: What users may do with what nothing else was said of.
    """
    service = Service(store, artifacts, serves_artifacts, version)
    if accounts is None:
        return App(service, prefix)
    from .auth.admission import Admission  # loads SQLAlchemy, which a server without users may not need

    return App(service, prefix, Admission(accounts, service, default))
