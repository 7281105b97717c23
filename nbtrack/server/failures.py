"""Errors as answers: MLflow's code, status and words; nothing of this machine in them."""

from __future__ import annotations

from typing import Any

from ..errors import AlreadyExists, Deleted, ExperimentNotFound, NbtrackError, ParamConflict, RunNotFound
from ..store.wire.codec import encode
from ..store.wire.errors import STATUSES, ErrorMessage, WireError, code_of

__all__ = ["failure"]


def failure(error: BaseException, request: Any = None) -> tuple[int, bytes]:
    """Return the status and the body of the answer to a request that failed."""
    if not isinstance(error, NbtrackError):
        return 500, encode(ErrorMessage(error_code="INTERNAL_ERROR", message="the server failed; its log says why"))
    code = code_of(error)
    status = error.status if isinstance(error, WireError) else STATUSES[code]
    return status, encode(ErrorMessage(error_code=code, message=_message(error, request)))


def _message(error: NbtrackError, request: Any) -> str:
    """Return what MLflow says in such a case, as clients and their tests know it."""
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
