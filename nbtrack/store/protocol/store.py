"""The protocol that every store implements, and its guarantees.

Threads: every method may be called from any thread at any time; a store does its own locking.

Processes: several processes may use one store; ``apply`` is atomic among them.

Durability: when ``apply`` has returned, what it was given survives the death of this process.

Idempotency: a store remembers, in the same transaction, how many events and how many rows of each lane it
has applied for every (run, writer). Of a batch it applies the events if ``first_event`` equals what it
remembers, and each lane if ``first`` does; it ignores what it has already applied (``first`` lower), and
applies what lies beyond a gap (``first`` higher: this store lost data, or was replaced). The ``Progress`` it
returns says where it stands now, so a caller that was behind continues from there. Applying a batch twice,
after a crash or from two processes, changes nothing.

Closers: a process that considers another one dead closes its run as a separate writer (``CLOSER``). Such a batch changes nothing
if the run is not RUNNING when it is applied.

Errors: ``StoreUnavailable`` where a later retry may succeed (locked, full, read-only, unavailable), ``StoreError``
where it will not; both leave the store unchanged. Errors of other libraries are translated.

Points: the same (key, step, timestamp, value) logged twice, by anyone, is one point.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol, TypeAlias

from ...entities.events import Batch, Progress
from ...entities.model import RunModel
from ...entities.run import ArtifactRecord, Dataset, Experiment, MetricSummary, ParamValue, Points, RunInfo, ViewType
from ...errors import InvalidInput, RunNotFound
from .logged_models import LoggedModels
from .model_registry import Registry
from .search import Page, Query
from .traces import Traces

__all__ = [
    "Axis",
    "Logged",
    "OpenRun",
    "RunDetails",
    "RunOverview",
    "Store",
]

# What points lie along: steps, or timestamps in milliseconds.
Axis: TypeAlias = Literal["step", "time"]


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run in status RUNNING: its owner, its last heartbeat (ms), and how long ago that was.

    Both are by the store's own clock, for clocks of two machines are never compared. ``silent`` is None without a clock.
    """

    run_id: str
    owner: str
    heartbeat: int
    tags: dict[str, str] = field(default_factory=dict)
    silent: int | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """What was logged into runs, as the methods of these names return it; the last two are those of ``LoggedModels``."""

    params: list[tuple[str, str, ParamValue]]
    tags: list[tuple[str, str, str]]
    metrics: list[tuple[Any, ...]]
    datasets: list[tuple[str, Dataset]]
    inputs: list[RunModel]
    outputs: list[RunModel]


@dataclass(frozen=True, slots=True)
class RunDetails:
    """The params, tags and metrics of runs, each list as the method of its name returns it."""

    params: list[tuple[str, str, ParamValue]]
    tags: list[tuple[str, str, str]]
    metrics: list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class RunOverview:
    """What a notebook shows of one run; ``documents`` are texts by kind."""

    details: RunDetails
    histories: list[tuple[str, str, Points]]
    artifact_count: int
    documents: dict[str, str]


class Store(Protocol):
    """Keeps runs; the module's docstring has the guarantees of every method."""

    uri: str

    # Optional parts. A cached_property rather than a property, so that a store which has the part can assign it.

    @cached_property
    def registry(self) -> Registry:
        """The model registry; InvalidInput where the store has none."""
        raise InvalidInput(f"{self.uri} has no model registry; connect to a SQL store or to an nbtrack server")

    @cached_property
    def models(self) -> LoggedModels:
        """The logged models; InvalidInput where the store keeps none."""
        raise InvalidInput(f"{self.uri} keeps no logged models; connect to a SQL store or to an nbtrack server")

    @cached_property
    def traces(self) -> Traces:
        """The traces; InvalidInput where the store keeps none."""
        raise InvalidInput(f"{self.uri} keeps no traces; connect to a SQL store or to an nbtrack server")

    @property
    def generation(self) -> int:
        """How often another store was found in place of this one, because its file was deleted or replaced."""
        return 0

    @property
    def is_immediate(self) -> bool:
        """Whether the store, once open, is read without waiting for a server or for a lock of another process."""
        return False

    @property
    def is_read_only(self) -> bool:
        """Whether the store may only be read: a colleague's, or one on a file system mounted read-only."""
        return False

    def together(self) -> AbstractContextManager[None]:
        """Return a context in which this thread reads several times, which may then be faster, and writes nothing."""
        return nullcontext()

    def apply(self, batches: Sequence[Batch]) -> list[Progress]:
        """Apply batches in order, in one transaction, and return the progress of each writer.

        Raises:
            RunNotFound: The run of a batch neither exists nor starts in it; nothing is applied.
            Deleted: A batch starts a run in a deleted experiment, or a direct batch (empty writer) is for a deleted run. A
                writer's batch is still applied to a deleted run.
            ParamConflict: A direct batch would change a param. A writer's conflict is reported in ``Progress``.
        """

    def heartbeat(self, run_ids: Sequence[str], time: int) -> None:
        """Record that the owner of these runs is alive now; unknown ids are ignored.

        The store uses its own clock; ``time`` (ms) is for one that has none. A run's start is a heartbeat too.
        """

    def open_runs(self) -> list[OpenRun]:
        """Return every run in status RUNNING, including deleted ones."""

    # Experiments. "0" / "Default" exists from the start; a deleted experiment keeps its name.

    def create_experiment(
        self, name: str, *, artifact_location: str | None = None, tags: dict[str, str] | None = None
    ) -> Experiment:
        """Create an experiment; AlreadyExists if the name is taken.

        A relative ``artifact_location`` is below the working directory of the process that has the store, perhaps a server.
        """

    def get_experiment(self, experiment_id: str) -> Experiment:
        """Return one experiment, deleted or not; ExperimentNotFound."""

    def find_experiment(self, name: str) -> Experiment | None:
        """Return the experiment of that name, deleted or not."""

    def experiments(self, view: ViewType = "active") -> list[Experiment]:
        """Return all experiments, newest first, then by id."""

    def search_experiments(self, query: Query) -> Page[Experiment]:
        """Return the experiments that match: the newest first, then by id; ties of another order by id, the highest first."""

    def update_experiment(self, experiment_id: str, *, name: str | None = None, tags: dict[str, str] | None = None) -> None:
        """Rename an experiment or set tags on it."""

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """Delete a tag of an experiment; NotFound if it has none of this name."""

    def delete_experiment(self, experiment_id: str) -> None:
        """Mark an experiment and its active runs deleted."""

    def restore_experiment(self, experiment_id: str) -> None:
        """Undo ``delete_experiment``, also for its runs."""

    # Runs. The lists below are in the order of the runs asked for, those of one run sorted by key.

    def get_run(self, run_id: str) -> RunInfo:
        """Return one run, deleted or not; RunNotFound."""

    def get_runs(self, run_ids: Sequence[str]) -> list[RunInfo]:
        """Return those of these runs that exist, deleted or not, in the order asked for."""
        found = []
        for run_id in run_ids:
            with suppress(RunNotFound):
                found.append(self.get_run(run_id))
        return found

    def search_runs(self, query: Query) -> Page[RunInfo]:
        """Return the runs that match: by start time, the newest first, then by id."""

    def delete_run(self, run_id: str) -> None:
        """Mark a run deleted."""

    def restore_run(self, run_id: str) -> None:
        """Undo ``delete_run``; Deleted if its experiment is deleted, which hides the run."""

    def purge_runs(self, run_ids: Sequence[str]) -> None:
        """Remove the deleted ones of these runs for good, with all that belongs to them; others are ignored."""

    def logged(self, run_ids: Sequence[str], stats: Sequence[str]) -> Logged:
        """Return everything logged into these runs except points and files, with the named statistics of every metric."""
        return Logged(
            self.params(run_ids),
            self.tags(run_ids),
            self.metrics(run_ids, stats),
            self.datasets_of(run_ids),
            self.models.inputs(run_ids),
            self.models.outputs(run_ids),
        )

    def details(self, run_ids: Sequence[str], stats: Sequence[str]) -> RunDetails:
        """Return the params, the tags and the named statistics of every metric of these runs."""
        return RunDetails(self.params(run_ids), self.tags(run_ids), self.metrics(run_ids, stats))

    def overview(self, run_id: str, most_curves: int, kinds: Sequence[str] = ()) -> RunOverview:
        """Return the details of a run with all statistics, the number of its files, and its documents of these kinds.

        With the points of all metrics where there are at most ``most_curves`` of them; of more, with none.
        """
        details = self.details([run_id], tuple(MetricSummary.__dataclass_fields__))
        histories = self.histories([run_id], None) if len(details.metrics) <= most_curves else []
        known = self.documents(run_id) if kinds else {}
        texts = {kind: self.read_document(known[kind]) for kind in kinds if kind in known}
        documents = {kind: text for kind, text in texts.items() if text is not None}
        return RunOverview(details, histories, len(self.artifacts(run_id)), documents)

    def params(self, run_ids: Sequence[str]) -> list[tuple[str, str, ParamValue]]:
        """Return (run id, key, value) of every param of these runs."""

    def tags(self, run_ids: Sequence[str]) -> list[tuple[str, str, str]]:
        """Return (run id, key, value) of every tag of these runs."""

    def metrics(self, run_ids: Sequence[str], stats: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return (run id, key, …) with the named fields of ``MetricSummary`` (or ``mean``) of every metric."""

    def history(self, run_id: str, key: str) -> Points:
        """Return all points of a metric, in the order applied; none if the run has no such metric."""

    def stretches(self, run_id: str, keys: Sequence[str], axis: Axis, low: int, high: int) -> list[tuple[str, str, Points]]:
        """Return (run id, key, points) of these metrics from ``low`` to ``high`` on an axis, and perhaps some points around."""
        # A store without a way to read a range returns whole histories; a run that does not exist is an error here.
        self.get_run(run_id)
        return self.histories([run_id], keys)

    def histories(self, run_ids: Sequence[str], keys: Sequence[str] | None) -> list[tuple[str, str, Points]]:
        """Return (run id, key, points) of these metrics (None for all) of these runs, without metrics that have no points."""

    # Documents, artifacts and datasets.

    def documents(self, run_id: str) -> dict[str, str]:
        """Return the sha256 of each document of a run, by its kind."""

    def read_document(self, sha256: str) -> str | None:
        """Return a document's text; None if it does not exist."""

    def documents_of(self, run_ids: Sequence[str]) -> list[tuple[str, str, str]]:
        """Return (run id, kind, sha256) of every document of these runs."""
        known = [run.id for run in self.get_runs(run_ids)]
        return [(run_id, kind, sha256) for run_id in known for kind, sha256 in self.documents(run_id).items()]

    def read_documents(self, sha256s: Sequence[str]) -> dict[str, str]:
        """Return the texts of documents by their sha256, leaving out those that do not exist."""
        found = {sha256: self.read_document(sha256) for sha256 in dict.fromkeys(sha256s)}
        return {sha256: text for sha256, text in found.items() if text is not None}

    def artifacts(self, run_id: str) -> list[ArtifactRecord]:
        """Return the records of a run's logged files, by path."""

    def artifacts_of(self, run_ids: Sequence[str]) -> list[tuple[str, ArtifactRecord]]:
        """Return (run id, record) of every logged file of these runs."""
        known = [run.id for run in self.get_runs(run_ids)]
        return [(run_id, record) for run_id in known for record in self.artifacts(run_id)]

    def datasets(self, run_id: str) -> list[Dataset]:
        """Return the datasets that a run read."""

    def datasets_of(self, run_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
        """Return (run id, dataset) of every dataset that these runs read, those of a run by name and digest."""

    def datasets_in(self, experiment_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
        """Return (experiment id, dataset without tags) of what the runs of these experiments read, once for each context."""

    def close(self) -> None:
        """Release connections and files; calling it twice is fine."""
