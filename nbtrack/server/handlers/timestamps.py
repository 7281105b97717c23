"""Times in the messages of version 3, such as ``2026-11-25T22:00:00.5Z``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from ...store.mlflow_api.limits import invalid_value

__all__ = ["milliseconds_of", "time_text"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds_of(text: str) -> int:
    """Return a time in milliseconds since 1970; ApiError if the string is not a time."""
    try:
        return (datetime.fromisoformat(text).astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)
    except ValueError as error:
        raise invalid_value("request_time", text, "a time is such as 2026-11-25T22:00:00.5Z") from error


def time_text(milliseconds: int) -> str:
    """Return a time in milliseconds since 1970 as a string."""
    time = _EPOCH + timedelta(milliseconds=milliseconds)
    return f"{time:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03}Z"
