"""Texts of objects that are the same in each process: without addresses in memory, sets in order."""

from __future__ import annotations

import ast
import re

__all__ = ["stable_text"]

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_BRACES = re.compile(r"\{[^{}:]+\}")
_SET = re.compile(r"\{[^{}:]*,[^{}:]*\}")
_LONGEST = 10_000  # characters that are parsed


def stable_text(text: str) -> str:
    """Return an object's ``str`` or ``repr`` without what is another in each process.

    Addresses are left out, as in ``<function relu>``, and the elements of sets are sorted, for their order follows
    the hash seed. A text of sets that is no Python is cut to its braces.
    """
    plain = _ADDRESS.sub("", text)
    if not _BRACES.search(plain):
        return plain
    if len(plain) <= _LONGEST and (tree := _parsed(plain)) is not None:
        return ast.unparse(_Sorted().visit(tree)) if any(isinstance(n, ast.Set) for n in ast.walk(tree)) else plain
    return _SET.sub("{…}", plain)


def _parsed(text: str) -> ast.Expression | None:
    try:
        return ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class _Sorted(ast.NodeTransformer):
    def visit_Set(self, node: ast.Set) -> ast.Set:
        self.generic_visit(node)
        return ast.Set(sorted(node.elts, key=ast.unparse))
