"""Logged models guarded by one user's permissions on their experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from typing_extensions import override

from ...entities.model import LoggedModelInfo, LoggedModelStatus, RunModel
from ...errors import RunNotFound
from ...store.protocol.logged_models import LoggedModels, ModelQuery
from ...store.protocol.search import Page
from .access import Access
from .permissions import Permission

__all__ = ["GuardedLoggedModels"]

READ, EDIT, MANAGE = Permission.READ, Permission.EDIT, Permission.MANAGE


class GuardedLoggedModels(LoggedModels):
    """The logged models of a store as one user may use them."""

    def __init__(self, models: LoggedModels, access: Access) -> None:
        self._models, self._access = models, access

    @override
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
        self._access.experiment(experiment_id, EDIT)
        if source_run_id:
            self._access.runs([source_run_id])
        return self._models.create(
            experiment_id, name=name, model_type=model_type, source_run_id=source_run_id, params=params, tags=tags
        )

    @override
    def adopt(self, model: LoggedModelInfo) -> LoggedModelInfo:
        self._access.experiment(model.experiment_id, EDIT)
        with suppress(RunNotFound):  # the run may be copied later
            if model.source_run_id:
                self._access.runs([model.source_run_id])
        return self._models.adopt(model)

    @override
    def get(self, model_id: str) -> LoggedModelInfo:
        self._access.logged_model(model_id, READ)
        return self._models.get(model_id)

    @override
    def finalize(self, model_id: str, status: LoggedModelStatus) -> LoggedModelInfo:
        self._access.logged_model(model_id, EDIT)
        return self._models.finalize(model_id, status)

    @override
    def delete(self, model_id: str) -> None:
        self._access.logged_model(model_id, MANAGE)
        self._models.delete(model_id)

    @override
    def log_params(self, model_id: str, params: Mapping[str, str]) -> None:
        self._access.logged_model(model_id, EDIT)
        self._models.log_params(model_id, params)

    @override
    def set_tags(self, model_id: str, tags: Mapping[str, str]) -> None:
        self._access.logged_model(model_id, EDIT)
        self._models.set_tags(model_id, tags)

    @override
    def delete_tag(self, model_id: str, key: str) -> None:
        self._access.logged_model(model_id, MANAGE)  # MLflow requires the permission to delete the model
        self._models.delete_tag(model_id, key)

    @override
    def search(self, search: ModelQuery) -> Page[LoggedModelInfo]:
        return self._models.search(replace(search, experiment_ids=self._access.readable(search.experiment_ids or ())))

    @override
    def outputs(self, run_ids: Sequence[str]) -> list[RunModel]:
        self._access.runs(run_ids)
        return self._models.outputs(run_ids)

    @override
    def inputs(self, run_ids: Sequence[str]) -> list[RunModel]:
        self._access.runs(run_ids)
        return self._models.inputs(run_ids)
