"""The events of a run, and the batches that deliver them to a store.

A writer (one process that logs into one run) numbers its events, and the rows of each of its lanes, from 0. These numbers make
delivery exactly-once: a store remembers how far it has applied each writer.
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

# The prefix of a writer that closes the run of a process presumed dead.
CLOSER = "closer."


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run starts; the store creates its experiment by name if there is none.

    With ``experiment_id`` it is that experiment whatever its name, and it must exist.
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
    """A run that had ended is RUNNING again, without an end time, owned by another process."""

    owner: str = ""


@dataclass(frozen=True, slots=True)
class ParamsLogged:
    """Params with their types; the first value of a key wins, unless the event ``replaces`` it."""

    params: Mapping[str, ParamValue]
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class TagsSet:
    """Tags are set or overwritten; ``mlflow.runName`` also renames the run."""

    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TagsDeleted:
    """Tags are deleted; missing ones are ignored."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentLogged:
    """A text, stored once however many runs refer to it.

    ``kind`` is the name by which the run refers to it (``code``, ``diff``, ``packages``, …); the last document of a kind wins.
    With an empty kind it is only stored, to be found by the sha256 of its UTF-8 encoding.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class DocumentNamed:
    """The run refers, by ``kind``, to a text that this run or another has logged before."""

    kind: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ArtifactLogged:
    """A file is in the artifact store; until then ``spool`` is its name in the journal."""

    path: str
    size: int
    sha256: str
    spool: str = ""


@dataclass(frozen=True, slots=True)
class DatasetLogged:
    """The run has read a dataset."""

    dataset: Dataset


@dataclass(frozen=True, slots=True)
class ModelMade:
    """A logged model is an output of the run, created at a step."""

    model_id: str
    step: int = 0


@dataclass(frozen=True, slots=True)
class ModelRead:
    """A logged model is an input of the run."""

    model_id: str


@dataclass(frozen=True, slots=True)
class ModelMeasured:
    """The run has measured metrics of a logged model; the points themselves belong to the run and are rows of a lane.

    If the model does not exist, a writer's event is ignored, and a direct one is an error.
    """

    model_id: str
    metrics: tuple[ModelMetric, ...]


@dataclass(frozen=True, slots=True)
class RunEnded:
    """A run has ended with a status at a time (milliseconds)."""

    status: Status
    end_time: int


@dataclass(frozen=True, slots=True)
class RunUpdated:
    """Facts of a run are set by a client, as in MLflow; None leaves a fact unchanged."""

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
    """Points of metrics that were logged together: one axis, and an array of values for each key, all of one length."""

    keys: tuple[str, ...]
    steps: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    values: tuple[NDArray[np.float64], ...]


@dataclass(frozen=True, slots=True)
class LaneRows:
    """Rows ``first`` to ``first + count - 1`` of one lane, sorted into series."""

    lane: int
    first: int
    count: int
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one writer has logged since its last batch.

    With an empty ``writer`` it is a direct change: applied without numbers, and a param conflict raises. A ``CLOSER`` changes
    nothing in a run that is not RUNNING: the run may have ended by itself meanwhile.
    """

    run_id: str
    writer: str
    first_event: int = 0
    events: tuple[Event, ...] = ()
    lanes: tuple[LaneRows, ...] = ()

    @property
    def closes(self) -> bool:
        """Whether the writer closes the run of a process that is presumed dead."""
        return self.writer.startswith(CLOSER)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A param that another writer had set to another value; the first value was kept."""

    key: str
    kept: ParamValue
    refused: ParamValue


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a store has applied a writer: the numbers of its events and, by lane, of its rows."""

    events: int = 0
    lanes: Mapping[int, int] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
