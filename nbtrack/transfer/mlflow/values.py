"""Converts values that MLflow stored, whatever their type, into this package's types."""

from __future__ import annotations

import re
from typing import Any

from ...entities.run import Status

__all__ = ["as_text", "as_time", "is_safe_id", "status_of"]

_NUMBERED = {1: Status.RUNNING, 2: Status.SCHEDULED, 3: Status.FINISHED, 4: Status.FAILED, 5: Status.KILLED}
_NAMED = {str(status): status for status in Status}
_ID = re.compile(r"[A-Za-z0-9][\w\-]{0,255}", re.ASCII)


def status_of(value: Any) -> Status:
    """Return a status that was stored as a number or a name; FAILED for anything else."""
    return _NUMBERED.get(value, Status.FAILED) if isinstance(value, int) else _NAMED.get(str(value), Status.FAILED)


def as_time(value: Any) -> int:
    """Return milliseconds since the epoch; 0 for anything but an integer of that size."""
    return value if isinstance(value, int) and abs(value) < 1 << 62 else 0


def as_text(value: Any) -> str:
    """Return a value as a string; None is the empty one."""
    return value.decode(errors="replace") if isinstance(value, bytes) else "" if value is None else str(value)


def is_safe_id(value: Any) -> bool:
    """Tell whether a value is a string that can be an id and a part of a path."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None
