"""Errors of a server, sent as the names of their classes and raised again by the client."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from ... import errors
from ...errors import AccessDenied, InvalidInput, NbtrackError, NotPermitted, StoreError, StoreUnavailable
from .codecs import dump_value

__all__ = ["encode_error", "raise_error", "unreadable_request"]

_ERRORS: dict[str, type[NbtrackError]] = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, NbtrackError) and kind is not NbtrackError
}


class WireError(msgspec.Struct, frozen=True):
    """An error: the name of its class, and the arguments of its constructor as JSON."""

    error: str
    arguments: str


_decoder = msgspec.msgpack.Decoder(WireError)


def encode_error(error: NbtrackError) -> tuple[int, bytes]:
    """Return the HTTP status and the body that report an error."""
    known = next(each for each in type(error).__mro__ if each.__name__ in _ERRORS or each is NbtrackError)
    # The client knows public classes only; the constructor of a private subclass may take other arguments.
    arguments = error.args if known is type(error) else (str(error),)
    name = StoreError.__name__ if known is NbtrackError else known.__name__
    if isinstance(error, NotPermitted):
        name = AccessDenied.__name__  # clients of every version know this class; status 403 tells them the difference
    status = 403 if isinstance(error, AccessDenied) else 503 if isinstance(error, StoreUnavailable) else 422
    return status, msgspec.msgpack.encode(WireError(name, dump_value([_json_value(each) for each in arguments])))


def _json_value(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str | list | dict) else str(value)


def raise_error(content: bytes, status: int) -> None:
    """Raise the error that a response reports.

    Args:
        content: The body.
        status: The HTTP status; 403 makes an ``AccessDenied`` a ``NotPermitted``.

    Raises:
        NbtrackError: Always; a ``StoreError`` if the body cannot be read.
    """
    error = _decoded(content)
    raise NotPermitted(str(error)) if status == 403 and isinstance(error, AccessDenied) else error


def _decoded(content: bytes) -> NbtrackError:
    try:
        wire = _decoder.decode(content)
        return _ERRORS[wire.error](*json.loads(wire.arguments))
    except (msgspec.MsgspecError, ValueError, TypeError, KeyError, RecursionError):
        return StoreError("the server reports an error that this version does not know; update nbtrack")


def unreadable_request(error: Exception) -> InvalidInput:
    """Return the error for a request that does not follow the protocol."""
    return InvalidInput(f"the request cannot be read ({str(error)[:200]}); client and server may be of different versions")
