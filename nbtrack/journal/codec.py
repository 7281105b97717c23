"""Events as JSON values and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from ..entities.events import (
    ArtifactLogged,
    DatasetLogged,
    DocumentLogged,
    DocumentNamed,
    Event,
    ModelMade,
    ModelMeasured,
    ModelRead,
    ParamsLogged,
    RunEnded,
    RunResumed,
    RunStarted,
    RunUpdated,
    TagsDeleted,
    TagsSet,
)
from ..entities.model import ModelMetric
from ..entities.run import Dataset, Status

__all__ = ["FORMAT", "from_json", "to_json"]

# Of the whole journal: a reader does not touch a journal of a later format.
FORMAT = 1

_KINDS: dict[str, Callable[..., Event]] = {
    "started": RunStarted,
    "resumed": RunResumed,
    "params": ParamsLogged,
    "tags": TagsSet,
    "untagged": lambda keys: TagsDeleted(tuple(keys)),
    "document": DocumentLogged,
    "named": DocumentNamed,
    "artifact": ArtifactLogged,
    "dataset": lambda dataset: DatasetLogged(_dataset(**dataset)),
    "made": ModelMade,
    "read": ModelRead,
    "measured": lambda model_id, metrics: ModelMeasured(model_id, tuple(ModelMetric(**metric) for metric in metrics)),
    "ended": lambda status, end_time: RunEnded(Status(status), end_time),
    "updated": lambda status, end_time: RunUpdated(status and Status(status), end_time),
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
    ModelMade: "made",
    ModelRead: "read",
    RunEnded: "ended",
    RunUpdated: "updated",
}


def _dataset(tags: Iterable[Iterable[str]] = (), **facts: str) -> Dataset:
    return Dataset(**facts, tags=tuple((key, value) for key, value in tags))


def to_json(event: Event) -> list[Any]:
    """Return an event as ``[kind, fields]``."""
    if isinstance(event, DatasetLogged):
        fields = asdict(event.dataset)
        if not fields["tags"]:
            del fields["tags"]  # an older version would reject them
        return ["dataset", {"dataset": fields}]
    if isinstance(event, ModelMeasured):
        return ["measured", asdict(event)]
    # Not ``asdict``, which copies every mapping value by value.
    return [_NAMES[type(event)], {name: getattr(event, name) for name in event.__dataclass_fields__}]


def from_json(value: Any) -> Event:
    """Return the event that ``to_json`` gave.

    Raises:
        ValueError: It is not an event, or of a kind that only a newer version knows.
    """
    try:
        kind, fields = value
        return _KINDS[kind](**fields)
    except (TypeError, KeyError) as error:
        raise ValueError(f"not an event of this version: {str(value)[:80]}") from error
