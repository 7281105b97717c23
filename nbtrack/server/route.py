"""A row of the server's table: an endpoint, the handler that answers it and the permission that it requires."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from ..store.mlflow_api.endpoint import Endpoint
from ..store.mlflow_api.message import Message
from .exchange import Exchange

__all__ = ["AccessRule", "AnyRoute", "Route", "StreamRoute"]

Q = TypeVar("Q", bound=Message)
A = TypeVar("A", bound=Message)

# What a client must be or hold on a server with users. The guarded store and artifacts enforce READ, EDIT and MANAGE on what a
# request names and limit the results of a SEARCH; handlers enforce SELF and ADMIN. The row states it, and a test compares both.
AccessRule: TypeAlias = Literal["ANYBODY", "SIGNED_IN", "SEARCH", "READ", "EDIT", "MANAGE", "SELF", "ADMIN"]


@dataclass(frozen=True, slots=True)
class Route(Generic[Q, A]):
    """An endpoint of JSON messages.

    Attributes:
        endpoint: Where it is, with its messages.
        handler: Called with the service and the request in a worker thread, so it may block.
        access: What a client needs on a server with users; None refuses everybody, so that a new endpoint cannot be left open.
    """

    endpoint: Endpoint[Q, A]
    handler: Callable[[Any, Q], A]
    access: AccessRule | None = None


@dataclass(frozen=True, slots=True)
class StreamRoute(Generic[Q, A]):
    """An endpoint that receives or sends a file's content.

    Attributes:
        endpoint: Where it is; its ``raw`` is set.
        handler: Called with the service, the exchange and the request on the event loop: it must not block, and sends the answer.
        access: What a client needs on a server with users; None refuses everybody.
    """

    endpoint: Endpoint[Q, A]
    handler: Callable[[Any, Exchange, Q], Awaitable[None]]
    access: AccessRule | None = None


AnyRoute: TypeAlias = "Route[Any, Any] | StreamRoute[Any, Any]"
