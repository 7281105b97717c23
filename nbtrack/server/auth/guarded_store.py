"""A store as one user may use it: every method asks first, and a search finds only what the user may read.

What is not here cannot be done: a method that a store gains is refused until it has a rule.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from ...entities.events import Batch, ModelMade, ModelMeasured, ModelRead, Progress, RunStarted
from ...entities.run import ArtifactRecord, Dataset, Experiment, ParamValue, Points, RunInfo, ViewType
from ...errors import AccessDenied, AlreadyExists, NotPermitted, RunNotFound
from ...store.matching.experiments import page_of
from ...store.protocol.logged_models import WithModels
from ...store.protocol.model_registry import WithRegistry
from ...store.protocol.search import Page, Query
from ...store.protocol.store import Axis, Logged, OpenRun, RunDetails, Store, together
from ...store.protocol.traces import WithTraces
from ..handlers.artifact_paths import folder_at
from .access import Access
from .guarded_logged_models import GuardedLoggedModels, GuardedTraces
from .guarded_model_registry import GuardedModelRegistry
from .permissions import EXPERIMENT, Permission

__all__ = ["GuardedStore"]

READ, EDIT, MANAGE = Permission.READ, Permission.EDIT, Permission.MANAGE


class GuardedStore:
    """A store for one user; what each method does is told in ``store.base``."""

    def __init__(self, store: Store, access: Access, artifact_root: str) -> None:
        self._store, self._access, self._artifact_root = store, access, artifact_root
        self.uri = store.uri
        if isinstance(store, WithRegistry):
            self.registry = GuardedModelRegistry(store.registry, access)
        if isinstance(store, WithModels):
            self.models = GuardedLoggedModels(store.models, access)
        if isinstance(store, WithTraces):
            self.traces = GuardedTraces(store.traces, access)

    def together(self) -> AbstractContextManager[None]:
        """Read several times in one go."""
        return together(self._store)

    # Writing.

    def apply(self, batches: Sequence[Batch]) -> list[Progress]:
        """Apply batches, each to a run that the user may edit."""
        begun: dict[str, str] = {}
        for batch in batches:
            self._access.experiment(self._experiment_of(batch, begun), EDIT)
            events = batch.events
            changed = [each.model_id for each in events if isinstance(each, ModelMade | ModelMeasured)]
            self._access.logged_models(changed, EDIT)
            self._access.logged_models([each.model_id for each in events if isinstance(each, ModelRead)], READ)
        return self._store.apply(batches)

    def _experiment_of(self, batch: Batch, begun: dict[str, str]) -> str:
        """Return the experiment of a batch's run, which may begin in it or in one before."""
        started = next((each for each in batch.events if isinstance(each, RunStarted)), None)
        if started is not None:  # a run of this id may have been purged, by another process too, and begin elsewhere
            self._access.index.forget_runs([batch.run_id])
        try:
            return begun.get(batch.run_id) or self._access.index.of_run(batch.run_id)
        except RunNotFound:
            if started is None:
                raise
            begun[batch.run_id] = started.experiment_id or self._named(started.experiment).id
            return begun[batch.run_id]

    def _named(self, name: str) -> Experiment:
        """Return the experiment of a name, made for this user where there is none."""
        found = self._store.find_experiment(name)
        if found is None:
            try:
                return self.create_experiment(name)
            except AlreadyExists:  # somebody else did, just now
                return self._named(name)
        return found

    def heartbeat(self, run_ids: Sequence[str], time: int) -> None:
        """Note a sign of life of those of the runs that the user may edit."""
        self._store.heartbeat([each for each in run_ids if self._edits(each)], time)

    def open_runs(self) -> list[OpenRun]:
        """Return the open runs that the user may edit: who asks wants to close those that are gone."""
        return [each for each in self._store.open_runs() if self._edits(each.run_id)]

    def _edits(self, run_id: str) -> bool:
        try:
            self._access.run(run_id, EDIT)
        except (AccessDenied, RunNotFound):
            return False
        return True

    # Experiments.

    def create_experiment(
        self, name: str, *, artifact_location: str | None = None, tags: dict[str, str] | None = None
    ) -> Experiment:
        """Create an experiment, which is then the user's to manage."""
        if artifact_location:
            self._check_location(artifact_location)
        made = self._store.create_experiment(name, artifact_location=artifact_location, tags=tags)
        self._access.grant_to_creator(EXPERIMENT, made.id)
        return made

    def _check_location(self, location: str) -> None:
        """Refuse a folder of the server's that is another experiment's, or will be: who has an experiment has its folder."""
        try:
            folder = folder_at(location, self._artifact_root)
        except Exception as error:
            if getattr(error, "code", "") == "INVALID_PARAMETER_VALUE":
                return
            raise
        if not self._access.rights.user.is_admin and (not folder or re.match(r"\d+(/|$)", folder)):
            raise NotPermitted(f"Permission denied: only an administrator may put an experiment's files at {location}")
        for experiment_id in self._access.index.of_path(folder, deep=True):
            self._access.experiment(experiment_id, MANAGE)

    def get_experiment(self, experiment_id: str) -> Experiment:
        """Return an experiment that the user may read."""
        self._access.experiment(experiment_id, READ)
        return self._store.get_experiment(experiment_id)

    def find_experiment(self, name: str) -> Experiment | None:
        """Return the experiment of a name; one that may not be read is refused, since there is one."""
        found = self._store.find_experiment(name)
        if found is not None:
            self._access.experiment(found.id, READ)
        return found

    def experiments(self, view: ViewType = "active") -> list[Experiment]:
        """Return all experiments that the user may read."""
        found = self._store.experiments(view)
        readable = set(self._access.readable(each.id for each in found))
        return [each for each in found if each.id in readable]

    def search_experiments(self, query: Query) -> Page[Experiment]:
        """Return those that match and may be read: pages are made of them alone."""
        if self._access.rights.reads_all(EXPERIMENT):
            return self._store.search_experiments(query)
        return page_of(self.experiments(query.view), query)

    def update_experiment(self, experiment_id: str, *, name: str | None = None, tags: dict[str, str] | None = None) -> None:
        """Rename or tag an experiment that the user may edit."""
        self._access.experiment(experiment_id, EDIT)
        self._store.update_experiment(experiment_id, name=name, tags=tags)

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """Take a tag from an experiment that the user may edit."""
        self._access.experiment(experiment_id, EDIT)
        self._store.delete_experiment_tag(experiment_id, key)

    def delete_experiment(self, experiment_id: str) -> None:
        """Delete an experiment that the user manages."""
        self._access.experiment(experiment_id, MANAGE)
        self._store.delete_experiment(experiment_id)

    def restore_experiment(self, experiment_id: str) -> None:
        """Bring back an experiment that the user manages."""
        self._access.experiment(experiment_id, MANAGE)
        self._store.restore_experiment(experiment_id)

    # Runs.

    def get_run(self, run_id: str) -> RunInfo:
        """Return a run that the user may read."""
        self._access.run(run_id, READ)
        return self._store.get_run(run_id)

    def get_runs(self, run_ids: Sequence[str]) -> list[RunInfo]:
        """Return runs that the user may read."""
        self._access.runs(run_ids)
        return self._store.get_runs(run_ids)

    def search_runs(self, query: Query) -> Page[RunInfo]:
        """Return runs in the experiments that the user may read."""
        if not self._access.rights.reads_all(EXPERIMENT):
            ids = query.experiment_ids
            asked = [each.id for each in self._store.experiments()] if ids is None else ids
            query = replace(query, experiment_ids=self._access.readable(asked))
        page = self._store.search_runs(query)
        for each in page.items:
            self._access.index.note_run(each.id, each.experiment_id)
        return page

    def delete_run(self, run_id: str) -> None:
        """Delete a run in an experiment that the user manages."""
        self._access.run(run_id, MANAGE)
        self._store.delete_run(run_id)

    def restore_run(self, run_id: str) -> None:
        """Bring back a run in an experiment that the user manages."""
        self._access.run(run_id, MANAGE)
        self._store.restore_run(run_id)

    def purge_runs(self, run_ids: Sequence[str]) -> None:
        """Remove runs in experiments that the user manages for good."""
        self._access.runs(run_ids, MANAGE)
        self._store.purge_runs(run_ids)
        self._access.index.forget_runs(run_ids)

    # What is known of runs: of those that the user may read.

    def logged(self, run_ids: Sequence[str], stats: Sequence[str]) -> Logged:
        """Return all that was logged into runs."""
        self._access.runs(run_ids)
        return self._store.logged(run_ids, stats)

    def details(self, run_ids: Sequence[str], stats: Sequence[str]) -> RunDetails:
        """Return params, tags and summaries of metrics of runs."""
        self._access.runs(run_ids)
        return self._store.details(run_ids, stats)

    def params(self, run_ids: Sequence[str]) -> list[tuple[str, str, ParamValue]]:
        """Return params of runs."""
        self._access.runs(run_ids)
        return self._store.params(run_ids)

    def tags(self, run_ids: Sequence[str]) -> list[tuple[str, str, str]]:
        """Return tags of runs."""
        self._access.runs(run_ids)
        return self._store.tags(run_ids)

    def metrics(self, run_ids: Sequence[str], stats: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return summaries of metrics of runs."""
        self._access.runs(run_ids)
        return self._store.metrics(run_ids, stats)

    def history(self, run_id: str, key: str) -> Points:
        """Return the points of a metric."""
        self._access.run(run_id, READ)
        return self._store.history(run_id, key)

    def stretches(self, run_id: str, keys: Sequence[str], axis: Axis, low: int, high: int) -> list[tuple[str, str, Points]]:
        """Return some points of metrics."""
        self._access.run(run_id, READ)
        return self._store.stretches(run_id, keys, axis, low, high)

    def histories(self, run_ids: Sequence[str], keys: Sequence[str] | None) -> list[tuple[str, str, Points]]:
        """Return the points of metrics of runs."""
        self._access.runs(run_ids)
        return self._store.histories(run_ids, keys)

    def documents(self, run_id: str) -> dict[str, str]:
        """Return the documents of a run."""
        self._access.run(run_id, READ)
        return self._store.documents(run_id)

    def read_document(self, sha256: str) -> str | None:
        """Return a text; its hash is told only to those who may read a run that has it, or who have the text."""
        return self._store.read_document(sha256)

    def documents_of(self, run_ids: Sequence[str]) -> list[tuple[str, str, str]]:
        """Return the documents of runs."""
        self._access.runs(run_ids)
        return self._store.documents_of(run_ids)

    def read_documents(self, sha256s: Sequence[str]) -> dict[str, str]:
        """Return texts, as ``read_document`` does."""
        return self._store.read_documents(sha256s)

    def artifacts(self, run_id: str) -> list[ArtifactRecord]:
        """Return what was recorded of a run's files."""
        self._access.run(run_id, READ)
        return self._store.artifacts(run_id)

    def artifacts_of(self, run_ids: Sequence[str]) -> list[tuple[str, ArtifactRecord]]:
        """Return what was recorded of the files of runs."""
        self._access.runs(run_ids)
        return self._store.artifacts_of(run_ids)

    def datasets(self, run_id: str) -> list[Dataset]:
        """Return what a run read."""
        self._access.run(run_id, READ)
        return self._store.datasets(run_id)

    def datasets_of(self, run_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
        """Return what runs read."""
        self._access.runs(run_ids)
        return self._store.datasets_of(run_ids)

    def datasets_in(self, experiment_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
        """Return what was read in the experiments that the user may read."""
        return self._store.datasets_in(self._access.readable(experiment_ids))

    def close(self) -> None:
        """Do nothing: the store is the server's."""
