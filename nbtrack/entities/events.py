"""What can happen to a run, and the batches in which it reaches a store.

A writer (one process logging into one run) numbers its events, and the rows of each of its lanes, from 0.
Those numbers make delivery exactly-once: a store remembers how far it has applied each writer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from .model import ModelMetric
from .run import Dataset, ParamValue, Status

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "CLOSER",
    "ArtifactLogged",
    "Batch",
    "Conflict",
    "DatasetLogged",
    "DocumentLogged",
    "DocumentNamed",
    "Event",
    "LaneRows",
    "ModelMade",
    "ModelMeasured",
    "ModelRead",
    "ParamsLogged",
    "Progress",
    "RunEnded",
    "RunResumed",
    "RunStarted",
    "RunUpdated",
    "Series",
    "TagsDeleted",
    "TagsSet",
]

# What the name of a writer begins with that closes the run of a process which it takes for gone.
CLOSER = "closer."


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run begins; its experiment is named, and made by the store if there is none.

    With ``experiment_id`` it is that experiment whatever its name, and must be there.
    """

    experiment: str
    name: str
    start_time: int
    user: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""
    experiment_id: str = ""


@dataclass(frozen=True, slots=True)
class RunResumed:
    """A run that had ended goes on: RUNNING again, without an end time, owned by another process."""

    owner: str = ""


@dataclass(frozen=True, slots=True)
class ParamsLogged:
    """Params with their types; the first value of a key stays, unless the event ``replaces`` it."""

    params: Mapping[str, ParamValue]
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class TagsSet:
    """Tags set or overwritten; ``mlflow.runName`` also renames the run."""

    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TagsDeleted:
    """Tags taken away; one that is not there is passed over."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentLogged:
    """A text kept once however many runs refer to it.

    ``kind`` is the name by which the run refers to it (``code``, ``diff``, ``packages``, …), the last
    one of a kind winning; empty: only kept, to be found by its sha256 (of the UTF-8 text).
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class DocumentNamed:
    """The run refers, by ``kind``, to a text that was logged before, by this run or another."""

    kind: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ArtifactLogged:
    """A file is in the artifact store; ``spool`` names it in the journal until it is."""

    path: str
    size: int
    sha256: str
    spool: str = ""


@dataclass(frozen=True, slots=True)
class DatasetLogged:
    """A dataset was read by the run."""

    dataset: Dataset


@dataclass(frozen=True, slots=True)
class ModelMade:
    """A logged model is an output of the run, made at a step."""

    model_id: str
    step: int = 0


@dataclass(frozen=True, slots=True)
class ModelRead:
    """A logged model was an input of the run."""

    model_id: str


@dataclass(frozen=True, slots=True)
class ModelMeasured:
    """The run measured something of a logged model; the points themselves are the run's, and come as rows of a lane.

    Of a model that is not there, a writer's event is passed over, and a direct one is an error.
    """

    model_id: str
    metrics: tuple[ModelMetric, ...]


@dataclass(frozen=True, slots=True)
class RunEnded:
    """A run has ended, in this status at this time (milliseconds)."""

    status: Status
    end_time: int


@dataclass(frozen=True, slots=True)
class RunUpdated:
    """Facts of a run are set as somebody says, MLflow's way; what is None stays."""

    status: Status | None = None
    end_time: int | None = None


Event: TypeAlias = (
    RunStarted
    | RunResumed
    | ParamsLogged
    | TagsSet
    | TagsDeleted
    | DocumentLogged
    | DocumentNamed
    | ArtifactLogged
    | DatasetLogged
    | ModelMade
    | ModelRead
    | ModelMeasured
    | RunEnded
    | RunUpdated
)


@dataclass(frozen=True, slots=True)
class Series:
    """Points of metrics that were logged together: one axis, one array of values a key, all of one length."""

    keys: tuple[str, ...]
    steps: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    values: tuple[NDArray[np.float64], ...]


@dataclass(frozen=True, slots=True)
class LaneRows:
    """Rows ``first`` to ``first + count - 1`` of one lane, already sorted into series."""

    lane: int
    first: int
    count: int
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one writer has to say since the last time.

    An empty ``writer`` is a direct change: applied without numbers, and a param conflict raises. A ``CLOSER`` changes
    nothing in a run that is not RUNNING: it may have ended by itself meanwhile.
    """

    run_id: str
    writer: str
    first_event: int = 0
    events: tuple[Event, ...] = ()
    lanes: tuple[LaneRows, ...] = ()

    @property
    def closes(self) -> bool:
        """Whether it closes the run of a process that is taken for gone."""
        return self.writer.startswith(CLOSER)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A param that another writer had set to another value; the first one stays."""

    key: str
    kept: ParamValue
    refused: ParamValue


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a store has applied a writer: counts of events and, by lane, of rows."""

    events: int = 0
    lanes: Mapping[int, int] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
