"""Keeps the body of a cell from running, with one line that says why."""

from __future__ import annotations

import ast
from threading import get_ident

from IPython.core.error import InputRejected

__all__ = ["CellRejected", "CellRejecter"]


class CellRejected(InputRejected):  # type: ignore[misc]
    """The body of a cell does not run because of a mistake in its ``%%track`` line."""

    def _render_traceback_(self) -> list[str]:
        """Return one line, as a magic's ``UsageError`` has; IPython and ipykernel call this."""
        return [f"UsageError: {self}"]


class CellRejecter(ast.NodeTransformer):
    """An AST transformer that leaves cells as they are, and raises for the one that it is told to reject.

    IPython's cell events cannot stop a cell; a transformer of its syntax tree can. Reasons are kept by thread, because a
    subshell executes cells in a thread of its own.
    """

    def __init__(self) -> None:
        self._reasons: dict[int, str] = {}

    def reject_next(self, reason: str) -> None:
        """Reject the cell that is about to run."""
        self._reasons[get_ident()] = reason

    def clear(self) -> None:
        """Forget the reason: a cell with a syntax error is never transformed."""
        self._reasons.pop(get_ident(), None)

    def visit(self, node: ast.AST) -> ast.AST:
        """Return the tree as it is.

        Raises:
            CellRejected: The cell is to be rejected.
        """
        reason = self._reasons.pop(get_ident(), "")
        if reason:
            raise CellRejected(reason)
        return node
