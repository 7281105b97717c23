"""MLflow's error codes, their HTTP statuses, and what they are among this package's errors."""

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

# The first row that an error is an instance of.
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
    """The body of an answer that is no success."""

    error_code: str = ""
    message: str = ""


class ApiError(NbtrackError):
    """An error that already has the code in which it is to be answered.

    Args:
        code: One of ``STATUSES``.
        message: What is wrong.
        status: The HTTP status, where it is not the code's.
    """

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        self.code, self.message, self.status = code, message, status or STATUSES.get(code, 500)
        super().__init__(message)


def code_of(error: NbtrackError) -> str:
    """Return the code in which an error is answered."""
    if isinstance(error, ApiError):
        return error.code
    return next((code for kind, code in _CODES if isinstance(error, kind)), "INTERNAL_ERROR")


def error_of(code: str, message: str, status: int) -> NbtrackError:
    """Return the error that an answer stands for; a ``StoreUnavailable`` where a retry may mend it.

    Args:
        code: The answer's ``error_code``; empty where it had none.
        message: Its message, or whatever it said.
        status: Its HTTP status.
    """
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
    """Return the error for a request that cannot be as it is."""
    return ApiError("INVALID_PARAMETER_VALUE", message)


def missing_value(path: str) -> ApiError:
    """Return the error for a field that is required and not there."""
    return invalid(
        f"Missing value for required parameter '{path}'. See the API docs for more information about request parameters."
    )
