"""Events as JSON values and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ..entities import Dataset, Status
from ..events import (
    ArtifactLogged,
    DatasetLogged,
    DocumentLogged,
    DocumentNamed,
    Event,
    ParamsLogged,
    RunEnded,
    RunResumed,
    RunStarted,
    TagsDeleted,
    TagsSet,
)

__all__ = ["from_json", "to_json"]

_KINDS: dict[str, Callable[..., Event]] = {
    "started": RunStarted,
    "resumed": RunResumed,
    "params": ParamsLogged,
    "tags": TagsSet,
    "untagged": lambda keys: TagsDeleted(tuple(keys)),
    "document": DocumentLogged,
    "named": DocumentNamed,
    "artifact": ArtifactLogged,
    "dataset": lambda dataset: DatasetLogged(Dataset(**dataset)),
    "ended": lambda status, end_time: RunEnded(Status(status), end_time),
}
_NAMES: dict[type, str] = {
    RunStarted: "started",
    RunResumed: "resumed",
    ParamsLogged: "params",
    TagsSet: "tags",
    TagsDeleted: "untagged",
    DocumentLogged: "document",
    DocumentNamed: "named",
    ArtifactLogged: "artifact",
    RunEnded: "ended",
}


def to_json(event: Event) -> list[Any]:
    """Return an event as ``[kind, fields]``."""
    if isinstance(event, DatasetLogged):
        return ["dataset", {"dataset": asdict(event.dataset)}]
    # Not ``asdict``, which copies every mapping value by value.
    return [_NAMES[type(event)], {name: getattr(event, name) for name in event.__dataclass_fields__}]


def from_json(value: Any) -> Event:
    """Return the event that ``to_json`` gave.

    Raises:
        ValueError: It is none, or of a kind that a newer version wrote.
    """
    try:
        kind, fields = value
        return _KINDS[kind](**fields)
    except (TypeError, KeyError) as error:
        raise ValueError(f"not an event of this version: {str(value)[:80]}") from error
