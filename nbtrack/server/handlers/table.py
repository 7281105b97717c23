"""Which handler does what an endpoint of the table promises, by the endpoint's name."""

from __future__ import annotations

from typing import Final

from .. import service
from ..service import Handler, Streamer
from . import artifacts, assessments, experiments, files, logged_models, metrics, model_registry, run_logging, runs, traces

__all__ = ["HANDLERS", "STREAMERS"]

HANDLERS: Final[dict[str, Handler]] = {
    **service.HANDLERS,
    **experiments.HANDLERS,
    **runs.HANDLERS,
    **run_logging.HANDLERS,
    **metrics.HANDLERS,
    **artifacts.HANDLERS,
    **logged_models.HANDLERS,
    **model_registry.HANDLERS,
    **traces.HANDLERS,
    **assessments.HANDLERS,
}
# Handlers of files' contents.
STREAMERS: Final[dict[str, Streamer]] = {**service.STREAMERS, **files.STREAMERS, **traces.STREAMERS}
