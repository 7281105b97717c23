"""The live table of runs: its columns, and the edits, filters and comparisons made in it."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from ...delivery.connection import Connection
from ...entities.events import Batch, TagsDeleted, TagsSet
from ...entities.run import LifecycleStage, now_ms
from ...entities.tags import NOTE, RUN_NAME, TABLE_LAYOUT
from ...errors import InvalidInput, NbtrackError
from ...store.protocol.search import Query
from ..data.columns import table_of
from ..data.many_runs import ManyRuns
from ..data.sparklines import Sparks, exported_sparks
from ..view import Export, View
from .comparison import ComparisonView

__all__ = ["RunsView"]

_BETWEEN_LOOKS = 1.0  # seconds
_MOST_EXPORTED = 300  # runs with small curves in an HTML file
_STATS = ("last", "min", "max", "mean", "count")


class RunsView(View):
    """Runs in columns; rows of open runs are read again as long as the view is shown.

    Args:
        connection: The store's connection.
        runs: The runs; what has been read of them already is shown by the first snapshot.

    Attributes:
        selected: The ids of the runs that are selected in the browser, in the table's order.
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

    def __init__(self, connection: Connection, runs: ManyRuns) -> None:
        super().__init__()
        self._connection, self._infos = connection, list(runs.infos)
        self._runs, self._is_shown = runs, False
        self._rows = {run_id: row for row, run_id in enumerate(runs.ids)}
        self._sparks = Sparks(connection)
        self._child: ComparisonView | None = None
        self._closed, self._watching = threading.Event(), False
        self.selected: list[str] = []

    def snapshot(self) -> dict[str, Any]:
        """Return all columns of all runs; the first one shows what was read already, later ones read again."""
        if self._is_shown or self._open_rows():
            self._refresh(self._open_rows())
            self._runs = ManyRuns(self._connection.read(), self._infos, self._runs.stats)
        self._is_shown = True
        columns = table_of(self._runs).columns
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
        """Return the table, with small curves for its first runs."""
        snapshot = self.snapshot()
        keys = [column["name"] for column in snapshot["columns"] if column["group"] == "metric"][: (12, 6, 2, 0)[level]]
        infos = self._runs.infos[:_MOST_EXPORTED]
        rows = list(range(len(infos)))
        snapshot["sparks"] = [{"rows": rows, "keys": keys, **exported_sparks(self._runs, infos, keys)}] if keys else []
        notes = ["Filtering, editing and comparing need a notebook."]
        if len(rows) < len(self._infos) and keys:
            notes.append(f"The first {len(rows):,} of {len(self._infos):,} runs have small curves in this page.")
        return Export(snapshot, [], notes)

    # Open runs

    def _open_rows(self) -> list[int]:
        return [row for row, info in enumerate(self._infos) if info.status.is_open]

    def _refresh(self, rows: Sequence[int]) -> None:
        """Read the facts of some runs again; whatever was read of them before is no longer shown."""
        self._is_shown = True
        for info in self._connection.store().get_runs([self._infos[row].id for row in rows]) if rows else ():
            self._infos[self._rows[info.id]] = info

    def _watch(self) -> None:
        self._closed.clear()
        if not self._watching and self.transport is not None and self._open_rows():
            self._watching = True
            threading.Thread(target=self._follow, name="nbtrack-table", daemon=True).start()

    def _follow(self) -> None:
        """Push the rows of open runs once a second, until all have ended or the view is closed."""
        while not self._closed.wait(_BETWEEN_LOOKS) and (rows := self._open_rows()):
            try:
                self._refresh(rows)
                runs = ManyRuns(self._connection.store(), [self._infos[row] for row in rows], self._runs.stats)
                columns = table_of(runs).columns
            except NbtrackError:
                continue
            self.push("rows", {"now": now_ms(), "rows": np.array(rows, dtype=np.uint32), "columns": columns})
        self._watching = False

    # Requests

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
        """Return a statistic of a metric, by row."""
        if stat not in _STATS:
            raise InvalidInput(f"{stat!r} cannot be asked of a metric; choose from {', '.join(_STATS)}")
        values = np.full(len(self._infos), np.nan)
        for run_id, own, value in self._connection.read().metrics(list(self._rows), [stat]):
            if own == key:
                values[self._rows[run_id]] = value
        return {"v": values}

    def edit(self, row: int, column: str, text: str) -> dict[str, Any]:
        """Change a run's name, note or tag; an empty string deletes the tag."""
        tags = {"name": RUN_NAME, "note": NOTE}
        key = column.removeprefix("tags.") if column.startswith("tags.") else tags.get(column)
        if not key:
            raise InvalidInput(f"{column!r} cannot be changed: a run's name, note and tags can")
        if column == "name" and not text.strip():
            raise InvalidInput("a run needs a name")
        event = TagsSet({key: text}) if text or column == "name" else TagsDeleted((key,))
        self._connection.read().apply([Batch(self._infos[row].id, "", 0, (event,))])
        self._refresh([row])
        return {"text": text}

    def delete(self, ids: Sequence[str]) -> dict[str, Any]:
        """Delete runs; they can be restored."""
        running = [info.name for info in self._connection.store().get_runs(ids) if info.status.is_open]
        if running:
            raise InvalidInput(f"{running[0]} is running; stop it before deleting it")
        return self._set_stage(ids, self._connection.read().delete_run)

    def restore(self, ids: Sequence[str]) -> dict[str, Any]:
        """Restore deleted runs."""
        return self._set_stage(ids, self._connection.read().restore_run)

    def _set_stage(self, ids: Sequence[str], change: Any) -> dict[str, Any]:
        for run_id in ids:
            change(run_id)
        self._refresh([self._rows[run_id] for run_id in ids])
        return {}

    def select(self, ids: Sequence[str]) -> dict[str, Any]:
        """Record which runs are selected."""
        self.selected = [run_id for run_id in ids if run_id in self._rows]
        return {}

    # The layout, which is a tag of the experiment

    def _experiment_id(self) -> str | None:
        found = {info.experiment_id for info in self._infos}
        return found.pop() if len(found) == 1 else None

    def _layout(self) -> Any:
        experiment_id = self._experiment_id()
        if experiment_id is None:
            return None
        experiment = self._runs.experiments.get(experiment_id)
        try:
            return None if experiment is None else json.loads(experiment.tags.get(TABLE_LAYOUT, "null"))
        except ValueError:
            return None

    def save_layout(self, layout: Mapping[str, Any]) -> dict[str, Any]:
        """Save how the columns are arranged, for the next table of this experiment."""
        experiment_id = self._experiment_id()
        if experiment_id is not None:
            text = json.dumps(layout, separators=(",", ":"))
            self._connection.read().update_experiment(experiment_id, tags={TABLE_LAYOUT: text})
        return {}

    # A comparison below the table

    def compare(self, ids: Sequence[str]) -> dict[str, Any]:
        """Compare runs below the table; requests to the comparison come through ``ask_child``."""
        if len(ids) < 2:
            raise InvalidInput("select two runs or more to compare them")
        infos = [self._infos[self._rows[run_id]] for run_id in ids]
        self._child = ComparisonView(self._connection, ManyRuns(self._connection.read(), infos))
        return self._child.snapshot()

    def ask_child(self, what: str, args: Mapping[str, Any]) -> Any:
        """Pass a request to the comparison below the table."""
        if self._child is None:
            raise InvalidInput("nothing is being compared")
        return self._child.answer(what, args)

    def close(self) -> None:
        """Close the transport, and stop following open runs."""
        self._closed.set()
        super().close()
