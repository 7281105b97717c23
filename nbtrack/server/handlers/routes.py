"""The routes of MLflow's REST API, of all subjects; those about users are in ``auth``."""

from __future__ import annotations

from typing import Final

from ..route import AnyRoute
from . import (
    artifacts,
    assessments,
    experiments,
    files,
    logged_models,
    metrics,
    model_registry,
    run_logging,
    runs,
    server_info,
    traces,
)

__all__ = ["ROUTES"]

ROUTES: Final[tuple[AnyRoute, ...]] = (
    *server_info.ROUTES,
    *experiments.ROUTES,
    *runs.ROUTES,
    *run_logging.ROUTES,
    *metrics.ROUTES,
    *artifacts.ROUTES,
    *files.ROUTES,
    *logged_models.ROUTES,
    *model_registry.ROUTES,
    *traces.ROUTES,
    *assessments.ROUTES,
)
