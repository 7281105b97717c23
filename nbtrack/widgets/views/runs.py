"""The table of runs in the notebook: its data, and what a person does in it."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from ...delivery.connection import Connection
from ...entities.events import Batch, TagsDeleted, TagsSet
from ...entities.run import LifecycleStage, RunInfo, now_ms
from ...entities.tags import NOTE, RUN_NAME, TABLE_LAYOUT
from ...errors import InvalidInput, NbtrackError
from ...store.protocol.search import Query
from ..data.columns import read_table
from ..data.sparklines import Sparks
from ..view import Export, View
from .comparison import ComparisonView

__all__ = ["RunsView"]

_BETWEEN_LOOKS = 1.0
_STATS = ("last", "min", "max", "mean", "count")


class RunsView(View):
    """Runs in columns; rows of runs that go on are read again while somebody looks.

    Attributes:
        selected: The ids of the runs that are selected in the page, in the table's order.
    """

    kind: ClassVar[str] = "runs"
    requests: ClassVar[Mapping[str, str]] = {
        "filter": "filter_rows",
        "sparks": "read_sparks",
        "stat": "read_stat",
        "edit": "edit",
        "delete": "delete",
        "restore": "restore",
        "select": "select",
        "layout": "save_layout",
        "compare": "compare",
        "child": "ask_child",
    }

    def __init__(self, connection: Connection, infos: Sequence[RunInfo]) -> None:
        super().__init__()
        self._connection, self._infos = connection, list(infos)
        self._rows = {info.id: row for row, info in enumerate(infos)}
        self._sparks = Sparks(connection)
        self._child: ComparisonView | None = None
        self._closed, self._watching = threading.Event(), False
        self.selected: list[str] = []

    def snapshot(self) -> dict[str, Any]:
        """Return all columns of all runs."""
        store = self._connection.read()
        self._refresh(range(len(self._infos)))
        columns = read_table(store, self._infos).columns
        deleted = [row for row, info in enumerate(self._infos) if info.stage is LifecycleStage.DELETED]
        self._watch()
        return {
            "now": now_ms(),
            "ids": [info.id for info in self._infos],
            "columns": columns,
            "deleted": np.array(deleted, dtype=np.uint32),
            "layout": self._layout(),
            "selected": self.selected,
        }

    def export(self, level: int) -> Export:
        """Return the table with small curves of its first runs."""
        snapshot = self.snapshot()
        keys = [column["name"] for column in snapshot["columns"] if column["group"] == "metric"][: (12, 6, 2, 0)[level]]
        rows = list(range(min(len(self._infos), 300)))
        step = max(1, 400 // max(1, len(keys)))
        snapshot["sparks"] = [
            {"rows": rows[first : first + step], "keys": keys, **self.read_sparks(rows[first : first + step], keys)}
            for first in range(0, len(rows) if keys else 0, step)
        ]
        notes = ["Filtering, editing and comparing need a notebook."]
        if len(rows) < len(self._infos) and keys:
            notes.append(f"The first {len(rows):,} of {len(self._infos):,} runs have small curves in this page.")
        return Export(snapshot, [], notes)

    # Runs that go on

    def _open_rows(self) -> list[int]:
        return [row for row, info in enumerate(self._infos) if info.status.is_open]

    def _refresh(self, rows: Sequence[int] | range) -> None:
        """Read again how runs stand that were open."""
        store = self._connection.store()
        for row in rows:
            if self._infos[row].status.is_open:
                self._infos[row] = store.get_run(self._infos[row].id)

    def _watch(self) -> None:
        self._closed.clear()
        if not self._watching and self.transport is not None and self._open_rows():
            self._watching = True
            threading.Thread(target=self._follow, name="nbtrack-table", daemon=True).start()

    def _follow(self) -> None:
        """Tell the page what has become of the runs that go on, until all have ended or nobody is looking."""
        while not self._closed.wait(_BETWEEN_LOOKS) and (rows := self._open_rows()):
            try:
                self._refresh(rows)
                columns = read_table(self._connection.store(), [self._infos[row] for row in rows]).columns
            except NbtrackError:
                continue
            self.push("rows", {"now": now_ms(), "rows": np.array(rows, dtype=np.uint32), "columns": columns})
        self._watching = False

    # What a page asks

    def filter_rows(self, text: str) -> dict[str, Any]:
        """Return the rows of the runs that match a filter; FilterError."""
        from ...store.filter import parse

        experiments = tuple(dict.fromkeys(info.experiment_id for info in self._infos))
        query = Query(experiments, parse(text.strip() or None, now=now_ms()), (), "all")
        found = {info.id for info in self._connection.read().search_runs(query).items}
        rows = [row for row, info in enumerate(self._infos) if info.id in found]
        return {"rows": np.array(rows, dtype=np.uint32)}

    def read_sparks(self, rows: Sequence[int], keys: Sequence[str]) -> dict[str, Any]:
        """Return small curves; see ``Sparks.read``."""
        return self._sparks.read([self._infos[row] for row in rows], keys)

    def read_stat(self, key: str, stat: str) -> dict[str, Any]:
        """Return another value than the last one of a metric, by row."""
        if stat not in _STATS:
            raise InvalidInput(f"{stat!r} cannot be asked of a metric; choose from {', '.join(_STATS)}")
        values = np.full(len(self._infos), np.nan)
        for run_id, own, value in self._connection.read().metrics(list(self._rows), [stat]):
            if own == key:
                values[self._rows[run_id]] = value
        return {"v": values}

    def edit(self, row: int, column: str, text: str) -> dict[str, Any]:
        """Change a run's name, note or tag; an empty text takes a tag away."""
        tags = {"name": RUN_NAME, "note": NOTE}
        key = column.removeprefix("tags.") if column.startswith("tags.") else tags.get(column)
        if not key:
            raise InvalidInput(f"{column!r} cannot be changed: a run's name, note and tags can")
        if column == "name" and not text.strip():
            raise InvalidInput("a run needs a name")
        event = TagsSet({key: text}) if text or column == "name" else TagsDeleted((key,))
        self._connection.read().apply([Batch(self._infos[row].id, "", 0, (event,))])
        self._refresh_info(row)
        return {"text": text}

    def _refresh_info(self, row: int) -> None:
        self._infos[row] = self._connection.store().get_run(self._infos[row].id)

    def delete(self, ids: Sequence[str]) -> dict[str, Any]:
        """Delete runs; they can be restored."""
        running = [self._infos[self._rows[run_id]].name for run_id in ids if self._is_open(run_id)]
        if running:
            raise InvalidInput(f"{running[0]} is running; stop it before deleting it")
        return self._set_stage(ids, self._connection.read().delete_run)

    def _is_open(self, run_id: str) -> bool:
        return self._connection.store().get_run(run_id).status.is_open

    def restore(self, ids: Sequence[str]) -> dict[str, Any]:
        """Restore deleted runs."""
        return self._set_stage(ids, self._connection.read().restore_run)

    def _set_stage(self, ids: Sequence[str], change: Any) -> dict[str, Any]:
        for run_id in ids:
            change(run_id)
            self._refresh_info(self._rows[run_id])
        return {}

    def select(self, ids: Sequence[str]) -> dict[str, Any]:
        """Take down which runs are selected."""
        self.selected = [run_id for run_id in ids if run_id in self._rows]
        return {}

    # The layout, which is the experiment's

    def _experiment_id(self) -> str | None:
        found = {info.experiment_id for info in self._infos}
        return found.pop() if len(found) == 1 else None

    def _layout(self) -> Any:
        experiment_id = self._experiment_id()
        if experiment_id is None:
            return None
        try:
            return json.loads(self._connection.store().get_experiment(experiment_id).tags.get(TABLE_LAYOUT, "null"))
        except ValueError:
            return None

    def save_layout(self, layout: Mapping[str, Any]) -> dict[str, Any]:
        """Remember how the columns are arranged, for the next table of this experiment."""
        experiment_id = self._experiment_id()
        if experiment_id is not None:
            text = json.dumps(layout, separators=(",", ":"))
            self._connection.read().update_experiment(experiment_id, tags={TABLE_LAYOUT: text})
        return {}

    # A comparison below the table

    def compare(self, ids: Sequence[str]) -> dict[str, Any]:
        """Begin to compare runs; what is asked of the comparison comes by ``ask_child``."""
        if len(ids) < 2:
            raise InvalidInput("select two runs or more to compare them")
        self._child = ComparisonView(self._connection, [self._infos[self._rows[run_id]] for run_id in ids])
        return self._child.snapshot()

    def ask_child(self, what: str, args: Mapping[str, Any]) -> Any:
        """Ask the comparison below the table."""
        if self._child is None:
            raise InvalidInput("nothing is being compared")
        return self._child.answer(what, args)

    def close(self) -> None:
        """Let go of the page, and look no longer."""
        self._closed.set()
        super().close()
