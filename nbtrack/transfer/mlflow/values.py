"""What MLflow keeps of a run's facts, as ours."""

from __future__ import annotations

import re
from typing import Any

from ...entities.run import Status

__all__ = ["as_text", "as_time", "is_safe_id", "status_of"]

_NUMBERED = {1: Status.RUNNING, 2: Status.SCHEDULED, 3: Status.FINISHED, 4: Status.FAILED, 5: Status.KILLED}
_NAMED = {str(status): status for status in Status}
_ID = re.compile(r"[A-Za-z0-9][\w\-]{0,255}", re.ASCII)


def status_of(value: Any) -> Status:
    """Return a status that was kept as a number or a name; what is neither has ended somehow."""
    return _NUMBERED.get(value, Status.FAILED) if isinstance(value, int) else _NAMED.get(str(value), Status.FAILED)


def as_time(value: Any) -> int:
    """Return milliseconds since the epoch, 0 where there are none."""
    return value if isinstance(value, int) and abs(value) < 1 << 62 else 0


def as_text(value: Any) -> str:
    """Return what stands where a text should, as one; nothing is the empty one."""
    return value.decode(errors="replace") if isinstance(value, bytes) else "" if value is None else str(value)


def is_safe_id(value: Any) -> bool:
    """Tell whether it is a text that can be an id, and so be a part of a path that leads nowhere else."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None
