"""Batches in a line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import count

import numpy as np

from nbtrack.entities.events import Batch, Event, LaneRows, ParamsLogged, RunEnded, RunStarted, Series, TagsSet
from nbtrack.entities.run import Status

START = 1_700_000_000_000
_numbers = count(1)


def new_id() -> str:
    """Return an id that no other run of this session has, in counting order."""
    return f"run{next(_numbers):06}"


def started(name: str = "a run", experiment: str = "Default", start_time: int = START, **more) -> RunStarted:
    return RunStarted(experiment, name, start_time, **more)


def ended(status: Status = Status.FINISHED, end_time: int = START + 1000) -> RunEnded:
    return RunEnded(status, end_time)


def series(
    values: Mapping[str, Iterable[float]], steps: Sequence[int] | None = None, timestamps: Sequence[int] | None = None
) -> Series:
    """Return points; steps count from 0, and timestamps from START by 10 ms a step, unless they are given."""
    columns = tuple(np.array(list(column), np.float64) for column in values.values())
    steps = range(len(columns[0])) if steps is None else steps
    timestamps = [START + 10 * step for step in steps] if timestamps is None else timestamps
    return Series(tuple(values), np.array(steps, np.int64), np.array(timestamps, np.int64), columns)


def lane(first: int, *parts: Series, number: int = 0) -> LaneRows:
    """Return rows of a lane from row ``first`` on."""
    return LaneRows(number, first, sum(len(part.steps) for part in parts), parts)


def rows(
    values: Mapping[str, Iterable[float]],
    steps: Sequence[int] | None = None,
    timestamps: Sequence[int] | None = None,
    *,
    first: int = 0,
    number: int = 0,
) -> LaneRows:
    """Return rows of one series."""
    return lane(first, series(values, steps, timestamps), number=number)


def batch(run_id: str, *events: Event, first: int = 0, lanes: Sequence[LaneRows] = (), writer: str = "w") -> Batch:
    return Batch(run_id, writer, first, events, tuple(lanes))


def direct(run_id: str, *events: Event, lanes: Sequence[LaneRows] = ()) -> Batch:
    return Batch(run_id, "", 0, events, tuple(lanes))


def params(**values) -> ParamsLogged:
    return ParamsLogged(values)


def tags(**values: str) -> TagsSet:
    return TagsSet(values)


def points(store, run_id: str, key: str) -> list[tuple[int, int, float]]:
    """Return what a store has of a metric as (step, timestamp, value)."""
    found = store.history(run_id, key)
    columns = found.steps.tolist(), found.timestamps.tolist(), found.values.tolist()
    assert len(found) == len(columns[0])
    return list(zip(*columns, strict=True))
