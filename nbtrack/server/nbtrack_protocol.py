"""nbtrack's own protocol, served: one operation of a store for each request."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from ..errors import InvalidInput, NbtrackError, StoreError
from ..store.nbtrack_server.errors import pack_error
from ..store.nbtrack_server.operations import OPERATIONS
from ..store.protocol.store import Store
from .error_answers import redacted

__all__ = ["answer"]

_log = logging.getLogger("nbtrack.server")


def answer(store: Store, name: str, content: bytes) -> tuple[int, bytes]:
    """Return the HTTP status and the content that answer a request; it may block, so it is called in a thread.

    Args:
        store: What the server serves.
        name: The operation, as it stands in the path.
        content: The content of the request.
    """
    operation = OPERATIONS.get(name)
    if operation is None:
        return pack_error(InvalidInput(f"this server knows no operation {name[:100]!r}; update it, or the client"))
    try:
        arguments = operation.make_arguments(content)
        return 200, operation.pack_answer(_method(store, name)(**arguments))
    except NbtrackError as error:
        return pack_error(redacted(error))
    except Exception:  # noqa: BLE001  a mistake of ours: the log has all of it, the client no more than that
        _log.exception("the operation %s failed", name)
        return pack_error(StoreError(f"the server failed in {name}; its log says how"))


def _method(store: Store, name: str) -> Callable[..., Any]:
    """Return what does an operation; InvalidInput where the store has no such part."""
    part, _, method = name.rpartition(".")
    owner = getattr(store, part, None) if part else store
    if owner is None:
        raise InvalidInput(f"the store of this server has no {part}")
    return getattr(owner, method)  # type: ignore[no-any-return]  # it is in the table
