"""Errors on their way from a server: by their names, to be raised again."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from ... import errors
from ...errors import AccessDenied, InvalidInput, NbtrackError, NotPermitted, StoreError, StoreUnavailable
from .codecs import dump_value

__all__ = ["pack_error", "raise_error"]

_ERRORS: dict[str, type[NbtrackError]] = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, NbtrackError) and kind is not NbtrackError
}


class WireError(msgspec.Struct, frozen=True):
    """An error: the name of its class, and its arguments as JSON."""

    error: str
    arguments: str


_decoder = msgspec.msgpack.Decoder(WireError)


def pack_error(error: NbtrackError) -> tuple[int, bytes]:
    """Return the HTTP status and the content of the answer that says an error."""
    kind = next(each for each in type(error).__mro__ if each.__name__ in _ERRORS or each is NbtrackError)
    name, arguments = (kind.__name__, error.args) if kind is type(error) else (kind.__name__, (str(error),))
    if kind is NbtrackError:
        name = StoreError.__name__
    if isinstance(error, NotPermitted):
        name = AccessDenied.__name__  # what clients of all versions know; the status says the rest
    status = 403 if isinstance(error, AccessDenied) else 503 if isinstance(error, StoreUnavailable) else 422
    return status, msgspec.msgpack.encode(WireError(name, dump_value([_plain(each) for each in arguments])))


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str | list | dict) else str(value)


def raise_error(content: bytes, status: int) -> None:
    """Raise the error that an answer says, whose HTTP status tells a right that is missing.

    Raises:
        NbtrackError: Always; a ``StoreError`` where the answer cannot be read.
    """
    error = _made(content)
    raise NotPermitted(str(error)) if status == 403 and isinstance(error, AccessDenied) else error


def _made(content: bytes) -> NbtrackError:
    try:
        wire = _decoder.decode(content)
        arguments = json.loads(wire.arguments)
        return _ERRORS[wire.error](*arguments)
    except (msgspec.MsgspecError, ValueError, TypeError, KeyError, RecursionError):
        return StoreError("the server said that something went wrong in a way that this version does not know; update nbtrack")


def not_understood(error: Exception) -> InvalidInput:
    """Return the error for a request that is none of this protocol."""
    return InvalidInput(f"the request cannot be read ({str(error)[:200]}); client and server may be of different versions")
