"""MLflow's error codes, their HTTP statuses, and the errors of this package that they correspond to."""

from __future__ import annotations

from typing import Final

from ...errors import (
    AccessDenied,
    AlreadyExists,
    Deleted,
    InvalidInput,
    NbtrackError,
    NotFound,
    StoreError,
    StoreUnavailable,
    WrongType,
)
from .message import Message

__all__ = ["STATUSES", "ApiError", "ErrorMessage", "code_of", "error_of", "invalid", "missing_value"]

STATUSES: Final[dict[str, int]] = {
    "BAD_REQUEST": 400,
    "INVALID_PARAMETER_VALUE": 400,
    "RESOURCE_ALREADY_EXISTS": 400,
    "CUSTOMER_UNAUTHORIZED": 401,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "ENDPOINT_NOT_FOUND": 404,
    "NOT_FOUND": 404,
    "RESOURCE_DOES_NOT_EXIST": 404,
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "RESOURCE_CONFLICT": 409,
    "RESOURCE_EXHAUSTED": 429,
    "REQUEST_LIMIT_EXCEEDED": 429,
    "CANCELLED": 499,
    "DATA_LOSS": 500,
    "INTERNAL_ERROR": 500,
    "INVALID_STATE": 500,
    "NOT_IMPLEMENTED": 501,
    "TEMPORARILY_UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}

# The first row whose class an error is an instance of counts.
_CODES: Final[tuple[tuple[type[NbtrackError], str], ...]] = (
    (NotFound, "RESOURCE_DOES_NOT_EXIST"),
    (AlreadyExists, "RESOURCE_ALREADY_EXISTS"),
    (InvalidInput, "INVALID_PARAMETER_VALUE"),
    (WrongType, "INVALID_PARAMETER_VALUE"),
    (Deleted, "INVALID_PARAMETER_VALUE"),
    (AccessDenied, "PERMISSION_DENIED"),
    (StoreUnavailable, "TEMPORARILY_UNAVAILABLE"),
    (StoreError, "INTERNAL_ERROR"),
)


class ErrorMessage(Message):
    """The body of a response that reports an error."""

    error_code: str = ""
    message: str = ""


class ApiError(NbtrackError):
    """An error that has the code of its response already.

    Args:
        code: One of ``STATUSES``.
        message: What is wrong.
        status: The HTTP status, if it is not that of the code.
    """

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        self.code, self.message, self.status = code, message, status or STATUSES.get(code, 500)
        super().__init__(message)


def code_of(error: NbtrackError) -> str:
    """Return the error code with which a server responds to an error."""
    if isinstance(error, ApiError):
        return error.code
    return next((code for kind, code in _CODES if isinstance(error, kind)), "INTERNAL_ERROR")


def error_of(code: str, message: str, status: int) -> NbtrackError:
    """Return the error that a response reports; ``StoreUnavailable`` if a retry may succeed.

    Args:
        code: The ``error_code`` of the response, or empty.
        message: Its message.
        status: Its HTTP status.
    """
    # A proxy may respond with these for the server, without one of its codes.
    if status in (408, 429, 502, 503, 504):
        return StoreUnavailable(message)
    if code in ("RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"):
        return NotFound(message)
    if code in ("RESOURCE_ALREADY_EXISTS", "ALREADY_EXISTS"):
        return AlreadyExists(message)
    if code in ("INVALID_PARAMETER_VALUE", "BAD_REQUEST"):
        return InvalidInput(message)
    return StoreError(f"{message} ({code or status})")


def invalid(message: str) -> ApiError:
    """Return the error for an invalid request."""
    return ApiError("INVALID_PARAMETER_VALUE", message)


def missing_value(path: str) -> ApiError:
    """Return the error for a required field that is missing."""
    return invalid(
        f"Missing value for required parameter '{path}'. See the API docs for more information about request parameters."
    )
