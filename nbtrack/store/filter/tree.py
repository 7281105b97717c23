"""What a filter and an order are, once parsed."""

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
    """What a name in a filter stands for, without aliases.

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
        """The metric of which a dotted name may be the whole key."""
        return Identifier(self.entity, f"{self.key}.{self.stat}", "last")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a name stands for, compared with a value; IN has a tuple of values, BETWEEN one of two.

    Values have the unit of what they are compared with: times and durations are milliseconds. Negated stands for
    ``!=``, NOT LIKE, NOT IN, NOT BETWEEN, which like all comparisons are false of something missing.
    """

    left: Identifier
    operator: Operator
    value: Value
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Present:
    """The run has it: ``IS NOT NULL``."""

    left: Identifier


@dataclass(frozen=True, slots=True)
class Not:
    """Plain negation."""

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
    """One thing to sort by."""

    left: Identifier
    descending: bool = False


def param_text(value: ParamValue) -> str:
    """Return a param as MLflow shows it, and as it is compared with a quoted value."""
    return str(value)


def param_number(text: str) -> float | None:
    """Return the number that a param is by its text; None where it is none, or not a finite one."""
    if not _DECIMAL.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None
