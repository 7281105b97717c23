"""Encodes errors as answers with MLflow's code, status and message, and without details of the server's machine."""

from __future__ import annotations

import logging
from typing import Any

from ..errors import (
    AlreadyExists,
    Deleted,
    ExperimentNotFound,
    NbtrackError,
    NotPermitted,
    ParamConflict,
    RunNotFound,
    StoreError,
    StoreUnavailable,
    TooLarge,
)
from ..store.mlflow_api.codec import encode
from ..store.mlflow_api.errors import STATUSES, ApiError, ErrorMessage, code_of

__all__ = ["error_answer", "redacted"]

_log = logging.getLogger("nbtrack.server")


def redacted(error: NbtrackError) -> NbtrackError:
    """Return an error as clients may see it.

    Messages of databases, disks and buckets name addresses, folders and programs of the server, and even clients that are not
    authenticated get some of them: such messages are only logged.
    """
    if isinstance(error, NotPermitted) or not isinstance(error, StoreError | StoreUnavailable):
        return error
    _log.warning("%s: %s", type(error).__name__, error)
    if isinstance(error, TooLarge):
        return TooLarge("a value is larger than the server's database takes; its log names the limit")
    if isinstance(error, StoreUnavailable):
        return StoreUnavailable("the server cannot use its database or its files now; its log says why")
    return StoreError("the server's database or files refuse this; the server's log says why")


def error_answer(error: BaseException, request: Any = None, *, is_local: bool = False) -> tuple[int, bytes]:
    """Return the status and body of the answer to a failed request.

    Args:
        error: The error; one that is not of nbtrack is answered as INTERNAL_ERROR.
        request: The message of the request if it could be decoded; it names what the error is about.
        is_local: Whether the client is this process, which may see every detail.
    """
    if not isinstance(error, NbtrackError):
        return 500, encode(ErrorMessage(error_code="INTERNAL_ERROR", message="the server failed; its log says why"))
    error = error if is_local else redacted(error)
    code = code_of(error)
    status = error.status if isinstance(error, ApiError) else STATUSES[code]
    return status, encode(ErrorMessage(error_code=code, message=_message(error, request)))


def _message(error: NbtrackError, request: Any) -> str:
    """Return the message that MLflow's server has for an error, which clients and their tests compare."""
    run, experiment = getattr(request, "run", ""), getattr(request, "experiment_id", "")
    if isinstance(error, RunNotFound) and run:
        return f"Run with id={run} not found"
    if isinstance(error, ExperimentNotFound) and experiment:
        return f"No Experiment with id={experiment} exists"
    if isinstance(error, AlreadyExists) and (name := getattr(request, "name", "")):
        return f"Experiment(name={name}) already exists: {error}"
    if isinstance(error, ParamConflict):
        return (
            f"Changing param values is not allowed. Param with key='{error.key}' was already logged with "
            f"value='{error.kept}' for run ID='{run}'. Attempted logging new value '{error.refused}'."
        )
    if isinstance(error, Deleted):
        which = f"run {run}" if run else f"experiment {experiment}"
        return f"The {which} must be in the 'active' state. Current state is deleted."
    return str(error)
