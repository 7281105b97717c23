"""``%%track`` as an input transformer: the line goes, the body stays IPython's."""

from __future__ import annotations

import re

from IPython.core.inputtransformer2 import leading_indent

__all__ = ["arguments_of", "comment_out"]

_HEAD = re.compile(r"%%track(?!\S)(?P<arguments>[^\n]*)")
# Magics that run what is below them as IPython runs a cell, so that ``%%track`` may also stand below them.
_ABOVE = re.compile(r"\s*(?:%%(?:time|timeit|prun|capture)\b[^\n]*\n\s*)*")


def arguments_of(source: str) -> str | None:
    """Return the arguments of a tracked cell; None for any other cell."""
    above = _ABOVE.match(source)
    head = _HEAD.match(source, above.end() if above else 0)
    return None if head is None else head["arguments"].strip()


def comment_out(lines: list[str]) -> list[str]:
    """Turn the ``%%track`` of a cell into a comment; a transformer for IPython's ``line_transforms``.

    So the body's lines keep their numbers. Another cell magic has to come first, and before one the line goes. IPython
    calls this often, for cells that are being typed too, so nothing happens here but this.
    """
    if not lines or not _HEAD.match(lines[0]):
        return lines
    first = next((i for i, line in enumerate(lines[1:], 1) if line.strip()), len(lines))
    # IPython has taken out the indentation that a pasted cell begins with, but not below the line.
    body = leading_indent(lines[first:])
    if body and body[0].startswith("%%"):
        return body  # type: ignore[no-any-return]
    return ["#" + lines[0], *lines[1:first], *body]
