"""Parsed filters and orders."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ...entities.run import ParamValue

__all__ = [
    "And",
    "Comparison",
    "Entity",
    "Identifier",
    "Node",
    "Not",
    "Operator",
    "Or",
    "Order",
    "Present",
    "Scalar",
    "Value",
    "param_number",
    "param_text",
]

Entity: TypeAlias = Literal["attribute", "metric", "param", "tag", "dataset"]
Operator: TypeAlias = Literal["=", "<", "<=", ">", ">=", "LIKE", "ILIKE", "IN", "BETWEEN"]
Scalar: TypeAlias = str | float
Value: TypeAlias = Scalar | tuple[Scalar, ...]

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Identifier:
    """A name in a filter, with aliases resolved.

    Attributes:
        entity: Of what kind it is.
        key: The attribute's, dataset field's, metric's, param's or tag's name.
        stat: Of a metric, the field of ``MetricSummary`` (or ``mean``); empty for all else.
        dotted: ``key.stat`` was written without quotes, so that in a run with a metric of that whole name it is meant.
    """

    entity: Entity
    key: str
    stat: str = ""
    dotted: bool = False

    @property
    def whole(self) -> Identifier:
        """The metric whose whole key a dotted name may be."""
        return Identifier(self.entity, f"{self.key}.{self.stat}", "last")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A name compared with a value; IN has a tuple of values, BETWEEN a tuple of two.

    Values have the unit of the name: times and durations are milliseconds. Negated stands for
    ``!=``, NOT LIKE, NOT IN, NOT BETWEEN, which like all comparisons are false of something missing.
    """

    left: Identifier
    operator: Operator
    value: Value
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Present:
    """``IS NOT NULL``: the name has a value."""

    left: Identifier


@dataclass(frozen=True, slots=True)
class Not:
    """Negation."""

    operand: Node


@dataclass(frozen=True, slots=True)
class And:
    """All of the operands, two or more."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of the operands, two or more."""

    operands: tuple[Node, ...]


Node: TypeAlias = Comparison | Present | Not | And | Or


@dataclass(frozen=True, slots=True)
class Order:
    """A sort key."""

    left: Identifier
    descending: bool = False


def param_text(value: ParamValue) -> str:
    """Return a param as MLflow shows it, and as a filter compares it with a quoted value."""
    return str(value)


def param_number(text: str) -> float | None:
    """Return the number that a param's string reads as; None if it is not a finite number."""
    if not _DECIMAL.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None
