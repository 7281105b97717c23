"""The protocol for traces: what is known of each beside its spans, which lie among the artifacts as ``traces.json``.

What ``store.base`` says of threads, processes, durability and errors holds here, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ...entities.trace import Assessment, TraceInfo, TraceState
from .search import Page, Query

__all__ = ["Traces"]


class Traces(Protocol):
    """Traces; TraceNotFound where there is none of an id."""

    def start(self, info: TraceInfo) -> TraceInfo:
        """Keep a trace as it is; of one that is there the facts are replaced, tags, metadata and assessments added to.

        Raises:
            ExperimentNotFound: There is no such experiment.
            Deleted: It is deleted.
        """

    def end(
        self, trace_id: str, *, duration: int, state: TraceState, metadata: Mapping[str, str], tags: Mapping[str, str]
    ) -> TraceInfo:
        """Say how a trace ended, with what is known only then; metadata and tags are added to."""

    def get(self, trace_ids: Sequence[str]) -> list[TraceInfo]:
        """Return those of these traces that there are, as asked."""

    def search(self, search: Query) -> Page[TraceInfo]:
        """Return the traces that match: the newest first, then by id."""

    def set_tag(self, trace_id: str, key: str, value: str) -> None:
        """Set a tag, or overwrite it."""

    def delete_tag(self, trace_id: str, key: str) -> None:
        """Take a tag away; NotFound where it is not there."""

    def delete(
        self, experiment_id: str, *, trace_ids: Sequence[str] | None = None, before: int | None = None, limit: int | None = None
    ) -> int:
        """Delete traces of an experiment, those named or the oldest that are not newer than ``before``, and return how many."""

    def assess(self, trace_id: str, assessment: Assessment) -> None:
        """Keep an assessment, over one of the same id."""

    def delete_assessment(self, trace_id: str, assessment_id: str) -> None:
        """Take an assessment away; one that is not there is passed over."""
