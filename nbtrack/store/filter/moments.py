"""Times and durations as people write them: ``2 days ago``, ``2026-11-01 12:30``, ``1h 30m``."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

__all__ = ["duration_ms", "moment_ms"]

_UNITS = {
    "ms": 1,
    "s": 1000,
    "sec": 1000,
    "second": 1000,
    "m": 60_000,
    "min": 60_000,
    "minute": 60_000,
    "h": 3_600_000,
    "hour": 3_600_000,
    "d": 86_400_000,
    "day": 86_400_000,
    "w": 604_800_000,
    "week": 604_800_000,
}
_NUMBER = r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+"
_PART = re.compile(rf"({_NUMBER})\s*([a-z]+)\s*")
_PARTS = re.compile(rf"(?:(?:{_NUMBER})\s*[a-z]+\s*)+")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def duration_ms(text: str) -> float:
    """Return a duration in milliseconds: ``10m``, ``1h 30m``, ``2 days``; a plain number is seconds.

    Raises:
        ValueError: The text is no duration; the message says what would be one.
    """
    text = text.strip().lower()
    if re.fullmatch(_NUMBER, text):
        return float(text) * 1000
    if not _PARTS.fullmatch(text):
        raise ValueError("a duration is a number and a unit (ms, s, m, h, d, w), such as '10m' or '1h 30m'")
    return sum(float(number) * _unit(word) for number, word in _PART.findall(text))


def moment_ms(text: str, now: int) -> int:
    """Return a time in milliseconds since the epoch; one without a time zone is local.

    Args:
        text: ``2026-11-01``, ``2026-11-01 12:30``, any ISO 8601 time, ``2 days ago``, ``now``, ``today`` or ``yesterday``
            (both of them at midnight).
        now: Milliseconds since the epoch, from which relative times count.

    Raises:
        ValueError: The text is no time; the message says what would be one.
    """
    text = text.strip()
    words = text.lower()
    try:
        if words.endswith("ago"):
            return _to_ms(_EPOCH + timedelta(milliseconds=now - duration_ms(words.removesuffix("ago"))))
        if words in _DAYS:
            return _to_ms(_DAYS[words](datetime.fromtimestamp(now / 1000)))
        return _to_ms(datetime.fromisoformat(text))
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError("a time is '2026-11-01', '2026-11-01 12:30', '2 days ago', or milliseconds without quotes") from error


def _midnight(time: datetime) -> datetime:
    return time.replace(hour=0, minute=0, second=0, microsecond=0)


_DAYS: dict[str, Callable[[datetime], datetime]] = {
    "now": lambda now: now,
    "today": _midnight,
    "yesterday": lambda now: _midnight(now) - timedelta(days=1),
}


def _to_ms(time: datetime) -> int:
    return (time.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)


def _unit(word: str) -> int:
    singular = word.removesuffix("s") if len(word) > 3 else word
    if singular not in _UNITS:
        raise ValueError(f"{word!r} is not a unit of time; use ms, s, m, h, d or w")
    return _UNITS[singular]
