"""Redacts secrets by the name of a value and by the form of the value itself.

Everything else stays the same, byte for byte. So do values that only refer to a secret: ``token=settings.token``,
``password = getpass()``, ``"$TOKEN"``, ``api_key: str``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ...entities.run import ParamValue
from .forms import REDACTED, compiled, redact_patterns
from .names import is_secret_for_texts, is_secret_name

__all__ = ["REDACTED", "redact_patterns", "redact_text", "redact_value"]


# Fragments of names of secrets, in lower case; is_secret_name then judges the whole name around a fragment.
_HINT = re.compile("pass|pw|secret|token|key|cred|auth|bearer|jwt|dsn|conn|cookie")
_NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
_LONGEST_NAME = 100

# Atomic groups where there is a lookahead: with a possessive {0,n}+, Python before 3.11.5 misses what it should find.
_QUOTED = r"""
    [rbfuRBFU]{0,2}(?:
        \"{3}(?P<q1>(?>(?:[^"\\]|\\[\s\S]|"(?!"")){0,10000}))\"{3} | '{3}(?P<q2>(?>(?:[^'\\]|\\[\s\S]|'(?!'')){0,10000}))'{3}
      | "(?P<q3>(?:[^"\\\n]|\\.){0,10000}+)" | '(?P<q4>(?:[^'\\\n]|\\.){0,10000}+)'
      | \\"(?P<q5>(?>(?:(?!\\")[^\n]){0,10000}))\\" | \\'(?P<q6>(?>(?:(?!\\')[^\n]){0,10000}))\\'
    )"""
_REST = r"(?P<rest>[A-Za-z0-9_.-]{0,100}+)"
_NAME_REST = re.compile(_REST)
_SIGN = r"(?P<sign>(?:[ \t]*+:[ \t]*+[\w.\[\]|, ]{1,60}?(?==))?[ \t]*+(?:[:=!]?={1,2}>?|:))"
# name = "value", 'name': 'value', d["name"] = "value", name: str = ("value", --name="value", \"name\": \"value\"
_ASSIGNED = rf"""(?x){_REST}\\?["']?\]?{_SIGN}[ \t]*+\(?\s{{0,100}}+{_QUOTED}"""
# NAME=value, name: value, ?name=value&, name=value;
_BARE = rf"""(?x){_REST}\\?["']?\]?{_SIGN}(?P<gap>[ \t]*+)(?P<bare>[^\s"'`,;&|()\[\]{{}}<>\\]++)(?P<next>[\s\S]?)"""
# --name value, --name "value", and in a list "--name", "value"
_OPTION = rf"""(?x){_REST}(?:["'][ \t]*+,\s{{0,100}}+|[ \t]++)(?:{_QUOTED}|(?P<bare>[^\s"'`,;&|()\[\]{{}}<>-][^\s"'`]*+))"""
# setdefault("name", "value"): one of a few functions that set a value
_HANDED = rf"""(?x){_REST}\\?["'][ \t]*+,\s{{0,100}}+{_QUOTED}"""
_SETTER = re.compile(r"\b(?:set|get|env|default)\w{0,20}\(\s{0,20}\\?[\"']\Z")

# What follows a name in both patterns above; most names in a text can be skipped by this cheap test.
_SIGNED = re.compile(r"""\\?["']?\]?[ \t]*+[:=!]""")

_SHORTEST = 5  # characters of a name and a value: ``pw=ab``

_REFERENCE = re.compile(r"\{[^{}]*\}|\$\{?\w+\}?|<[^<>]*>|%\(?\w*\)?s?|\*+|\.+|\[redacted\]|")
_PLAIN = re.compile(r"(?i:none|null|true|false)|[-+]?[\d.]+(?:e[-+]?\d+)?|(?:u?int|float|complex|bfloat)\d*")
_VARIABLE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


def redact_value(name: str, value: ParamValue) -> ParamValue:
    """Return a param's value without secrets; in nested values each key is judged by itself."""
    if isinstance(value, dict):
        secret = is_secret_name(name)
        return {k: redact_value(name if secret else k, v) for k, v in value.items()}
    if isinstance(value, list):
        return [redact_value(name, v) for v in value]
    if value is None or isinstance(value, bool) or value == "":
        return value
    if is_secret_for_texts(name) if isinstance(value, str) else is_secret_name(name):
        return REDACTED
    return redact_text(value) if isinstance(value, str) else value


def redact_text(text: str) -> str:
    """Return source code, a diff, a log or a traceback with every recognised secret replaced by ``[redacted]``."""
    if len(text) < _SHORTEST:
        return text
    return _redact_named(redact_patterns(text))


class _Span(NamedTuple):
    start: int
    end: int


def _redact_named(text: str) -> str:
    pieces, done = [], 0
    # "İ" is the one letter whose lower case is longer, which would shift positions.
    for hint in _HINT.finditer(text.replace("İ", "I").lower()):
        if hint.start() >= done and (span := _secret_at(text, hint, done)):
            pieces += [text[done : span.start], REDACTED]
            done = span.end
    return "".join(pieces) + text[done:] if pieces else text


def _secret_at(text: str, hint: re.Match[str], done: int) -> _Span | None:
    """Return the span of the value given to the name around a hint, if the name is a secret's and the value not a reference."""
    start, at = _name_start(text, hint.start(), done), hint.end()
    rest = _NAME_REST.match(text, at)
    name = text[start : rest.end()] if rest else ""
    if not is_secret_name(name):
        return _literal(compiled(_ASSIGNED).match(text, at)) if is_secret_for_texts(name) else None
    assigned = rest is not None and _SIGNED.match(text, rest.end()) is not None
    found = assigned and (_literal(compiled(_ASSIGNED).match(text, at)) or _unquoted(name, compiled(_BARE).match(text, at)))
    return found or _argument(text, start, at, name)


def _name_start(text: str, hint: int, done: int) -> int:
    before = text[max(done, hint - _LONGEST_NAME) : hint]
    start = hint - len(before) + len(before.rstrip(_NAME))
    escaped = start < hint and text[start] in "nrt" and text[start - 1 : start] == "\\"
    return start + escaped


def _literal(match: re.Match[str] | None) -> _Span | None:
    if match is None or match.lastgroup is None or _REFERENCE.fullmatch(match[match.lastgroup]):
        return None
    return _Span(*match.span(match.lastgroup))


def _unquoted(name: str, match: re.Match[str] | None) -> _Span | None:
    if match is None or match["next"] in ("(", "[", "{") or _stays(name, match["bare"]):
        return None
    value, glued = match["bare"], match["sign"] == "=" and not match["gap"]
    if _VARIABLE.fullmatch(value) and not _looks_random(value) and not (glued and match["next"] not in (",", ")")):
        return None
    return _Span(*match.span("bare"))


def _stays(name: str, value: str) -> bool:
    """Return whether a value holds no secret: a placeholder, a variable named as a secret, None, a number (but of a password)."""
    if _PLAIN.fullmatch(value):
        return value.isalpha() or not re.search("pass|pw", name, re.IGNORECASE)
    if _REFERENCE.fullmatch(value):
        return True
    return _VARIABLE.fullmatch(value) is not None and is_secret_name(value.rpartition(".")[2])


def _looks_random(value: str) -> bool:
    return (len(value) >= 6 and any(c.isdigit() for c in value)) or (len(value) >= 20 and value.isalpha())


def _argument(text: str, start: int, at: int, name: str) -> _Span | None:
    """Return the span of the value after a command-line option or passed with its name to a function such as ``setdefault``."""
    if name.startswith("-") and (match := compiled(_OPTION).match(text, at)):
        return _option_value(name, match)
    if text[max(0, start - 1) : start] in ("'", '"') and _SETTER.search(text[max(0, start - 60) : start]):
        return _literal(compiled(_HANDED).match(text, at))
    return None


def _option_value(name: str, match: re.Match[str]) -> _Span | None:
    group = match.lastgroup or "bare"
    value = match[group]
    if value.startswith("-") or len(value) < 4 or value.lower() == name.strip("-").lower() or _stays(name, value):
        return None
    return _Span(*match.span(group))
