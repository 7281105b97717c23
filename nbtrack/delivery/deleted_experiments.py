"""Runs that arrive after their experiment was deleted: it is restored, for nobody can be asked and no run may be hidden.

A run that a person starts in a deleted experiment is refused (``store.stages``). What a journal holds was logged while the
experiment was there, or while the store was unavailable, and is delivered later; refused, it would wait for ever.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ..entities.events import Batch, Progress, RunStarted
from ..entities.run import Experiment, LifecycleStage
from ..errors import AccessDenied, Deleted
from ..store.protocol.store import Store

__all__ = ["apply_late"]

_RESTORED = (
    "nbtrack: run %s: its experiment %r was deleted before the run arrived; the experiment and its runs are restored, "
    "so that the run is not hidden"
)

_log = logging.getLogger("nbtrack")


def apply_late(store: Store, batches: Sequence[Batch]) -> list[Progress]:
    """Apply batches of writers; restore the experiments that refuse a run because they are deleted, and warn.

    Raises:
        Deleted: An experiment is deleted and this user may not restore it.
    """
    try:
        return store.apply(batches)
    except Deleted as error:
        if not _restore_experiments(store, batches, error):
            raise
        return store.apply(batches)


def _restore_experiments(store: Store, batches: Sequence[Batch], refusal: Deleted) -> bool:
    """Restore the deleted experiments that runs of these batches start in; return whether there were any."""
    starts = [(batch.run_id, event) for batch in batches for event in batch.events if isinstance(event, RunStarted)]
    restored = [_restore_experiment(store, run_id, start, refusal) for run_id, start in starts]
    return any(restored)


def _restore_experiment(store: Store, run_id: str, start: RunStarted, refusal: Deleted) -> bool:
    experiment = _experiment_of(store, start)
    if experiment is None or experiment.stage is not LifecycleStage.DELETED:
        return False
    try:
        store.restore_experiment(experiment.id)
    except AccessDenied as error:  # else the store would pass for unavailable, and hold up all other runs
        raise Deleted(f"{refusal}; restoring it is not permitted: {error}") from error
    _log.warning(_RESTORED, run_id, experiment.name)
    return True


def _experiment_of(store: Store, start: RunStarted) -> Experiment | None:
    return store.get_experiment(start.experiment_id) if start.experiment_id else store.find_experiment(start.experiment)
