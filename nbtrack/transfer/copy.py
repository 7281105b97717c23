"""Runs from a source into a store: what is there already is passed over, what was broken off goes on.

A copy writes as a writer of its own, whose name holds a digest of all that the run has. So the store's own count of what it has
applied says where a copy that was broken off is to go on, one that is complete is known as such, and a run that has
changed since is copied anew by another writer: points that are there already are the same points.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

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
from .destinations import Destinations, active_first, is_deleted
from .source import Contents, Files, Source

if TYPE_CHECKING:
    from ..store.artifacts.protocol import ArtifactStore
    from ..store.protocol.store import Store

__all__ = ["Outcome", "Target", "Tell", "copy_all"]

# Told while a copy goes on: so many more runs were looked at, points or bytes copied.
Tell: TypeAlias = Callable[[Literal["runs", "points", "bytes"], int], None]

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Target:
    """A store to copy into, and what opens the artifact store of a run's ``artifact_uri``."""

    store: Store
    open_files: Callable[[str], ArtifactStore]


@dataclass(slots=True)
class Outcome:
    """What a copy came to.

    Attributes:
        copied: Ids of the runs that were copied, or copied further.
        unchanged: How many runs were there already, with all that they have.
        problems: What could not be copied, one line each.
        notes: What is otherwise there than in the source, one line each.
    """

    copied: list[str] = field(default_factory=list)
    unchanged: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def copy_all(source: Source, target: Target, tell: Tell = lambda what, number: None) -> Outcome:
    """Copy every run of a source, each into the experiment of the same name.

    A run that cannot be copied is named in the outcome, and the others are copied all the same. The runs of a deleted experiment
    arrive as deleted runs, and no experiment that the target had is deleted, restored or changed.

    Raises:
        StoreUnavailable: The target cannot be reached now; called again, the copy goes on where it was.
    """
    outcome, destinations = Outcome(problems=source.problems), Destinations(target.store)
    copies = [
        _copy_experiment(source, target, experiment, destinations, outcome, tell)
        for experiment in active_first(source.experiments())
    ]
    destinations.finish()
    if left := sum(copies):
        outcome.problems.append(
            f"{left} logged models that these runs made are not copied; they and their files stay where they are"
        )
    return outcome


def _copy_experiment(
    source: Source, target: Target, experiment: Experiment, destinations: Destinations, outcome: Outcome, tell: Tell
) -> int:
    """Copy the runs of an experiment; return how many logged models of theirs are left."""
    there = destinations.of(experiment)
    left, before, refused = 0, len(outcome.copied), 0
    for run in source.runs(experiment):
        try:
            copy = _Copy(source, target, _as_deleted(run) if is_deleted(experiment) else run, there, tell)
            left += copy.contents.left
            if copy.make(outcome.problems):
                outcome.copied.append(run.id)
            else:
                outcome.unchanged += 1
        except _Unreadable as error:
            outcome.problems.append(str(error))
        except Deleted as error:
            refused, refusal = refused + 1, error
        tell("runs", 1)
    if refused:
        outcome.problems.append(f"{refused} runs of {source.label} are left out: {refusal}")
    if is_deleted(experiment) and not destinations.made_deleted(there) and len(outcome.copied) > before:
        outcome.notes.append(
            f"the experiment {there.name!r} is deleted in {source.label}; its runs are deleted runs of the one of that name here"
        )
    return left


def _as_deleted(run: RunInfo) -> RunInfo:
    return replace(run, stage=LifecycleStage.DELETED)


class _Unreadable(NbtrackError):
    """A run whose source cannot be read."""


class _Copy:
    """The copy of one run."""

    def __init__(self, source: Source, target: Target, run: RunInfo, experiment: Experiment, tell: Tell) -> None:
        self.source, self.target, self.run, self.tell = source, target, run, tell
        if not is_run_id(run.id):  # a part of paths in the target
            raise _Unreadable(f"a run is left out, for {run.id[:80]!r} is no id")
        self.contents = self._read(lambda: source.contents(run))
        self.writer = self._name = f"copy-{_digest(run, self.contents)}"
        self.experiment = experiment
        self.start = self._first_events(experiment)
        self.end = [*_measured(run, self.contents), *_last_events(run)]

    def _read(self, read: Callable[[], Any]) -> Any:
        """Return what the source says; where it fails, this run alone is left out."""
        try:
            return read()
        except (NbtrackError, OSError) as error:
            raise _Unreadable(f"run {self.run.id} is left out: {error}") from error

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
        """Copy what is not there yet; return whether that was anything."""
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
                # This writer stays where it is, so that the next copy begins with this file.
                self.writer = f"{self._name}-rest"

    def _copy_models(self, problems: list[str]) -> None:
        for model in self.contents.models:
            if not is_run_id(model.id):  # likewise
                problems.append(f"a logged model of run {self.run.id} is left out, for {model.id[:80]!r} is no id")
                continue
            try:
                kept = self.target.store.models.adopt(replace(model, experiment_id=self.experiment.id))
                self._copy_model_files(model, self.target.open_files(kept.artifact_uri))
            except (ArtifactNotFound, Deleted, InvalidInput, OSError) as error:
                problems.append(f"the logged model {model.name!r} of run {self.run.id}: {error}")
            except _Unreadable as error:  # its files; the run itself can be read
                problems.append(f"the logged model {model.name!r} of run {self.run.id}: {error.__cause__}")

    def _copy_model_files(self, model: LoggedModelInfo, there: ArtifactStore) -> None:
        """Copy those files that are not there in the same size: a model's files do not change."""
        records, files = self._read(lambda: self.source.model_files(model))
        known = {record.path: record.size for record in walk(there, problems=[])}
        for record in records:
            if known.get(record.path) != record.size:
                self._copy_file(files, there, record)

    def _copy_file(self, files: Files, there: ArtifactStore, record: ArtifactRecord) -> Event:
        with files.open(record.path) as opened:
            content = _Measured(opened, self.tell)
            there.write(record.path, content)
        return ArtifactLogged(record.path, content.size, content.sha256.hexdigest())

    def _set_stage(self) -> None:
        """Delete a run that this copy has just started if the source's is; the stage of one that was there stays."""
        if self.run.stage is LifecycleStage.DELETED:
            self.target.store.delete_run(self.run.id)


class _Measured:
    """A file that is read, with its size and digest."""

    def __init__(self, file: Any, tell: Tell) -> None:
        self._file, self._tell = file, tell
        self.size, self.sha256 = 0, hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""
        data: bytes = self._file.read(size if size >= 0 else _BLOCK) if size else b""
        if size < 0 and data:
            data = b"".join(chain([data], iter(lambda: self._file.read(_BLOCK), b"")))
        self.size += len(data)
        self.sha256.update(data)
        self._tell("bytes", len(data))
        return data


def _digest(run: RunInfo, contents: Contents) -> str:
    """Return what changes whenever anything of a run does."""
    facts = (run.name, run.status, run.start_time, run.end_time, run.user)
    known = [contents.params, contents.tags, contents.documents, contents.datasets, contents.files, contents.points]
    if contents.made or contents.read:
        known += [contents.made, contents.read, _measured(run, contents)]
    return hashlib.sha256(json.dumps([facts, known], default=repr, sort_keys=True).encode()).hexdigest()[:32]


def _measured(run: RunInfo, contents: Contents) -> list[Event]:
    """Return what the run measured of its models, which must be there before."""
    own = [(model.id, [each for each in model.metrics if each.run_id == run.id]) for model in contents.models]
    return [ModelMeasured(model_id, tuple(replace(each, run_id="") for each in metrics)) for model_id, metrics in own if metrics]


def _last_events(run: RunInfo) -> list[Event]:
    if run.end_time is not None and run.status in (Status.FINISHED, Status.FAILED, Status.KILLED):
        return [RunEnded(run.status, run.end_time)]
    return [RunUpdated(run.status, run.end_time)]
