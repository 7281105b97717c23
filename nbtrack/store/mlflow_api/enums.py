"""Values of enumerations, sent as a name or as its number in MLflow's protocol buffers."""

from __future__ import annotations

from typing import Final

from ...entities.run import Status, ViewType
from .limits import invalid_value

__all__ = ["VIEW_NAMES", "status_of", "view_of"]

# The numbers of RunStatus and ViewType in mlflow/protos/service.proto.
_STATUSES: Final[dict[str, Status]] = {
    "1": Status.RUNNING,
    "2": Status.SCHEDULED,
    "3": Status.FINISHED,
    "4": Status.FAILED,
    "5": Status.KILLED,
    **{status.value: status for status in Status},
}
VIEW_NAMES: Final[dict[ViewType, str]] = {"active": "ACTIVE_ONLY", "deleted": "DELETED_ONLY", "all": "ALL"}
_VIEWS: Final[dict[str, ViewType]] = {
    "1": "active",
    "2": "deleted",
    "3": "all",
    **{name: view for view, name in VIEW_NAMES.items()},
}


def status_of(value: str | int) -> Status:
    """Return the status of a run from its name or number."""
    found = _STATUSES.get(str(value))
    if found is None:
        raise invalid_value("status", value, f"It must be one of {', '.join(Status)}.")
    return found


def view_of(value: str | int | None, path: str = "run_view_type") -> ViewType:
    """Return the stages to search, from their name or number; the active one by default."""
    found = "active" if value is None else _VIEWS.get(str(value))
    if found is None:
        raise invalid_value(path, value, f"It must be one of {', '.join(VIEW_NAMES.values())}.")
    return found
