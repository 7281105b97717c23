"""The filter language's tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import FilterError

__all__ = ["Token", "error_at", "tokenize", "unquote"]

# Far beyond what anybody writes, far below what a database accepts.
MAX_LENGTH = 100_000
_LONGEST_MESSAGE = 400

_QUOTED = r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`"""
_NUMBER = r"[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:inf(?:inity)?))(?![\w.:\-])"
_TOKEN = re.compile(
    rf"""
    (?P<space>\s+)
  | (?P<number>{_NUMBER})
  | (?P<path>(?:[^\W\d]\w*|`\w*`)\.(?:(?:{_QUOTED})(?:\.\w+)?|\w[\w/.:\-]*))
  | (?P<quoted>{_QUOTED})
  | (?P<word>[^\W\d]\w*)
  | (?P<symbol><=|>=|!=|==|<>|[=<>(),])
  | (?P<bad>[+-]?[0-9.][\w.:+\-]*|['"`]|.)
    """,
    re.VERBOSE | re.DOTALL,
)

# Databases keep neither NUL nor half a surrogate pair, so nothing could be equal to such a text.
_UNPRINTABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its kind, its text as written, and its position."""

    kind: str
    text: str
    position: int

    @property
    def upper(self) -> str:
        """The token as a keyword or symbol; empty if it is neither."""
        return self.text.upper() if self.kind in ("word", "symbol") else ""


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a filter, an ``end`` token last.

    Raises:
        FilterError: A character that starts no token, a quote that does not end, or too long a text.
    """
    if len(text) > MAX_LENGTH:
        message = f"a filter has at most {MAX_LENGTH} characters, and this one has {len(text)}"
        raise error_at(message, text[:60] + "…", Token("end", "…", 60))
    return [*_tokens(text), Token("end", "", len(text))]


def _tokens(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        token = Token(kind, match[0], match.start())
        if kind == "bad":
            raise error_at(_complaint(token, text), text, token)
        if kind in ("quoted", "path"):
            _check_characters(token, text)
        if kind != "space":
            yield token


def _complaint(token: Token, text: str) -> str:
    if token.text in "'\"`":
        return f"this {token.text} is never closed; put another one at the end of the string"
    if token.text == ".":
        follows = text[token.position + 1 : token.position + 2]
        return "the quote after this is never closed" if follows in ("'", '"', "`") else "a name is missing after the dot"
    if token.text[-1].isalnum():
        return f"{token.text} is not a number; put quotes around a string, a date or a duration: '{token.text}'"
    return f"{token.text!r} means nothing here; a name with such characters needs quotes: metrics.`val loss`"


def _check_characters(token: Token, text: str) -> None:
    if wrong := _UNPRINTABLE.search(token.text):
        bad = Token("bad", wrong[0], token.position + wrong.start())
        raise error_at("this character cannot be in a string", text, bad)


def error_at(message: str, text: str, token: Token) -> FilterError:
    """Return a FilterError that points at a token; characters that do not print on one line are replaced."""
    printable = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", re.sub(r"\s", " ", text))
    said = message if len(message) <= _LONGEST_MESSAGE else message[: _LONGEST_MESSAGE - 1] + "…"
    return FilterError(said, printable, token.position, len(token.text))


def unquote(text: str) -> str:
    """Return a quoted string without its quotes, doubled ones inside as one; any other string unchanged."""
    if text[:1] == "`":
        return text[1:-1]
    return text[1:-1].replace(text[0] * 2, text[0]) if text[:1] in ("'", '"') else text
