"""The data of a store in memory, and how a batch changes it."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ...entities.events import (
    ArtifactLogged,
    Batch,
    Conflict,
    DatasetLogged,
    DocumentLogged,
    DocumentNamed,
    Event,
    ModelMade,
    ModelMeasured,
    ModelRead,
    ParamsLogged,
    Progress,
    RunEnded,
    RunResumed,
    RunStarted,
    RunUpdated,
    TagsDeleted,
    TagsSet,
)
from ...entities.model import LoggedModelInfo, ModelMetric
from ...entities.run import ArtifactRecord, Dataset, Experiment, LifecycleStage, RunInfo, Status, now_ms
from ...entities.tags import RUN_NAME
from ...errors import Deleted, ExperimentNotFound, ModelNotFound, ParamConflict, RunNotFound
from ..stages import refuse_deleted
from ..text import storable
from .runs import Applied, MemoryRun

__all__ = ["State"]


@dataclass(slots=True)
class State:
    """Experiments, runs and logged models by id, documents by sha256, datasets by experiment, name and digest."""

    artifact_root: str
    experiments: dict[str, Experiment] = field(default_factory=dict)
    runs: dict[str, MemoryRun] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    datasets: dict[tuple[str, str, str], Dataset] = field(default_factory=dict)
    models: dict[str, LoggedModelInfo] = field(default_factory=dict)

    def draft(self, run_ids: set[str]) -> State:
        """Return a copy in which these runs, and all else, can change without changing this."""
        runs = self.runs | {key: copy.deepcopy(self.runs[key]) for key in run_ids & self.runs.keys()}
        return State(
            self.artifact_root, dict(self.experiments), runs, dict(self.documents), dict(self.datasets), dict(self.models)
        )

    # Experiments.

    def experiment(self, experiment_id: str) -> Experiment:
        """Return an experiment; ExperimentNotFound."""
        if experiment_id not in self.experiments:
            raise ExperimentNotFound(f"there is no experiment with the id {experiment_id!r}")
        return self.experiments[experiment_id]

    def named(self, name: str) -> Experiment | None:
        """Return the experiment of that name; None if there is none."""
        return next((experiment for experiment in self.experiments.values() if experiment.name == name), None)

    def add_experiment(self, name: str, location: str | None = None, tags: dict[str, str] | None = None) -> Experiment:
        """Add an experiment under the next free number."""
        key, now = str(len(self.experiments)), now_ms()
        location = location or f"{self.artifact_root}/{key}"
        self.experiments[key] = Experiment(key, name, location, created=now, updated=now, tags=dict(tags or {}))
        return self.experiments[key]

    # Batches.

    def run(self, run_id: str) -> MemoryRun:
        """Return a run; RunNotFound."""
        if run_id not in self.runs:
            raise RunNotFound(f"there is no run with the id {run_id!r}")
        return self.runs[run_id]

    def apply(self, batch: Batch) -> Progress:
        """Apply what is new in a batch, and return the progress of its writer."""
        batch = replace(batch, events=storable(batch.events))
        for event in batch.events:
            if isinstance(event, RunStarted) and batch.run_id not in self.runs:
                self.runs[batch.run_id] = self.start(batch.run_id, event)
        run = self.run(batch.run_id)
        return self.apply_to(run, batch) if batch.writer else self.change(run, batch)

    def change(self, run: MemoryRun, batch: Batch) -> Progress:
        """Apply a direct batch, which may not change a deleted run or an existing param."""
        if run.info.stage is LifecycleStage.DELETED:
            raise Deleted(f"the run {run.info.id} or its experiment is deleted; restore it before changing it")
        for event in batch.events:
            if isinstance(event, ModelMeasured) and event.model_id not in self.models:
                raise ModelNotFound(f"Logged model with ID {event.model_id!r} not found.")
        for conflict in self.apply_events(run, batch.events):
            raise ParamConflict(conflict.key, conflict.kept, conflict.refused)
        for lane in batch.lanes:
            run.add_rows(lane)
        return Progress()

    def apply_to(self, run: MemoryRun, batch: Batch) -> Progress:
        """Apply the part of a writer's batch that has not been applied."""
        writer = run.writers.setdefault(batch.writer, Applied())
        conflicts: tuple[Conflict, ...] = ()
        if batch.closes and run.info.status is not Status.RUNNING:
            return Progress()
        if batch.events and batch.first_event >= writer.events:
            conflicts = self.apply_events(run, batch.events)
            writer.events = batch.first_event + len(batch.events)
        for lane in batch.lanes:
            if lane.first >= writer.lanes.get(lane.lane, 0):
                run.add_rows(lane)
                writer.lanes[lane.lane] = lane.first + lane.count
        return writer.progress(conflicts)

    # Events.

    def start(self, run_id: str, event: RunStarted) -> MemoryRun:
        """Return a new run; Deleted if its experiment is deleted."""
        experiment = self.experiment_of(event)
        refuse_deleted(experiment)
        info = RunInfo(
            run_id,
            experiment.id,
            event.name or event.tags.get(RUN_NAME, ""),
            Status.RUNNING,
            event.start_time,
            None,
            f"{experiment.artifact_location}/{run_id}/artifacts",
            event.user,
            experiment.stage,
        )
        run = MemoryRun(info, owner=event.owner, heartbeat=now_ms())
        run.set_tags({**event.tags, RUN_NAME: info.name})
        return run

    def experiment_of(self, event: RunStarted) -> Experiment:
        """Return the experiment of a starting run, created if it is given by a new name."""
        if event.experiment_id:
            return self.experiment(event.experiment_id)
        return self.named(event.experiment) or self.add_experiment(event.experiment)

    def apply_events(self, run: MemoryRun, events: Sequence[Event]) -> tuple[Conflict, ...]:
        """Apply events in order, and return the conflicts of params."""
        conflicts: list[Conflict] = []
        for event in events:
            if isinstance(event, ParamsLogged):
                conflicts += run.set_params(event.params, replaces=event.replaces)
            else:
                self.apply_event(run, event)
        return tuple(conflicts)

    def apply_event(self, run: MemoryRun, event: Event) -> None:
        """Apply an event other than params; a start was applied when the run was created."""
        match event:
            case TagsSet(tags):
                run.set_tags(tags)
            case TagsDeleted(keys):
                run.delete_tags(keys)
            case DocumentLogged(kind, text):
                self.keep(run, kind, text)
            case DocumentNamed(kind, sha256):
                run.documents[kind] = sha256
            case DatasetLogged(dataset):
                self.read(run, dataset)
            case ArtifactLogged(path, size, sha256):
                run.artifacts[path] = ArtifactRecord(path, size, sha256)
            case RunResumed(owner):
                run.resume(owner)
            case RunEnded(status, end_time):
                run.info = replace(run.info, status=status, end_time=end_time)
            case RunUpdated(status, end_time):
                ended = run.info.end_time if end_time is None else end_time
                run.info = replace(run.info, status=status or run.info.status, end_time=ended)
            case _:
                self.apply_model(run, event)

    def apply_model(self, run: MemoryRun, event: Event) -> None:
        """Apply an event on a model."""
        match event:
            case ModelMade(model_id, step):
                run.outputs[model_id] = step
            case ModelRead(model_id):
                run.inputs.add(model_id)
            case ModelMeasured(model_id, metrics):
                self.measure(run, model_id, metrics)

    def keep(self, run: MemoryRun, kind: str, text: str) -> None:
        """Record a document, as the run's document of its kind if it has one."""
        digest = hashlib.sha256(text.encode()).hexdigest()
        self.documents[digest] = text
        if kind:
            run.documents[kind] = digest

    def read(self, run: MemoryRun, dataset: Dataset) -> None:
        """Record a dataset, identified in its experiment by name and digest; the first record stays, with context and tags."""
        kept = self.datasets.setdefault((run.info.experiment_id, dataset.name, dataset.digest), dataset)
        run.datasets.setdefault((dataset.name, dataset.digest), replace(kept, context=dataset.context, tags=dataset.tags))

    def measure(self, run: MemoryRun, model_id: str, metrics: Sequence[ModelMetric]) -> None:
        """Record metrics that a run measured of a model; one at the same time and step is recorded once."""
        if model_id not in self.models:
            return
        model = self.models[model_id]
        kept = {_moment(metric): metric for metric in model.metrics}
        for metric in metrics:
            new = replace(metric, run_id=run.info.id)
            kept.setdefault(_moment(new), new)
        self.models[model_id] = replace(model, metrics=tuple(kept[moment] for moment in sorted(kept)))


def _moment(metric: ModelMetric) -> tuple[str, int, int, str, str]:
    return metric.key, metric.timestamp, metric.step, metric.run_id, metric.dataset_digest
