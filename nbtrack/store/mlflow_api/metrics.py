"""Messages and endpoints of metric histories."""

from __future__ import annotations

from typing import Final

from .endpoint import AJAX, Endpoint
from .message import Message, RunRequest
from .runs import Metric

__all__ = [
    "ENDPOINTS",
    "GET_HISTORY",
    "GET_HISTORY_BULK",
    "GET_HISTORY_BULK_INTERVAL",
    "GetHistory",
    "GetHistoryBulk",
    "GetHistoryBulkInterval",
    "MetricsResponse",
]


class GetHistory(RunRequest):
    """Get the points of a metric, at most ``max_results`` per page."""

    metric_key: str = ""
    page_token: str = ""
    max_results: int | None = None


class GetHistoryBulk(Message):
    """Get the points of a metric in several runs."""

    run_id: list[str] = []
    metric_key: str | None = None
    max_results: int | None = None


class GetHistoryBulkInterval(Message):
    """Get the points of a metric in several runs between two steps, sampled to ``max_results`` per run."""

    run_ids: list[str] | None = None
    metric_key: str = ""
    start_step: int | None = None
    end_step: int | None = None
    max_results: int | None = None


class MetricsResponse(Message):
    """A page of points in their order; the last page has no token."""

    metrics: list[Metric] = []
    next_page_token: str = ""


GET_HISTORY: Final = Endpoint(
    "get_metric_history", "GET", "mlflow/metrics/get-history", GetHistory, MetricsResponse, ("run_id", "metric_key")
)
GET_HISTORY_BULK: Final = Endpoint(
    "get_metric_history_bulk", "GET", "mlflow/metrics/get-history-bulk", GetHistoryBulk, MetricsResponse, bases=AJAX
)
GET_HISTORY_BULK_INTERVAL: Final = Endpoint(
    "get_metric_history_bulk_interval",
    "GET",
    "mlflow/metrics/get-history-bulk-interval",
    GetHistoryBulkInterval,
    MetricsResponse,
    ("run_ids", "metric_key"),
)

ENDPOINTS: Final = (GET_HISTORY, GET_HISTORY_BULK, GET_HISTORY_BULK_INTERVAL)
