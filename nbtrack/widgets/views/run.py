"""The live view of one run: its curves while it runs, and as long as the kernel lives."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ...delivery.connection import Connection
from ...entities.events import Batch, LaneRows, TagsDeleted, TagsSet
from ...entities.run import now_ms
from ...entities.tags import NOTE, PINNED
from ...errors import InvalidInput, NbtrackError
from ...kernel import messages
from ...kernel.stop import Stopper
from ..data import curves
from ..data.curves import thinned
from ..data.metric_names import better, split_of
from ..data.overview import MOST_DRAWN, Overview
from ..view import Export, View
from .baselines import under
from .files import FileReader

if TYPE_CHECKING:
    from ...store.protocol.store import Axis

__all__ = ["Facts", "RunView"]

# Returns id, name, status, ended, experiment, started, end, note, error, line, params, tags, files.
Facts = Callable[[], dict[str, Any]]

_DRAWN_IN_ALL = 200_000
_LEAST_DRAWN = 200
_BETWEEN_FRAMES = 0.07  # seconds; shorter than the interval of the flusher, which calls
_LONGEST_BETWEEN = 1.0
_SHARE = 0.01  # of a processor's time, at most, is spent on frames
_RATE_OVER = 5.0  # seconds


class RunView(View):
    """A run's curves, which grow while it runs in this process.

    Args:
        connection: The store's connection.
        facts: Returns the current facts of the run.
        counts: Returns how many points the store has of each metric.
        stopper: Stops the run; None if another process runs it.
        focus: The metrics that are shown first.
        cell_id: The notebook cell whose run it is; the cell's previous run is drawn underneath.
    """

    kind: ClassVar[str] = "run"
    requests: ClassVar[Mapping[str, str]] = {
        "range": "curve_range",
        "against": "curves_against",
        "stop": "stop",
        "note": "set_note",
        "pin": "pin",
        "list": "list_files",
        "file": "read_file",
        "table": "read_table",
    }

    def __init__(
        self,
        connection: Connection,
        facts: Facts,
        counts: Callable[[], Mapping[str, int]],
        *,
        stopper: Stopper | None = None,
        focus: Sequence[str] = (),
        cell_id: str = "",
    ) -> None:
        self._facts, self._counts, self._stopper = facts, counts, stopper
        self._focus, self._cell = tuple(focus), cell_id
        self._run = facts()
        super().__init__(self._run["id"])
        self._connection, self.run_id, self._started = connection, str(self._run["id"]), int(self._run["started"])
        self._metrics: dict[str, Overview] = {}
        self._sent: dict[str, int] = {}
        self._rates: deque[tuple[float, float]] = deque(maxlen=64)
        self._under: dict[str, Any] = {"under": [], "pinned": None}
        self._lock = threading.RLock()
        self._is_changed, self._last_frame, self._last_status = False, 0.0, ""
        self._between = _BETWEEN_FRAMES
        self._knows_earlier = False
        self._files = FileReader(connection, self.run_id)
        self._stop_following: Callable[[], None] = lambda: None

    # While the run is open

    def follow(self) -> None:
        """Draw the rows that this process logs from now on."""
        self._stop_following = self._connection.flusher.follow(self.run_id, self._shown)

    def _shown(self, rows: Sequence[LaneRows]) -> None:
        """Receive new rows, and push a frame if one is due; the flusher calls it, sometimes without rows."""
        with self._lock:
            self._read_earlier()
            for lane in rows:
                for series in lane.series:
                    self._take(series.keys, series.steps, series.timestamps, series.values)
            pending = self._pending()
            status = f"{pending['why']}{pending['rows'] > 0 and bool(pending['why'])}"
            self._is_changed = self._is_changed or bool(rows) or status != self._last_status
            if self._is_changed and time.monotonic() - self._last_frame >= self._between:
                self._last_status = status
                spent = time.thread_time()
                self._push_frame({})
                # Expensive frames, of many metrics or on a slow machine, come less often: the training has the processor.
                self._between = min(_LONGEST_BETWEEN, max(_BETWEEN_FRAMES, (time.thread_time() - spent) / _SHARE))
        if self._stopper is not None:
            self._stopper.hear()

    def _read_earlier(self) -> None:
        """Read once what the run had in the store before it was followed; the flusher delivers nothing meanwhile."""
        if not self._knows_earlier:
            self._knows_earlier = True
            # If the store has not been opened yet, this process has delivered nothing of the run.
            if self._connection.is_open:
                self._reconcile()

    def _take(self, keys: Sequence[str], steps: Any, timestamps: Any, values: Sequence[Any]) -> None:
        seconds = curves.seconds_of(timestamps, self._started)
        for key, column in zip(keys, values, strict=True):
            if key not in self._metrics:
                self._metrics[key] = Overview()
                self._share_points()
            self._metrics[key].extend(steps, seconds, column)
        self._rates.append((time.monotonic(), float(steps.max())))

    def _share_points(self) -> None:
        """Give each metric fewer points to draw where there are many metrics."""
        limit = max(_LEAST_DRAWN, min(MOST_DRAWN, _DRAWN_IN_ALL // len(self._metrics)))
        for overview in self._metrics.values():
            overview.limit = limit

    def _push_frame(self, run: Mapping[str, Any]) -> None:
        self._last_frame, self._is_changed = time.monotonic(), False
        # Without a browser there is nothing to update: its first snapshot will have everything.
        if self.transport is not None:
            changed = [each for i, key in enumerate(self._metrics) if (each := self._changes(i, key))]
            self.push("frame", {**self._moment(), "metrics": changed, **({"run": run} if run else {})})

    def _changes(self, index: int, key: str) -> dict[str, Any] | None:
        overview, sent = self._metrics[key], self._sent.get(key, -1)
        if overview.count == sent:
            return None
        self._sent[key] = overview.count
        start = overview.take_changes()
        named = self._name(key) if sent < 0 else {}
        return {"i": index, "from": start, **named, **overview.facts(), **overview.curve(start)}

    def _name(self, key: str) -> dict[str, Any]:
        return {"key": key, "chart": split_of(key)[0], "better": better(key)}

    def _moment(self) -> dict[str, Any]:
        return {"now": now_ms(), "rate": self._rate(), "pending": self._pending()}

    def _rate(self) -> float | None:
        """Return steps a second over the last seconds; None with too few rows."""
        recent = [each for each in self._rates if each[0] > time.monotonic() - _RATE_OVER]
        if len(recent) < 2 or recent[-1][0] - recent[0][0] < 0.2:
            return None
        return max(0.0, (recent[-1][1] - recent[0][1]) / (recent[-1][0] - recent[0][0]))

    def _pending(self) -> dict[str, Any]:
        flusher = self._connection.flusher
        return {"rows": flusher.pending()[1] if flusher.problem else 0, "why": flusher.problem}

    # After the end

    def ended(self) -> None:
        """Show that the run has ended, with what other processes have logged into it."""
        self._stop_following()
        with self._lock:
            self._reconcile()
            self._run = self._facts()
            self._push_frame(self._run)

    def _reconcile(self) -> None:
        """Read the metrics again whose number of points is another in the store: other processes can log into a run."""
        try:
            for key, count in self._counts().items():
                known = self._metrics.get(key)
                if known is None or known.count != count:
                    self._read(key)
        except NbtrackError:
            return

    def load(self) -> None:
        """Read the curves from the store, for a run that this process does not log into."""
        with self._lock:
            store = self._connection.read()
            for _, key, _ in store.metrics([self.run_id], ["count"]):
                self._read(key)

    def _read(self, key: str) -> None:
        found = self._connection.store().history(self.run_id, key)
        seconds = curves.seconds_of(found.timestamps, self._started)
        self._sent.pop(key, None) if key not in self._metrics else self._sent.update({key: 0})
        self._metrics[key] = Overview.of(found.steps, seconds, found.values, self._limit())
        self._share_points()

    def _limit(self) -> int:
        return max(_LEAST_DRAWN, min(MOST_DRAWN, _DRAWN_IN_ALL // (len(self._metrics) + 1)))

    def look_back(self) -> None:
        """Find the runs that are drawn underneath in a thread, so that the cell does not wait for it."""
        threading.Thread(target=self._look_back, name="nbtrack-baselines", daemon=True).start()

    def _look_back(self) -> None:
        try:
            self._under = under(self._connection.store(), self.run_id, str(self._run["experiment"]), self._cell)
        except NbtrackError:
            return
        if self._under["under"] or self._under["pinned"]:
            self.push("under", self._under)

    # Requests

    def snapshot(self) -> dict[str, Any]:
        """Return everything that a browser needs to draw the run."""
        with self._lock:
            self._run = self._facts()
            metrics = [{**self._name(key), **each.facts(), **each.curve()} for key, each in self._metrics.items()]
            for key, overview in self._metrics.items():
                self._sent[key] = overview.count
                overview.take_changes()
        can_stop = self._stopper is not None and self._run["status"] == "RUNNING"
        run = {**self._run, "canStop": can_stop, "hears": messages.can_hear(), "kernel": messages.kernel_id()}
        return {"run": run, **self._moment(), "focus": self._focus, "metrics": metrics, **self._under}

    def curve_range(self, keys: Sequence[str], by: Axis, lo: float, hi: float, points: int) -> dict[str, Any]:
        """Return metrics in a range, at the resolution that is drawn."""
        try:
            store = self._connection.read()
            found = curves.stretches(store, self.run_id, keys, curves.Window(by, lo, hi, points), self._started)
        except NbtrackError:
            found = [self._known_range(key, "x" if by == "step" else "t", lo, hi) for key in keys]
        return {"series": found}

    def _known_range(self, key: str, axis: str, lo: float, hi: float) -> dict[str, Any]:
        """Return what this view has of a range, while the store is unavailable."""
        curve = self._metrics[key].curve()
        inside = (curve[axis] >= lo) & (curve[axis] <= hi)
        return {"key": key, **{name: column[inside] for name, column in curve.items()}, "total": int(inside.sum())}

    def curves_against(self, x: str, keys: Sequence[str], points: int) -> dict[str, Any]:
        """Return metrics over another metric."""
        histories = self._connection.read().histories([self.run_id], list(dict.fromkeys([x, *keys])))
        found = {key: own for _, key, own in histories}
        return {"series": [curves.against(found, x, key, points) for key in keys]}

    def stop(self) -> dict[str, Any]:
        """Stop the run."""
        if self._stopper is None:
            raise InvalidInput("this run is not running in this kernel; stop it where it runs")
        self._stopper.stop()
        return {}

    def set_note(self, text: str) -> dict[str, Any]:
        """Set the run's note."""
        self._apply(self.run_id, TagsSet({NOTE: text}))
        self._run["note"] = text
        self.push("frame", {**self._moment(), "metrics": [], "run": {"note": text}})
        return {"note": text}

    def pin(self, pinned: bool) -> dict[str, Any]:
        """Pin this run, which is then drawn underneath later runs of its experiment, or unpin it."""
        before = self._under["pinned"]
        if before is not None and before != self.run_id:
            self._apply(before, TagsDeleted((PINNED,)))
        self._apply(self.run_id, TagsSet({PINNED: "true"}) if pinned else TagsDeleted((PINNED,)))
        self._look_back()
        return {"pinned": self.run_id if pinned else None}

    def _apply(self, run_id: str, event: TagsSet | TagsDeleted) -> None:
        self._connection.read().apply([Batch(run_id, "", 0, (event,))])

    def export(self, level: int) -> Export:
        """Return the run with its curves as they are drawn, and as many of its files as there is room for."""
        answers, notes = self._files.export((6_000_000, 2_000_000, 200_000, 0)[level])
        snapshot = self.snapshot()
        snapshot["metrics"] = [thinned(each, (MOST_DRAWN, 1000, 400, 100)[level]) for each in snapshot["metrics"]]
        drawn = sum(len(each["x"]) for each in snapshot["metrics"])
        points = sum(each["count"] for each in snapshot["metrics"])
        if drawn < points:
            notes.append(f"{drawn:,} of {points:,} points are in this page: the lowest and highest of each stretch.")
        return Export(snapshot, answers, notes)

    def list_files(self) -> dict[str, Any]:
        """Return the run's files."""
        return self._files.list_files()

    def read_file(self, **asked: Any) -> dict[str, Any]:
        """Return a file, or a part of it."""
        return self._files.read_file(**asked)

    def read_table(self, **asked: Any) -> dict[str, Any]:
        """Return some rows of a file that is a table."""
        return self._files.read_table(**asked)

    def close(self) -> None:
        """Stop following the run, and close the transport."""
        self._stop_following()
        super().close()
