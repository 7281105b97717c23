"""Restores a deleted experiment when a run arrives that was started before, because no run may be hidden.

A run that is started in a deleted experiment is refused (``store.stages``). What a journal has was logged while the
experiment was active, or the store unavailable, and is delivered later: refused, it would wait forever.
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
    """Apply batches of writers; restore deleted experiments that new runs are in, and warn.

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
    """Restore the deleted experiments in which runs of these batches start; tell whether there were any."""
    starts = [(batch.run_id, event) for batch in batches for event in batch.events if isinstance(event, RunStarted)]
    restored = [_restore_experiment(store, run_id, start, refusal) for run_id, start in starts]
    return any(restored)


def _restore_experiment(store: Store, run_id: str, start: RunStarted, refusal: Deleted) -> bool:
    experiment = _experiment_of(store, start)
    if experiment is None or experiment.stage is not LifecycleStage.DELETED:
        return False
    try:
        store.restore_experiment(experiment.id)
    except AccessDenied as error:  # or the store would count as unavailable, and all other runs wait
        raise Deleted(f"{refusal}; restoring it is not permitted: {error}") from error
    _log.warning(_RESTORED, run_id, experiment.name)
    return True


def _experiment_of(store: Store, start: RunStarted) -> Experiment | None:
    return store.get_experiment(start.experiment_id) if start.experiment_id else store.find_experiment(start.experiment)
