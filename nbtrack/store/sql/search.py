"""A query for runs as one SELECT: filters and orders interpreted in SQL, as ``match`` does it in Python.

A NaN is NULL in a row that is there, so what is missing is a missing row, never a NULL; only a run's end is missing as one.
SQL's unknown never leaves the conditions of a subquery or the comparison of an attribute.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from string import ascii_uppercase
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    false,
    literal,
    not_,
    or_,
    select,
)

from ..filter import And, Comparison, Identifier, Node, Not, Or, Order, Present, param_number
from ..protocol.search import Query
from .dialects.base import Dialect, Mean
from .places import Places
from .rows import RUN_INFO
from .schema.tables import datasets, experiments, metrics, params, run_datasets, runs, tags

__all__ = ["search", "search_first"]

Condition: TypeAlias = ColumnElement[bool]
Value: TypeAlias = ColumnElement[Any]

_ATTRIBUTES: Final[dict[str, Value]] = {
    "run_id": runs.c.id,
    "run_name": runs.c.name,
    "status": runs.c.status,
    "start_time": runs.c.start_time,
    "end_time": runs.c.end_time,
    "duration": runs.c.end_time - runs.c.start_time,
    "experiment_id": cast(runs.c.experiment_id, String),
    "user_id": runs.c.user,
    "artifact_uri": runs.c.artifact_uri,
}
_FIELDS: Final = {"name": datasets.c.name, "digest": datasets.c.digest, "context": run_datasets.c.context}


def _attribute(key: str, places: Places) -> Value:
    """Return an attribute as readers see it."""
    return places.shown_column(_ATTRIBUTES[key]) if key == "artifact_uri" else _ATTRIBUTES[key]


def search(query: Query, dialect: Dialect, places: Places) -> Select[Any]:
    """Return the SELECT of a query: the columns of ``RunInfo`` in the order of its fields, the runs in the order asked for.

    With a limit, it gives one run more where there are more.
    """
    return _statement(query, _Compiler(dialect, places), runs, [], query.order)


def search_first(query: Query, dialect: Dialect, places: Places) -> Select[Any] | None:
    """Return the SELECT of a page of runs that all have what they are sorted by, None where no index has its order.

    Missing values come last, which no index knows: ``search`` sorts all runs to find the first hundred. This one walks along
    the index until it has them; a full page of it is the page, and one that is not says nothing.
    """
    first = query.order[0] if query.order else None
    if query.limit is None or first is None or first.left.entity != "metric" or first.left.dotted or first.left.stat != "last":
        return None
    table = metrics.alias()
    found = table.join(runs, table.c.run_key == runs.c.key)
    statement = _statement(query, _Compiler(dialect, places), found, [_directed(table.c.last, first)], query.order[1:])
    return statement.where(table.c.key == first.left.key, table.c.last.is_not(None))


def _statement(query: Query, compiler: _Compiler, found: FromClause, keys: list[Value], order: Sequence[Order]) -> Select[Any]:
    for item in order:
        found, more = _sorted(found, item, compiler.places)
        keys += more
    statement = select(*RUN_INFO).select_from(found).where(*_scope(query))
    if query.filter is not None:
        statement = statement.where(compiler.compile(query.filter))
    statement = statement.order_by(*keys, runs.c.start_time.desc(), runs.c.id)
    return statement.limit(None if query.limit is None else query.limit + 1).offset(query.offset or None)


# Which runs there are to look at.


def _scope(query: Query) -> list[Condition]:
    stage = [] if query.view == "all" else [runs.c.stage == query.view]
    if query.experiment_ids is None:
        active = select(experiments.c.id).where(experiments.c.stage == "active")
        return [runs.c.experiment_id.in_(active), *stage]
    numbers = [int(text) for text in query.experiment_ids if is_experiment_id(text)]
    return [runs.c.experiment_id.in_(numbers) if numbers else false(), *stage]


def is_experiment_id(text: str) -> bool:
    """Tell whether a text is an id that there can be: it has nothing but digits, and an INTEGER holds them."""
    return text.isascii() and text.isdecimal() and len(text) < 10 and str(int(text)) == text


# Filters.


class _Compiler:
    """Filters to conditions on ``runs``, for one engine."""

    def __init__(self, dialect: Dialect, places: Places) -> None:
        self.indexed, self.places = dialect.is_among, places
        self.operators: dict[str, Callable[[Value, Any], Condition]] = {
            **_OPERATORS,
            "LIKE": dialect.like,
            "ILIKE": lambda column, pattern: dialect.ilike(column, pattern.translate(_LOWER)),
        }

    def compile(self, node: Node) -> Condition:
        match node:
            case And(operands):
                return and_(*self.conditions(operands))
            case Or(operands):
                return or_(*(self.compile(operand) for operand in operands))
            case Not(operand):
                return not_(self.compile(operand))
            case Present(left):
                return self.present(left)
            case Comparison():
                return self.comparison(node)

    def conditions(self, operands: Sequence[Node]) -> Iterator[Condition]:
        """Give conditions that all hold; the bounds of one number are asked of one row, for a range is one part of an index."""
        bounds: dict[Identifier, list[Comparison]] = {}
        for operand in operands:
            if isinstance(operand, Comparison) and operand.left.entity == "param" and not _is_text(operand):
                bounds.setdefault(operand.left, []).append(operand)
            else:
                yield self.compile(operand)
        for left, nodes in bounds.items():
            yield self.number(left, *nodes)

    def number(self, left: Identifier, *nodes: Comparison) -> Condition:
        tests = [self.test(params.c.number, node) for node in nodes]
        return self.indexed(runs.c.key, params.c.run_key, params.c.key == left.key, *tests)

    def present(self, left: Identifier) -> Condition:
        match left.entity:
            case "attribute":
                return _attribute(left.key, self.places).is_not(None)
            case "metric":
                found = self.has_metric(left.key)
                return or_(self.has_metric(left.whole.key), found) if left.dotted else found
            case "param":
                return self.indexed(runs.c.key, params.c.run_key, params.c.key == left.key)
            case "tag":
                return _has(tags.c.run_key, tags.c.key == left.key)
            case "dataset":
                return _has(run_datasets.c.run_key)

    def comparison(self, node: Comparison) -> Condition:
        left = node.left
        match left.entity:
            case "attribute":
                value = _attribute(left.key, self.places)
                return and_(value.is_not(None), self.test(value, node))
            case "metric":
                return self.metric(left, node)
            case "param":
                return self.param(left, node)
            case "tag":
                return _has(tags.c.run_key, tags.c.key == left.key, self.test(tags.c.value, node))
            case "dataset":
                is_this = datasets.c.id == run_datasets.c.dataset_id
                return _has(run_datasets.c.run_key, is_this, self.test(_FIELDS[left.key], node))

    def has_metric(self, key: str) -> Condition:
        return self.indexed(runs.c.key, metrics.c.run_key, metrics.c.key == key)

    def metric(self, left: Identifier, node: Comparison) -> Condition:
        value = _stat(metrics, left.stat)
        test = or_(value.is_(None), self.test(value, node)) if node.negated else self.test(value, node)
        if left.stat == "last" and not left.dotted:
            return self.indexed(runs.c.key, metrics.c.run_key, metrics.c.key == left.key, test)
        found = _has(metrics.c.run_key, metrics.c.key == left.key, test)
        if not left.dotted:
            return found
        return or_(self.metric(left.whole, node), and_(not_(self.has_metric(left.whole.key)), found))

    def param(self, left: Identifier, node: Comparison) -> Condition:
        which = params.c.key == left.key
        if not _is_text(node):
            return self.number(left, node)
        number = param_number(node.value) if node.operator == "=" and isinstance(node.value, str) else None
        if number is None or node.negated:
            return _has(params.c.run_key, which, self.test(params.c.text, node))
        # A text that reads as a number has that number beside it, and numbers are in an index.
        return self.indexed(runs.c.key, params.c.run_key, which, params.c.number == number, params.c.text == node.value)

    def test(self, value: Value, node: Comparison) -> Condition:
        positive = self.operators[node.operator](value, node.value)
        return not_(positive) if node.negated else positive


def _has(run_key: Column[Any], *conditions: Condition) -> Condition:
    return exists(select(literal(1)).where(run_key == runs.c.key, *conditions).correlate(runs))


def _is_text(node: Comparison) -> bool:
    return isinstance(node.value[0] if isinstance(node.value, tuple) else node.value, str)


def _stat(table: FromClause, stat: str) -> Value:
    return Mean(table) if stat == "mean" else table.c[stat]


# ILIKE takes ASCII letters alone as the same in both cases.
_LOWER: Final = {ord(letter): letter.lower() for letter in ascii_uppercase}
_OPERATORS: Final[dict[str, Callable[[Value, Any], Condition]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "IN": lambda value, choices: value.in_(choices),
    "BETWEEN": lambda value, bounds: value.between(*bounds),
}


# Orders.


def _sorted(found: FromClause, item: Order, places: Places) -> tuple[FromClause, list[Value]]:
    """Return where the runs come from, joined with what to sort by, and the keys to sort by."""
    left = item.left
    if left.entity == "attribute":
        value: Value = runs.c.experiment_id if left.key == "experiment_id" else _attribute(left.key, places)
        return found, [value.is_(None), _directed(value, item)]
    table = {"metric": metrics, "param": params, "tag": tags}[left.entity].alias()
    found = _with(found, table, left.key)
    if left.entity == "metric":
        return _sorted_by_metric(found, table, item)
    value = table.c["value" if left.entity == "tag" else "text"]
    return found, [value.is_(None), _directed(value, item)]


def _sorted_by_metric(found: FromClause, table: FromClause, item: Order) -> tuple[FromClause, list[Value]]:
    value, is_there = _stat(table, item.left.stat), _is_there(table)
    if item.left.dotted:
        whole = metrics.alias()
        found = _with(found, whole, item.left.whole.key)
        value = case((_is_there(whole), whole.c.last), else_=value)
        is_there = or_(_is_there(whole), is_there)
    rank = case((value.is_not(None), 0), (is_there, 1), else_=2)
    return found, [rank, _directed(value, item)]


def _with(found: FromClause, table: FromClause, key: str) -> FromClause:
    return found.outerjoin(table, and_(table.c.run_key == runs.c.key, table.c.key == key))


def _is_there(joined: FromClause) -> Condition:
    return joined.c.run_key.is_not(None)


def _directed(value: Value, item: Order) -> Value:
    return value.desc() if item.descending else value.asc()
