"""A deleted experiment accepts no runs: the check and its error."""

from __future__ import annotations

import shlex

from ..entities.run import Experiment, LifecycleStage
from ..errors import Deleted
from .protocol.store import Store

__all__ = ["deleted_experiment", "refuse_deleted", "refuse_runs_in"]


def deleted_experiment(name: str) -> Deleted:
    """Return the error for a run in a deleted experiment, with the remedy."""
    command = f"nbtrack experiments --restore {shlex.quote(name)}"
    return Deleted(f"the experiment {name!r} is deleted; restore it ({command}), or choose another name")


def refuse_deleted(experiment: Experiment) -> None:
    """Raise Deleted if an experiment is deleted: its runs are hidden, and are lost with it."""
    if experiment.stage is LifecycleStage.DELETED:
        raise deleted_experiment(experiment.name)


def refuse_runs_in(store: Store, name: str) -> None:
    """Raise Deleted if the experiment of that name is deleted; one that does not exist can be created."""
    found = store.find_experiment(name)
    if found is not None:
        refuse_deleted(found)
