"""Logged models in memory."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from typing_extensions import override

from ...entities.model import LoggedModelInfo, LoggedModelStatus, RunModel
from ...entities.run import LifecycleStage, now_ms
from ...errors import Deleted, ModelNotFound, NotFound
from ..matching.logged_models import page_of_logged
from ..protocol.logged_models import LoggedModels, ModelQuery, adopted, check_logged_name, check_params
from ..protocol.search import Page
from ..text import storable
from .state import State

__all__ = ["MemoryLoggedModels"]


class MemoryLoggedModels(LoggedModels):
    """Logged models in the state of a store in memory.

    Args:
        lock: The store's lock.
        state: Returns the current state of the store.
    """

    def __init__(self, lock: AbstractContextManager[bool], state: Callable[[], State]) -> None:
        self._lock, self._state = lock, state

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
        with self._lock:
            experiment = self._state().experiment(experiment_id)
            if experiment.stage is LifecycleStage.DELETED:
                raise Deleted(f"the experiment {experiment.name!r} is deleted; restore it before logging a model to it")
            model_id, now = f"m-{secrets.token_hex(16)}", now_ms()
            info = LoggedModelInfo(
                model_id,
                experiment_id,
                check_logged_name(name),
                f"{experiment.artifact_location}/models/{model_id}/artifacts",
                now,
                now,
                model_type=model_type,
                source_run_id=source_run_id,
                params=_sorted(params),
                tags=_sorted(tags),
            )
            return self._keep(storable(info))

    @override
    def adopt(self, model: LoggedModelInfo) -> LoggedModelInfo:
        with self._lock:
            known = self._state().models.get(storable(model.id))
            return known or self._keep(adopted(model, self._state().experiment(model.experiment_id)))

    @override
    def get(self, model_id: str) -> LoggedModelInfo:
        with self._lock:
            found = self._state().models.get(storable(model_id))
        if found is None or found.stage is LifecycleStage.DELETED:
            raise ModelNotFound(f"Logged model with ID {model_id!r} not found.")
        return found

    @override
    def finalize(self, model_id: str, status: LoggedModelStatus) -> LoggedModelInfo:
        with self._lock:
            return self._keep(replace(self.get(model_id), status=status, updated=now_ms()))

    @override
    def delete(self, model_id: str) -> None:
        with self._lock:
            self._keep(replace(self.get(model_id), stage=LifecycleStage.DELETED, updated=now_ms()))

    @override
    def log_params(self, model_id: str, params: Mapping[str, str]) -> None:
        with self._lock:
            old, new = self.get(model_id), storable(dict(params))
            check_params(old.params, new)
            self._keep(replace(old, params=_sorted({**new, **old.params})))

    @override
    def set_tags(self, model_id: str, tags: Mapping[str, str]) -> None:
        with self._lock:
            old = self.get(model_id)
            self._keep(replace(old, tags=_sorted({**old.tags, **storable(dict(tags))})))

    @override
    def delete_tag(self, model_id: str, key: str) -> None:
        with self._lock:
            old = self.get(model_id)
            if key not in old.tags:
                raise NotFound(f"No tag with key {key!r} found for model with ID {model_id!r}.")
            self._keep(replace(old, tags={each: value for each, value in old.tags.items() if each != key}))

    @override
    def search(self, search: ModelQuery) -> Page[LoggedModelInfo]:
        with self._lock:
            models = list(self._state().models.values())
        found = [
            each for each in models if each.stage is LifecycleStage.ACTIVE and each.experiment_id in (search.experiment_ids or ())
        ]
        return page_of_logged(found, search)

    @override
    def outputs(self, run_ids: Sequence[str]) -> list[RunModel]:
        with self._lock:
            runs = self._state().runs
            known = [(run_id, runs[run_id].outputs) for run_id in run_ids if run_id in runs]
            return [RunModel(run_id, *item) for run_id, outputs in known for item in sorted(outputs.items())]

    @override
    def inputs(self, run_ids: Sequence[str]) -> list[RunModel]:
        with self._lock:
            runs = self._state().runs
            known = [(run_id, runs[run_id].inputs) for run_id in run_ids if run_id in runs]
            return [RunModel(run_id, model_id) for run_id, inputs in known for model_id in sorted(inputs)]

    def _keep(self, info: LoggedModelInfo) -> LoggedModelInfo:
        self._state().models[info.id] = info
        return info


def _sorted(values: Mapping[str, str] | None) -> dict[str, str]:
    return dict(sorted((values or {}).items()))
