"""The experiments of an MLflow server."""

from __future__ import annotations

import re

from ...entities.run import Experiment, LifecycleStage, ViewType
from ...errors import AlreadyExists, Deleted, ExperimentNotFound, InvalidInput, NotFound
from ..mlflow_api import experiments as wire
from ..mlflow_api.enums import VIEW_NAMES
from ..mlflow_api.message import KeyValue
from .api import MlflowApi

__all__ = ["MlflowExperiments"]

_PAGE = 1000
_NUMBER = re.compile(r"[0-9]{1,18}")  # every id of MLflow's servers is a number, and a longer one would break their SQL


class MlflowExperiments:
    """Reads and changes experiments.

    Args:
        api: The server.
    """

    def __init__(self, api: MlflowApi) -> None:
        self._api = api

    def list(self, view: ViewType = "active") -> list[Experiment]:
        """Return all experiments, newest first, then by id."""
        request = wire.SearchExperiments(max_results=_PAGE, view_type=VIEW_NAMES[view])
        pages = self._api.pages(wire.SEARCH_EXPERIMENTS, request)
        found = [_experiment(each) for page in pages for each in page.experiments]
        return sorted(found, key=lambda experiment: (-experiment.created, _number(experiment.id), experiment.id))

    def get(self, experiment_id: str) -> Experiment:
        """Return an experiment; ExperimentNotFound."""
        try:
            if _NUMBER.fullmatch(experiment_id):
                request = wire.ExperimentRequest(experiment_id=experiment_id)
                found = self._api.call(wire.GET_EXPERIMENT, request).experiment
                if found.experiment_id == experiment_id:  # the server finds "07" as 7
                    return _experiment(found)
        except (NotFound, InvalidInput):
            pass
        raise ExperimentNotFound(f"there is no experiment with the id {experiment_id!r}")

    def find(self, name: str) -> Experiment | None:
        """Return the experiment of a name, None if there is none."""
        found = self._api.find(wire.GET_EXPERIMENT_BY_NAME, wire.ExperimentByName(experiment_name=name))
        return None if found is None else _experiment(found.experiment)

    def create(self, name: str, location: str | None, tags: dict[str, str]) -> Experiment:
        """Create an experiment; AlreadyExists."""
        request = wire.CreateExperiment(
            name=name, artifact_location=location or "", tags=[KeyValue(key=key, value=value) for key, value in tags.items()]
        )
        try:
            created = self._api.call(wire.CREATE_EXPERIMENT, request)
        except AlreadyExists as error:
            raise self._name_taken(name) from error
        return self.get(created.experiment_id)

    def find_or_create(self, name: str) -> Experiment:
        """Return the experiment of a name, created if there is none."""
        found = self.find(name)
        if found is not None:
            return found
        try:
            return self.create(name, None, {})
        except AlreadyExists:  # another client has created it meanwhile
            return self.find(name) or self.create(name, None, {})

    def update(self, experiment_id: str, name: str | None, tags: dict[str, str]) -> None:
        """Rename an experiment or set tags of it."""
        old = self._get_active(experiment_id)
        if name is not None and name != old.name:
            if self.find(name) is not None:
                raise self._name_taken(name)
            self._api.call(wire.UPDATE_EXPERIMENT, wire.UpdateExperiment(experiment_id=experiment_id, new_name=name))
        for key, value in tags.items():
            self._api.call(wire.SET_EXPERIMENT_TAG, wire.SetExperimentTag(experiment_id=experiment_id, key=key, value=value))

    def delete_tag(self, experiment_id: str, key: str) -> None:
        """Delete a tag; NotFound."""
        if key not in self._get_active(experiment_id).tags:
            raise NotFound(f"the experiment has no tag {key!r}")
        self._api.call(wire.DELETE_EXPERIMENT_TAG, wire.DeleteExperimentTag(experiment_id=experiment_id, key=key))

    def set_stage(self, experiment_id: str, stage: LifecycleStage) -> None:
        """Delete or restore an experiment, unless it is in that stage already."""
        if self.get(experiment_id).stage is not stage:
            endpoint = wire.DELETE_EXPERIMENT if stage is LifecycleStage.DELETED else wire.RESTORE_EXPERIMENT
            self._api.call(endpoint, wire.ExperimentRequest(experiment_id=experiment_id))

    def _get_active(self, experiment_id: str) -> Experiment:
        found = self.get(experiment_id)
        if found.stage is LifecycleStage.DELETED:
            raise Deleted(f"the experiment {found.name!r} is deleted; restore it before changing it")
        return found

    def _name_taken(self, name: str) -> AlreadyExists:
        found = self.find(name)
        is_deleted = found is not None and found.stage is LifecycleStage.DELETED
        state = " It is deleted: restore it, or take another name." if is_deleted else ""
        return AlreadyExists(f"there is an experiment called {name!r} already.{state}")


def _number(experiment_id: str) -> int:
    return int(experiment_id) if _NUMBER.fullmatch(experiment_id) else 0


def _experiment(found: wire.Experiment) -> Experiment:
    return Experiment(
        found.experiment_id,
        found.name,
        found.artifact_location,
        LifecycleStage(found.lifecycle_stage or "active"),
        found.creation_time or 0,
        found.last_update_time or 0,
        {tag.key: tag.value for tag in found.tags},
    )
