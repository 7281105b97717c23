"""The points of metrics, and what they come to, read from an MLflow server as few times as can be."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ...entities.run import MetricSummary
from ..mlflow_api import metrics as wire
from ..mlflow_api.runs import Metric
from .api import MlflowApi
from .name_escapes import mlflow_name
from .summaries import Columns, Summary, columns_of, summarize

__all__ = ["Histories"]

T = TypeVar("T")
R = TypeVar("R")

_PAGE = 25_000
_THREADS = 8
_KEPT = 100_000


class Histories:
    """Reads histories, several at a time, and keeps the summaries of metrics that have not changed since.

    Args:
        api: The server.
    """

    def __init__(self, api: MlflowApi) -> None:
        self._api = api
        self._summaries: dict[tuple[str, str], tuple[object, MetricSummary]] = {}
        self._lock = threading.Lock()

    def read(self, own_id: str, key: str) -> Columns:
        """Return the points of a metric in MLflow's order: by time, then step, then value."""
        request = wire.GetHistory(run_id=own_id, metric_key=mlflow_name(key), max_results=_PAGE)
        return columns_of([point for page in self._api.pages(wire.GET_HISTORY, request) for point in page.metrics])

    def read_many(self, asked: Sequence[tuple[str, str]]) -> list[Columns]:
        """Return the points of (run, metric) pairs."""
        return self._together(lambda pair: self.read(*pair), asked)

    def summary(self, own_id: str, key: str, metric: Metric, state: object) -> Summary:
        """Return a metric's summary, computed when more than the last point is asked for.

        Args:
            own_id: The run.
            key: The metric.
            metric: Its last point.
            state: What is another when points may have come since; None where nobody can tell, then for a second.
        """
        version = (metric.step, metric.timestamp, repr(metric.value), int(time.monotonic()) if state is None else state)
        return Summary(metric, lambda: self._computed(own_id, key, version))

    def _computed(self, own_id: str, key: str, version: object) -> MetricSummary:
        kept = self._summaries.get((own_id, key))
        if kept is not None and kept[0] == version:
            return kept[1]
        found = summarize(self.read(own_id, key))
        with self._lock:
            if len(self._summaries) >= _KEPT:
                self._summaries = {}
            self._summaries[own_id, key] = (version, found)
        return found

    def compute(self, summaries: Iterable[Summary]) -> None:
        """Compute summaries, several at a time."""
        self._together(lambda summary: summary.count, list(summaries))

    def _together(self, work: Callable[[T], R], asked: Sequence[T]) -> list[R]:
        if len(asked) < 2:
            return [work(each) for each in asked]
        with ThreadPoolExecutor(min(_THREADS, len(asked)), thread_name_prefix="nbtrack-read") as pool:
            return list(pool.map(work, asked))
