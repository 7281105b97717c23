"""Where runs are copied from: what every source tells of its runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from ..entities.model import LoggedModelInfo, RunModel
from ..entities.run import ArtifactRecord, Dataset, Experiment, ParamValue, RunInfo

if TYPE_CHECKING:
    from ..entities.events import Series

__all__ = ["FileReader", "Source", "SourceRun"]


@dataclass(frozen=True, slots=True)
class SourceRun:
    """Everything that a source has of a run, except its points.

    Attributes:
        documents: The SHA-256 of each document, by its kind.
        files: Every file; its SHA-256 is empty if the source does not know it.
        points: Facts that change whenever points are logged, such as the number of points of each metric.
        made: The logged models that the run made.
        read: The logged models that the run read.
        models: Those of these models that can be copied.
        left: How many models it made that cannot be copied.
    """

    params: dict[str, ParamValue] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    datasets: list[Dataset] = field(default_factory=list)
    files: list[ArtifactRecord] = field(default_factory=list)
    points: list[Any] = field(default_factory=list)
    made: list[RunModel] = field(default_factory=list)
    read: list[RunModel] = field(default_factory=list)
    models: list[LoggedModelInfo] = field(default_factory=list)
    left: int = 0


class FileReader(Protocol):
    """The files of one run or model."""

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading; ArtifactNotFound."""


class Source(Protocol):
    """A place with runs. What cannot be read is left out and named in ``problems``.

    Memory: points are read in pieces of bounded size.
    Order: what is read twice comes in the same order both times.

    Attributes:
        label: The place, for messages.
        problems: What could not be read, one line each.
    """

    label: str
    problems: list[str]

    def experiments(self) -> Iterable[Experiment]:
        """Return all experiments with runs to copy, including deleted ones."""

    def runs(self, experiment: Experiment) -> Iterable[RunInfo]:
        """Return all runs to copy of an experiment, including deleted ones."""

    def contents(self, run: RunInfo) -> SourceRun:
        """Return everything of a run, except its points."""

    def document(self, sha256: str) -> str | None:
        """Return a document's text, None if the source does not have it."""

    def points(self, run: RunInfo) -> Iterator[Series]:
        """Yield the points of a run in pieces, those of a metric in the order in which they were logged."""

    def files(self, run: RunInfo) -> FileReader:
        """Return the files of a run."""

    def model_files(self, model: LoggedModelInfo) -> tuple[list[ArtifactRecord], FileReader]:
        """Return the list of a model's files, and what opens them."""

    def close(self) -> None:
        """Close connections and files."""
