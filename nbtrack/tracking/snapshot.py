"""What a process has read of a run, kept until it changes the run itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from ..delivery.connection import Connection
from ..entities.run import MetricSummary, Points, RunInfo
from ..errors import NbtrackError
from ..store.protocol.store import RunOverview
from .metrics import MetricHistory, Metrics
from .run_data import Details

__all__ = ["Snapshot"]

_MOST_CURVES = 24  # as many as a notebook shows of a run


class Snapshot:
    """The facts of one run as they were last read; ``forget`` has them read again."""

    def __init__(self, connection: Connection, run_id: str, info: RunInfo | None = None, details: Details | None = None) -> None:
        self._connection, self._run_id = connection, run_id
        self._info, self._details = info, details
        self._overview: _Overview | None = None

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
        return self._overview or self._details or Details(self._connection, [self._run_id])

    def document(self, kind: str) -> str | None:
        """Return what was captured of a kind, such as ``code``; None where nothing was."""
        if self._overview is not None and kind in self._overview.kinds:
            return self._overview.documents.get(kind)
        store = self._connection.read()
        sha256 = store.documents(self._run_id).get(kind)
        return None if sha256 is None else store.read_document(sha256)

    def artifact_count(self) -> int:
        """Return how many files were logged."""
        if self._overview is not None:
            return self._overview.artifact_count
        return len(self._connection.read().artifacts(self._run_id))

    @contextmanager
    def at_once(self, kinds: Sequence[str]) -> Iterator[None]:
        """Answer everything that a display asks in this block from one request.

        Args:
            kinds: The documents that it will ask for.
        """
        if self._overview is not None:  # a display within another one
            yield
            return
        with suppress(NbtrackError):  # each read of an unavailable store says so itself
            overview = self._connection.read().overview(self._run_id, _MOST_CURVES, kinds)
            self._overview = _Overview(self._connection, self._run_id, overview, kinds)
        try:
            yield
        finally:
            self._overview = None

    def forget(self) -> None:
        """Read everything anew from now on: this process has changed it."""
        self._info = self._details = None


class _Overview(Details):
    """The details of a run, read together with its curves, its documents and the number of its files."""

    def __init__(self, connection: Connection, run_id: str, overview: RunOverview, kinds: Sequence[str]) -> None:
        super().__init__(connection, [run_id])
        self.kinds, self.documents, self.artifact_count = frozenset(kinds), overview.documents, overview.artifact_count
        self.params = {run_id: {key: value for _, key, value in overview.details.params}}
        self.tags = {run_id: {key: value for _, key, value in overview.details.tags}}
        points = {key: found for _, key, found in overview.histories}

        def history(key: str, summary: MetricSummary) -> MetricHistory:
            def read() -> Points:
                return points[key] if key in points else connection.store().history(run_id, key)

            return MetricHistory(run_id, key, summary, read)

        found = {key: history(key, MetricSummary(*fields)) for _, key, *fields in overview.details.metrics}
        self.metrics = {run_id: Metrics(found)}
