"""Logged models in memory."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING

from ...entities.model import LoggedModelInfo, LoggedModelStatus, RunModel
from ...entities.run import LifecycleStage, now_ms
from ...errors import Deleted, ModelNotFound, NotFound
from ..matching.models import page_of_logged
from ..protocol.logged_models import ModelQuery, adopted, check_logged_name, check_params
from ..protocol.search import Page
from ..text import storable
from .state import State

if TYPE_CHECKING:
    from ..protocol.logged_models import LoggedModels

__all__ = ["MemoryModels"]


class MemoryModels:
    """Logged models in the state of a store; see ``store.models.LoggedModels`` for each method.

    Args:
        lock: The store's lock.
        state: What gives the store's state as it is now.
    """

    def __init__(self, lock: AbstractContextManager[bool], state: Callable[[], State]) -> None:
        self._lock, self._state = lock, state

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
        """See ``LoggedModels.create``."""
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

    def adopt(self, model: LoggedModelInfo) -> LoggedModelInfo:
        """See ``LoggedModels.adopt``."""
        with self._lock:
            known = self._state().models.get(storable(model.id))
            return known or self._keep(adopted(model, self._state().experiment(model.experiment_id)))

    def get(self, model_id: str) -> LoggedModelInfo:
        """See ``LoggedModels.get``."""
        with self._lock:
            found = self._state().models.get(storable(model_id))
        if found is None or found.stage is LifecycleStage.DELETED:
            raise ModelNotFound(f"Logged model with ID {model_id!r} not found.")
        return found

    def finalize(self, model_id: str, status: LoggedModelStatus) -> LoggedModelInfo:
        """See ``LoggedModels.finalize``."""
        with self._lock:
            return self._keep(replace(self.get(model_id), status=status, updated=now_ms()))

    def delete(self, model_id: str) -> None:
        """See ``LoggedModels.delete``."""
        with self._lock:
            self._keep(replace(self.get(model_id), stage=LifecycleStage.DELETED, updated=now_ms()))

    def log_params(self, model_id: str, params: Mapping[str, str]) -> None:
        """See ``LoggedModels.log_params``."""
        with self._lock:
            old, new = self.get(model_id), storable(dict(params))
            check_params(old.params, new)
            self._keep(replace(old, params=_sorted({**new, **old.params})))

    def set_tags(self, model_id: str, tags: Mapping[str, str]) -> None:
        """See ``LoggedModels.set_tags``."""
        with self._lock:
            old = self.get(model_id)
            self._keep(replace(old, tags=_sorted({**old.tags, **storable(dict(tags))})))

    def delete_tag(self, model_id: str, key: str) -> None:
        """See ``LoggedModels.delete_tag``."""
        with self._lock:
            old = self.get(model_id)
            if key not in old.tags:
                raise NotFound(f"No tag with key {key!r} found for model with ID {model_id!r}.")
            self._keep(replace(old, tags={each: value for each, value in old.tags.items() if each != key}))

    def search(self, search: ModelQuery) -> Page[LoggedModelInfo]:
        """See ``LoggedModels.search``."""
        with self._lock:
            models = list(self._state().models.values())
        found = [
            each for each in models if each.stage is LifecycleStage.ACTIVE and each.experiment_id in (search.experiment_ids or ())
        ]
        return page_of_logged(found, search)

    def outputs(self, run_ids: Sequence[str]) -> list[RunModel]:
        """See ``LoggedModels.outputs``."""
        with self._lock:
            runs = self._state().runs
            known = [(run_id, runs[run_id].outputs) for run_id in run_ids if run_id in runs]
            return [RunModel(run_id, *item) for run_id, outputs in known for item in sorted(outputs.items())]

    def inputs(self, run_ids: Sequence[str]) -> list[RunModel]:
        """See ``LoggedModels.inputs``."""
        with self._lock:
            runs = self._state().runs
            known = [(run_id, runs[run_id].inputs) for run_id in run_ids if run_id in runs]
            return [RunModel(run_id, model_id) for run_id, inputs in known for model_id in sorted(inputs)]

    def _keep(self, info: LoggedModelInfo) -> LoggedModelInfo:
        self._state().models[info.id] = info
        return info


def _sorted(values: Mapping[str, str] | None) -> dict[str, str]:
    return dict(sorted((values or {}).items()))


if TYPE_CHECKING:

    def _proof(models: MemoryModels) -> LoggedModels:
        return models
