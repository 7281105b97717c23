"""The store protocol over a state in memory."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from typing_extensions import override

from ...entities.events import Batch, Progress
from ...entities.run import (
    DEFAULT_EXPERIMENT,
    ArtifactRecord,
    Dataset,
    Experiment,
    LifecycleStage,
    ParamValue,
    Points,
    RunInfo,
    Status,
    ViewType,
    now_ms,
)
from ...errors import AlreadyExists, Deleted, NotFound
from ..artifacts.paths import absolute_location
from ..matching.experiments import page_of
from ..matching.match import matches, ordered
from ..protocol.logged_models import LoggedModels
from ..protocol.model_registry import Registry
from ..protocol.search import Page, Query
from ..protocol.store import OpenRun, Store
from ..protocol.traces import Traces
from ..stages import refuse_deleted
from ..text import storable
from .logged_models import MemoryLoggedModels
from .model_registry import MemoryModelRegistry
from .points import arrays
from .runs import MemoryRun
from .state import State
from .traces import MemoryTraces

__all__ = ["MemoryStore"]

_STAGES: dict[ViewType, tuple[LifecycleStage, ...]] = {
    "active": (LifecycleStage.ACTIVE,),
    "deleted": (LifecycleStage.DELETED,),
    "all": (LifecycleStage.ACTIVE, LifecycleStage.DELETED),
}


class MemoryStore(Store):
    """Keeps runs for as long as the process lives, with every guarantee of ``protocol.store`` but durability.

    Args:
        artifact_root: Where an experiment's artifacts lie unless it says otherwise, under its id.
    """

    is_immediate = True

    def __init__(self, artifact_root: str = "memory:") -> None:
        self.uri = "memory:"
        self._lock = threading.RLock()
        self._state = State(artifact_root)
        self._state.add_experiment(DEFAULT_EXPERIMENT)
        self.registry: Registry = MemoryModelRegistry()
        self.models: LoggedModels = MemoryLoggedModels(self._lock, lambda: self._state)
        self.traces: Traces = MemoryTraces(self._lock, lambda: self._state)

    @override
    def apply(self, batches: Sequence[Batch]) -> list[Progress]:
        with self._lock:
            draft = self._state.draft({batch.run_id for batch in batches})
            progress = [draft.apply(batch) for batch in batches]
            self._state = draft
            return progress

    @override
    def heartbeat(self, run_ids: Sequence[str], time: int) -> None:
        with self._lock:
            for run in self._known(run_ids):
                run.heartbeat = now_ms()

    @override
    def open_runs(self) -> list[OpenRun]:
        with self._lock:
            runs = [run for run in self._state.runs.values() if run.info.status is Status.RUNNING]
            now = now_ms()
            return [OpenRun(run.info.id, run.owner, run.heartbeat, dict(run.tags), now - run.heartbeat) for run in runs]

    # Experiments.

    @override
    def create_experiment(
        self, name: str, *, artifact_location: str | None = None, tags: dict[str, str] | None = None
    ) -> Experiment:
        name, artifact_location, tags = storable((name, artifact_location, tags))
        location = artifact_location and absolute_location(artifact_location)
        with self._lock:
            self._refuse_taken(name)
            return self._state.add_experiment(name, location, tags)

    @override
    def get_experiment(self, experiment_id: str) -> Experiment:
        with self._lock:
            return self._state.experiment(experiment_id)

    @override
    def find_experiment(self, name: str) -> Experiment | None:
        with self._lock:
            return self._state.named(storable(name))

    @override
    def experiments(self, view: ViewType = "active") -> list[Experiment]:
        with self._lock:
            found = [experiment for experiment in self._state.experiments.values() if experiment.stage in _STAGES[view]]
            return sorted(found, key=lambda experiment: (-experiment.created, int(experiment.id)))

    @override
    def search_experiments(self, query: Query) -> Page[Experiment]:
        return page_of(self.experiments(query.view), query)

    @override
    def update_experiment(self, experiment_id: str, *, name: str | None = None, tags: dict[str, str] | None = None) -> None:
        name, tags = storable((name, tags))
        with self._lock:
            old = self._changeable(experiment_id)
            if name is not None and name != old.name:
                self._refuse_taken(name)
            new = replace(old, name=old.name if name is None else name, tags={**old.tags, **(tags or {})}, updated=now_ms())
            self._state.experiments[experiment_id] = new

    @override
    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        key = storable(key)
        with self._lock:
            old = self._changeable(experiment_id)
            if key not in old.tags:
                raise NotFound(f"the experiment {old.name!r} has no tag {key!r}")
            tags = {name: value for name, value in old.tags.items() if name != key}
            self._state.experiments[experiment_id] = replace(old, tags=tags, updated=now_ms())

    @override
    def delete_experiment(self, experiment_id: str) -> None:
        self._set_experiment_stage(experiment_id, LifecycleStage.DELETED)

    @override
    def restore_experiment(self, experiment_id: str) -> None:
        self._set_experiment_stage(experiment_id, LifecycleStage.ACTIVE)

    # Runs.

    @override
    def get_run(self, run_id: str) -> RunInfo:
        with self._lock:
            return self._state.run(run_id).info

    @override
    def get_runs(self, run_ids: Sequence[str]) -> list[RunInfo]:
        with self._lock:
            return [run.info for run in self._known(run_ids)]

    @override
    def search_runs(self, query: Query) -> Page[RunInfo]:
        with self._lock:
            asked = query.experiment_ids
            ids = {experiment.id for experiment in self.experiments()} if asked is None else set(asked)
            scope = (run for run in self._state.runs.values() if run.info.experiment_id in ids)
            found = [run for run in scope if run.info.stage in _STAGES[query.view] and matches(query.filter, run)]
            infos = [run.info for run in ordered(found, query.order)]
        return Page.of(infos, query)

    @override
    def delete_run(self, run_id: str) -> None:
        self._set_run_stage(run_id, LifecycleStage.DELETED)

    @override
    def restore_run(self, run_id: str) -> None:
        self._set_run_stage(run_id, LifecycleStage.ACTIVE)

    @override
    def purge_runs(self, run_ids: Sequence[str]) -> None:
        with self._lock:
            for run in self._known(run_ids):
                if run.info.stage is LifecycleStage.DELETED:
                    self._state.runs.pop(run.info.id, None)

    @override
    def params(self, run_ids: Sequence[str]) -> list[tuple[str, str, ParamValue]]:
        with self._lock:
            found = [(run.info.id, *item) for run in self._known(run_ids) for item in sorted(run.params.items(), key=_key)]
            return copy.deepcopy(found)

    @override
    def tags(self, run_ids: Sequence[str]) -> list[tuple[str, str, str]]:
        with self._lock:
            return [(run.info.id, key, value) for run in self._known(run_ids) for key, value in sorted(run.tags.items())]

    @override
    def metrics(self, run_ids: Sequence[str], stats: Sequence[str]) -> list[tuple[str, str, *tuple[float, ...]]]:
        with self._lock:
            summaries = [(run.info.id, *item) for run in self._known(run_ids) for item in sorted(run.metrics.items(), key=_key)]
            return [(run_id, key, *(getattr(summary, stat) for stat in stats)) for run_id, key, summary in summaries]

    @override
    def history(self, run_id: str, key: str) -> Points:
        with self._lock:
            return arrays(list(self._state.run(run_id).points.get(key, {}).values()))

    @override
    def histories(self, run_ids: Sequence[str], keys: Sequence[str] | None) -> list[tuple[str, str, Points]]:
        with self._lock:
            wanted = ((run, key) for run in self._known(run_ids) for key in sorted(run.metrics) if keys is None or key in keys)
            return [(run.info.id, key, arrays(list(run.points[key].values()))) for run, key in wanted]

    # Documents, artifacts and datasets.

    @override
    def documents(self, run_id: str) -> dict[str, str]:
        with self._lock:
            return dict(sorted(self._state.run(run_id).documents.items()))

    @override
    def read_document(self, sha256: str) -> str | None:
        with self._lock:
            return self._state.documents.get(sha256)

    @override
    def artifacts(self, run_id: str) -> list[ArtifactRecord]:
        with self._lock:
            return [record for _, record in sorted(self._state.run(run_id).artifacts.items())]

    @override
    def datasets(self, run_id: str) -> list[Dataset]:
        with self._lock:
            return [dataset for _, dataset in sorted(self._state.run(run_id).datasets.items(), key=_key)]

    @override
    def datasets_of(self, run_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
        with self._lock:
            return [(run.info.id, dataset) for run in self._known(run_ids) for dataset in self.datasets(run.info.id)]

    @override
    def datasets_in(self, experiment_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
        with self._lock:
            runs = [run for run in self._state.runs.values() if run.info.experiment_id in experiment_ids]
            found = {(run.info.experiment_id, replace(each, tags=())) for run in runs for each in run.datasets.values()}
        return sorted(found, key=lambda pair: (int(pair[0]), pair[1].name, pair[1].digest, pair[1].context))

    @override
    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    # What several of these do.

    def _known(self, run_ids: Sequence[str]) -> Iterator[MemoryRun]:
        return (self._state.runs[run_id] for run_id in run_ids if run_id in self._state.runs)

    def _changeable(self, experiment_id: str) -> Experiment:
        found = self._state.experiment(experiment_id)
        if found.stage is LifecycleStage.DELETED:
            raise Deleted(f"the experiment {found.name!r} is deleted; restore it before changing it")
        return found

    def _refuse_taken(self, name: str) -> None:
        if (taken := self._state.named(name)) is not None:
            state = "" if taken.stage is LifecycleStage.ACTIVE else " It is deleted: restore it, or take another name."
            raise AlreadyExists(f"there is an experiment called {name!r} already.{state}")

    def _set_experiment_stage(self, experiment_id: str, stage: LifecycleStage) -> None:
        with self._lock:
            old = self._state.experiment(experiment_id)
            self._state.experiments[experiment_id] = replace(old, stage=stage, updated=now_ms())
            for run in self._state.runs.values():
                if run.info.experiment_id == experiment_id:
                    run.info = replace(run.info, stage=stage)

    def _set_run_stage(self, run_id: str, stage: LifecycleStage) -> None:
        with self._lock:
            run = self._state.run(run_id)
            if stage is LifecycleStage.ACTIVE:
                refuse_deleted(self._state.experiment(run.info.experiment_id))
            run.info = replace(run.info, stage=stage)


def _key(item: tuple[object, ...]) -> Any:
    return item[0]
