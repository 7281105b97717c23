"""Metrics as matplotlib plots."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["plot_groups", "plot_histories"]

Numbers: TypeAlias = "NDArray[np.float64]"

_PLACES = 400


class History(Protocol):
    """A metric that is drawn: its name, and its points in the order logged."""

    @property
    def key(self) -> str:
        """The metric's name."""

    @property
    def steps(self) -> NDArray[np.int64]:
        """The steps, int64, of shape (n,)."""

    @property
    def values(self) -> NDArray[np.float64]:
        """The values, float64, of shape (n,)."""


def plot_histories(histories: Sequence[History], *, labels: Sequence[str], ax: Axes | None = None, **options: Any) -> Axes:
    """Draw histories over their steps in one plot.

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


def plot_groups(groups: Mapping[Hashable, Sequence[History]], *, title: str, ax: Axes | None = None, **options: Any) -> Axes:
    """Draw the mean of each group of histories, in the band between its lowest and highest values.

    Args:
        groups: Histories by a value that they share; between its points a history is interpolated linearly.
        title: The name of that value, as the legend's title.
        ax: Where to draw; a new figure where none is given.
        options: For ``Axes.plot``.
    """
    ax = _axes(ax)
    for label, histories in groups.items():
        steps, values, lows, highs = _together(histories)
        (line,) = ax.plot(steps, _without_warning(np.nanmean, values), label=str(label), **options)
        low, high = _without_warning(np.nanmin, lows), _without_warning(np.nanmax, highs)
        ax.fill_between(steps, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
    _named(ax, [history for histories in groups.values() for history in histories], has_legend=False)
    ax.legend(title=title)
    return ax


def _axes(ax: Axes | None) -> Axes:
    if ax is None:
        from matplotlib import pyplot as plt

        _, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    return ax


def _named(ax: Axes, histories: Sequence[History], *, has_legend: bool) -> Axes:
    keys = {history.key for history in histories}
    ax.set_xlabel("step")
    ax.set_ylabel(keys.pop() if len(keys) == 1 else "value")
    if has_legend:
        ax.legend()
    return ax


def _in_order(history: History) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    order = history.steps.argsort(kind="stable")
    return history.steps[order], history.values[order]


def _together(histories: Sequence[History]) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Return common steps, and each history's values, lows and highs there: a row a history, NaN outside of its steps.

    Many steps are cut into stretches, with the mean, the lowest and the highest value of each, so that no peak is lost.
    """
    curves = [_in_order(history) for history in histories]
    steps = np.unique(np.concatenate([own for own, _ in curves])).astype(np.float64)
    if len(steps) > _PLACES:
        edges = np.linspace(steps[0], steps[-1], _PLACES + 1)
        means, lows, highs = (np.array(each) for each in zip(*(_in_stretches(*curve, edges) for curve in curves), strict=True))
        return (edges[:-1] + edges[1:]) / 2, means, lows, highs
    values = np.array([_at(steps, *curve) for curve in curves])
    return steps, values, values, values


def _at(places: Numbers, steps: NDArray[np.int64], values: Numbers) -> Numbers:
    found: Numbers = np.interp(places, steps, values, left=np.nan, right=np.nan)
    return found


def _in_stretches(steps: NDArray[np.int64], values: Numbers, edges: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return the mean, lowest and highest value of each stretch; one without points is interpolated."""
    known, count = ~np.isnan(values), len(edges) - 1
    which, values_ = np.clip(np.searchsorted(edges, steps[known], "right") - 1, 0, count - 1), values[known]
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, which, values_)
    np.maximum.at(high, which, values_)
    points = np.bincount(which, minlength=count)
    mean = np.bincount(which, values_, count) / np.maximum(points, 1)
    between = _at((edges[:-1] + edges[1:]) / 2, steps, values)
    return tuple(np.where(points > 0, own, between) for own in (mean, low, high))  # type: ignore[return-value]


def _without_warning(reduce: Any, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Reduce the rows of an array; columns of NaN alone, for which numpy warns, give NaN."""
    result = np.full(values.shape[1], np.nan)
    known = ~np.isnan(values).all(axis=0)
    result[known] = reduce(values[:, known], axis=0)
    return result
