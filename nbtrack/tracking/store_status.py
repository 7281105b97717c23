"""What people are told about the store that their runs go to."""

from __future__ import annotations

import functools
import logging
from pathlib import Path

from ..delivery.connection import Connection
from ..delivery.recovery import journals_of_others
from ..delivery.refused_events import reasons_in
from ..settings import Settings

__all__ = ["status_of", "warn_of_project"]

_MOST_REFUSED = 5  # that are listed

_log = logging.getLogger("nbtrack")


def status_of(connection: Connection, experiment: str) -> str:
    """Return where runs go, what waits to get there, and what the store refuses."""
    settings, flusher = connection.settings, connection.flusher
    runs, rows = flusher.pending()
    waiting = f"{rows:,} rows of {runs} runs wait in {connection.home or 'memory'}" if runs else "nothing waits"
    problem = f" ({flusher.problem})" if flusher.problem else ""
    if others := journals_of_others(settings.journal):
        waiting += f"; {len(others)} journals of other users wait for them in {settings.journal}"
    artifacts = settings.artifacts or "where the server keeps them"
    return f"store {settings.shown}{problem}\nartifacts {artifacts}\nexperiment {experiment}\n{waiting}{_refused(connection)}"


def _refused(connection: Connection) -> str:
    """Return a line for each run of which the store refuses something."""
    found = connection.flusher.refused()
    for home in connection.journals:
        found |= reasons_in(home)
    lines = [f"\nrefused: run {run_id}: {why}" for run_id, why in found.items()]
    more = f"\n… and {len(lines) - _MOST_REFUSED} more" if len(lines) > _MOST_REFUSED else ""
    return "".join(lines[:_MOST_REFUSED]) + more + ("\nsee `nbtrack sync`" if lines else "")


def warn_of_project(settings: Settings) -> None:
    """Warn, once, of a project whose runs are elsewhere, or that is only looked at."""
    if settings.misplaced is not None and settings.database is not None:
        _warn_of_misplaced(settings.misplaced, settings.database)
    if settings.own is not None:
        _warn_of_looked_at(str(settings.folder), settings.objection, str(settings.own.folder))


@functools.cache
def _warn_of_misplaced(found: Path, database: Path) -> None:
    # Earlier versions took %, ? and # in the name of the folder for a part of the URI.
    message = "nbtrack: an earlier nbtrack put the runs of this folder into %s: to have them here, move it to %s"
    _log.warning(message, found, database)


@functools.cache
def _warn_of_looked_at(folder: str, objection: str, own: str) -> None:
    message = (
        "nbtrack: %s %s: its runs are shown until you start one, which goes to %s; "
        "to send runs there too, name it: nbtrack.connect(%r) or NBTRACK_URI"
    )
    _log.warning(message, folder, objection, own, folder)
