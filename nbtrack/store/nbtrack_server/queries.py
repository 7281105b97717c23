"""Codecs of queries, which are sent as a map of the fields that a search uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, get_type_hints

import msgspec

from ...entities.run import ViewType
from ..filter import EXPERIMENTS, RUNS, Names
from ..protocol.search import Query
from .codecs import Codec
from .filters import decode_node, decode_order, encode_node, encode_order

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
        names: The names that its filter and order may contain.
        more: The fields that it uses beside filter, order, limit and offset; their values are plain data.
        query: The class of its queries.
        order: How an order is encoded and decoded, if it does not consist of ``Order``.
    """
    order_to_wire, order_from_wire = order or (encode_order, lambda raw: decode_order(raw, names))
    sent = (*more, *_ALWAYS)
    # msgspec cannot check the classes of a filter's tree, so it is declared as nested lists and checked by decode_node.
    hints = get_type_hints(query, localns={"Node": list[Any], "Order": list[Any], "ViewType": ViewType})
    wire = msgspec.defstruct(f"Wire{query.__name__}", [(name, list[Any] if name == "order" else hints[name]) for name in sent])

    def encode(value: Any) -> dict[str, Any]:
        plain = {name: getattr(value, name) for name in sent}
        condition = None if value.filter is None else encode_node(value.filter)
        return {**plain, "filter": condition, "order": order_to_wire(value.order)}

    def decode(raw: Any) -> Any:
        plain = {name: getattr(raw, name) for name in sent}
        if raw.offset < 0 or (raw.limit is not None and raw.limit < 0):
            raise ValueError("limit or offset is negative")
        condition = None if raw.filter is None else decode_node(raw.filter, names)
        return query(**{**plain, "filter": condition, "order": order_from_wire(raw.order)})

    return Codec(wire, encode, decode)


RUN_QUERY = query_codec(RUNS, "experiment_ids", "view")
EXPERIMENT_QUERY = query_codec(EXPERIMENTS, "view")
