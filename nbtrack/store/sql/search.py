"""A query for runs as one SELECT, with the meaning that ``match`` gives filters and orders in Python.

A NaN is stored as NULL, so a missing value is a missing row; only a run's end may be missing as a NULL. SQL's UNKNOWN never
leaves a subquery or the comparison of an attribute, where it counts as false.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import (
    Column,
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
from typing_extensions import override

from ..filter import Comparison, Identifier, Node, Order, param_number
from ..protocol.search import Query
from .compiler import Compiler, Condition, Value, directed
from .dialects.base import Dialect, Mean
from .places import Places
from .rows import RUN_INFO
from .schema.tables import datasets, experiments, metrics, params, run_datasets, runs, tags

__all__ = ["search", "search_first"]

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
    """Return the value of an attribute, the URI of artifacts as readers see it."""
    return places.shown_column(_ATTRIBUTES[key]) if key == "artifact_uri" else _ATTRIBUTES[key]


def search(query: Query, dialect: Dialect, places: Places) -> Select[Any]:
    """Return the SELECT of a query: the columns of ``RunInfo`` in the order of its fields, the runs in the order asked for.

    With a limit, it gives one run more where there are more.
    """
    return _statement(query, _Compiler(dialect, places), runs, [], query.order)


def search_first(query: Query, dialect: Dialect, places: Places) -> Select[Any] | None:
    """Return the SELECT of a page of runs that all have the metric they are sorted by; None where no index has that order.

    Missing values sort last, which no index can do, so ``search`` sorts all runs to find the first hundred. This SELECT walks
    along the index until it has them. A full page of it is the answer; otherwise ask ``search``.
    """
    first = query.order[0] if query.order else None
    if query.limit is None or first is None or first.left.entity != "metric" or first.left.dotted or first.left.stat != "last":
        return None
    table = metrics.alias()
    found = table.join(runs, table.c.run_key == runs.c.key)
    statement = _statement(
        query, _Compiler(dialect, places), found, [directed(table.c.last, descending=first.descending)], query.order[1:]
    )
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


# Scope.


def _scope(query: Query) -> list[Condition]:
    stage = [] if query.view == "all" else [runs.c.stage == query.view]
    if query.experiment_ids is None:
        active = select(experiments.c.id).where(experiments.c.stage == "active")
        return [runs.c.experiment_id.in_(active), *stage]
    numbers = [int(text) for text in query.experiment_ids if is_experiment_id(text)]
    return [runs.c.experiment_id.in_(numbers) if numbers else false(), *stage]


def is_experiment_id(text: str) -> bool:
    """Tell whether a string can be an experiment's id: the digits of a number that fits into an INTEGER."""
    return text.isascii() and text.isdecimal() and len(text) < 10 and str(int(text)) == text


# Filters.


class _Compiler(Compiler):
    """Compiles filters to conditions on ``runs``."""

    def __init__(self, dialect: Dialect, places: Places) -> None:
        super().__init__(dialect)
        self.indexed, self.places = dialect.is_among, places

    @override
    def conjunction(self, operands: Sequence[Node]) -> Iterator[Condition]:
        # The bounds of one number are conditions on one row, for an index finds a range in one step.
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

    @override
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

    @override
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
        # A string that reads as a number is stored with that number, which has an index.
        return self.indexed(runs.c.key, params.c.run_key, which, params.c.number == number, params.c.text == node.value)


def _has(run_key: Column[Any], *conditions: Condition) -> Condition:
    return exists(select(literal(1)).where(run_key == runs.c.key, *conditions).correlate(runs))


def _is_text(node: Comparison) -> bool:
    return isinstance(node.value[0] if isinstance(node.value, tuple) else node.value, str)


def _stat(table: FromClause, stat: str) -> Value:
    return Mean(table) if stat == "mean" else table.c[stat]


# Orders.


def _sorted(found: FromClause, item: Order, places: Places) -> tuple[FromClause, list[Value]]:
    """Return the FROM clause, joined with the values to sort by, and the sort keys."""
    left = item.left
    if left.entity == "attribute":
        value: Value = runs.c.experiment_id if left.key == "experiment_id" else _attribute(left.key, places)
        return found, [value.is_(None), directed(value, descending=item.descending)]
    table = {"metric": metrics, "param": params, "tag": tags}[left.entity].alias()
    found = _with(found, table, left.key)
    if left.entity == "metric":
        return _sorted_by_metric(found, table, item)
    value = table.c["value" if left.entity == "tag" else "text"]
    return found, [value.is_(None), directed(value, descending=item.descending)]


def _sorted_by_metric(found: FromClause, table: FromClause, item: Order) -> tuple[FromClause, list[Value]]:
    value, is_there = _stat(table, item.left.stat), _is_there(table)
    if item.left.dotted:
        whole = metrics.alias()
        found = _with(found, whole, item.left.whole.key)
        value = case((_is_there(whole), whole.c.last), else_=value)
        is_there = or_(_is_there(whole), is_there)
    rank = case((value.is_not(None), 0), (is_there, 1), else_=2)
    return found, [rank, directed(value, descending=item.descending)]


def _with(found: FromClause, table: FromClause, key: str) -> FromClause:
    return found.outerjoin(table, and_(table.c.run_key == runs.c.key, table.c.key == key))


def _is_there(joined: FromClause) -> Condition:
    return joined.c.run_key.is_not(None)
