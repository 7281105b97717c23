"""The protocol for traces: all of a trace but its spans, which are an artifact, ``traces.json``.

The guarantees of ``protocol.store`` on threads, processes, durability and errors hold here too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ...entities.trace import Assessment, TraceInfo, TraceState
from .search import Page, Query

__all__ = ["Traces"]


class Traces(Protocol):
    """Traces; methods raise TraceNotFound for an unknown id."""

    def start(self, info: TraceInfo) -> TraceInfo:
        """Record a trace; of one that exists, facts are replaced, and tags, metadata and assessments merged.

        Raises:
            ExperimentNotFound: Its experiment does not exist.
            Deleted: Its experiment is deleted.
        """

    def end(
        self, trace_id: str, *, duration: int, state: TraceState, metadata: Mapping[str, str], tags: Mapping[str, str]
    ) -> TraceInfo:
        """Record the end of a trace; metadata and tags are merged."""

    def get(self, trace_ids: Sequence[str]) -> list[TraceInfo]:
        """Return those of these traces that exist, in the order asked for."""

    def search(self, search: Query) -> Page[TraceInfo]:
        """Return the traces that match: the newest first, then by id."""

    def set_tag(self, trace_id: str, key: str, value: str) -> None:
        """Set a tag, or overwrite it."""

    def delete_tag(self, trace_id: str, key: str) -> None:
        """Delete a tag; NotFound if the trace does not have it."""

    def delete(
        self, experiment_id: str, *, trace_ids: Sequence[str] | None = None, before: int | None = None, limit: int | None = None
    ) -> int:
        """Delete traces of an experiment, by id or the oldest up to ``before``, and return how many."""

    def assess(self, trace_id: str, assessment: Assessment) -> None:
        """Record an assessment, replacing one of the same id."""

    def delete_assessment(self, trace_id: str, assessment_id: str) -> None:
        """Delete an assessment; an unknown id is ignored."""
