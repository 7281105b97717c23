"""Experiments, runs, params, metric summaries and datasets as frozen data; ids and times."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "DEFAULT_EXPERIMENT",
    "ArtifactRecord",
    "Dataset",
    "Experiment",
    "LifecycleStage",
    "MetricSummary",
    "ParamValue",
    "Points",
    "RunInfo",
    "Status",
    "ViewType",
    "is_run_id",
    "moment",
    "new_run_id",
    "now_ms",
]

DEFAULT_EXPERIMENT = "Default"

ParamValue: TypeAlias = "bool | int | float | str | None | list[ParamValue] | dict[str, ParamValue]"
ViewType: TypeAlias = Literal["active", "deleted", "all"]

# The years 1 to 9999, with room for every time zone.
_FIRST, _LAST = -62_135_510_400_000, 253_402_214_400_000
_RUN_ID = re.compile(r"[a-zA-Z0-9][\w\-]{0,255}")


class Status(StrEnum):
    """The status of a run, in MLflow's words."""

    RUNNING = "RUNNING"
    SCHEDULED = "SCHEDULED"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"

    @property
    def is_open(self) -> bool:
        """Whether the run has not ended."""
        return self in (Status.RUNNING, Status.SCHEDULED)


class LifecycleStage(StrEnum):
    """Whether a run or an experiment is active or deleted."""

    ACTIVE = "active"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Experiment:
    """A named group of runs; times are milliseconds since the epoch."""

    id: str
    name: str
    artifact_location: str
    stage: LifecycleStage = LifecycleStage.ACTIVE
    created: int = 0
    updated: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunInfo:
    """The basic facts of a run; times are milliseconds since the epoch."""

    id: str
    experiment_id: str
    name: str
    status: Status
    start_time: int
    end_time: int | None
    artifact_uri: str
    user: str = ""
    stage: LifecycleStage = LifecycleStage.ACTIVE


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """What a store keeps beside a metric's points, so that tables and searches read no points.

    ``last`` is the value of the greatest (step, timestamp, value) and ``first`` that of the smallest, where NaN counts as
    smaller than every number. ``min``, ``max`` and ``total`` ignore NaN; if every value is NaN, ``min`` and ``max`` are NaN.
    ``min_step`` and ``max_step`` are the lowest steps of those values. Timestamps are milliseconds.
    """

    first: float
    first_step: int
    first_timestamp: int
    last: float
    last_step: int
    last_timestamp: int
    min: float
    min_step: int
    max: float
    max_step: int
    total: float
    count: int
    nan_count: int

    @property
    def mean(self) -> float:
        """The mean of the values other than NaN; NaN if there are none."""
        numbers = self.count - self.nan_count
        return self.total / numbers if numbers else float("nan")


class Points(Protocol):
    """All points of one metric in the order logged, as three arrays of equal length."""

    @property
    def steps(self) -> NDArray[np.int64]:
        """The steps."""

    @property
    def timestamps(self) -> NDArray[np.int64]:
        """Milliseconds since the epoch."""

    @property
    def values(self) -> NDArray[np.float64]:
        """The values, NaN and infinities included."""

    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class ArtifactRecord:
    """A logged file: its path below the run's artifacts, its size in bytes and its sha256, which may be unknown (empty)."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset that a run has read; (name, digest) is its identity, as in MLflow.

    Attributes:
        context: What it was read for, such as ``training``.
        tags: Further tags of the run's input, as key and value pairs.
    """

    name: str
    digest: str
    source_type: str = ""
    source: str = ""
    schema: str = ""
    profile: str = ""
    context: str = ""
    tags: tuple[tuple[str, str], ...] = ()


def new_run_id() -> str:
    """Return a new run id: 32 hexadecimal digits, as MLflow's."""
    return secrets.token_hex(16)


def is_run_id(text: str) -> bool:
    """Return whether a string has MLflow's form of a run id."""
    return _RUN_ID.fullmatch(text) is not None


def moment(time_: int) -> datetime:
    """Return a time in milliseconds since the epoch as an aware datetime, limited to the years that datetime supports."""
    return datetime.fromtimestamp(max(_FIRST, min(time_, _LAST)) / 1000, UTC)


def now_ms() -> int:
    """Return the present time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
