"""Searches: the one query that all of them take, and the page that they return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...entities.run import ViewType
    from ..filter import Node, Order

__all__ = ["Page", "Query"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Query:
    """What to search for, in which order, and how much of it to return.

    Missing values sort last in both directions, for a metric NaN before them. Each method that searches documents its default
    order, which also decides between ties.

    Attributes:
        experiment_ids: Where to search for runs, logged models or traces. For runs None means every active experiment; otherwise
            None finds nothing, as an empty tuple does.
        view: Which lifecycle stages of runs or experiments to search.
        limit: At most so many; None means all.
        offset: How many to skip.
    """

    experiment_ids: tuple[str, ...] | None = None
    filter: Node | None = None
    order: tuple[Order, ...] = ()
    view: ViewType = "active"
    limit: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """What was found, up to the limit of the query, and whether there is more."""

    items: tuple[T, ...]
    more: bool = False

    @classmethod
    def of(cls, found: Sequence[T], query: Query) -> Page[T]:
        """Return the page of a query from everything that was found, in order."""
        end = len(found) if query.limit is None else query.offset + query.limit
        return cls(tuple(found[query.offset : end]), more=end < len(found))
