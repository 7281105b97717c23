"""Makes the string of an object the same in every process: without memory addresses, with sets in order."""

from __future__ import annotations

import ast
import re

__all__ = ["stable_text"]

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_INNERMOST = re.compile(r"\{[^{}]*\}")
_OBJECTS = re.compile(r"\{<[^<>]*>(?:, <[^<>]*>)+\}")
_LONGEST = 10_000  # characters that are parsed
_DEEPEST = 8
_HIDE, _SHOW = str.maketrans("{}", "\x01\x02"), str.maketrans("\x01\x02", "{}")


def stable_text(text: str) -> str:
    """Return an object's ``str`` or ``repr`` without the parts that differ between processes.

    Addresses are removed, as in ``<function relu>``, and the elements of sets of strings are sorted, because their order
    depends on the hash seed. Everything else stays the same.
    """
    plain = _ADDRESS.sub("", text)
    if "{" not in plain or len(plain) > _LONGEST:
        return plain
    done = plain
    for _ in range(_DEEPEST):
        done, count = _INNERMOST.subn(lambda braces: _in_order(braces[0].translate(_SHOW)).translate(_HIDE), done)
        if not count:
            break
    return done.translate(_SHOW)


def _in_order(braces: str) -> str:
    """Return the string of a set with its elements sorted; anything else in braces unchanged."""
    if _OBJECTS.fullmatch(braces):
        return "{" + ", ".join(sorted(braces[1:-1].split(", "))) + "}"
    tree = _parsed(braces)
    if not isinstance(tree, ast.Set) or not any(_is_text(node) for node in ast.walk(tree)):
        return braces
    return "{" + ", ".join(sorted(ast.get_source_segment(braces, each) or "" for each in tree.elts)) + "}"


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
