"""The tags in which nbtrack keeps what MLflow has no place for; they are no tags of the user's."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ...entities.events import Progress
from ...entities.tags import TAG_DOCUMENT, TAG_HEARTBEAT, TAG_OWNER, TAG_PARAM_TYPES, TAG_RUN_ID, TAG_TEXTS, TAG_WRITER
from .name_escapes import mlflow_name, own_name

__all__ = [
    "documents_in",
    "is_mark",
    "progress_in",
    "progress_text",
    "writer_mark",
]

_MARKS = (TAG_RUN_ID, TAG_OWNER, TAG_HEARTBEAT, TAG_TEXTS)
_PREFIXES = (TAG_DOCUMENT, TAG_WRITER, TAG_PARAM_TYPES, "nbtrack.param.")


def is_mark(key: str) -> bool:
    """Tell whether a tag is one of ours."""
    return key.startswith("nbtrack.") and (key in _MARKS or key.startswith(_PREFIXES))


def writer_mark(writer: str) -> str:
    """Return the tag that says how far a writer has come."""
    return TAG_WRITER + mlflow_name(writer)


def progress_in(tags: Mapping[str, str], writer: str) -> Progress:
    """Return how far a writer has come, by a run's tags."""
    found = json.loads(tags.get(writer_mark(writer)) or "{}")
    return Progress(found.get("events", 0), {int(lane): rows for lane, rows in found.get("lanes", {}).items()})


def progress_text(events: int, lanes: Mapping[int, int]) -> str:
    """Return the value of that tag."""
    return json.dumps({"events": events, "lanes": dict(lanes)}, separators=(",", ":"))


def documents_in(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the sha256 of a run's documents by their kind."""
    found = {own_name(key.removeprefix(TAG_DOCUMENT)): value for key, value in tags.items() if key.startswith(TAG_DOCUMENT)}
    return dict(sorted(found.items()))
