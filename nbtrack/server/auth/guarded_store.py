"""A store guarded by one user's permissions: every method checks access first, and searches return only readable results."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from typing import Any

from typing_extensions import override

from ...entities.events import Batch, ModelMade, ModelMeasured, ModelRead, Progress, RunStarted
from ...entities.run import ArtifactRecord, Dataset, Experiment, ParamValue, Points, RunInfo, ViewType
from ...errors import AccessDenied, AlreadyExists, NotPermitted, RunNotFound
from ...store.matching.experiments import page_of
from ...store.protocol.logged_models import LoggedModels
from ...store.protocol.model_registry import Registry
from ...store.protocol.search import Page, Query
from ...store.protocol.store import Axis, Logged, OpenRun, RunDetails, RunOverview, Store
from ...store.protocol.traces import Traces
from ..handlers.artifact_paths import folder_at
from .access import Access
from .guarded_logged_models import GuardedLoggedModels
from .guarded_model_registry import GuardedModelRegistry
from .guarded_traces import GuardedTraces
from .permissions import EXPERIMENT, Permission

__all__ = ["GuardedStore"]

READ, EDIT, MANAGE = Permission.READ, Permission.EDIT, Permission.MANAGE


class GuardedStore(Store):
    """A store as one user may use it."""

    def __init__(self, store: Store, access: Access, artifact_root: str) -> None:
        self._store, self._access, self._artifact_root = store, access, artifact_root
        self.uri = store.uri

    @cached_property
    @override
    def registry(self) -> Registry:
        return GuardedModelRegistry(self._store.registry, self._access)

    @cached_property
    @override
    def models(self) -> LoggedModels:
        return GuardedLoggedModels(self._store.models, self._access)

    @cached_property
    @override
    def traces(self) -> Traces:
        return GuardedTraces(self._store.traces, self._access)

    @override
    def together(self) -> AbstractContextManager[None]:
        return self._store.together()

    # Writing.

    @override
    def apply(self, batches: Sequence[Batch]) -> list[Progress]:
        begun: dict[str, str] = {}
        for batch in batches:
            self._access.experiment(self._experiment_of(batch, begun), EDIT)
            events = batch.events
            changed = [each.model_id for each in events if isinstance(each, ModelMade | ModelMeasured)]
            self._access.logged_models(changed, EDIT)
            self._access.logged_models([each.model_id for each in events if isinstance(each, ModelRead)], READ)
        return self._store.apply(batches)

    def _experiment_of(self, batch: Batch, begun: dict[str, str]) -> str:
        """Return the experiment of a batch's run, which may be created by this batch or an earlier one."""
        started = next((each for each in batch.events if isinstance(each, RunStarted)), None)
        if started is not None:  # a run of this id may have been purged, also by another process, and start in another experiment
            self._access.index.forget_runs([batch.run_id])
        try:
            return begun.get(batch.run_id) or self._access.index.of_run(batch.run_id)
        except RunNotFound:
            if started is None:
                raise
            begun[batch.run_id] = started.experiment_id or self._named(started.experiment).id
            return begun[batch.run_id]

    def _named(self, name: str) -> Experiment:
        """Return the experiment of a name, created for this user if there is none."""
        found = self._store.find_experiment(name)
        if found is None:
            try:
                return self.create_experiment(name)
            except AlreadyExists:  # another client has just created it
                return self._named(name)
        return found

    @override
    def heartbeat(self, run_ids: Sequence[str], time: int) -> None:
        # Skip runs instead of refusing: a client sends the heartbeats of all its runs together.
        self._store.heartbeat([each for each in run_ids if self._edits(each)], time)

    @override
    def open_runs(self) -> list[OpenRun]:
        # Clients ask in order to close runs whose process has died: of those that the user may edit.
        return [each for each in self._store.open_runs() if self._edits(each.run_id)]

    def _edits(self, run_id: str) -> bool:
        try:
            self._access.run(run_id, EDIT)
        except (AccessDenied, RunNotFound):
            return False
        return True

    # Experiments.

    @override
    def create_experiment(
        self, name: str, *, artifact_location: str | None = None, tags: dict[str, str] | None = None
    ) -> Experiment:
        if artifact_location:
            self._check_location(artifact_location)
        made = self._store.create_experiment(name, artifact_location=artifact_location, tags=tags)
        self._access.grant_to_creator(EXPERIMENT, made.id)
        return made

    def _check_location(self, location: str) -> None:
        """Refuse a folder that overlaps another experiment's, because access to files follows from their experiment's folder."""
        try:
            folder = folder_at(location, self._artifact_root)
        except Exception as error:
            if getattr(error, "code", "") == "INVALID_PARAMETER_VALUE":
                return  # it is not in the server's artifact store
            raise
        # A folder that begins with a number is the default location of some experiment, perhaps of a future one.
        if not self._access.rights.user.is_admin and (not folder or re.match(r"\d+(/|$)", folder)):
            raise NotPermitted(f"Permission denied: only an administrator may put an experiment's files at {location}")
        for experiment_id in self._access.index.of_path(folder, deep=True):
            self._access.experiment(experiment_id, MANAGE)

    @override
    def get_experiment(self, experiment_id: str) -> Experiment:
        self._access.experiment(experiment_id, READ)
        return self._store.get_experiment(experiment_id)

    @override
    def find_experiment(self, name: str) -> Experiment | None:
        found = self._store.find_experiment(name)
        if found is not None:  # refuse rather than return None: the name is taken, so the client could not create it
            self._access.experiment(found.id, READ)
        return found

    @override
    def experiments(self, view: ViewType = "active") -> list[Experiment]:
        found = self._store.experiments(view)
        readable = set(self._access.readable(each.id for each in found))
        return [each for each in found if each.id in readable]

    @override
    def search_experiments(self, query: Query) -> Page[Experiment]:
        if self._access.rights.reads_all(EXPERIMENT):
            return self._store.search_experiments(query)
        # Filter before paging, so that pages are full and their number reveals nothing about other experiments.
        return page_of(self.experiments(query.view), query)

    @override
    def update_experiment(self, experiment_id: str, *, name: str | None = None, tags: dict[str, str] | None = None) -> None:
        self._access.experiment(experiment_id, EDIT)
        self._store.update_experiment(experiment_id, name=name, tags=tags)

    @override
    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        self._access.experiment(experiment_id, EDIT)
        self._store.delete_experiment_tag(experiment_id, key)

    @override
    def delete_experiment(self, experiment_id: str) -> None:
        self._access.experiment(experiment_id, MANAGE)
        self._store.delete_experiment(experiment_id)

    @override
    def restore_experiment(self, experiment_id: str) -> None:
        self._access.experiment(experiment_id, MANAGE)
        self._store.restore_experiment(experiment_id)

    # Runs.

    @override
    def get_run(self, run_id: str) -> RunInfo:
        self._access.run(run_id, READ)
        return self._store.get_run(run_id)

    @override
    def get_runs(self, run_ids: Sequence[str]) -> list[RunInfo]:
        self._access.runs(run_ids)
        return self._store.get_runs(run_ids)

    @override
    def search_runs(self, query: Query) -> Page[RunInfo]:
        if not self._access.rights.reads_all(EXPERIMENT):
            ids = query.experiment_ids
            asked = [each.id for each in self._store.experiments()] if ids is None else ids
            query = replace(query, experiment_ids=self._access.readable(asked))
        page = self._store.search_runs(query)
        # Clients read the data of the runs next, which then needs no query for their experiments.
        for each in page.items:
            self._access.index.note_run(each.id, each.experiment_id)
        return page

    @override
    def delete_run(self, run_id: str) -> None:
        self._access.run(run_id, MANAGE)
        self._store.delete_run(run_id)

    @override
    def restore_run(self, run_id: str) -> None:
        self._access.run(run_id, MANAGE)
        self._store.restore_run(run_id)

    @override
    def purge_runs(self, run_ids: Sequence[str]) -> None:
        self._access.runs(run_ids, MANAGE)
        self._store.purge_runs(run_ids)
        self._access.index.forget_runs(run_ids)

    # What was logged into runs.

    @override
    def logged(self, run_ids: Sequence[str], stats: Sequence[str]) -> Logged:
        self._access.runs(run_ids)
        return self._store.logged(run_ids, stats)

    @override
    def details(self, run_ids: Sequence[str], stats: Sequence[str]) -> RunDetails:
        self._access.runs(run_ids)
        return self._store.details(run_ids, stats)

    @override
    def overview(self, run_id: str, most_curves: int, kinds: Sequence[str] = ()) -> RunOverview:
        self._access.run(run_id, READ)
        return self._store.overview(run_id, most_curves, kinds)

    @override
    def params(self, run_ids: Sequence[str]) -> list[tuple[str, str, ParamValue]]:
        self._access.runs(run_ids)
        return self._store.params(run_ids)

    @override
    def tags(self, run_ids: Sequence[str]) -> list[tuple[str, str, str]]:
        self._access.runs(run_ids)
        return self._store.tags(run_ids)

    @override
    def metrics(self, run_ids: Sequence[str], stats: Sequence[str]) -> list[tuple[Any, ...]]:
        self._access.runs(run_ids)
        return self._store.metrics(run_ids, stats)

    @override
    def history(self, run_id: str, key: str) -> Points:
        self._access.run(run_id, READ)
        return self._store.history(run_id, key)

    @override
    def stretches(self, run_id: str, keys: Sequence[str], axis: Axis, low: int, high: int) -> list[tuple[str, str, Points]]:
        self._access.run(run_id, READ)
        return self._store.stretches(run_id, keys, axis, low, high)

    @override
    def histories(self, run_ids: Sequence[str], keys: Sequence[str] | None) -> list[tuple[str, str, Points]]:
        self._access.runs(run_ids)
        return self._store.histories(run_ids, keys)

    @override
    def documents(self, run_id: str) -> dict[str, str]:
        self._access.run(run_id, READ)
        return self._store.documents(run_id)

    @override
    def read_document(self, sha256: str) -> str | None:
        # Unchecked: only somebody who may read a run with this text, or has the text, knows its hash.
        return self._store.read_document(sha256)

    @override
    def documents_of(self, run_ids: Sequence[str]) -> list[tuple[str, str, str]]:
        self._access.runs(run_ids)
        return self._store.documents_of(run_ids)

    @override
    def read_documents(self, sha256s: Sequence[str]) -> dict[str, str]:
        return self._store.read_documents(sha256s)

    @override
    def artifacts(self, run_id: str) -> list[ArtifactRecord]:
        self._access.run(run_id, READ)
        return self._store.artifacts(run_id)

    @override
    def artifacts_of(self, run_ids: Sequence[str]) -> list[tuple[str, ArtifactRecord]]:
        self._access.runs(run_ids)
        return self._store.artifacts_of(run_ids)

    @override
    def datasets(self, run_id: str) -> list[Dataset]:
        self._access.run(run_id, READ)
        return self._store.datasets(run_id)

    @override
    def datasets_of(self, run_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
        self._access.runs(run_ids)
        return self._store.datasets_of(run_ids)

    @override
    def datasets_in(self, experiment_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
        return self._store.datasets_in(self._access.readable(experiment_ids))

    @override
    def close(self) -> None:
        pass  # the store belongs to the server
