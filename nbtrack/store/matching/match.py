"""Filters and orders evaluated in Python, on the data of a run."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, TypeAlias, TypeVar

from ...entities.run import Dataset, MetricSummary, ParamValue, RunInfo
from ..filter import And, Comparison, Identifier, Node, Not, Or, Order, Present, Scalar, param_number, param_text

__all__ = ["Record", "Values", "arranged", "attribute", "matches", "meets", "ordered"]


@dataclass(slots=True)
class Record:
    """The data of a run that filters and orders can use; datasets by name and digest."""

    info: RunInfo
    params: dict[str, ParamValue] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, MetricSummary] = field(default_factory=dict)
    datasets: dict[tuple[str, str], Dataset] = field(default_factory=dict)


R = TypeVar("R", bound=Record)
T = TypeVar("T")
# The values of a name: empty if there is none; several only for what there can be several of, such as datasets.
Values: TypeAlias = Callable[[Identifier], Sequence[Scalar]]


def matches(node: Node | None, record: Record) -> bool:
    """Return whether a run meets a filter; every run meets None."""
    return meets(node, lambda left: _values(left, record))


def meets(node: Node | None, values: Values) -> bool:
    """Return whether a filter is met, given the values of names."""
    match node:
        case None:
            return True
        case And(operands):
            return all(meets(operand, values) for operand in operands)
        case Or(operands):
            return any(meets(operand, values) for operand in operands)
        case Not(operand):
            return not meets(operand, values)
        case Present(left):
            return bool(values(left))
        case Comparison():
            return _compare(node, values(node.left))


def ordered(records: Iterable[R], order: Sequence[Order]) -> list[R]:
    """Return runs sorted: missing values last, for a metric NaN before them; ties by start time, newest first, then by id."""
    result = sorted(records, key=lambda record: (-record.info.start_time, record.info.id))
    return arranged(result, order, _values)


def arranged(things: list[T], order: Sequence[Order], values: Callable[[Identifier, T], Sequence[Scalar]]) -> list[T]:
    """Return things sorted stably: missing values last, for a metric NaN before them."""
    for item in reversed(order):
        things = _sorted(things, item, values)
    return things


def attribute(info: object, field: str) -> Sequence[Scalar]:
    """Return a field as the values of an attribute; an empty string counts as missing."""
    value: Scalar = getattr(info, field)
    return [str(value) if isinstance(value, str) else value] if value != "" else []


def _sorted(records: Sequence[T], item: Order, values_of: Callable[[Identifier, T], Sequence[Scalar]]) -> list[T]:
    keyed = [(values_of(item.left, record), record) for record in records]
    missing = [record for values, record in keyed if not values]
    nan = [record for values, record in keyed if values and _is_nan(values[0])]
    present = [(_sort_key(item.left, values[0]), record) for values, record in keyed if values and not _is_nan(values[0])]
    present.sort(key=lambda pair: pair[0], reverse=item.descending)
    return [record for _, record in present] + nan + missing


def _sort_key(left: Identifier, value: Scalar) -> Any:
    """Return a sort key; ids of experiments sort as numbers."""
    return (len(str(value)), value) if left.key == "experiment_id" and left.entity == "attribute" else value


def _is_nan(value: Scalar) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _compare(node: Comparison, values: Sequence[Scalar]) -> bool:
    test = _OPERATORS[node.operator]
    return any(test(value, node.value) is not node.negated for value in _compared(node, values))


def _compared(node: Comparison, values: Sequence[Scalar]) -> Sequence[Scalar]:
    """Return the values to compare; of params compared with a number, only those that are numbers."""
    sample = node.value[0] if isinstance(node.value, tuple) else node.value
    if node.left.entity != "param" or isinstance(sample, str):
        return values
    return [number for text in values if (number := param_number(str(text))) is not None]


def _values(left: Identifier, record: Record) -> Sequence[Scalar]:
    """Return the values of a name in a run: empty if it has none, several only for datasets."""
    match left.entity:
        case "attribute":
            found = _ATTRIBUTES[left.key](record.info)
        case "metric":
            found = _metric(left, record)
        case "param":
            found = param_text(record.params[left.key]) if left.key in record.params else None
        case "tag":
            found = record.tags.get(left.key)
        case "dataset":
            return [getattr(dataset, left.key) for dataset in record.datasets.values()]
    return [] if found is None else [found]


def _metric(left: Identifier, record: Record) -> float | None:
    if left.dotted and left.whole.key in record.metrics:
        return record.metrics[left.whole.key].last
    summary = record.metrics.get(left.key)
    return None if summary is None else float(getattr(summary, left.stat))


def _duration(info: RunInfo) -> int | None:
    return None if info.end_time is None else info.end_time - info.start_time


@lru_cache(maxsize=64)
def _pattern(text: str, flags: re.RegexFlag) -> re.Pattern[str]:
    """Return a pattern of LIKE as a regular expression that matches each piece between ``%`` at its first occurrence.

    If a string matches at all it matches that way, and without backtracking a match takes linear time.
    """
    first, *others = ("".join("." if c == "_" else re.escape(c) for c in piece) for piece in text.split("%"))
    if not others:
        return re.compile(first, flags | re.DOTALL)
    between = "".join(f"(?>.*?{piece})" for piece in others[:-1] if piece)
    return re.compile(f"{first}{between}.*{others[-1]}", flags | re.DOTALL)


def _like(value: str, pattern: str) -> bool:
    return _pattern(pattern, re.NOFLAG).fullmatch(value) is not None


def _ilike(value: str, pattern: str) -> bool:
    return _pattern(pattern, re.IGNORECASE | re.ASCII).fullmatch(value) is not None


# The operators of the filter package; ``Comparison.negated`` holds the negation.
_ATTRIBUTES: Final[dict[str, Callable[[RunInfo], Scalar | None]]] = {
    "run_id": lambda info: info.id,
    "run_name": lambda info: info.name,
    "status": lambda info: info.status.value,
    "start_time": lambda info: info.start_time,
    "end_time": lambda info: info.end_time,
    "duration": _duration,
    "experiment_id": lambda info: info.experiment_id,
    "user_id": lambda info: info.user,
    "artifact_uri": lambda info: info.artifact_uri,
}
_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "LIKE": _like,
    "ILIKE": _ilike,
    "IN": lambda value, choices: value in choices,
    "BETWEEN": lambda value, bounds: bounds[0] <= value <= bounds[1],
}
