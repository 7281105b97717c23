"""Runs that are displayed together, read from the store in a few requests, however many they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import groupby
from typing import Any, TypeAlias, TypeVar

from ...entities.run import ArtifactRecord, Experiment, MetricSummary, ParamValue, Points, RunInfo
from ...store.protocol.store import RunDetails, Store
from .curves import Window, draw, stretches

__all__ = ["SUMMARY", "ManyRuns"]

SUMMARY = tuple(MetricSummary.__dataclass_fields__)

# Points that are read at once: as they travel, some ten bytes each.
_AT_ONCE = 5_000_000
# A zoom into a longer run reads only the stretches that it shows.
_SHORT = 20_000
# Most of reading a curve is the decoding of its points, which releases the interpreter's lock.
_THREADS = 4

T = TypeVar("T")
# A curve as ``curves.draw`` returns it.
Drawn: TypeAlias = "dict[str, Any]"


class ManyRuns:
    """Some runs and what the store has of them, each kind read once, when it is first asked for.

    Args:
        store: Where the runs are.
        infos: The runs.
        stats: The fields of ``MetricSummary`` that are read of each metric.
    """

    def __init__(self, store: Store, infos: Sequence[RunInfo], stats: Sequence[str] = SUMMARY) -> None:
        self._store, self.infos, self.stats = store, tuple(infos), tuple(stats)
        self.ids = [info.id for info in self.infos]
        self._curves: dict[tuple[str, str], Drawn] = {}
        self._resolution = 0

    def renewed(self, store: Store) -> ManyRuns:
        """Return the same runs, of which nothing has been read yet."""
        return ManyRuns(store, self.infos, self.stats)

    def first(self, count: int) -> ManyRuns:
        """Return the first of these runs, with the details that have been read of them."""
        part = ManyRuns(self._store, self.infos[:count], self.stats)
        if "details" in vars(self):
            ids, all_ = set(part.ids), self.details
            own = ([row for row in rows if row[0] in ids] for rows in (all_.params, all_.tags, all_.metrics))
            vars(part)["details"] = RunDetails(*own)
        return part

    @cached_property
    def details(self) -> RunDetails:
        """The params, tags and metrics, as the store returns them."""
        return self._store.details(self.ids, self.stats)

    @cached_property
    def params(self) -> Mapping[str, Mapping[str, ParamValue]]:
        """The params of each run, by its id."""
        return self._by_run(self.details.params)

    @cached_property
    def tags(self) -> Mapping[str, Mapping[str, str]]:
        """The tags of each run, by its id."""
        return self._by_run(self.details.tags)

    @cached_property
    def metrics(self) -> Mapping[str, Mapping[str, Sequence[Any]]]:
        """The statistics of each metric of each run, by the run's id, in the order of ``stats``."""
        return self._by_run((run_id, key, values) for run_id, key, *values in self.details.metrics)

    def _by_run(self, rows: Iterable[tuple[str, str, T]]) -> dict[str, dict[str, T]]:
        found: dict[str, dict[str, T]] = {run_id: {} for run_id in self.ids}
        for run_id, key, value in rows:
            found[run_id][key] = value
        return found

    @cached_property
    def experiments(self) -> Mapping[str, Experiment]:
        """All experiments of the store, by their ids."""
        return {experiment.id: experiment for experiment in self._store.experiments("all")}

    @cached_property
    def documents(self) -> Mapping[str, Mapping[str, str]]:
        """The sha256 of each document of each run, by the run's id and the document's kind."""
        return self._by_run(self._store.documents_of(self.ids))

    @cached_property
    def files(self) -> Sequence[tuple[str, ArtifactRecord]]:
        """The logged files, each with the id of its run."""
        return self._store.artifacts_of(self.ids)

    def texts(self, sha256s: Iterable[str]) -> Mapping[str, str]:
        """Return the texts of documents by their sha256."""
        return self._store.read_documents(list(dict.fromkeys(sha256s)))

    # Points

    def curves(self, infos: Sequence[RunInfo], keys: Sequence[str], points: int) -> Mapping[tuple[str, str], Drawn]:
        """Return whole curves of some of the runs, by run id and metric, with this many points or more; each is read once."""
        if points > self._resolution:
            self._curves, self._resolution = {}, points
        unread = [key for key in keys if any(key in self.metrics[i.id] and (i.id, key) not in self._curves for i in infos)]
        for info, drawn in self.draw(infos, unread, Window(points=self._resolution)) if unread else ():
            self._curves |= {(info.id, curve["key"]): curve for curve in drawn if curve["total"]}
        return self._curves

    def draw(self, infos: Sequence[RunInfo], keys: Sequence[str], window: Window) -> Iterator[tuple[RunInfo, list[Drawn]]]:
        """Yield each run that may have these metrics with their curves in a window."""
        groups = self._groups(infos, keys, _AT_ONCE if window.is_everything else _SHORT)
        with ThreadPoolExecutor(_THREADS, "nbtrack-curves") as pool:
            for is_alone, some in groupby(groups, lambda group: len(group) == 1):
                if is_alone:
                    alone = [info for (info,) in some]
                    drawn = pool.map(lambda info: stretches(self._store, info.id, keys, window, info.start_time), alone)
                    yield from zip(alone, drawn, strict=True)
                    continue
                for group in some:
                    found = self._histories(group, keys)
                    drawn = pool.map(lambda info, own: draw(own, keys, window, info.start_time), group, found)
                    yield from zip(group, drawn, strict=True)

    def histories(self, keys: Sequence[str], infos: Sequence[RunInfo]) -> Iterator[tuple[RunInfo, dict[str, Points]]]:
        """Yield each run that may have these metrics with all points of those that it has."""
        for group in self._groups(infos, keys, _AT_ONCE):
            for info, found in zip(group, self._histories(group, keys), strict=True):
                yield info, dict(found)

    def _histories(self, group: Sequence[RunInfo], keys: Sequence[str]) -> list[list[tuple[str, Points]]]:
        found: dict[str, list[tuple[str, Points]]] = {info.id: [] for info in group}
        for run_id, key, points in self._store.histories(list(found), keys):
            found[run_id].append((key, points))
        return list(found.values())

    def _groups(self, infos: Sequence[RunInfo], keys: Sequence[str], longest: int) -> Iterator[list[RunInfo]]:
        """Yield the runs that may have points of these metrics, in groups that are read at once; runs above ``longest`` alone."""
        group: list[RunInfo] = []
        size = 0
        for info in infos:
            count = self.count(info.id, keys)
            # An open run may have got points since its metrics were counted.
            if not count and not info.status.is_open:
                continue
            if group and (size + count > _AT_ONCE or count > longest):
                yield group
                group, size = [], 0
            group.append(info)
            size += count
            if count > longest:
                yield group
                group, size = [], 0
        if group:
            yield group

    def count(self, run_id: str, keys: Iterable[str]) -> int:
        """Return how many points a run has of some metrics; needs ``count`` among the statistics."""
        own, place = self.metrics[run_id], self.stats.index("count")
        return sum(int(own[key][place]) for key in keys if key in own)
