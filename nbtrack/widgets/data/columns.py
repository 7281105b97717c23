"""Runs in columns: arrays of numbers, and strings as indices into a list of distinct ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...entities.run import RunInfo, now_ms
from ...entities.tags import ENDED, GIT_COMMIT, NOTE, RESERVED
from ..pages.charts import by_interest
from .format import value_text
from .many_runs import ManyRuns
from .metric_names import better

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Cells", "Table", "table_of"]


class Cells(NamedTuple):
    """The values of a column and their rows; other rows have no value."""

    rows: NDArray[np.intp]
    values: NDArray[np.object_]

    @classmethod
    def of_all(cls, values: Sequence[Any]) -> Cells:
        """Return the cells of a column in which every row has a value."""
        return cls(np.arange(len(values)), np.fromiter(values, np.object_, len(values)))

    def texts(self) -> list[str]:
        """Return the values as strings."""
        return [value if type(value) is str else value_text(value) for value in self.values]

    def differ(self, rows: int) -> bool:
        """Tell whether the rows of a table differ, a missing value being a difference."""
        if len(self.rows) < rows:
            return True
        first = value_text(self.values[0]) if rows else ""
        return any(value_text(value) != first for value in self.values)

    def by_row(self) -> dict[int, Any]:
        """Return each row's value."""
        return dict(zip(self.rows.tolist(), self.values, strict=True))


_NONE = Cells.of_all([])


class Table:
    """Columns of runs, each a mapping as ``pack`` takes it.

    A column has ``id``, ``name``, ``group`` (run, param, metric, tag) and ``kind`` (number, text, time, duration, status). A
    column of strings has ``levels``, the distinct strings, and ``codes``, each row's index into them or -1; the others have
    ``v``, NaN where there is no value. A metric's ``nans`` are the rows whose last value is NaN rather than missing.
    """

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.columns: list[dict[str, Any]] = []

    def texts(self, name: str, group: str, cells: Cells, kind: str = "text") -> None:
        """Add a column of strings."""
        texts = cells.texts()
        levels = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        codes = np.full(self.rows, -1, dtype=np.int32)
        codes[cells.rows] = np.fromiter(map(levels.__getitem__, texts), np.int32, len(texts))
        self._add(name, group, kind, levels=list(levels), codes=codes)

    def numbers(self, name: str, group: str, cells: Cells, kind: str = "number", **more: Any) -> None:
        """Add a column of numbers."""
        column = np.full(self.rows, np.nan)
        column[cells.rows] = cells.values.astype(np.float64)
        self._add(name, group, kind, v=column, **more)

    def values(self, name: str, cells: Cells) -> None:
        """Add a column of a param: numbers if all values are numbers, else strings."""
        if set(map(type, cells.values)) <= {int, float}:
            self.numbers(name, "param", cells)
        else:
            self.texts(name, "param", cells)

    def metric(self, name: str, cells: Cells) -> None:
        """Add a column of a metric's last values."""
        nans = cells.rows[np.isnan(cells.values.astype(np.float64))].astype(np.uint32)
        self.numbers(name, "metric", cells, better=better(name), nans=nans)

    def _add(self, name: str, group: str, kind: str, **more: Any) -> None:
        column_id = name if group == "run" else f"{group}s.{name}"
        self.columns.append({"id": column_id, "name": name, "group": group, "kind": kind, **more})


def table_of(runs: ManyRuns) -> Table:
    """Return what a table shows of runs: their facts, params that differ, metrics, the other params, and the user's tags."""
    rows = {run_id: row for row, run_id in enumerate(runs.ids)}
    table = Table(len(rows))
    tags = _by_key(runs.details.tags, rows)
    _add_facts(table, runs.infos, tags)
    params = _by_key(runs.details.params, rows)
    different = {key for key, cells in params.items() if cells.differ(len(rows))}
    for key in sorted(different):
        table.values(key, params[key])
    metrics = _by_key(runs.details.metrics, rows, 2 + runs.stats.index("last"))
    for key in by_interest(metrics):
        table.metric(key, metrics[key])
    for key in sorted(params.keys() - different):
        table.values(key, params[key])
    _add_origin(table, runs, tags)
    return table


def _by_key(found: Sequence[tuple[Any, ...]], rows: Mapping[str, int], at: int = 2) -> dict[str, Cells]:
    """Return the cells of each key from rows of run id, key and values, of which the one at a place counts.

    A table may have a million cells: they are put in order by arrays, not one by one.
    """
    n = len(found)
    keys = list(map(itemgetter(1), found))
    names = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    which = np.fromiter(map(names.__getitem__, keys), np.intp, n)
    order = np.argsort(which, kind="stable")
    its_row = np.fromiter(map(rows.__getitem__, map(itemgetter(0), found)), np.intp, n)[order]
    its_value = np.fromiter(map(itemgetter(at), found), np.object_, n)[order]
    ends = np.searchsorted(which[order], np.arange(len(names) + 1))
    return {key: Cells(its_row[ends[i] : ends[i + 1]], its_value[ends[i] : ends[i + 1]]) for key, i in names.items()}


def _add_facts(table: Table, infos: Sequence[RunInfo], tags: Mapping[str, Cells]) -> None:
    ended = tags.get(ENDED, _NONE).by_row()
    now = now_ms()
    table.texts("name", "run", Cells.of_all([info.name for info in infos]))
    states = [f"{info.status.value} {ended.get(row, '')}".strip() for row, info in enumerate(infos)]
    table.texts("status", "run", Cells.of_all(states), kind="status")
    table.numbers("started", "run", Cells.of_all([info.start_time for info in infos]), kind="time")
    lengths = [((info.end_time or now) - info.start_time) / 1000 for info in infos]
    table.numbers("duration", "run", Cells.of_all(lengths), kind="duration")


def _add_origin(table: Table, runs: ManyRuns, tags: Mapping[str, Cells]) -> None:
    for key in sorted(key for key in tags if not key.startswith(RESERVED)):
        table.texts(key, "tag", tags[key])
    table.texts("note", "run", tags.get(NOTE, _NONE))
    names = {experiment_id: experiment.name for experiment_id, experiment in runs.experiments.items()}
    table.texts("experiment", "run", Cells.of_all([names.get(info.experiment_id, "") for info in runs.infos]))
    table.texts("user", "run", Cells.of_all([info.user for info in runs.infos]))
    commits = tags.get(GIT_COMMIT, _NONE)
    table.texts("commit", "run", Cells(commits.rows, np.array([text[:10] for text in commits.values], np.object_)))
    table.texts("id", "run", Cells.of_all(runs.ids))
