"""The tags in which nbtrack keeps what MLflow has no place for; ``Store.tags`` leaves them out."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ...entities.events import Progress
from ...entities.tags import TAG_DOCUMENT, TAG_HEARTBEAT, TAG_OWNER, TAG_PARAM_TYPES, TAG_RUN_ID, TAG_TEXTS, TAG_WRITER
from .name_escapes import mlflow_name, original_name

__all__ = ["documents_in", "is_reserved", "progress_in", "progress_value", "writer_tag"]

_NAMES = (TAG_RUN_ID, TAG_OWNER, TAG_HEARTBEAT, TAG_TEXTS)
_PREFIXES = (TAG_DOCUMENT, TAG_WRITER, TAG_PARAM_TYPES, "nbtrack.param.")


def is_reserved(key: str) -> bool:
    """Tell whether a tag is one of these; other tags that begin with ``nbtrack.`` belong to the run in every store."""
    return key.startswith("nbtrack.") and (key in _NAMES or key.startswith(_PREFIXES))


def writer_tag(writer: str) -> str:
    """Return the name of the tag with a writer's progress."""
    return TAG_WRITER + mlflow_name(writer)


def progress_in(tags: Mapping[str, str], writer: str) -> Progress:
    """Return a writer's progress from the tags of a run."""
    found = json.loads(tags.get(writer_tag(writer)) or "{}")
    return Progress(found.get("events", 0), {int(lane): rows for lane, rows in found.get("lanes", {}).items()})


def progress_value(events: int, lanes: Mapping[int, int]) -> str:
    """Return the value of a tag with a writer's progress."""
    return json.dumps({"events": events, "lanes": dict(lanes)}, separators=(",", ":"))


def documents_in(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the sha256 of each document of a run, by kind."""
    found = {original_name(key.removeprefix(TAG_DOCUMENT)): value for key, value in tags.items() if key.startswith(TAG_DOCUMENT)}
    return dict(sorted(found.items()))
