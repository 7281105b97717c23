"""A run in memory, and what is done to it."""

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
    """How far one writer has been applied."""

    events: int = 0
    lanes: dict[int, int] = field(default_factory=dict)

    def progress(self, conflicts: tuple[Conflict, ...] = ()) -> Progress:
        """Return this as the protocol's answer."""
        return Progress(self.events, dict(self.lanes), conflicts)


@dataclass(slots=True)
class MemoryRun(Record):
    """All that the store knows of a run."""

    owner: str = ""
    heartbeat: int = 0
    points: dict[str, dict[object, Point]] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, ArtifactRecord] = field(default_factory=dict)
    writers: dict[str, Applied] = field(default_factory=dict)
    outputs: dict[str, int] = field(default_factory=dict)
    inputs: set[str] = field(default_factory=set)

    def set_params(self, params: Mapping[str, ParamValue], *, replaces: bool) -> tuple[Conflict, ...]:
        """Set the params that are new, and return those that have another value; equal texts are equal params."""
        if replaces:
            self.params.update(deepcopy(dict(params)))
        conflicts = []
        for key, value in params.items():
            kept = self.params.setdefault(key, deepcopy(value))
            if param_text(kept) != param_text(value):
                conflicts.append(Conflict(key, kept, value))
        return tuple(conflicts)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags; the run's name and its tag are one thing, and nothing erases a name."""
        name = tags.get(RUN_NAME) or self.info.name
        self.info = replace(self.info, name=name)
        self.tags.update(tags)
        self.tags[RUN_NAME] = name

    def delete_tags(self, keys: tuple[str, ...]) -> None:
        """Take tags away, but not the run's name."""
        for key in keys:
            if key != RUN_NAME:
                self.tags.pop(key, None)

    def resume(self, owner: str) -> None:
        """Make the run go on, as the run of another process."""
        self.owner, self.heartbeat = owner, now_ms()
        self.info = replace(self.info, status=Status.RUNNING, end_time=None)

    def add_rows(self, lane: LaneRows) -> None:
        """Add the points of a lane; one that is there already stays where it was."""
        for series in lane.series:
            for key, values in zip(series.keys, series.values, strict=True):
                self._add(key, zip(series.steps.tolist(), series.timestamps.tolist(), values.tolist(), strict=True))

    def _add(self, key: str, new: Iterable[Point]) -> None:
        points = self.points.setdefault(key, {})
        for point in new:
            points.setdefault(identity(point), point)
        if points:
            self.metrics[key] = summarize(points.values())
