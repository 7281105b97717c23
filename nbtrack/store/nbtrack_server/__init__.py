"""The store protocol over HTTP, between nbtrack's clients and an ``nbtrack server``.

One table (``operations``) defines every operation: its arguments, its result and whether it may be repeated. The client
(``store``) and the server (``nbtrack.server.nbtrack_protocol``) both read it. A new method of the store protocol is a row there
and a method of the client.

A request is POST ``/api/nbtrack/1/METHOD`` with the arguments as a MessagePack map; the response has status 200 and the result
as MessagePack. An error is sent as the name of its class in ``nbtrack.errors`` and raised again by the client (``errors``).
Points are sent as columns, encoded by ``store.chunks`` (``points``). Types, sizes and nesting are checked while decoding, and
nothing that was received is executed.

A server announces the version of its protocol by ``"nbtrack": {"protocol": 2}`` in its response to GET
``/api/3.0/mlflow/server-info`` (``handshake``). A server of version 1 has no operations that read many runs at once; the client
sends it a request for each run.
"""

from __future__ import annotations

__all__ = ["CONTENT_TYPE", "PATH", "PROTOCOL"]

PROTOCOL = 2
PATH = "/api/nbtrack/1/"
CONTENT_TYPE = "application/vnd.nbtrack+msgpack"
