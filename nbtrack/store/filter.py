"""The filter language: text to a tree."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Node", "Order"]


class Node:
    """Any part of a filter."""


@dataclass(frozen=True, slots=True)
class Order:
    """One key to sort by."""
