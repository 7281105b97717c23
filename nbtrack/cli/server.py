"""``nbtrack server``: a store over HTTP."""

from __future__ import annotations

import argparse
from importlib.metadata import version

from ..server.auth.permissions import Permission
from ..server.process import Options, serve
from ..settings import environment, resolve

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    option = parser.add_argument
    option("--store", metavar="URI", help="sqlite:///runs.db, postgresql://…, mysql://…; by default the project's own")
    option("--artifacts", metavar="URI", help="where files are kept: a folder, s3://…, gs://…; by default beside the store")
    option("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s, this machine only)")
    option("--port", type=int, default=5000, help="the port, 0 for a free one (default: %(default)s)")
    option("--workers", type=int, default=1, metavar="N", help="the number of processes (default: %(default)s)")
    option("--no-serve-artifacts", action="store_true", help="let clients read and write the files directly")
    option(
        "--allowed-hosts",
        default="",
        metavar="NAMES",
        help="comma-separated names under which clients reach the server besides localhost; * for any",
    )
    option("--auth", action="store_true", help="require a password or token, and allow users what they were granted")
    option("--auth-db", default="", metavar="URI", help="the database of the users; by default the store's")
    option(
        "--default-permission",
        default="READ",
        choices=list(Permission.__members__),
        help="what every user may do where no other permission was granted (default: %(default)s)",
    )
    option(
        "--allowed-origins",
        default="",
        metavar="ORIGINS",
        help="comma-separated origins whose web pages may use the server; by default this machine's own",
    )
    option(
        "--trusted-proxies",
        default="",
        metavar="ADDRESSES",
        help="comma-separated addresses and networks of proxies whose X-Forwarded-For is trusted; by default none",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until the process is told to end."""
    settings = resolve(arguments.store, artifacts=arguments.artifacts).for_writing
    options = Options(
        store=settings.uri,
        artifacts=settings.artifacts,
        host=arguments.host,
        port=arguments.port,
        workers=arguments.workers,
        serves_artifacts=not arguments.no_serve_artifacts,
        allowed_hosts=_words(arguments.allowed_hosts),
        allowed_origins=_words(arguments.allowed_origins),
        trusted_proxies=_words(arguments.trusted_proxies),
        version=version("nbtrack"),
        auth=arguments.auth,
        auth_db=arguments.auth_db,
        default_permission=arguments.default_permission,
        admin_password=environment().get("NBTRACK_ADMIN_PASSWORD", ""),
    )
    return serve(options)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
