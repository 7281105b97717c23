"""Enumerations on the wire: a name, or the number that MLflow's protocol gives it."""

from __future__ import annotations

from typing import Final

from ...entities.run import Status, ViewType
from .limits import invalid_value

__all__ = ["VIEW_NAMES", "status_of", "view_of"]

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


def status_of(word: str | int) -> Status:
    """Return the status of a run that a word or number stands for."""
    found = _STATUSES.get(str(word))
    if found is None:
        raise invalid_value("status", word, f"It must be one of {', '.join(Status)}.")
    return found


def view_of(word: str | int | None, path: str = "run_view_type") -> ViewType:
    """Return which stages are looked at; only the active one unless said."""
    found = "active" if word is None else _VIEWS.get(str(word))
    if found is None:
        raise invalid_value(path, word, f"It must be one of {', '.join(VIEW_NAMES.values())}.")
    return found
