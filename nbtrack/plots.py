"""Metrics as matplotlib figures, for papers and quick looks."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from .history import MetricHistory

__all__ = ["plot_groups", "plot_histories"]

_PLACES = 400


def plot_histories(histories: Sequence[MetricHistory], *, labels: Sequence[str], ax: Axes | None = None, **options: Any) -> Axes:
    """Draw histories over their steps into one plot.

    Args:
        histories: What to draw, a line each; NaN leaves a gap.
        labels: A label for each.
        ax: Where to draw; a new figure where none is given.
        options: For ``Axes.plot``.
    """
    ax = _axes(ax)
    for history, label in zip(histories, labels, strict=True):
        ax.plot(*_in_order(history), label=label, **options)
    return _named(ax, histories, has_legend=len(histories) > 1)


def plot_groups(
    groups: Mapping[Hashable, Sequence[MetricHistory]], *, title: str, ax: Axes | None = None, **options: Any
) -> Axes:
    """Draw the mean of each group of histories, and the range between its lowest and highest one.

    Args:
        groups: Histories by what they have in common; at a step between points a history is read linearly.
        title: Says what that is.
        ax: Where to draw; a new figure where none is given.
        options: For ``Axes.plot``.
    """
    ax = _axes(ax)
    for label, histories in groups.items():
        steps, values = _together(histories)
        (line,) = ax.plot(steps, _without_warning(np.nanmean, values), label=str(label), **options)
        low, high = _without_warning(np.nanmin, values), _without_warning(np.nanmax, values)
        ax.fill_between(steps, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
    _named(ax, [history for histories in groups.values() for history in histories], has_legend=False)
    ax.legend(title=title)
    return ax


def _axes(ax: Axes | None) -> Axes:
    if ax is None:
        from matplotlib import pyplot as plt

        _, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    return ax


def _named(ax: Axes, histories: Sequence[MetricHistory], *, has_legend: bool) -> Axes:
    keys = {history.key for history in histories}
    ax.set_xlabel("step")
    ax.set_ylabel(keys.pop() if len(keys) == 1 else "value")
    if has_legend:
        ax.legend()
    return ax


def _in_order(history: MetricHistory) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    order = history.steps.argsort(kind="stable")
    return history.steps[order], history.values[order]


def _together(histories: Sequence[MetricHistory]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return common steps, and the values there: a row a history, NaN outside of it."""
    curves = [_in_order(history) for history in histories]
    all_steps = np.unique(np.concatenate([steps for steps, _ in curves])).astype(np.float64)
    if len(all_steps) > _PLACES:
        all_steps = np.linspace(all_steps[0], all_steps[-1], _PLACES)
    return all_steps, np.array([np.interp(all_steps, steps, values, left=np.nan, right=np.nan) for steps, values in curves])


def _without_warning(reduce: Any, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Reduce the rows of an array; NaN where all are NaN, which numpy would warn of."""
    result = np.full(values.shape[1], np.nan)
    known = ~np.isnan(values).all(axis=0)
    result[known] = reduce(values[:, known], axis=0)
    return result
