"""The table of all endpoints, except those of users."""

from __future__ import annotations

from typing import Any, Final

from . import artifacts, experiments, logged_models, metrics, model_versions, old_traces, registered_models, runs, service, traces
from .endpoint import Endpoint

__all__ = ["ENDPOINTS"]

ENDPOINTS: Final[tuple[Endpoint[Any, Any], ...]] = (
    *experiments.ENDPOINTS,
    *runs.ENDPOINTS,
    *metrics.ENDPOINTS,
    *artifacts.ENDPOINTS,
    *logged_models.ENDPOINTS,
    *registered_models.ENDPOINTS,
    *model_versions.ENDPOINTS,
    *traces.ENDPOINTS,
    *old_traces.ENDPOINTS,
    *service.ENDPOINTS,
)
