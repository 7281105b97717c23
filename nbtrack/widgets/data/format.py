"""Formats numbers, times, sizes and user-supplied strings."""

from __future__ import annotations

import datetime
import json
import math
import re
import unicodedata
from typing import Any

from ...entities.run import moment as time_of

__all__ = ["ago", "clip", "columns", "duration", "isolate", "moment", "number", "one_line", "short_number", "size", "value_text"]

_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_BIDI_CONTROL = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def number(value: float, digits: int = 5) -> str:
    """Return a number to some significant digits, without trailing zeros: ``0.1235``, ``1.2e-5``, ``NaN``, ``∞``."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == int(value) and abs(value) < 1e9:
        return str(int(value))
    exponent = math.floor(math.log10(abs(value)))
    if not -4 <= exponent < 7:
        mantissa, power = f"{value:.{digits - 1}e}".split("e")
        return f"{_trimmed(mantissa)}e{int(power)}"
    return _trimmed(f"{value:.{max(0, digits - 1 - exponent)}f}")


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def short_number(value: float) -> str:
    """Return a number for an axis, in three digits: ``0.25``, ``12k``, ``1.5M``, ``1e-5``."""
    for limit, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if limit <= abs(value) < 1e15:
            return number(value / (1e3 if unit == "k" else limit), 3) + unit
    return number(value, 3)


def duration(seconds: float | None) -> str:
    """Return a length of time in its two largest units: ``350 ms``, ``1 m 12 s``, ``2 h 5 m``; empty for None."""
    if seconds is None:
        return ""
    if seconds < 0.9995:
        return f"{max(0.0, seconds) * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{_trimmed(f'{seconds:.1f}')} s"
    whole = round(seconds)
    parts = [(whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "m"), (whole % 60, "s")]
    first = next(i for i, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)


def moment(milliseconds: int, zone: datetime.tzinfo | None = None) -> str:
    """Return a time to the minute, ``2026-01-31 14:05``, in a zone; None: this machine's."""
    return time_of(milliseconds).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def ago(milliseconds: int, now: int) -> str:
    """Return how long before ``now`` a time was, in one unit: ``just now``, ``5 minutes ago``, ``3 days ago``."""
    seconds = (now - milliseconds) / 1000
    for length, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' * (count > 1)} ago"
    return "just now"


def size(count: int) -> str:
    """Return a number of bytes: ``512 B``, ``1.2 MB``."""
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= limit:
            return f"{number(count / limit, 3)} {unit}"
    return f"{count} B"


def value_text(value: Any) -> str:
    """Return a param's value as a string: lists and dicts as JSON, others by ``str``."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def one_line(text: str) -> str:
    """Return a string on one line, without characters that control a terminal or the direction of writing."""
    spaced = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    plain = "".join(c for c in _BIDI_CONTROL.sub("", spaced) if unicodedata.category(c) != "Cs")
    return " ".join(plain.split())


def clip(text: str, length: int) -> str:
    """Return a string as one line of at most ``length`` characters, ending with ``…`` if it was cut."""
    line = one_line(text[: length * 4 + 16])
    return line if len(line) <= length and len(text) <= length * 4 + 16 else line[: length - 1].rstrip() + "…"


def isolate(text: str) -> str:
    """Return a string with right-to-left characters in isolates, so that it does not reorder its surroundings."""
    return f"\u2068{text}\u2069" if _RTL.search(text) else text


def columns(text: str) -> int:
    """Return how many columns of a terminal a string takes."""
    return sum(
        0 if unicodedata.category(c) in ("Mn", "Me", "Cf") else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text
    )
