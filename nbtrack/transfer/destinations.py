"""Which experiment of the target takes the runs of one of the source. An experiment that was there before is not changed."""

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
    """Return deleted experiments last: one may have the name of an active one, which then has its own destination."""
    return sorted(experiments, key=is_deleted)


class Destinations:
    """The experiments of a target, by the names that the source's have.

    Args:
        store: The target.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._made_deleted: list[str] = []

    def of(self, wanted: Experiment) -> Experiment:
        """Return the experiment of the same name, created if there is none."""
        found = self._store.find_experiment(wanted.name)
        if found is not None:
            return found
        made = self._store.create_experiment(wanted.name, tags=dict(wanted.tags))
        if is_deleted(wanted):
            self._made_deleted.append(made.id)
        return made

    def made_deleted(self, there: Experiment) -> bool:
        """Return whether an experiment was created here for deleted ones alone."""
        return there.id in self._made_deleted

    def finish(self) -> None:
        """Delete what was created for deleted experiments, once it has their runs: a deleted one takes none."""
        for experiment_id in self._made_deleted:
            self._store.delete_experiment(experiment_id)
