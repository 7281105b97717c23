"""Traces that belong to a run which did not make them, such as the run that judges them.

A link is an entry of the trace's metadata, under a name with the run in it, which clients are not shown: a trace may have
several, and every store can keep and find them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ...entities.tags import LINKED_RUN, SOURCE_RUN
from ...entities.trace import TraceInfo
from ...store.filter import And, Comparison, Identifier, Node, Not, Or

__all__ = ["linked_or_made", "linking", "shown_metadata"]

_MADE_BY: Final = Identifier("param", SOURCE_RUN)  # what ``run_id`` means in a filter of traces


def linking(info: TraceInfo, run_id: str) -> TraceInfo:
    """Return a trace as it is to be kept for it to be found with a run."""
    return replace(info, metadata={f"{LINKED_RUN}{run_id}": run_id})


def shown_metadata(info: TraceInfo) -> dict[str, str]:
    """Return a trace's metadata as clients know them."""
    return {key: value for key, value in info.metadata.items() if not key.startswith(LINKED_RUN)}


def linked_or_made(node: Node | None) -> Node | None:
    """Return a condition on traces under which a run's traces are those that it made and those that are linked to it."""
    if isinstance(node, And | Or):
        return type(node)(tuple(filter(None, map(linked_or_made, node.operands))))
    if isinstance(node, Not):
        return Not(linked_or_made(node.operand) or node.operand)
    if isinstance(node, Comparison) and node.left == _MADE_BY and node.operator == "=" and not node.negated:
        return Or((node, replace(node, left=Identifier("param", f"{LINKED_RUN}{node.value}"))))
    return node
