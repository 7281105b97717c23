"""Filters and orders as nested lists, and back; every name is checked while decoding."""

from __future__ import annotations

from typing import Any, Final, cast

import msgspec

from ..filter import And, Comparison, Identifier, Names, Node, Not, Or, Order, Present

__all__ = ["decode_name", "decode_node", "decode_order", "encode_name", "encode_node", "encode_order"]

_DEEPEST = 100  # decoding and matching recurse
_OPERATORS: Final = ("=", "<", "<=", ">", ">=", "LIKE", "ILIKE", "IN", "BETWEEN")
_STATS: Final = ("first", "last", "min", "max", "mean", "count", "nan_count")
_FIELDS: Final = ("name", "digest", "context")
_TEXTS: Final = ("text", "status", "id")


class _Name(msgspec.Struct, array_like=True, frozen=True):
    entity: str
    key: str
    stat: str
    dotted: bool


def encode_order(order: tuple[Order, ...]) -> list[Any]:
    """Return the wire form of an order."""
    return [[encode_name(item.left), item.descending] for item in order]


def decode_order(raw: Any, names: Names) -> tuple[Order, ...]:
    """Return an order; ValueError unless it sorts by these names."""
    return tuple(Order(decode_name(name, names), down) for name, down in msgspec.convert(raw, list[tuple[Any, bool]]))


def encode_node(node: Node) -> list[Any]:
    """Return the wire form of a filter."""
    match node:
        case And(operands):
            return ["and", *map(encode_node, operands)]
        case Or(operands):
            return ["or", *map(encode_node, operands)]
        case Not(operand):
            return ["not", encode_node(operand)]
        case Present(left):
            return ["present", encode_name(left)]
        case Comparison(left, operator, value, negated):
            return ["compare", encode_name(left), operator, value, negated]


def decode_node(raw: Any, names: Names, depth: int = 0) -> Node:
    """Return a filter; ValueError unless it is a filter over these names."""
    if depth > _DEEPEST:
        raise ValueError("the filter is nested too deeply")
    match raw:
        case ["and" | "or" as operator, _, _, *_]:
            operands = tuple(decode_node(each, names, depth + 1) for each in raw[1:])
            return And(operands) if operator == "and" else Or(operands)
        case ["not", operand]:
            return Not(decode_node(operand, names, depth + 1))
        case ["present", name]:
            return Present(decode_name(name, names))
        case ["compare", name, str() as operator, value, bool() as negated]:
            left = decode_name(name, names)
            return Comparison(left, cast("Any", operator), _decode_value(value, operator, names.kind_of(left)), negated)
    raise ValueError("not a filter")


def encode_name(name: Identifier) -> list[Any]:
    """Return the wire form of a name."""
    return [name.entity, name.key, name.stat, name.dotted]


def decode_name(raw: Any, names: Names) -> Identifier:
    """Return a name; ValueError unless it is one of these."""
    name = msgspec.convert(raw, _Name)
    keys = {"attribute": tuple(names.attributes), "dataset": _FIELDS}.get(name.entity, (name.key,))
    stats = _STATS if name.entity == "metric" and names.has_stats else ("", "last") if name.entity == "metric" else ("",)
    if name.entity not in names.entities.values() or name.key not in keys or name.stat not in stats:
        raise ValueError(f"there is nothing called {name.entity}.{name.key}")
    return Identifier(cast("Any", name.entity), name.key, name.stat, name.dotted)


def _decode_value(raw: Any, operator: str, kind: str) -> Any:
    """Return a value of the type that this operator compares with such a name."""
    if operator not in _OPERATORS:
        raise ValueError(f"there is no operator {operator!r}")
    scalar: Any = str if kind in _TEXTS or operator in ("LIKE", "ILIKE") else int | float if kind != "param" else None
    if operator not in ("IN", "BETWEEN"):
        return msgspec.convert(raw, scalar or str | int | float)
    if scalar is None:
        scalar = str if isinstance(raw, list) and raw and isinstance(raw[0], str) else int | float
    values = tuple(msgspec.convert(raw, list[scalar]))
    if not values or (operator == "BETWEEN" and len(values) != 2):
        raise ValueError(f"{operator} cannot have {len(values)} values")
    return values
