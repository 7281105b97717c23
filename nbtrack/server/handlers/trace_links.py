"""Links between traces and runs that did not create them, such as a run that evaluates them.

A link is an entry of the trace's metadata whose key contains the run's id. Clients do not see it. A trace can have several, and
 every store can keep and find them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ...entities.tags import LINKED_RUN, SOURCE_RUN
from ...entities.trace import TraceInfo
from ...store.filter import And, Comparison, Identifier, Node, Not, Or

__all__ = ["linked_or_made", "linking", "shown_metadata"]

_MADE_BY: Final = Identifier("param", SOURCE_RUN)  # what the filter language makes of ``run_id``


def linking(info: TraceInfo, run_id: str) -> TraceInfo:
    """Return a trace with a link to a run, to be stored."""
    return replace(info, metadata={f"{LINKED_RUN}{run_id}": run_id})


def shown_metadata(info: TraceInfo) -> dict[str, str]:
    """Return a trace's metadata without links."""
    return {key: value for key, value in info.metadata.items() if not key.startswith(LINKED_RUN)}


def linked_or_made(node: Node | None) -> Node | None:
    """Return a condition whose ``run_id = …`` also matches traces that are linked to the run."""
    if isinstance(node, And | Or):
        return type(node)(tuple(filter(None, map(linked_or_made, node.operands))))
    if isinstance(node, Not):
        return Not(linked_or_made(node.operand) or node.operand)
    if isinstance(node, Comparison) and node.left == _MADE_BY and node.operator == "=" and not node.negated:
        return Or((node, replace(node, left=Identifier("param", f"{LINKED_RUN}{node.value}"))))
    return node
