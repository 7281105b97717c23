"""Keeping the body of a cell from running, with one line that says why."""

from __future__ import annotations

import ast
from threading import get_ident

from IPython.core.error import InputRejected

__all__ = ["CellRejected", "Gate"]


class CellRejected(InputRejected):  # type: ignore[misc]
    """The body of a cell does not run because of a mistake in its ``%%track`` line."""

    def _render_traceback_(self) -> list[str]:
        """Show as one line, as a magic's ``UsageError`` is shown; IPython and ipykernel ask for this."""
        return [f"UsageError: {self}"]


class Gate(ast.NodeTransformer):
    """An AST transformer that lets every cell pass but the one that it is told to reject.

    IPython's cell events cannot stop a cell; a transformer of its syntax tree can. The cells of a subshell are
    executed in a thread of their own.
    """

    def __init__(self) -> None:
        self._reasons: dict[int, str] = {}

    def reject_next(self, reason: str) -> None:
        """Reject the cell that is about to run."""
        self._reasons[get_ident()] = reason

    def open(self) -> None:
        """Let the next cell pass: one that does not parse never came to the gate."""
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
