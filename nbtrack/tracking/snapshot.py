"""What a process has read of a run, kept until it changes the run itself."""

from __future__ import annotations

from ..delivery.connection import Connection
from ..entities.run import RunInfo
from .run_data import Details

__all__ = ["Snapshot"]


class Snapshot:
    """The facts of one run as they were last read; ``forget`` has them read again."""

    def __init__(self, connection: Connection, run_id: str, info: RunInfo | None = None, details: Details | None = None) -> None:
        self._connection, self._run_id = connection, run_id
        self._info, self._details = info, details

    def info(self, *, fresh: bool = False) -> RunInfo:
        """Return name, status and times; RunNotFound.

        Args:
            fresh: Whether to ask the store although they are known.
        """
        if self._info is None or fresh:
            self._info = self._connection.read().get_run(self._run_id)
        return self._info

    def details(self) -> Details:
        """Return params, tags and metrics: those found with other runs, else new ones that are read on demand."""
        return self._details if self._details is not None else Details(self._connection, [self._run_id])

    def document(self, kind: str) -> str | None:
        """Return what was captured of a kind, such as ``code``; None where nothing was."""
        store = self._connection.read()
        sha256 = store.documents(self._run_id).get(kind)
        return None if sha256 is None else store.read_document(sha256)

    def forget(self) -> None:
        """Read everything anew from now on: this process has changed it."""
        self._info = self._details = None
