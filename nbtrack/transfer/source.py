"""Where runs are copied from: what any place must be able to tell of its runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from ..entities.model import LoggedModelInfo, RunModel
from ..entities.run import ArtifactRecord, Dataset, Experiment, ParamValue, RunInfo

if TYPE_CHECKING:
    from ..entities.events import Series

__all__ = ["Contents", "Files", "Source"]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a run has beside its points.

    Attributes:
        documents: The sha256 of each, by kind.
        files: Every file; one whose sha256 is not known has an empty one.
        points: What changes whenever points are logged, such as how many there are of each metric.
        made: The logged models that the run made.
        read: Those that it read.
        models: What these models are, as far as they can be copied.
        left: How many it made besides, which cannot.
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


class Files(Protocol):
    """The files of one run."""

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading; ArtifactNotFound."""


class Source(Protocol):
    """A place with runs. What cannot be read is left out, and named in ``problems``.

    Memory: points come in pieces of bounded size. Order: all that is asked twice comes in the same order.
    """

    label: str
    problems: list[str]

    def experiments(self) -> Iterable[Experiment]:
        """Return all experiments, deleted ones too."""

    def runs(self, experiment: Experiment) -> Iterable[RunInfo]:
        """Return all runs of an experiment, deleted ones too."""

    def contents(self, run: RunInfo) -> Contents:
        """Return what a run has."""

    def document(self, sha256: str) -> str | None:
        """Return a document's text."""

    def points(self, run: RunInfo) -> Iterator[Series]:
        """Give the points of a run piece by piece, those of a metric in the order logged."""

    def files(self, run: RunInfo) -> Files:
        """Return the files of a run."""

    def model_files(self, model: LoggedModelInfo) -> tuple[list[ArtifactRecord], Files]:
        """Return what files a model has, and where to read them."""

    def close(self) -> None:
        """Give back connections and files."""
