"""The store protocol made remote: what an ``nbtrack server`` speaks with nbtrack's own clients.

One table (``operations``) says which methods there are, what they are asked with and what they answer; the client
(``store``) and the server (``nbtrack.server.nbtrack_protocol``) both read it. A new method of the protocol is a row there, and
a line in the client.

On the wire: POST ``/api/nbtrack/1/METHOD``, the arguments as a MessagePack map by name; the answer as MessagePack, with
status 200. An error of ``nbtrack.errors`` travels by its name (``failures``) and is raised again. Points are columns as
``store.chunks`` encodes them (``points``). Texts, sizes and nesting are checked on decoding; nothing is ever executed.

A server says that it speaks this by ``"nbtrack": {"protocol": 2}`` in its answer to GET ``/api/3.0/mlflow/server-info``.
Version 1 had no operations that read many runs at once: its servers are asked run by run.
"""

from __future__ import annotations

__all__ = ["CONTENT_TYPE", "PATH", "PROTOCOL"]

PROTOCOL = 2
PATH = "/api/nbtrack/1/"
CONTENT_TYPE = "application/vnd.nbtrack+msgpack"
