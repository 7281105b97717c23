"""The copy of one run.

A copy writes as a writer of its own, whose name contains a digest of everything that the run has. So the store's count of
what it applied of that writer tells where an interrupted copy continues, and that a complete one is complete. A run that
has changed since is copied again by another writer: points that are there already are the same points.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ..entities.events import (
    ArtifactLogged,
    Batch,
    DatasetLogged,
    DocumentLogged,
    Event,
    LaneRows,
    ModelMade,
    ModelMeasured,
    ModelRead,
    ParamsLogged,
    Progress,
    RunEnded,
    RunStarted,
    RunUpdated,
    TagsSet,
)
from ..entities.model import LoggedModelInfo
from ..entities.run import ArtifactRecord, Experiment, LifecycleStage, RunInfo, Status, is_run_id
from ..errors import ArtifactNotFound, Deleted, InvalidInput, NbtrackError
from ..store.artifacts.protocol import walk
from .measured_file import MeasuredFile
from .progress import Tell
from .source import FileReader, Source, SourceRun

if TYPE_CHECKING:
    from ..store.artifacts.protocol import ArtifactStore
    from ..store.protocol.store import Store

__all__ = ["RunCopy", "Target", "UnreadableRun"]


@dataclass(frozen=True, slots=True)
class Target:
    """A store to copy into, and what opens the artifact store of a run's ``artifact_uri``."""

    store: Store
    open_files: Callable[[str], ArtifactStore]


class UnreadableRun(NbtrackError):
    """The source of a run cannot be read."""


class RunCopy:
    """Copies one run.

    Args:
        source: Where the run is.
        target: Where it goes.
        run: The run.
        experiment: The target's experiment for it.
        tell: Told of the progress.

    Attributes:
        contents: Everything that the source has of the run, except its points.

    Raises:
        UnreadableRun: The source cannot be read.
    """

    def __init__(self, source: Source, target: Target, run: RunInfo, experiment: Experiment, tell: Tell) -> None:
        self.source, self.target, self.run, self.tell = source, target, run, tell
        if not is_run_id(run.id):  # it becomes part of paths in the target
            raise UnreadableRun(f"a run is left out because {run.id[:80]!r} is not a valid id")
        self.contents = self._read(lambda: source.contents(run))
        self.writer = self._name = f"copy-{_digest(run, self.contents)}"
        self.experiment = experiment
        self.start = self._first_events(experiment)
        self.end = [*_measured(run, self.contents), *_last_events(run)]

    def _read(self, read: Callable[[], Any]) -> Any:
        """Return what ``read`` returns from the source; if that fails, only this run is left out."""
        try:
            return read()
        except (NbtrackError, OSError) as error:
            raise UnreadableRun(f"run {self.run.id} is left out: {error}") from error

    def _first_events(self, experiment: Experiment) -> list[Event]:
        run, contents = self.run, self.contents
        events: list[Event] = [RunStarted(experiment.name, run.name, run.start_time, run.user)]
        events += [ParamsLogged(contents.params)] if contents.params else []
        events += [TagsSet(contents.tags)] if contents.tags else []
        for kind, sha256 in sorted(contents.documents.items()):
            text = self._read(partial(self.source.document, sha256))
            events += [DocumentLogged(kind, text)] if text is not None else []
        events += [DatasetLogged(dataset) for dataset in contents.datasets]
        events += [ModelMade(each.model_id, each.step) for each in contents.made]
        return events + [ModelRead(each.model_id) for each in contents.read]

    def make(self, problems: list[str]) -> bool:
        """Copy what the target does not have; return whether that was anything."""
        total = len(self.start) + len(self.contents.files) + len(self.end)
        is_there = bool(self.target.store.tags([self.run.id]))
        reached = self._apply() if is_there else Progress()
        if reached.events < total:
            reached = self._apply(self.start) if reached.events < len(self.start) else reached
            if not is_there:
                self._set_stage()
            problems += [f"run {self.run.id}: param {each.key!r} stays {each.kept!r} there" for each in reached.conflicts]
            self._copy_models(problems)
            self._copy_points(reached.lanes.get(0, 0))
            self._copy_files(reached.events - len(self.start), problems)
            self._apply(self.end, first=total - len(self.end))
        return not is_there or reached.events < total

    def _apply(self, events: Sequence[Event] = (), first: int = 0, lanes: tuple[LaneRows, ...] = ()) -> Progress:
        (reached,) = self.target.store.apply([Batch(self.run.id, self.writer, first, tuple(events), lanes)])
        return reached

    def _copy_points(self, done: int) -> None:
        first = 0
        for series in self._pieces():
            count = len(series.steps)
            if first >= done:
                self._apply(lanes=(LaneRows(0, first, count, (series,)),))
                self.tell("points", count * len(series.keys))
            first += count

    def _pieces(self) -> Iterator[Any]:
        pieces = self.source.points(self.run)
        while (series := self._read(lambda: next(pieces, None))) is not None:
            yield series

    def _copy_files(self, done: int, problems: list[str]) -> None:
        if done >= len(self.contents.files):
            return
        there = self.target.open_files(self.target.store.get_run(self.run.id).artifact_uri)
        files = self._read(lambda: self.source.files(self.run))
        for place, record in enumerate(self.contents.files[done:], len(self.start) + done):
            try:
                self._apply([self._copy_file(files, there, record)], first=place)
            except (ArtifactNotFound, InvalidInput, OSError) as error:
                problems.append(f"the file {record.path} of run {self.run.id}: {error}")
                # The first writer stays where it is, so that the next copy begins with this file.
                self.writer = f"{self._name}-rest"

    def _copy_models(self, problems: list[str]) -> None:
        for model in self.contents.models:
            if not is_run_id(model.id):  # as for a run's id
                problems.append(f"a logged model of run {self.run.id} is left out because {model.id[:80]!r} is not a valid id")
                continue
            try:
                kept = self.target.store.models.adopt(replace(model, experiment_id=self.experiment.id))
                self._copy_model_files(model, self.target.open_files(kept.artifact_uri))
            except (ArtifactNotFound, Deleted, InvalidInput, OSError) as error:
                problems.append(f"the logged model {model.name!r} of run {self.run.id}: {error}")
            except UnreadableRun as error:  # only its files cannot be read
                problems.append(f"the logged model {model.name!r} of run {self.run.id}: {error.__cause__}")

    def _copy_model_files(self, model: LoggedModelInfo, there: ArtifactStore) -> None:
        """Copy the files that the target does not have in the same size, because a model's files never change."""
        records, files = self._read(lambda: self.source.model_files(model))
        known = {record.path: record.size for record in walk(there, problems=[])}
        for record in records:
            if known.get(record.path) != record.size:
                self._copy_file(files, there, record)

    def _copy_file(self, files: FileReader, there: ArtifactStore, record: ArtifactRecord) -> Event:
        with files.open(record.path) as opened:
            content = MeasuredFile(opened, self.tell)
            there.write(record.path, content)
        return ArtifactLogged(record.path, content.size, content.sha256.hexdigest())

    def _set_stage(self) -> None:
        """Delete a run that this copy has started if it is deleted in the source; a run that was there keeps its stage."""
        if self.run.stage is LifecycleStage.DELETED:
            self.target.store.delete_run(self.run.id)


def _digest(run: RunInfo, contents: SourceRun) -> str:
    """Return a digest that changes whenever anything of a run changes."""
    facts = (run.name, run.status, run.start_time, run.end_time, run.user)
    known = [contents.params, contents.tags, contents.documents, contents.datasets, contents.files, contents.points]
    if contents.made or contents.read:
        known += [contents.made, contents.read, _measured(run, contents)]
    return hashlib.sha256(json.dumps([facts, known], default=repr, sort_keys=True).encode()).hexdigest()[:32]


def _measured(run: RunInfo, contents: SourceRun) -> list[Event]:
    """Return the events for the metrics of the run's models, which need the models in the target."""
    own = [(model.id, [each for each in model.metrics if each.run_id == run.id]) for model in contents.models]
    return [ModelMeasured(model_id, tuple(replace(each, run_id="") for each in metrics)) for model_id, metrics in own if metrics]


def _last_events(run: RunInfo) -> list[Event]:
    if run.end_time is not None and run.status in (Status.FINISHED, Status.FAILED, Status.KILLED):
        return [RunEnded(run.status, run.end_time)]
    return [RunUpdated(run.status, run.end_time)]
