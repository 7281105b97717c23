"""Queries on the wire: mappings of the fields that a search uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, get_type_hints

import msgspec

from ...entities.run import ViewType
from ..filter import EXPERIMENTS, RUNS, Names
from ..protocol.search import Query
from .codecs import Codec
from .filters import make_node, make_order, pack_node, pack_order

__all__ = ["EXPERIMENT_QUERY", "RUN_QUERY", "query_codec"]

_ALWAYS: Final = ("filter", "order", "limit", "offset")


def query_codec(
    names: Names,
    *more: str,
    query: type[Query] = Query,
    order: tuple[Callable[[Any], list[Any]], Callable[[Any], Any]] | None = None,
) -> Codec:
    """Return the codec of the queries of one search.

    Args:
        names: What its filter and order can name.
        more: The fields it uses beside filter, order, limit and offset; their values are plain data.
        query: Their class.
        order: How to pack and make an order, where its keys are not plain ``Order`` ones.
    """
    send_order, read_order = order or (pack_order, lambda raw: make_order(raw, names))
    sent = (*more, *_ALWAYS)
    hints = get_type_hints(query, localns={"Node": list[Any], "Order": list[Any], "ViewType": ViewType})
    # The tree of a filter is no plain data; it is sent as nested lists.
    wire = msgspec.defstruct(f"Wire{query.__name__}", [(name, list[Any] if name == "order" else hints[name]) for name in sent])

    def pack(value: Any) -> dict[str, Any]:
        plain = {name: getattr(value, name) for name in sent}
        condition = None if value.filter is None else pack_node(value.filter)
        return {**plain, "filter": condition, "order": send_order(value.order)}

    def make(raw: Any) -> Any:
        plain = {name: getattr(raw, name) for name in sent}
        if raw.offset < 0 or (raw.limit is not None and raw.limit < 0):
            raise ValueError("limit and offset are not negative")
        condition = None if raw.filter is None else make_node(raw.filter, names)
        return query(**{**plain, "filter": condition, "order": read_order(raw.order)})

    return Codec(wire, pack, make)


RUN_QUERY = query_codec(RUNS, "experiment_ids", "view")
EXPERIMENT_QUERY = query_codec(EXPERIMENTS, "view")
