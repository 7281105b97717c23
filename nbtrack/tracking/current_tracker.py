"""The current tracker: the store that nbtrack's module functions work on."""

from __future__ import annotations

import os
import threading

from ..settings import resolve
from .tracker import Tracker

__all__ = ["connect", "tracker"]

_lock = threading.RLock()
_tracker: Tracker | None = None


def connect(
    uri: str | os.PathLike[str] | None = None,
    *,
    experiment: str | None = None,
    artifacts: str | os.PathLike[str] | None = None,
) -> Tracker:
    """Connect to a store; what is tracked from now on goes there.

    Args:
        uri: ``sqlite:///runs.db``, ``postgresql+psycopg://user@host/db``, ``mysql+pymysql://user@host/db``,
            ``http://host:5000`` (an nbtrack or MLflow server), a folder, ``memory:``. None: NBTRACK_URI, else
            MLFLOW_TRACKING_URI, else ``c.NBTrack.uri``, else the project's folder ``.nbtrack``, which is looked for
            from the working directory upwards as git looks for ``.git``, and else made there.
        experiment: The experiment of runs that name none.
        artifacts: The root of artifacts; None: beside the store, or where the server says.

    Raises:
        InvalidInput: The URI cannot name a store.

    Example:
        >>> import nbtrack
        >>> nbtrack.connect("memory:", experiment="digits").experiment
        'digits'
    """
    global _tracker  # noqa: PLW0603
    with _lock:
        _tracker = Tracker(resolve(uri, experiment=experiment, artifacts=artifacts))
        return _tracker


def tracker() -> Tracker:
    """Return the current tracker, connecting to the default store if there is none."""
    with _lock:
        return _tracker or connect()
