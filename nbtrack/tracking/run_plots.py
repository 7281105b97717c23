"""One metric of several runs in one plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..entities.random_name import distinct_names
from ..errors import InvalidInput
from ..store.protocol.store import Store
from ..validation import shown, text
from .metrics import MetricHistory, read_points
from .plots import plot_groups, plot_histories
from .run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_runs"]


def plot_runs(store: Store, runs: Sequence[Run], key: str, by: str | None, ax: Axes | None, **options: Any) -> Axes:
    """Draw one metric of all runs that have it; see ``Runs.plot``."""
    name = text(key, "the name of a metric")
    having = [run for run in runs if name in run.metrics]
    if not having:
        names = sorted({metric for run in runs for metric in run.metrics})
        raise InvalidInput(f"none of these runs has a metric {shown(key)}; they have {', '.join(names) or 'none'}")
    groups = {} if by is None else _grouped(having, name, by)
    read_points(store, [run.metrics[name] for run in having])
    if by is None:
        labels = distinct_names([run.name for run in having], [run.id for run in having])
        return plot_histories([run.metrics[name] for run in having], labels=labels, ax=ax, **options)
    return plot_groups(groups, title=by.partition(".")[2], ax=ax, **options)


def _grouped(runs: Sequence[Run], key: str, by: str) -> dict[Any, list[MetricHistory]]:
    """Return a metric of runs by a param or tag that they share."""
    groups: dict[Any, list[MetricHistory]] = {}
    for value, run in sorted(((_value(run, by), run) for run in runs), key=lambda pair: _sort_key(pair[0])):
        groups.setdefault(value, []).append(run.metrics[key])
    return groups


def _value(run: Run, by: str) -> Any:
    """Return a run's param or tag."""
    group, _, key = text(by, "what to group by").partition(".")
    if group not in ("params", "tags") or not key:
        raise InvalidInput(f"runs can be grouped by a param or a tag, as by='params.lr', not by {shown(by)}")
    value = run.params.get(key) if group == "params" else run.tags.get(key)
    return value if isinstance(value, int | float | str | None) else str(value)


def _sort_key(value: Any) -> tuple[int, float, str]:
    """Return what sorts numbers before strings, and missing values last."""
    if isinstance(value, int | float):
        return 0, float(value), ""
    return (1, 0.0, value) if isinstance(value, str) else (2, 0.0, "")
