"""Curves as small as a table's cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...delivery.connection import Connection
from ...entities.run import Points, RunInfo
from .downsample import in_step_order, minmax_indices
from .many_runs import ManyRuns

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Sparks", "exported_sparks"]

_POINTS = 40
_MOST_CELLS = 400
# Points of a run's metrics together: in a table that is scrolled, longer ones cost more than they show.
_LONGEST = 300_000
_MOST_POINTS = 5_000_000  # of all curves of an HTML file together

Curve = tuple["NDArray[np.float32]", "NDArray[np.float32]"]
_NOTHING: Curve = (np.empty(0, np.float32), np.empty(0, np.float32))


class Sparks:
    """Reads small curves, and keeps those of runs that have ended."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[str, str], Curve] = {}

    def read(self, infos: Sequence[RunInfo], keys: Sequence[str]) -> dict[str, Any]:
        """Return the curves of metrics of runs, row by row.

        Returns:
            ``lengths``, of each curve, and ``x`` and ``y``: all points one after the other, between 0 and 1.
        """
        infos = infos[: _MOST_CELLS // max(1, len(keys))]
        self._look_up([info.id for info in infos], keys)
        found = _joined([self._known.get((info.id, key), _NOTHING) for info in infos for key in keys])
        for info in infos:
            if info.status.is_open:
                self._forget(info.id, keys)
        return found

    def _forget(self, run_id: str, keys: Sequence[str]) -> None:
        for key in keys:
            self._known.pop((run_id, key), None)

    def _look_up(self, ids: Sequence[str], keys: Sequence[str]) -> None:
        store = self._connection.read()
        asked = [run_id for run_id in ids if any((run_id, key) not in self._known for key in keys)]
        if not asked:
            return
        counts = {(run_id, key): count for run_id, key, count in store.metrics(asked, ["count"]) if key in keys}
        short = [run_id for run_id in asked if sum(counts.get((run_id, key), 0) for key in keys) <= _LONGEST]
        for run_id, key, points in store.histories(short, list(keys)):
            self._known[run_id, key] = _curve(points)
        for run_id in asked:
            for key in keys:
                self._known.setdefault((run_id, key), _NOTHING)


def exported_sparks(runs: ManyRuns, infos: Sequence[RunInfo], keys: Sequence[str]) -> dict[str, Any]:
    """Return the curves of metrics of runs for an HTML file, as ``Sparks.read`` does; long ones are left out."""
    short, room = [], _MOST_POINTS
    for info in infos:
        count = runs.count(info.id, keys)
        if count <= min(room, _LONGEST):
            short.append(info)
            room -= count
    known = {(info.id, key): _curve(points) for info, own in runs.histories(keys, short) for key, points in own.items()}
    return _joined([known.get((info.id, key), _NOTHING) for info in infos for key in keys])


def _joined(curves: Sequence[Curve]) -> dict[str, Any]:
    empty = _NOTHING[0]
    return {
        "lengths": np.array([len(x) for x, _ in curves], dtype=np.int32),
        "x": np.concatenate([empty, *(x for x, _ in curves)]),
        "y": np.concatenate([empty, *(y for _, y in curves)]),
    }


def _curve(points: Points) -> Curve:
    steps, values = in_step_order(points.steps, points.values)
    finite = np.isfinite(values)
    steps, values = steps[finite], values[finite]
    kept = minmax_indices(values, _POINTS)
    return _scaled(steps[kept].astype(np.float64)), _scaled(values[kept])


def _scaled(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return values between 0 and 1; 0.5 where they are all the same."""
    if not len(values):
        return np.empty(0, np.float32)
    low, high = values.min(), values.max()
    scaled = (values - low) / (high - low) if high > low else np.full(len(values), 0.5)
    return scaled.astype(np.float32)
