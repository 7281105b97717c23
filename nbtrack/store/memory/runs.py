"""A run in memory, and its changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace

from ...entities.events import Conflict, LaneRows, Progress
from ...entities.run import ArtifactRecord, ParamValue, Status, now_ms
from ...entities.tags import RUN_NAME
from ..filter import param_text
from ..matching.match import Record
from .points import Point, identity, summarize

__all__ = ["Applied", "MemoryRun"]


@dataclass(slots=True)
class Applied:
    """How much of a writer's events and lanes has been applied."""

    events: int = 0
    lanes: dict[int, int] = field(default_factory=dict)

    def progress(self, conflicts: tuple[Conflict, ...] = ()) -> Progress:
        """Return this as the protocol's ``Progress``."""
        return Progress(self.events, dict(self.lanes), conflicts)


@dataclass(slots=True)
class MemoryRun(Record):
    """All data of a run."""

    owner: str = ""
    heartbeat: int = 0
    points: dict[str, dict[object, Point]] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, ArtifactRecord] = field(default_factory=dict)
    writers: dict[str, Applied] = field(default_factory=dict)
    outputs: dict[str, int] = field(default_factory=dict)
    inputs: set[str] = field(default_factory=set)

    def set_params(self, params: Mapping[str, ParamValue], *, replaces: bool) -> tuple[Conflict, ...]:
        """Set new params, and return conflicts with existing ones; params are equal if their strings are."""
        if replaces:
            self.params.update(deepcopy(dict(params)))
        conflicts = []
        for key, value in params.items():
            kept = self.params.setdefault(key, deepcopy(value))
            if param_text(kept) != param_text(value):
                conflicts.append(Conflict(key, kept, value))
        return tuple(conflicts)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags; the run's name is the tag ``mlflow.runName``, and an empty one does not erase it."""
        name = tags.get(RUN_NAME) or self.info.name
        self.info = replace(self.info, name=name)
        self.tags.update(tags)
        self.tags[RUN_NAME] = name

    def delete_tags(self, keys: tuple[str, ...]) -> None:
        """Delete tags, but not the run's name."""
        for key in keys:
            if key != RUN_NAME:
                self.tags.pop(key, None)

    def resume(self, owner: str) -> None:
        """Set the run to RUNNING with a new owner."""
        self.owner, self.heartbeat = owner, now_ms()
        self.info = replace(self.info, status=Status.RUNNING, end_time=None)

    def add_rows(self, lane: LaneRows) -> None:
        """Add the points of a lane; a point that exists keeps its place in the order."""
        for series in lane.series:
            for key, values in zip(series.keys, series.values, strict=True):
                self._add(key, zip(series.steps.tolist(), series.timestamps.tolist(), values.tolist(), strict=True))

    def _add(self, key: str, new: Iterable[Point]) -> None:
        points = self.points.setdefault(key, {})
        for point in new:
            points.setdefault(identity(point), point)
        if points:
            self.metrics[key] = summarize(points.values())
