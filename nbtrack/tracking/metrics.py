"""The metrics of a run: their points and summaries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..entities.run import MetricSummary, Points
from ..store.protocol.store import Store
from ..validation import shown

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["SUMMARY_FIELDS", "MetricHistory", "Metrics", "read_metrics", "read_points"]

SUMMARY_FIELDS = tuple(MetricSummary.__dataclass_fields__)


class MetricHistory:
    """All points of one metric of a run, in the order logged, and their summary.

    The points are read when they are first used, and kept; ``run.metrics`` has newer ones.

    Example:
        >>> import nbtrack
        >>> with nbtrack.start_run() as run:
        ...     for loss in (0.9, 0.5, 0.4):
        ...         run.log(loss=loss)
        >>> run.metrics["loss"].values.tolist()
        [0.9, 0.5, 0.4]
        >>> run.metrics["loss"].min
        0.4
    """

    def __init__(self, run_id: str, key: str, summary: MetricSummary, read: Callable[[], Points]) -> None:
        self.run_id, self.key, self.summary = run_id, key, summary
        self._read = read
        self._points: Points | None = None

    def _all(self) -> Points:
        if self._points is None:
            self._points = self._read()
        return self._points

    @property
    def steps(self) -> NDArray[np.int64]:
        """The steps, int64, of shape (n,)."""
        return self._all().steps

    @property
    def timestamps(self) -> NDArray[np.int64]:
        """When each point was logged, int64 milliseconds since the epoch, of shape (n,)."""
        return self._all().timestamps

    @property
    def values(self) -> NDArray[np.float64]:
        """The values, float64, NaN and infinities included, of shape (n,)."""
        return self._all().values

    @property
    def first(self) -> float:
        """The value at the lowest (step, timestamp)."""
        return self.summary.first

    @property
    def last(self) -> float:
        """The latest value: that of the greatest (step, timestamp, value), MLflow's rule."""
        return self.summary.last

    @property
    def min(self) -> float:
        """The lowest value that is not NaN."""
        return self.summary.min

    @property
    def max(self) -> float:
        """The highest value that is not NaN."""
        return self.summary.max

    @property
    def mean(self) -> float:
        """The mean of the values that are not NaN."""
        return self.summary.mean

    @property
    def count(self) -> int:
        """The number of points."""
        return self.summary.count

    @property
    def nan_count(self) -> int:
        """The number of points that are NaN."""
        return self.summary.nan_count

    def __len__(self) -> int:
        return self.summary.count

    def __repr__(self) -> str:
        summary = self.summary
        return f"<{self.key}: {summary.count:,} points, last {summary.last:.6g}, min {summary.min:.6g}, max {summary.max:.6g}>"

    def df(self) -> pd.DataFrame:
        """Return the points as a DataFrame with the columns step, timestamp (UTC) and value."""
        from .frames import points_frame

        return points_frame(self._all())

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the values over the steps with matplotlib.

        Args:
            ax: Where to draw; a new figure where none is given.
            options: For ``Axes.plot``.
        """
        from .plots import plot_histories

        return plot_histories([self], ax=ax, labels=[self.key], **options)


class Metrics(Mapping[str, MetricHistory]):
    """The metrics of a run by name."""

    def __init__(self, histories: dict[str, MetricHistory]) -> None:
        self._histories = histories

    def __getitem__(self, key: str) -> MetricHistory:
        try:
            return self._histories[key]
        except KeyError:
            names = ", ".join(map(repr, self._histories)) or "none"
            raise KeyError(f"no metric {shown(key)} in this run; it has {names}") from None

    def __contains__(self, key: object) -> bool:
        return key in self._histories

    def __iter__(self) -> Iterator[str]:
        return iter(self._histories)

    def __len__(self) -> int:
        return len(self._histories)

    def __repr__(self) -> str:
        lines = [f"  {history!r}" for history in self._histories.values()]
        return "\n".join([f"{len(lines)} metrics", *lines])


def read_points(store: Store, histories: Sequence[MetricHistory]) -> None:
    """Read the points of a metric of several runs in one request."""
    by_name = {(history.run_id, history.key): history for history in histories}
    run_ids, keys = ([*dict.fromkeys(each)] for each in zip(*by_name, strict=True))
    for run_id, key, points in store.histories(run_ids, keys):
        by_name[run_id, key]._points = points


def read_metrics(store: Store, run_ids: Sequence[str]) -> dict[str, Metrics]:
    """Read the metrics of runs by run id: the summaries now, the points of each metric when they are used."""
    found: dict[str, dict[str, MetricHistory]] = {run_id: {} for run_id in run_ids}
    for run_id, key, *fields in store.metrics(run_ids, SUMMARY_FIELDS):
        summary = MetricSummary(*fields)
        found[run_id][key] = MetricHistory(run_id, key, summary, partial(store.history, run_id, key))
    return {run_id: Metrics(histories) for run_id, histories in found.items()}
