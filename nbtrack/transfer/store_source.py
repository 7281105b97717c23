"""A store as a source of runs: SQLite, a database server, memory, a tracking server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from typing_extensions import override

from ..entities.events import Series
from ..entities.model import LoggedModelInfo
from ..entities.run import ArtifactRecord, Experiment, Points, RunInfo
from ..errors import ModelNotFound, NbtrackError
from ..store.artifacts.protocol import walk
from ..store.protocol.search import Query
from ..store.protocol.store import Store
from .source import FileReader, Source, SourceRun

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..store.artifacts.protocol import ArtifactStore

__all__ = ["StoredRuns"]

_AT_ONCE = 500_000  # values that are read together
_STATS = ("count", "first_step", "first_timestamp", "last_step", "last_timestamp", "last", "total")
_ENDS = (-(1 << 63), (1 << 63) - 1)


class StoredRuns(Source):
    """The runs of a store.

    Args:
        store: The store.
        open_files: Opens the artifact store of a run's ``artifact_uri``.
        run_ids: Which runs; None for all.
        owns_store: Whether ``close`` closes the store.
    """

    def __init__(
        self,
        store: Store,
        open_files: Callable[[str], ArtifactStore],
        run_ids: Sequence[str] | None = None,
        *,
        owns_store: bool = False,
    ) -> None:
        self.label, self.problems = store.uri, list[str]()
        self._owns_store = owns_store
        self._store, self._open_files, self._run_ids = store, open_files, run_ids

    @override
    def experiments(self) -> Iterable[Experiment]:
        if self._run_ids is None:
            return self._store.experiments("all")
        numbers = dict.fromkeys(self._store.get_run(run_id).experiment_id for run_id in self._run_ids)
        return [self._store.get_experiment(number) for number in numbers]

    @override
    def runs(self, experiment: Experiment) -> Iterable[RunInfo]:
        if self._run_ids is None:
            return self._store.search_runs(Query((experiment.id,), view="all")).items
        asked = (self._store.get_run(run_id) for run_id in dict.fromkeys(self._run_ids))
        return [run for run in asked if run.experiment_id == experiment.id]

    @override
    def contents(self, run: RunInfo) -> SourceRun:
        ids, store = [run.id], self._store
        return SourceRun(
            params={key: value for _, key, value in store.params(ids)},
            tags={key: value for _, key, value in store.tags(ids)},
            documents=store.documents(run.id),
            datasets=store.datasets(run.id),
            files=self._files(run),
            points=[row[1:] for row in store.metrics(ids, _STATS)],
            **self._models(run),
        )

    def _models(self, run: RunInfo) -> dict[str, Any]:
        """Return the models that a run made and read; only those in its own experiment are copied."""
        models = self._store.models
        made, read = models.outputs([run.id]), models.inputs([run.id])
        found = []
        for model_id in sorted({each.model_id for each in made + read}):
            with suppress(ModelNotFound):
                found.append(models.get(model_id))
        return {"made": made, "read": read, "models": [each for each in found if each.experiment_id == run.experiment_id]}

    @override
    def model_files(self, model: LoggedModelInfo) -> tuple[list[ArtifactRecord], FileReader]:
        files = self._open_files(model.artifact_uri)
        return self._named(files, f"the logged model {model.id}"), files

    def _files(self, run: RunInfo) -> list[ArtifactRecord]:
        """Return all files in the artifact store, with the store's record of each."""
        known = {record.path: record for record in self._store.artifacts(run.id)}
        try:
            there = self._named(self._open_files(run.artifact_uri), f"run {run.id}")
        except NbtrackError as error:
            self.problems.append(f"the files of run {run.id}: {error}")
            return []
        return [known.get(record.path, record) for record in there]

    def _named(self, files: ArtifactStore, owner: str) -> list[ArtifactRecord]:
        """Return all files, ordered by path, except those whose names cannot be an artifact's, which are a problem."""
        odd = list[str]()
        found = sorted(walk(files, problems=odd), key=lambda record: record.path)
        self.problems += [f"a file of {owner} is left out: {why}" for why in odd]
        return found

    @override
    def document(self, sha256: str) -> str | None:
        return self._store.read_document(sha256)

    @override
    def files(self, run: RunInfo) -> FileReader:
        return self._open_files(run.artifact_uri)

    @override
    def points(self, run: RunInfo) -> Iterator[Series]:
        alike: dict[tuple[Any, ...], list[str]] = {}
        for _, key, *stats in self._store.metrics([run.id], _STATS[:5]):
            alike.setdefault(tuple(stats), []).append(key)
        for (count, _, begin, _, end), keys in alike.items():
            for some in _blocks(keys, max(1, _AT_ONCE // count)):
                for low, high in _windows(count * len(some), int(begin), int(end)):
                    yield from _series(self._store.stretches(run.id, some, "time", low, high), low, high)

    @override
    def close(self) -> None:
        if self._owns_store:
            self._store.close()


def _blocks(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for first in range(0, len(keys), size):
        yield keys[first : first + size]


def _windows(values: int, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield time windows, both ends included, with about ``_AT_ONCE`` values each if they are spread evenly."""
    low, high = min(begin, end), max(begin, end)
    number = min(-(-values // _AT_ONCE), high - low + 1)
    cuts = [low + (high - low) * place // number for place in range(1, number)]
    yield from zip([_ENDS[0], *[cut + 1 for cut in cuts]], [*cuts, _ENDS[1]], strict=True)


def _series(found: Sequence[tuple[str, str, Points]], low: int, high: int) -> Iterator[Series]:
    """Yield the points within a window; metrics with the same steps and times share a series."""
    together: list[Series] = []
    for _, key, points in found:
        inside = (points.timestamps >= low) & (points.timestamps <= high)
        steps, timestamps, values = points.steps[inside], points.timestamps[inside], points.values[inside]
        place = next((i for i, each in enumerate(together) if _same(each, steps, timestamps)), None)
        if place is None:
            together.append(Series((key,), steps, timestamps, (values,)))
        else:
            known = together[place]
            together[place] = Series((*known.keys, key), known.steps, known.timestamps, (*known.values, values))
    yield from (series for series in together if len(series.steps))


def _same(series: Series, steps: NDArray[np.int64], timestamps: NDArray[np.int64]) -> bool:
    return np.array_equal(series.steps, steps) and np.array_equal(series.timestamps, timestamps)


if TYPE_CHECKING:
    from ..store.memory import MemoryStore

    _proof: Source = StoredRuns(MemoryStore(), lambda uri: ...)  # type: ignore[arg-type,return-value]
