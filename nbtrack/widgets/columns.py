"""What is known of many runs, in columns: arrays of numbers, and texts by their place in a list of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..entities import ParamValue, RunInfo, now_ms
from ..recovery import ENDED_TAG
from ..store.base import Store
from .pages.charts import by_interest
from .pages.format import value_text
from .pages.naming import better

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["NOTE_TAG", "Cells", "Table", "read_table"]

NOTE_TAG = "mlflow.note.content"

_COMMIT_TAG = "mlflow.source.git.commit"
_OWN = ("mlflow.", "nbtrack.")

# A value by row; a row that is not there has none.
Cells = dict[int, Any]


class Table:
    """Columns of runs, each a mapping as ``pack`` takes it.

    A column has ``id``, ``name``, ``group`` (run, param, metric, tag) and ``kind`` (number, text, time, duration, status). One of
    texts has ``levels``, the texts, and ``codes``, the place of each row's text in them, -1 where there is none; the others
    have ``v``, NaN where there is nothing. A metric's ``nans`` are the rows whose last value is NaN, and not missing.
    """

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.columns: list[dict[str, Any]] = []

    def texts(self, name: str, group: str, cells: Mapping[int, str], kind: str = "text") -> None:
        """Add a column of texts."""
        levels: dict[str, int] = {}
        codes = np.full(self.rows, -1, dtype=np.int32)
        for row, text in cells.items():
            codes[row] = levels.setdefault(text, len(levels))
        self._add(name, group, kind, levels=list(levels), codes=codes)

    def numbers(self, name: str, group: str, cells: Mapping[int, float], kind: str = "number", **more: Any) -> None:
        """Add a column of numbers."""
        self._add(name, group, kind, v=self._filled(cells), **more)

    def values(self, name: str, cells: Mapping[int, ParamValue]) -> None:
        """Add a column of params: of numbers where all are, else of texts."""
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in cells.values()):
            self.numbers(name, "param", cells)  # type: ignore[arg-type]
        else:
            self.texts(name, "param", {row: value_text(value) for row, value in cells.items()})

    def metric(self, name: str, cells: Mapping[int, float]) -> None:
        """Add a column of a metric's last values."""
        nans = [row for row, value in cells.items() if value != value]
        self.numbers(name, "metric", cells, better=better(name), nans=np.array(nans, dtype=np.uint32))

    def _filled(self, cells: Mapping[int, float]) -> NDArray[np.float64]:
        out = np.full(self.rows, np.nan)
        out[np.fromiter(cells.keys(), np.intp, len(cells))] = np.fromiter(cells.values(), np.float64, len(cells))
        return out

    def _add(self, name: str, group: str, kind: str, **more: Any) -> None:
        column_id = name if group == "run" else f"{group}s.{name}"
        self.columns.append({"id": column_id, "name": name, "group": group, "kind": kind, **more})


def read_table(store: Store, infos: Sequence[RunInfo]) -> Table:
    """Read what a table shows of runs: their facts, params that differ, metrics, the other params, and the user's tags."""
    ids = [info.id for info in infos]
    rows = {run_id: row for row, run_id in enumerate(ids)}
    table = Table(len(ids))
    tags = _by_key(store.tags(ids), rows)
    _add_facts(table, infos, tags)
    params = _by_key(store.params(ids), rows)
    different = {key for key, cells in params.items() if _differs(cells, len(ids))}
    for key in sorted(different):
        table.values(key, params[key])
    metrics = _by_key(store.metrics(ids, ["last"]), rows)
    for key in by_interest(metrics):
        table.metric(key, metrics[key])
    for key in sorted(params.keys() - different):
        table.values(key, params[key])
    _add_origin(table, store, infos, tags)
    return table


def _by_key(found: Iterable[tuple[Any, ...]], rows: Mapping[str, int]) -> dict[str, Cells]:
    by_key: dict[str, Cells] = {}
    for run_id, key, value in found:
        by_key.setdefault(key, {})[rows[run_id]] = value
    return by_key


def _differs(cells: Cells, rows: int) -> bool:
    return len(cells) < rows or len({value_text(value) for value in cells.values()}) > 1


def _add_facts(table: Table, infos: Sequence[RunInfo], tags: Mapping[str, Cells]) -> None:
    ended = tags.get(ENDED_TAG, {})
    now = now_ms()
    table.texts("name", "run", {row: info.name for row, info in enumerate(infos)})
    states = {row: f"{info.status.value} {ended.get(row, '')}".strip() for row, info in enumerate(infos)}
    table.texts("status", "run", states, kind="status")
    table.numbers("started", "run", {row: info.start_time for row, info in enumerate(infos)}, kind="time")
    lengths = {row: ((info.end_time or now) - info.start_time) / 1000 for row, info in enumerate(infos)}
    table.numbers("duration", "run", lengths, kind="duration")


def _add_origin(table: Table, store: Store, infos: Sequence[RunInfo], tags: Mapping[str, Cells]) -> None:
    for key in sorted(key for key in tags if not key.startswith(_OWN)):
        table.texts(key, "tag", tags[key])
    table.texts("note", "run", tags.get(NOTE_TAG, {}))
    names = {each.id: each.name for each in store.experiments("all")}
    table.texts("experiment", "run", {row: names.get(info.experiment_id, "") for row, info in enumerate(infos)})
    table.texts("user", "run", {row: info.user for row, info in enumerate(infos)})
    table.texts("commit", "run", {row: text[:10] for row, text in tags.get(_COMMIT_TAG, {}).items()})
    table.texts("id", "run", {row: info.id for row, info in enumerate(infos)})
