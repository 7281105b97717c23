"""Searches of what is not a run: what to look for, and the page that is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from ..filter import Node, Order

__all__ = ["Page", "Search"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Search:
    """Which things, in which order, and how many of them; ``offset`` skips that many."""

    filter: Node | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The things of one page, and whether there are more."""

    items: tuple[T, ...]
    more: bool = False
