"""Summarizes all runs of a table or a comparison, of which only some are shown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ...entities.run import ParamValue
from ..data.metric_names import better
from .contents import Best, RunContent, Whole

__all__ = ["Whole", "of_all", "of_part", "shown_first"]


@dataclass(slots=True)
class _ParamValues:
    first: ParamValue
    identity: tuple[str, str]
    count: int = 0
    is_same: bool = True


@dataclass(slots=True)
class _LastValues:
    values: set[float] = field(default_factory=set)
    best: Best | None = None


def of_all(runs: int, params: Iterable[tuple[str, str, ParamValue]], metrics: Iterable[tuple[str, str, float]]) -> Whole:
    """Return which params differ among all runs, and the best last value of each metric.

    Args:
        runs: The number of runs.
        params: The name of the run, the name of the param and its value, for every param of every run.
        metrics: The name of the run, the name of the metric and its last value.
    """
    found: dict[str, _ParamValues] = {}
    for _, key, value in params:
        identity = type(value).__name__, repr(value)  # 1, 1.0, True and "1" are four values
        param = found.setdefault(key, _ParamValues(value, identity))
        param.count += 1
        param.is_same = param.is_same and param.identity == identity
    same = {key: param.first for key, param in found.items() if param.is_same and param.count == runs}
    last: dict[str, _LastValues] = {}
    for run, key, value in metrics:
        _count_in(last.setdefault(key, _LastValues()), better(key), value, run)
    best = {key: metric.best for key, metric in last.items() if metric.best and len(metric.values) > 1}
    return Whole(tuple(key for key in found if key not in same), same, tuple(last), best)


def _count_in(metric: _LastValues, direction: int, value: float, run: str) -> None:
    """Count a value in; infinities and NaN are never the best."""
    if not direction or not math.isfinite(value):
        return
    if len(metric.values) < 2:
        metric.values.add(value)
    if metric.best is None or (value - metric.best.value) * direction > 0:
        metric.best = Best(value, run)


def of_part(runs: Sequence[RunContent], total: int) -> Whole:
    """Return the same of the runs that were read; if these are not all, no param is the same in all and none is the best."""
    params = [(run.name, key, value) for run in runs for key, value in run.params.items()]
    metrics = [(run.name, key, metric.summary.last) for run in runs for key, metric in run.metrics.items()]
    found = of_all(len(runs), params, metrics)
    return found if total <= len(runs) else Whole(found.differing, {}, found.metrics, {})


def shown_first(names: Sequence[str], shown: Iterable[Mapping[str, object]]) -> list[str]:
    """Return names in the order of the runs that are shown, then the names that none of these has."""
    known = set(names)
    return list(dict.fromkeys([name for each in shown for name in each if name in known] + sorted(names)))
