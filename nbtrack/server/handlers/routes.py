"""The routes of MLflow's REST API, of all subjects; those about users are in ``auth``."""

from __future__ import annotations

from typing import Final

from ..route import AnyRoute
from . import (
    artifacts,
    assessments,
    experiments,
    file_contents,
    logged_models,
    metrics,
    model_versions,
    old_traces,
    registered_models,
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
    *file_contents.ROUTES,
    *logged_models.ROUTES,
    *registered_models.ROUTES,
    *model_versions.ROUTES,
    *traces.ROUTES,
    *old_traces.ROUTES,
    *assessments.ROUTES,
)
