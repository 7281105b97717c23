"""Writes points: finds new ones, updates summaries, and stores chunks.

Points come in batches of any size, so the small ones are merged as they grow: before a batch is stored, those at the end
of its metrics that are not larger than itself, more or less, are taken and joined to it. Each point is so rewritten
as often as the logarithm of what follows it, and a metric has never more than a few small chunks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from ....entities.events import Series
from ....entities.run import MetricSummary
from ... import chunks
from ..connection import SqlConnection
from ..dialects.base import among
from ..schema.tables import axes, columns, metrics
from .duplicates import are_distinct, is_new
from .history import StoredPoints
from .summaries import FIELDS, from_row, merge, summarise, to_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PointWriter"]

# Points in a chunk, at most: larger chunks save a tenth of the space and read no faster, and a zoom reads whole chunks.
_LARGEST = 1 << 15
_SMALL = 64  # points; a smaller chunk is always merged

_this_run: sa.BindParameter[int] = sa.bindparam("run")
_this_axis: sa.BindParameter[int] = sa.bindparam("axis")

_SUMMARIES = sa.select(metrics.c.key, *[metrics.c[field] for field in FIELDS]).where(
    metrics.c.run_key == _this_run, among(metrics.c.key, "keys")
)
_OVERLAPPING = (
    sa.select(axes.c.count, axes.c.steps, axes.c.timestamps, columns.c.data)
    .join_from(columns, axes, axes.c.key == columns.c.axis_key)
    .where(columns.c.run_key == _this_run, columns.c.key == sa.bindparam("metric"))
    .where(axes.c.max_step >= sa.bindparam("min_step"), axes.c.min_step <= sa.bindparam("max_step"))
    .where(axes.c.max_timestamp >= sa.bindparam("min_timestamp"), axes.c.min_timestamp <= sa.bindparam("max_timestamp"))
    .order_by(columns.c.axis_key)
)
_LAST = (
    sa.select(columns.c.key, sa.func.max(columns.c.axis_key).label("axis_key"))
    .where(columns.c.run_key == _this_run, among(columns.c.key, "keys"))
    .group_by(columns.c.key)
    .subquery()
)
_TAILS = sa.select(_LAST.c.key, _LAST.c.axis_key, axes.c.count).join_from(_LAST, axes, axes.c.key == _LAST.c.axis_key)
_ALL_CHUNKS = (
    sa.select(columns.c.key, columns.c.axis_key, axes.c.count)
    .join_from(columns, axes, axes.c.key == columns.c.axis_key)
    .where(columns.c.run_key == _this_run)
    .order_by(columns.c.key, columns.c.axis_key)
)
_AXIS = sa.select(axes.c.count, axes.c.width, axes.c.steps, axes.c.timestamps).where(axes.c.key == _this_axis)
_COLUMNS = sa.select(columns.c.key, columns.c.data).where(
    columns.c.run_key == _this_run, among(columns.c.key, "keys"), columns.c.axis_key == _this_axis
)
_DROP_COLUMNS = sa.delete(columns).where(
    columns.c.run_key == _this_run, among(columns.c.key, "keys"), columns.c.axis_key == _this_axis
)
_NARROW_AXIS = sa.update(axes).where(axes.c.key == _this_axis).values(width=axes.c.width - sa.bindparam("fewer"))
_DROP_AXIS = sa.delete(axes).where(axes.c.key == _this_axis)


class PointWriter:
    """Adds points to a run within a transaction.

    Args:
        connection: The transaction, which has locked the run's row.
        run_key: The run.
        known: The metrics of the batch that may have points already.
    """

    def __init__(self, connection: SqlConnection, run_key: int, known: Iterable[str] = ()) -> None:
        self._connection, self._run = connection, run_key
        self._summaries: dict[str, MetricSummary] = {}
        self._changed: set[str] = set()
        if keys := _json(known):
            rows = connection.rows(_SUMMARIES, run=run_key, keys=keys)
            self._summaries = {key: from_row(fields) for key, *fields in rows}

    def add(self, series: Series) -> None:
        """Store those points of a series that are new."""
        if len(series.steps) == 0:
            return
        for part in [series] if self._is_beyond(series) else self._without_duplicates(series):
            is_known = any(key in self._summaries for key in part.keys)
            self._summarise(part)
            for merged in self._with_tails(part) if is_known else [part]:
                self._insert(merged)

    def finish(self) -> None:
        """Write the summaries."""
        rows = [(self._run, key, *to_row(self._summaries[key])) for key in sorted(self._changed)]
        self._connection.upsert(metrics, rows)

    def compact(self) -> None:
        """Merge the small chunks left at the end of the run's metrics."""
        counts: dict[str, list[tuple[int, int]]] = {}
        for key, axis, count in self._connection.rows(_ALL_CHUNKS, run=self._run):
            counts.setdefault(key, []).append((axis, count))
        small: dict[tuple[int, ...], list[str]] = {}
        for key, found in counts.items():
            small.setdefault(_small_tail(found), []).append(key)
        for tail, keys in small.items():
            if len(tail) > 1:
                self._insert(_join([self._take(axis, keys) for axis in tail]))

    # New points.

    def _is_beyond(self, series: Series) -> bool:
        """Return whether (step, timestamp) grows from the stored points on, so that no point can be a repetition."""
        start = (int(series.steps[0]), int(series.timestamps[0]))
        known = [self._summaries[key] for key in series.keys if key in self._summaries]
        follows = all((summary.last_step, summary.last_timestamp) < start for summary in known)
        return follows and are_distinct(series.steps, series.timestamps)

    def _without_duplicates(self, series: Series) -> list[Series]:
        """Return the new points; metrics with the same new rows stay together."""
        groups: dict[bytes, tuple[NDArray[np.bool_], list[int]]] = {}
        for index in range(len(series.keys)):
            new = self._new_rows(series, index)
            groups.setdefault(new.tobytes(), (new, []))[1].append(index)
        return [_part(series, indices, rows) for rows, indices in groups.values() if rows.any()]

    def _new_rows(self, series: Series, index: int) -> NDArray[np.bool_]:
        bounds = _bounds(series)
        key = series.keys[index]
        rows = self._connection.rows(_OVERLAPPING, run=self._run, metric=key, **bounds) if key in self._summaries else []
        return is_new(series.steps, series.timestamps, series.values[index], StoredPoints(rows))

    def _summarise(self, series: Series) -> None:
        for key, summary in zip(series.keys, summarise(series), strict=True):
            known = self._summaries.get(key)
            self._summaries[key] = merge(known, summary) if known else summary
        self._changed.update(series.keys)

    # Chunks.

    def _with_tails(self, series: Series) -> list[Series]:
        """Remove the small chunks at the end of a series' metrics and prepend their points to it.

        Metrics whose last chunks are not the same are kept apart from here on.
        """
        groups: dict[int | None, list[int]] = {}
        for index, tail in enumerate(self._small_tails(series)):
            groups.setdefault(tail, []).append(index)
        ready: list[Series] = []
        for tail, indices in groups.items():
            part = series if len(groups) == 1 else _part(series, indices)
            ready += [part] if tail is None else self._with_tails(_join([self._take(tail, part.keys), part]))
        return ready

    def _small_tails(self, series: Series) -> list[int | None]:
        """Return the last chunk of each metric; None if it is too large to rewrite for so few points."""
        new = len(series.steps)
        rows = self._connection.rows(_TAILS, run=self._run, keys=_json(series.keys))
        small = {key: axis for key, axis, count in rows if count <= max(_SMALL, 2 * new) and count + new <= _LARGEST}
        return [small.get(key) for key in series.keys]

    def _take(self, axis: int, keys: Sequence[str]) -> Series:
        """Remove some metrics from a chunk, and return their points."""
        where = {"run": self._run, "axis": axis, "keys": _json(keys)}
        count, width, steps, timestamps = self._connection.row(_AXIS, axis=axis)
        data = dict(self._connection.rows(_COLUMNS, **where))
        points = [StoredPoints([(count, steps, timestamps, data[key])]) for key in keys]
        self._connection.run(_DROP_COLUMNS, **where)
        if width == len(keys):
            self._connection.run(_DROP_AXIS, axis=axis)
        else:
            self._connection.run(_NARROW_AXIS, axis=axis, fewer=len(keys))
        return Series(tuple(keys), points[0].steps, points[0].timestamps, tuple(each.values for each in points))

    def _insert(self, series: Series) -> None:
        for start in range(0, len(series.steps), _LARGEST):
            self._insert_chunk(_part(series, range(len(series.keys)), slice(start, start + _LARGEST)))

    def _insert_chunk(self, series: Series) -> None:
        encoded = chunks.encode(series.steps), chunks.encode(series.timestamps)
        row = (self._run, len(series.steps), len(series.keys), *_bounds(series).values(), *encoded)
        axis = self._connection.insert_one(axes, row)
        rows = [(self._run, key, axis, chunks.encode(values)) for key, values in zip(series.keys, series.values, strict=True)]
        self._connection.insert(columns, rows)


def _json(keys: Iterable[str]) -> str:
    listed = list(keys)
    return json.dumps(listed) if listed else ""


def _bounds(series: Series) -> dict[str, int]:
    """Return the range of steps and timestamps, in the order of the columns of ``axes``."""
    steps, timestamps = series.steps, series.timestamps
    return {
        "min_step": int(steps.min()),
        "max_step": int(steps.max()),
        "min_timestamp": int(timestamps.min()),
        "max_timestamp": int(timestamps.max()),
    }


def _part(series: Series, indices: Iterable[int], rows: Any = slice(None)) -> Series:
    keys, values = zip(*[(series.keys[index], series.values[index][rows]) for index in indices], strict=True)
    return Series(keys, series.steps[rows], series.timestamps[rows], values)


def _join(parts: Sequence[Series]) -> Series:
    """Concatenate series of the same metrics."""
    values = zip(*[part.values for part in parts], strict=True)
    return Series(
        parts[0].keys,
        np.concatenate([part.steps for part in parts]),
        np.concatenate([part.timestamps for part in parts]),
        tuple(np.concatenate(each) for each in values),
    )


def _small_tail(found: list[tuple[int, int]]) -> tuple[int, ...]:
    """Return the last chunks, of (axis, count), that together are small enough for one; in order."""
    totals = accumulate(count for _, count in reversed(found))
    number = sum(total <= _LARGEST for total in totals)
    return tuple(axis for axis, _ in found[len(found) - number :])
