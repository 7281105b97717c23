"""Which handler does what an endpoint of the table promises, by the endpoint's name."""

from __future__ import annotations

from typing import Final

from .. import service
from ..service import Handler, Streamer
from . import artifacts, assessments, experiments, files, logging, metrics, models, registry, runs, traces

__all__ = ["HANDLERS", "STREAMERS"]

HANDLERS: Final[dict[str, Handler]] = {
    **service.HANDLERS,
    **experiments.HANDLERS,
    **runs.HANDLERS,
    **logging.HANDLERS,
    **metrics.HANDLERS,
    **artifacts.HANDLERS,
    **models.HANDLERS,
    **registry.HANDLERS,
    **traces.HANDLERS,
    **assessments.HANDLERS,
}
# Handlers of files' contents.
STREAMERS: Final[dict[str, Streamer]] = {**service.STREAMERS, **files.STREAMERS, **traces.STREAMERS}
