"""Whose a run is: this process's, another's that is still alive, or nobody's any more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..delivery.liveness import is_seen_alive
from ..entities.run import Status
from ..journal.owner import Owner, this_process
from ..store.protocol.store import Store

__all__ = ["LiveState", "Role", "owner_elsewhere"]

Role = Literal["owner", "worker", "reader"]


@dataclass(slots=True)
class LiveState:
    """What the process that started a run knows about it without asking the store."""

    name: str
    experiment: str
    start_time: int
    status: Status = Status.RUNNING
    end_time: int | None = None


def owner_elsewhere(store: Store, homes: Iterable[Path], run_id: str) -> Owner | None:
    """Return the other process that has a run open and is known to be alive; None where there is none, or nobody can tell.

    Args:
        store: The run's store.
        homes: The folders of journals, in which living processes hold locks.
        run_id: The run.
    """
    owner = next((Owner.from_json(run.owner) for run in store.open_runs() if run.run_id == run_id and run.owner), None)
    return owner if owner is not None and owner != this_process() and is_seen_alive(owner, homes, run_id) else None
