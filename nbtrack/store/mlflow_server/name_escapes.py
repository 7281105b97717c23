"""Escapes for names that MLflow refuses: it allows letters, digits and ``_ / . - : space``, in a normalized relative path."""

from __future__ import annotations

import hashlib
import posixpath
import re

__all__ = ["mlflow_name", "original_name"]

_REFUSED = re.compile(r"[^/\w.\- :]|-(?=_)")  # refused characters, and what would look like an escape
_ESCAPE = re.compile(r"-_([0-9a-f]{2,6})_")
# What makes a path unnormalized: parts of dots alone, two dots at the beginning, slashes without a part between them.
_PATH = re.compile(r"(?<![^/])\.+(?![^/])|^\.(?=\.)|(?<![^/])/|/$")
_LONGEST = 250


def mlflow_name(name: str) -> str:
    """Return a name that MLflow accepts, with every refused character as ``-_XX_``, its code point in hexadecimal.

    A result of more than 250 characters is cut, so that the original name cannot be restored.

    Example:
        >>> mlflow_name("loss@1"), original_name("loss-_40_1")
        ('loss-_40_1', 'loss@1')
    """
    escaped = _REFUSED.sub(_escape, name)
    escaped = escaped if _is_normal(escaped) else _PATH.sub(_escape, escaped)
    if len(escaped) <= _LONGEST:
        return escaped
    # The digest keeps apart names that begin alike.
    return f"{escaped[: _LONGEST - 9].rstrip('/.')}-{hashlib.sha256(escaped.encode()).hexdigest()[:8]}"


def original_name(name: str) -> str:
    """Return the name that ``mlflow_name`` has escaped."""
    return _ESCAPE.sub(_unescape, name) if "-_" in name else name


def _escape(found: re.Match[str]) -> str:
    return "".join(f"-_{ord(character):02x}_" for character in found[0])


def _unescape(found: re.Match[str]) -> str:
    number = int(found[1], 16)
    return chr(number) if number < 0x110000 else found[0]


def _is_normal(name: str) -> bool:
    normal = posixpath.normpath(name)
    return normal == name and normal != "." and not normal.startswith(("..", "/"))
