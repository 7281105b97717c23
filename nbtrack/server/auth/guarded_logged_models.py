"""Logged models and traces as one user may use them: both are their experiment's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from ...entities.model import LoggedModelInfo, LoggedModelStatus, RunModel
from ...entities.trace import Assessment, TraceInfo, TraceState
from ...errors import RunNotFound, TraceNotFound
from ...store.protocol.logged_models import LoggedModels, ModelQuery
from ...store.protocol.search import Page, Query
from ...store.protocol.traces import Traces
from .access import Access
from .permissions import Permission

__all__ = ["GuardedLoggedModels", "GuardedTraces"]

READ, EDIT, MANAGE = Permission.READ, Permission.EDIT, Permission.MANAGE


class GuardedLoggedModels:
    """Logged models for one user; what each method does is told in ``store.models``."""

    def __init__(self, models: LoggedModels, access: Access) -> None:
        self._models, self._access = models, access

    def create(
        self,
        experiment_id: str,
        *,
        name: str,
        model_type: str = "",
        source_run_id: str = "",
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> LoggedModelInfo:
        """Make a model in an experiment that the user may edit, of a run that may be read."""
        self._access.experiment(experiment_id, EDIT)
        if source_run_id:
            self._access.runs([source_run_id])
        return self._models.create(
            experiment_id, name=name, model_type=model_type, source_run_id=source_run_id, params=params, tags=tags
        )

    def adopt(self, model: LoggedModelInfo) -> LoggedModelInfo:
        """Keep another store's model in an experiment that the user may edit."""
        self._access.experiment(model.experiment_id, EDIT)
        with suppress(RunNotFound):  # the run may come later
            if model.source_run_id:
                self._access.runs([model.source_run_id])
        return self._models.adopt(model)

    def get(self, model_id: str) -> LoggedModelInfo:
        """Return a model that the user may read."""
        self._access.logged_model(model_id, READ)
        return self._models.get(model_id)

    def finalize(self, model_id: str, status: LoggedModelStatus) -> LoggedModelInfo:
        """Say whether a model's files are there."""
        self._access.logged_model(model_id, EDIT)
        return self._models.finalize(model_id, status)

    def delete(self, model_id: str) -> None:
        """Delete a model of an experiment that the user manages."""
        self._access.logged_model(model_id, MANAGE)
        self._models.delete(model_id)

    def log_params(self, model_id: str, params: Mapping[str, str]) -> None:
        """Add params."""
        self._access.logged_model(model_id, EDIT)
        self._models.log_params(model_id, params)

    def set_tags(self, model_id: str, tags: Mapping[str, str]) -> None:
        """Set tags."""
        self._access.logged_model(model_id, EDIT)
        self._models.set_tags(model_id, tags)

    def delete_tag(self, model_id: str, key: str) -> None:
        """Take a tag away, which MLflow lets those do who may delete the model."""
        self._access.logged_model(model_id, MANAGE)
        self._models.delete_tag(model_id, key)

    def search(self, search: ModelQuery) -> Page[LoggedModelInfo]:
        """Return models in the experiments that the user may read."""
        return self._models.search(replace(search, experiment_ids=self._access.readable(search.experiment_ids or ())))

    def outputs(self, run_ids: Sequence[str]) -> list[RunModel]:
        """Return what runs made that may be read."""
        self._access.runs(run_ids)
        return self._models.outputs(run_ids)

    def inputs(self, run_ids: Sequence[str]) -> list[RunModel]:
        """Return what runs read that may be read."""
        self._access.runs(run_ids)
        return self._models.inputs(run_ids)


class GuardedTraces:
    """Traces for one user; what each method does is told in ``store.traces``."""

    def __init__(self, traces: Traces, access: Access) -> None:
        self._traces, self._access = traces, access

    def start(self, info: TraceInfo) -> TraceInfo:
        """Keep a trace in an experiment that the user may edit; one that is there may be another's."""
        self._access.experiment(info.experiment_id, EDIT)
        try:
            self._access.trace(info.id, EDIT)
        except TraceNotFound:
            return self._traces.start(info)
        return self._traces.start(info)

    def end(
        self, trace_id: str, *, duration: int, state: TraceState, metadata: Mapping[str, str], tags: Mapping[str, str]
    ) -> TraceInfo:
        """Say how a trace ended."""
        self._access.trace(trace_id, EDIT)
        return self._traces.end(trace_id, duration=duration, state=state, metadata=metadata, tags=tags)

    def get(self, trace_ids: Sequence[str]) -> list[TraceInfo]:
        """Return traces that the user may read."""
        self._access.traces(trace_ids, READ)
        return self._traces.get(trace_ids)

    def search(self, search: Query) -> Page[TraceInfo]:
        """Return traces in the experiments that the user may read."""
        return self._traces.search(replace(search, experiment_ids=self._access.readable(search.experiment_ids or ())))

    def set_tag(self, trace_id: str, key: str, value: str) -> None:
        """Set a tag."""
        self._access.trace(trace_id, EDIT)
        self._traces.set_tag(trace_id, key, value)

    def delete_tag(self, trace_id: str, key: str) -> None:
        """Take a tag away."""
        self._access.trace(trace_id, EDIT)
        self._traces.delete_tag(trace_id, key)

    def delete(
        self, experiment_id: str, *, trace_ids: Sequence[str] | None = None, before: int | None = None, limit: int | None = None
    ) -> int:
        """Delete traces of an experiment that the user manages."""
        self._access.experiment(experiment_id, MANAGE)
        return self._traces.delete(experiment_id, trace_ids=trace_ids, before=before, limit=limit)

    def assess(self, trace_id: str, assessment: Assessment) -> None:
        """Keep an assessment."""
        self._access.trace(trace_id, EDIT)
        self._traces.assess(trace_id, assessment)

    def delete_assessment(self, trace_id: str, assessment_id: str) -> None:
        """Take an assessment away."""
        self._access.trace(trace_id, EDIT)
        self._traces.delete_assessment(trace_id, assessment_id)
