"""Runs the server in one process, or in several workers that share a socket."""

from __future__ import annotations

import multiprocessing
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from ..store.artifacts.open import open_artifacts
from ..store.open import check_uri, open_store
from .app import App, create_app
from .auth.permissions import permission_of
from .handlers.artifact_paths import PROXIED
from .origin_checks import OriginChecks

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from ..store.protocol.store import Store
    from .auth.accounts import Accounts

__all__ = ["Options", "build", "serve"]

_BACKLOG = 2048
_LAST_PORT = 65535
_SECONDS_TO_END = 10
# Longer than proxies keep an idle connection (60 s for most): if the server closed one first, a proxy that uses it answers 502.
_SECONDS_IDLE = 75
_SECONDS_BETWEEN_CHECKS = 1.0


@dataclass(frozen=True)
class Options:
    """The options of ``nbtrack server``."""

    store: str
    artifacts: str
    host: str = "127.0.0.1"
    port: int = 5000
    workers: int = 1
    serves_artifacts: bool = True
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    version: str = ""
    auth: bool = False
    auth_db: str = ""
    default_permission: str = "READ"
    admin_password: str = field(default="", repr=False)


def build(options: Options) -> OriginChecks:
    """Open the store and the artifacts, and return the application over both, behind Host and Origin checks.

    Raises:
        NbtrackError: One of them cannot be opened.
    """
    artifacts = open_artifacts(options.artifacts)
    if options.auth:
        _keep_private(options)
    is_proxy = options.serves_artifacts
    root, served = (PROXIED, artifacts.uri) if is_proxy else (artifacts.uri, "")
    store = open_store(options.store, artifact_root=root, served=served)
    app: App = create_app(
        store,
        artifacts,
        serves_artifacts=options.serves_artifacts,
        version=options.version,
        accounts=open_accounts_of(options) if options.auth else None,
        default=permission_of(options.default_permission),
    )
    return OriginChecks(app, (options.host, *options.allowed_hosts), options.allowed_origins)


def _keep_private(options: Options) -> None:
    """Make the users' database private before the store writes to the same file."""
    from .auth.accounts import keep_private

    keep_private(options.auth_db or options.store)


def open_accounts_of(options: Options) -> Accounts:
    """Open the users of a server, creating the first administrator if there is none."""
    from .auth.accounts import open_accounts
    from .auth.first_admin import make_admin

    accounts = open_accounts(options.auth_db or options.store)
    if message := make_admin(accounts, options.admin_password):
        print(message, file=sys.stderr, flush=True)  # noqa: T201 - a generated password is shown only here
    return accounts


def serve(options: Options) -> int:
    """Serve until SIGTERM or SIGINT, and return the exit status; a line on standard output names the address."""
    _check_workers(options)
    _check_address(options)
    app = build(options)  # before listening and before workers: errors are shown first, and one process creates the tables
    _warn_of_unserved_folders(app.inner.store, options)
    with _listening(options) as listener:
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        print(  # noqa: T201 - the command's output
            f"nbtrack {options.version} serves {app.inner.store.uri} at http://{shown}:{port}, artifacts in {options.artifacts}",
            flush=True,
        )
        if options.workers == 1:
            return _run(app, listener, options.trusted_proxies)
        app.inner.close()  # each worker opens its own
        return _supervise(options, listener)


def _check_workers(options: Options) -> None:
    if options.workers < 1:
        raise InvalidInput(f"--workers must be at least 1, not {options.workers}")
    if options.workers > 1 and check_uri(options.store) == "memory":
        raise InvalidInput(
            f"each of {options.workers} workers would have a memory: of its own: leave --workers out, "
            "or give them a store that they share, such as --store sqlite:///runs.db"
        )


def _warn_of_unserved_folders(store: Store, options: Options) -> None:
    """Warn of folders on this machine with files of earlier runs that clients cannot reach."""
    for folder in getattr(store, "unserved", ()):
        print(  # noqa: T201 - for whoever starts the server
            f"nbtrack: files of earlier runs are in {folder}, which this server does not serve: "
            f"start it with --artifacts {folder}, or copy what is in there to {options.artifacts}",
            file=sys.stderr,
            flush=True,
        )


def _check_address(options: Options) -> None:
    if not options.host:
        raise InvalidInput("--host is empty: use 127.0.0.1 for this machine only, 0.0.0.0 or :: for the network")
    if not 0 <= options.port <= _LAST_PORT:
        raise InvalidInput(f"--port must be a number up to {_LAST_PORT}, or 0 for a free port, not {options.port}")


def _listening(options: Options) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((options.host, options.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        reason = error.strerror or error
        raise InvalidInput(f"cannot listen on {options.host}:{options.port}: {reason}; choose another with --port") from error
    listener.set_inheritable(True)  # the workers accept connections from the same socket
    return listener


def _run(app: Any, listener: socket.socket, trusted_proxies: tuple[str, ...]) -> int:
    try:
        import uvicorn
    except ImportError as error:
        raise InvalidInput("a server needs uvicorn: pip install 'nbtrack[server]'") from error
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        http=_protocol(),
        # The client's address is the connection's, unless it comes from a trusted proxy: anybody can send X-Forwarded-For.
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        timeout_graceful_shutdown=_SECONDS_TO_END,
        timeout_keep_alive=_SECONDS_IDLE,
        lifespan="on",
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # uvicorn raises the signal again after its shutdown; it has been handled by then
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    return 0 if server.started else 1


def _protocol() -> Any:
    """Return uvicorn's protocol with our limits; without httptools the one on h11, which has its own."""
    try:
        from .bounded_protocol import BoundedProtocol
    except ImportError:
        return "h11"
    return BoundedProtocol


def _work(options: Options, listener: socket.socket) -> None:
    threading.Thread(target=_end_with_parent, name="nbtrack-parent", daemon=True).start()
    sys.exit(_run(build(options), listener, options.trusted_proxies))


def _end_with_parent() -> None:
    """Terminate this worker once the supervising process has died."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        while True:  # repeated, because a signal before uvicorn has installed its handlers is lost
            signal.raise_signal(signal.SIGTERM)
            time.sleep(_SECONDS_BETWEEN_CHECKS)


def _supervise(options: Options, listener: socket.socket) -> int:
    """Run the workers until SIGTERM or SIGINT, replacing those that die."""
    context = multiprocessing.get_context("spawn")  # fork would copy locks that other threads of this process may hold
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())

    def start() -> BaseProcess:
        process = context.Process(target=_work, args=(options, listener))
        process.start()
        return process

    workers = [start() for _ in range(options.workers)]
    while not ending.wait(_SECONDS_BETWEEN_CHECKS):
        workers = [each if each.is_alive() else start() for each in workers]
    for each in workers:
        each.terminate()
    for each in workers:
        each.join(2 * _SECONDS_TO_END)
    return 0
