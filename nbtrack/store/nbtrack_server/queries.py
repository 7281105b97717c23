"""What is searched for: every kind of query, as a mapping of its fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, get_type_hints

import msgspec

from ..filter import EXPERIMENTS, RUNS, Names
from ..protocol.store import ExperimentQuery, RunQuery
from .codecs import Codec
from .filters import make_node, make_order, pack_node, pack_order

__all__ = ["EXPERIMENT_QUERY", "RUN_QUERY", "query_codec"]


def query_codec(query: Any, names: Names, order: tuple[Callable[[Any], list[Any]], Callable[[Any], Any]] | None = None) -> Codec:
    """Return the kind of a query's values.

    Args:
        query: Its dataclass, with the fields ``filter``, ``order``, ``limit`` and ``offset``, and others that are plain data.
        names: What its filter and order can name.
        order: How its order is sent and made again, where it is not one of ``Order``.
    """
    send_order, read_order = order or (pack_order, lambda raw: make_order(raw, names))
    # The tree of a filter is no plain data; it goes as nested lists.
    hints = get_type_hints(query, localns={"Node": list[Any], "Order": list[Any]})
    wire = msgspec.defstruct(
        f"Wire{query.__name__}",
        [(field.name, list[Any] if field.name == "order" else hints[field.name]) for field in fields(query)],
    )

    def pack(value: Any) -> dict[str, Any]:
        plain = {field.name: getattr(value, field.name) for field in fields(query)}
        condition = None if value.filter is None else pack_node(value.filter)
        return {**plain, "filter": condition, "order": send_order(value.order)}

    def make(raw: Any) -> Any:
        plain = {field.name: getattr(raw, field.name) for field in fields(query)}
        if raw.offset < 0 or (raw.limit is not None and raw.limit < 0):
            raise ValueError("limit and offset are not negative")
        condition = None if raw.filter is None else make_node(raw.filter, names)
        return query(**{**plain, "filter": condition, "order": read_order(raw.order)})

    return Codec(wire, pack, make)


RUN_QUERY = query_codec(RunQuery, RUNS)
EXPERIMENT_QUERY = query_codec(ExperimentQuery, EXPERIMENTS)
