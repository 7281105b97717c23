"""Serves nbtrack's own protocol: each request is one call of the store."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from ..errors import InvalidInput, NbtrackError, StoreError
from ..store.nbtrack_server.errors import encode_error
from ..store.nbtrack_server.operations import OPERATIONS
from ..store.protocol.store import Store
from .error_answers import redacted

__all__ = ["answer"]

_log = logging.getLogger("nbtrack.server")


def answer(store: Store, name: str, content: bytes) -> tuple[int, bytes]:
    """Return the HTTP status and content that answer a request; it blocks, so it runs in a worker thread.

    Args:
        store: The store that is served.
        name: The operation, from the path.
        content: The content of the request.
    """
    operation = OPERATIONS.get(name)
    if operation is None:
        return encode_error(InvalidInput(f"this server has no operation {name[:100]!r}; update it, or the client"))
    try:
        arguments = operation.decode_arguments(content)
        return 200, operation.encode_result(_method(store, name)(**arguments))
    except NbtrackError as error:
        return encode_error(redacted(error))
    except Exception:  # noqa: BLE001 - a bug of the server: its log has the details, the client gets none
        _log.exception("the operation %s failed", name)
        return encode_error(StoreError(f"the server failed in {name}; its log says how"))


def _method(store: Store, name: str) -> Callable[..., Any]:
    """Return the store method of an operation, which may belong to its models, registry or traces."""
    part, _, method = name.rpartition(".")
    return getattr(getattr(store, part) if part else store, method)  # type: ignore[no-any-return]  # it is in the table
