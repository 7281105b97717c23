"""Searches for runs: MLflow evaluates the conditions that it can, and the whole filter is evaluated here on its results."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from ...entities.run import RunInfo
from ...entities.tags import PARAM_REPLACED
from ..filter import And, Comparison, Identifier, Node, Not, Or, Order, Present
from ..matching.match import matches, ordered
from ..mlflow_api.enums import VIEW_NAMES
from ..protocol.search import Page, Query
from .experiments import MlflowExperiments
from .mlflow_run import MlflowRun
from .name_escapes import mlflow_name
from .quoting import is_quotable, quoted
from .runs import MlflowRuns

__all__ = ["pushed_down", "search", "statistics_in"]

# Computes the statistics of these metrics in these runs, several at once.
Prefetch = Callable[[Sequence[MlflowRun], Iterable[str]], None]

_PAGE = 1000
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_TEXTS = ("run_name", "user_id", "artifact_uri", "status")
_TIMES = ("start_time", "end_time")
_LONGEST = 1000


def search(runs: MlflowRuns, experiments: MlflowExperiments, query: Query, prefetch: Prefetch) -> Page[RunInfo]:
    """Return the page of runs that matches a query."""
    there = {each.id for each in experiments.list("active" if query.experiment_ids is None else "all")}
    ids = sorted(there if query.experiment_ids is None else there.intersection(query.experiment_ids))
    order = _pushed_order(query.order)
    found = _found(runs, query, ids, order, prefetch)
    if order is not None and query.limit is not None:
        infos = [run.info for run in islice(found, query.offset + query.limit + 1)]
    else:
        infos = [run.info for run in ordered(list(found), query.order)]
    end = len(infos) if query.limit is None else query.offset + query.limit
    runs.touch(info.id for info in infos[query.offset : end])
    return Page(tuple(infos[query.offset : end]), more=end < len(infos))


def _found(runs: MlflowRuns, query: Query, ids: list[str], order: list[str] | None, prefetch: Prefetch) -> Iterator[MlflowRun]:
    """Yield the runs that match, in ``order`` if MLflow can sort so."""
    conditions = pushed_down(query.filter)
    wanted = _PAGE if query.limit is None or query.filter is not None else min(_PAGE, query.offset + query.limit + 1)
    names = statistics_in(query)
    if any(is_param for _, is_param in conditions):
        # MLflow has the former value of a param that was replaced.
        conditions = (
            [(text, is_param) for text, is_param in conditions if not is_param] if _has_replaced(runs, ids) else conditions
        )
    text = " AND ".join(text for text, _ in conditions)
    pages = runs.search(text, experiment_ids=ids, order_by=order or [], view=VIEW_NAMES[query.view], page=max(1, wanted))
    for page in _in_pages(pages, max(1, wanted)):
        if names:
            prefetch(page, names)
        yield from (run for run in page if matches(query.filter, run))


def _in_pages(found: Iterator[MlflowRun], size: int) -> Iterator[list[MlflowRun]]:
    while page := list(islice(found, size)):
        yield page


def _has_replaced(runs: MlflowRuns, ids: list[str]) -> bool:
    return next(runs.search(f"tags.`{PARAM_REPLACED}` = 'true'", experiment_ids=ids, page=1), None) is not None


def pushed_down(node: Node | None) -> list[tuple[str, bool]]:
    """Return conditions in MLflow's language that every match of a filter fulfills, and whether each is about a param."""
    operands = node.operands if isinstance(node, And) else () if node is None else (node,)
    found: list[tuple[str, bool]] = []
    for operand in operands:
        if isinstance(operand, And):
            found += pushed_down(operand)
        elif isinstance(operand, Comparison) and (text := _comparison(operand)):
            found.append((text, operand.left.entity == "param"))
    return found


def _comparison(node: Comparison) -> str:
    """Return a comparison in MLflow's language; empty if MLflow cannot express it, or would miss runs."""
    left, value, operator = node.left, node.value, node.operator
    if left.entity == "metric":
        is_plain = left.stat == "last" and not left.dotted and not node.negated
        return _numeric(f"metrics.{_key(left)}", operator, value) if is_plain and _key(left) else ""
    if left.entity in ("param", "tag"):
        return _textual(f"{left.entity}s.{_key(left)}", node) if _key(left) else ""
    if left.entity == "attribute" and left.key in _TIMES and not node.negated:
        return _numeric(f"attributes.{left.key}", operator, value)
    return _textual(f"attributes.{left.key}", node) if left.entity == "attribute" and left.key in _TEXTS else ""


def _key(left: Identifier) -> str:
    name = mlflow_name(left.key)
    return f"`{name}`" if is_quotable(name) else ""


def _numeric(name: str, operator: str, value: object) -> str:
    is_plain = operator in ("=", "<", "<=", ">", ">=") and isinstance(value, int | float)
    return f"{name} {operator} {value!r}" if is_plain and _NUMBER.fullmatch(repr(value)) else ""


def _textual(name: str, node: Comparison) -> str:
    value = node.value
    if not isinstance(value, str) or not is_quotable(value) or not value or len(value) > _LONGEST:
        return ""
    if node.operator == "=":
        return f"{name} {'!=' if node.negated else '='} {quoted(value)}"
    return f"{name} LIKE {quoted(value)}" if node.operator == "LIKE" and not node.negated else ""


def _pushed_order(order: Sequence[Order]) -> list[str] | None:
    """Return an order in MLflow's language; None if MLflow would sort otherwise."""
    if not order:
        return []
    if len(order) > 1 or order[0].left.entity != "attribute" or order[0].left.key != "start_time":
        return None
    return [f"attributes.start_time {'DESC' if order[0].descending else 'ASC'}"]


def statistics_in(query: Query) -> set[str]:
    """Return the metrics of which a query needs statistics beyond the last point."""
    names = {name for node in [query.filter] if node is not None for name in _statistics(node)}
    return names | {item.left.key for item in query.order if _is_statistic(item.left)}


def _statistics(node: Node) -> Iterator[str]:
    match node:
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _statistics(operand)
        case Not(operand):
            yield from _statistics(operand)
        case Present(left) | Comparison(left):
            if _is_statistic(left):
                yield left.key


def _is_statistic(left: Identifier) -> bool:
    return left.entity == "metric" and left.stat not in ("last", "")
