"""``%%track`` as an input transformer: the line becomes a comment, and IPython executes the body unchanged."""

from __future__ import annotations

import re

from IPython.core.inputtransformer2 import leading_indent

__all__ = ["arguments_of", "comment_out"]

_HEAD = re.compile(r"%%track(?!\S)(?P<arguments>[^\n]*)")
# Magics that execute the rest of the cell as a cell, so that ``%%track`` may also stand below them.
_ABOVE = re.compile(r"\s*(?:%%(?:time|timeit|prun|capture)\b[^\n]*\n\s*)*")


def arguments_of(source: str) -> str | None:
    """Return the arguments of ``%%track`` in a cell; None for a cell without it."""
    above = _ABOVE.match(source)
    head = _HEAD.match(source, above.end() if above else 0)
    return None if head is None else head["arguments"].strip()


def comment_out(lines: list[str]) -> list[str]:
    """Turn the ``%%track`` of a cell into a comment; a transformer for IPython's ``line_transforms``.

    A comment keeps the line numbers of the body; but another cell magic has to be the first line, so before one the line is
    removed. IPython also calls this for cells that are being typed, so it must do nothing else.
    """
    if not lines or not _HEAD.match(lines[0]):
        return lines
    first = next((i for i, line in enumerate(lines[1:], 1) if line.strip()), len(lines))
    # IPython has removed the indentation of a pasted cell by its first line, which was ours.
    body = leading_indent(lines[first:])
    if body and body[0].startswith("%%"):
        return body  # type: ignore[no-any-return]
    return ["#" + lines[0], *lines[1:first], *body]
