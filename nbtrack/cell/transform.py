"""``%%track`` as an input transformer: the line goes, the body stays IPython's."""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["arguments_of", "make_transformer"]

_HEAD = re.compile(r"%%track(?:[ \t]+(?P<arguments>[^\n]*))?[ \t]*(?:\n|$)")


def arguments_of(source: str) -> str | None:
    """Return the arguments of a tracked cell's first line; None for any other cell."""
    head = _HEAD.match(source.lstrip())
    return None if head is None else (head["arguments"] or "").strip()


def make_transformer(check: Callable[[str], object]) -> Callable[[list[str]], list[str]]:
    """Return a transformer for ``input_transformer_manager.line_transforms``.

    It is pure, for IPython calls it often, and comments the line out, so that the body's lines keep their numbers.
    Before another cell magic, which must come first, it drops the line. A line with arguments that are none is
    left, and the magic ``%%track`` answers.

    Args:
        check: Raises where arguments are wrong.
    """

    def transform(lines: list[str]) -> list[str]:
        head = _HEAD.fullmatch(lines[0]) if lines else None
        if head is None:
            return lines
        try:
            check(head["arguments"] or "")
        except Exception:  # noqa: BLE001  whatever it is, the magic says it properly
            return lines
        body = next((i for i, line in enumerate(lines[1:], 1) if line.strip()), len(lines))
        if body < len(lines) and lines[body].startswith("%%"):
            return lines[body:]
        return ["#" + lines[0], *lines[1:]]

    return transform
