"""What the static displays are told: plain data, read from a store by others."""

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
    """A curve to draw: ``steps`` ascending and ``values``, both of shape (n,), and of how many points in all."""

    steps: NDArray[Any]
    values: NDArray[np.float64]
    total: int

    @classmethod
    def of(cls, steps: NDArray[Any], values: NDArray[np.float64], points: int = CURVE_POINTS) -> Curve:
        """Return the curve of all points of a metric, in whatever order logged, thinned to at most ``points``."""
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
    """A metric: its summary, and its curve where that was read."""

    summary: MetricSummary
    curve: Curve | None = None


@dataclass(frozen=True, slots=True)
class RunContent:
    """A run as a display shows it.

    Attributes:
        started: Milliseconds since the epoch.
        duration: Seconds; of an open run until now, None where unknown.
        tags: Those that the user has set.
        parent: The name or id of the run that this one is nested in.
        artifacts: How many files it has.
        error: The last line of the traceback.
        ended: How it ended beyond its status: ``stopped``, ``crashed``, or nothing.
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
    """The best last value of a metric, and the name of the run that has it."""

    value: float
    run: str


@dataclass(frozen=True, slots=True)
class Whole:
    """What is said of all runs, shown or not: which params differ, which are the same in all, the metrics, the best of each."""

    differing: tuple[str, ...]
    same: Mapping[str, ParamValue]
    metrics: tuple[str, ...]
    best: Mapping[str, Best]


@dataclass(frozen=True, slots=True)
class RunsContent:
    """A list of runs: those read for the display, in their order, and how many there are in all.

    ``title`` says which they are, such as a filter; ``now`` is when they are shown, in milliseconds; ``key`` is where a
    living view finds the page; ``whole`` is known where more runs than these were read.
    """

    runs: tuple[RunContent, ...]
    total: int
    title: str = ""
    now: int = 0
    key: str = ""
    whole: Whole | None = None


@dataclass(frozen=True, slots=True)
class ComparisonContent:
    """Runs side by side, with curves where they are to be drawn; ``key`` is where a living view finds the page.

    ``total`` is how many runs are compared, and ``whole`` what is said of them, where they are more than these.
    """

    runs: tuple[RunContent, ...]
    key: str = ""
    total: int = 0
    whole: Whole | None = None

    @property
    def count(self) -> int:
        """How many runs are compared."""
        return max(self.total, len(self.runs))
