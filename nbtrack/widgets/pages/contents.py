"""The data of static displays; ``read_runs`` and ``read_many`` read it from a store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...entities.run import MetricSummary, ParamValue, Status

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Best", "ComparisonContent", "Curve", "MetricContent", "RunContent", "RunsContent", "Whole"]

CURVE_POINTS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A curve: ascending ``steps`` and ``values``, of shape (n,) each, thinned from ``total`` points."""

    steps: NDArray[Any]
    values: NDArray[np.float64]
    total: int

    @classmethod
    def of(cls, steps: NDArray[Any], values: NDArray[np.float64], points: int = CURVE_POINTS) -> Curve:
        """Return the curve of all points of a metric, in the order logged, thinned to at most ``points``."""
        from ..data.downsample import in_step_order, minmax_indices

        steps, values = in_step_order(steps, values)
        kept = minmax_indices(values, points)
        return cls(steps[kept], values[kept], len(values))

    def thinned(self, points: int) -> Curve:
        """Return this curve with at most ``points`` points."""
        from ..data.downsample import minmax_indices

        kept = minmax_indices(self.values, points)
        return self if len(kept) == len(self.values) else Curve(self.steps[kept], self.values[kept], self.total)


@dataclass(frozen=True, slots=True)
class MetricContent:
    """A metric: its summary, and its curve if that was read."""

    summary: MetricSummary
    curve: Curve | None = None


@dataclass(frozen=True, slots=True)
class RunContent:
    """A run as a display shows it.

    Attributes:
        started: Milliseconds since the epoch.
        duration: Seconds, until now for an open run; None if unknown.
        tags: The tags that users have set.
        parent: The name or id of the run in which this one is nested.
        artifacts: The number of its files.
        error: The last line of the traceback.
        ended: Why it ended, beside the status: ``stopped``, ``crashed``, or empty.
    """

    id: str
    name: str
    status: Status
    experiment: str = ""
    started: int = 0
    duration: float | None = None
    params: Mapping[str, ParamValue] = field(default_factory=dict)
    metrics: Mapping[str, MetricContent] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    commit: str = ""
    branch: str = ""
    dirty: bool = False
    parent: str = ""
    artifacts: int = 0
    error: str = ""
    ended: str = ""


@dataclass(frozen=True, slots=True)
class Best:
    """The best last value of a metric, and the name of its run."""

    value: float
    run: str


@dataclass(frozen=True, slots=True)
class Whole:
    """What differs among all runs, shown or not.

    Attributes:
        differing: The names of the params that differ.
        same: The params that are equal in all runs.
        metrics: The names of the metrics.
        best: The best last value of each metric.
    """

    differing: tuple[str, ...]
    same: Mapping[str, ParamValue]
    metrics: tuple[str, ...]
    best: Mapping[str, Best]


@dataclass(frozen=True, slots=True)
class RunsContent:
    """A table of runs.

    Attributes:
        runs: The runs that are shown, in their order.
        total: The number of all runs.
        title: Says which runs they are, such as a filter.
        now: When they are shown, in milliseconds since the epoch.
        key: The slot in which a live view finds the table.
        whole: What differs among all runs, if more than ``runs`` were read.
    """

    runs: tuple[RunContent, ...]
    total: int
    title: str = ""
    now: int = 0
    key: str = ""
    whole: Whole | None = None


@dataclass(frozen=True, slots=True)
class ComparisonContent:
    """Runs side by side.

    Attributes:
        runs: The runs that are shown, with the curves to draw.
        key: The slot in which a live view finds the comparison.
        total: The number of runs that are compared, if it is more than ``runs``.
        whole: What differs among all of them, if they are more than ``runs``.
    """

    runs: tuple[RunContent, ...]
    key: str = ""
    total: int = 0
    whole: Whole | None = None

    @property
    def count(self) -> int:
        """The number of runs that are compared."""
        return max(self.total, len(self.runs))
