"""A deleted experiment takes no runs: what every way in checks and says."""

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
    """Raise Deleted where an experiment takes no runs, for there they are hidden and lost with it."""
    if experiment.stage is LifecycleStage.DELETED:
        raise deleted_experiment(experiment.name)


def refuse_runs_in(store: Store, name: str) -> None:
    """Raise Deleted where the experiment of that name is deleted; one that does not exist yet can be created."""
    found = store.find_experiment(name)
    if found is not None:
        refuse_deleted(found)
