"""Filters and orders as nested lists, and back, checked against what can be named."""

from __future__ import annotations

from typing import Any, Final, cast

import msgspec

from ..filter import And, Comparison, Identifier, Names, Node, Not, Or, Order, Present

__all__ = ["make_name", "make_node", "make_order", "pack_name", "pack_node", "pack_order"]

_DEEPEST = 100
_OPERATORS: Final = ("=", "<", "<=", ">", ">=", "LIKE", "ILIKE", "IN", "BETWEEN")
_STATS: Final = ("first", "last", "min", "max", "mean", "count", "nan_count")
_FIELDS: Final = ("name", "digest", "context")
_TEXTS: Final = ("text", "status", "id")


class _Name(msgspec.Struct, array_like=True, frozen=True):
    entity: str
    key: str
    stat: str
    dotted: bool


def pack_order(order: tuple[Order, ...]) -> list[Any]:
    """Return an order as it is sent."""
    return [[pack_name(item.left), item.descending] for item in order]


def make_order(raw: Any, names: Names) -> tuple[Order, ...]:
    """Return the order that came; ValueError where it is none of these names."""
    return tuple(Order(make_name(name, names), down) for name, down in msgspec.convert(raw, list[tuple[Any, bool]]))


def pack_node(node: Node) -> list[Any]:
    """Return a filter as it is sent."""
    match node:
        case And(operands):
            return ["and", *map(pack_node, operands)]
        case Or(operands):
            return ["or", *map(pack_node, operands)]
        case Not(operand):
            return ["not", pack_node(operand)]
        case Present(left):
            return ["present", pack_name(left)]
        case Comparison(left, operator, value, negated):
            return ["compare", pack_name(left), operator, value, negated]


def make_node(raw: Any, names: Names, depth: int = 0) -> Node:
    """Return the filter that came; ValueError where it is none of these names."""
    if depth > _DEEPEST:
        raise ValueError("the filter is nested too deep")
    match raw:
        case ["and" | "or" as word, _, _, *_]:
            operands = tuple(make_node(each, names, depth + 1) for each in raw[1:])
            return And(operands) if word == "and" else Or(operands)
        case ["not", operand]:
            return Not(make_node(operand, names, depth + 1))
        case ["present", name]:
            return Present(make_name(name, names))
        case ["compare", name, str() as operator, value, bool() as negated]:
            left = make_name(name, names)
            return Comparison(left, cast("Any", operator), _make_value(value, operator, names.kind_of(left)), negated)
    raise ValueError("this is no filter")


def pack_name(name: Identifier) -> list[Any]:
    """Return a name as it is sent."""
    return [name.entity, name.key, name.stat, name.dotted]


def make_name(raw: Any, names: Names) -> Identifier:
    """Return the name that came; ValueError where it names nothing."""
    name = msgspec.convert(raw, _Name)
    keys = {"attribute": tuple(names.attributes), "dataset": _FIELDS}.get(name.entity, (name.key,))
    stats = _STATS if name.entity == "metric" and names.has_stats else ("", "last") if name.entity == "metric" else ("",)
    if name.entity not in names.entities.values() or name.key not in keys or name.stat not in stats:
        raise ValueError(f"there is nothing called {name.entity}.{name.key}")
    return Identifier(cast("Any", name.entity), name.key, name.stat, name.dotted)


def _make_value(raw: Any, operator: str, kind: str) -> Any:
    """Return a value of the type that is compared with such a name by this operator."""
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
