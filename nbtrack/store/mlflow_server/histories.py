"""Histories of metrics and the statistics computed from them, in as few requests as MLflow's API permits."""

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
_CACHED = 100_000


class Histories:
    """Reads histories, several at a time, and caches the summaries of metrics that have not changed.

    MLflow has no request for several histories, so each metric of each run takes one; eight are under way at a time.

    Args:
        api: The server.
    """

    def __init__(self, api: MlflowApi) -> None:
        self._api = api
        self._summaries: dict[tuple[str, str], tuple[object, MetricSummary]] = {}
        self._lock = threading.Lock()

    def read(self, mlflow_id: str, key: str) -> Columns:
        """Return the points of a metric in MLflow's order: by time, then step, then value."""
        request = wire.GetHistory(run_id=mlflow_id, metric_key=mlflow_name(key), max_results=_PAGE)
        return columns_of([point for page in self._api.pages(wire.GET_HISTORY, request) for point in page.metrics])

    def read_many(self, metrics: Sequence[tuple[str, str]]) -> list[Columns]:
        """Return the points of each metric, given as MLflow's id of the run and the metric's name."""
        return _in_parallel(lambda metric: self.read(*metric), metrics)

    def summary(self, mlflow_id: str, key: str, metric: Metric, version: object) -> Summary:
        """Return a metric's summary, computed when more than the last point is read.

        Args:
            mlflow_id: The run.
            key: The metric.
            metric: Its last point.
            version: What differs once points were added; if that cannot be told, None, and the summary is valid for a second.
        """
        second_or_version = int(time.monotonic()) if version is None else version
        state = (metric.step, metric.timestamp, repr(metric.value), second_or_version)
        return Summary(metric, lambda: self._computed(mlflow_id, key, state))

    def _computed(self, mlflow_id: str, key: str, state: object) -> MetricSummary:
        cached = self._summaries.get((mlflow_id, key))
        if cached is not None and cached[0] == state:
            return cached[1]
        found = summarize(self.read(mlflow_id, key))
        with self._lock:
            if len(self._summaries) >= _CACHED:
                self._summaries = {}
            self._summaries[mlflow_id, key] = (state, found)
        return found

    def compute(self, summaries: Iterable[Summary]) -> None:
        """Compute summaries, several at a time."""
        _in_parallel(lambda summary: summary.count, list(summaries))


def _in_parallel(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    if len(items) < 2:
        return [work(each) for each in items]
    with ThreadPoolExecutor(min(_THREADS, len(items)), thread_name_prefix="nbtrack-read") as pool:
        return list(pool.map(work, items))
