"""The experiments of the target that receive the source's runs. One that the target had before is not changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..entities.run import Experiment, LifecycleStage

if TYPE_CHECKING:
    from ..store.protocol.store import Store

__all__ = ["Destinations", "active_first", "is_deleted"]


def is_deleted(experiment: Experiment) -> bool:
    """Return whether an experiment is deleted."""
    return experiment.stage is LifecycleStage.DELETED


def active_first(experiments: Iterable[Experiment]) -> list[Experiment]:
    """Return deleted experiments last: one may have the name of an active one, whose destination it must not be."""
    return sorted(experiments, key=is_deleted)


class Destinations:
    """The experiments of a target, by the names of the source's.

    Args:
        store: The target.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._for_deleted: list[str] = []

    def of(self, wanted: Experiment) -> Experiment:
        """Return the experiment of the same name, created if there is none."""
        found = self._store.find_experiment(wanted.name)
        if found is not None:
            return found
        made = self._store.create_experiment(wanted.name, tags=dict(wanted.tags))
        if is_deleted(wanted):
            self._for_deleted.append(made.id)
        return made

    def made_for_deleted(self, there: Experiment) -> bool:
        """Return whether an experiment was created only for the runs of deleted ones."""
        return there.id in self._for_deleted

    def delete_for_deleted(self) -> None:
        """Delete the experiments that were created for deleted ones; only now, because a deleted one accepts no runs."""
        for experiment_id in self._for_deleted:
            self._store.delete_experiment(experiment_id)
