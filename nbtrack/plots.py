"""Metrics as matplotlib figures, for papers and quick looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .history import MetricHistory

__all__ = ["plot_histories"]


def plot_histories(histories: Sequence[MetricHistory], *, labels: Sequence[str], ax: Axes | None = None, **options: Any) -> Axes:
    """Draw histories over their steps into one plot.

    Args:
        histories: What to draw, a line each; NaN leaves a gap.
        labels: A label for each.
        ax: Where to draw; a new figure where none is given.
        options: For ``Axes.plot``.
    """
    if ax is None:
        from matplotlib import pyplot as plt

        _, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    for history, label in zip(histories, labels, strict=True):
        order = history.steps.argsort(kind="stable")
        ax.plot(history.steps[order], history.values[order], label=label, **options)
    keys = {history.key for history in histories}
    ax.set_xlabel("step")
    ax.set_ylabel(keys.pop() if len(keys) == 1 else "value")
    if len(histories) > 1:
        ax.legend()
    return ax
