"""Runs as MLflow answers them: what there is of one, and one of ours by its id."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ...entities.run import Dataset, LifecycleStage, RunInfo, Status
from ...entities.tags import RUN_NAME, TAG_HEARTBEAT, TAG_OWNER, TAG_RUN_ID, TAG_WRITER
from ...errors import InvalidInput, RunNotFound
from ..matching.match import Record
from ..mlflow_api import runs as wire
from ..mlflow_api.datasets import dataset_of
from ..mlflow_api.message import RunRequest
from .api import MlflowApi
from .experiments import Experiments
from .name_escapes import own_name
from .params import params_in
from .reserved_tags import is_mark
from .summaries import Summary

__all__ = ["MlflowRun", "Runs", "is_quotable", "quoted"]

# For so long what was read of a run answers for it: a table asks for params, tags and metrics one after the other.
_FRESH_SECONDS = 1.0
_KEPT = 20_000
_IDS_A_SEARCH = 100
_PAGE = 1000

# Gives the summary of a metric: of a run by MLflow's id, the metric's name, its last point, and what tells whether more came.
ReadSummary = Callable[[str, str, wire.Metric, object], Summary]


@dataclass(slots=True)
class MlflowRun(Record):
    """A run, its id being ours where it has one; ``own_id`` is MLflow's.

    ``marks`` are all its tags, those of ours too, by the names that they have there; ``made`` and ``used`` are logged models.
    """

    own_id: str = ""
    marks: dict[str, str] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)
    read_at: float = 0.0

    @property
    def owner(self) -> str:
        """The process that runs it, as it called itself."""
        return self.marks.get(TAG_OWNER, "")

    @property
    def has_heartbeat(self) -> bool:
        """Whether it has given a sign, by the server's clock."""
        return TAG_HEARTBEAT in self.marks

    @property
    def heartbeat(self) -> int:
        """When it last gave a sign, in milliseconds; when it started where it has given none."""
        text = self.marks.get(TAG_HEARTBEAT, "")
        return int(text) if text.isdecimal() else self.info.start_time


class Runs:
    """The runs of a server, each read anew unless it was read just now.

    Threads: any may ask; what is kept is replaced, never changed.
    """

    def __init__(self, api: MlflowApi, experiments: Experiments, summary: ReadSummary) -> None:
        self._api, self._experiments, self._summary = api, experiments, summary
        self._ids: dict[str, str] = {}
        self._kept: dict[str, MlflowRun] = {}

    # One run.

    def find(self, run_id: str, *, fresh: bool = False) -> MlflowRun | None:
        """Return a run by MLflow's id or by ours, None where there is none."""
        kept = self._kept.get(self._ids.get(run_id, run_id))
        if kept is not None and not fresh and time.monotonic() - kept.read_at < _FRESH_SECONDS:
            return kept
        found = self._api.find(wire.GET_RUN, RunRequest(run_id=self._ids.get(run_id, run_id))) if _may_be_id(run_id) else None
        if found is not None:
            return self.keep(found.run)
        return None if run_id in self._ids else self._by_mark(run_id)

    def get(self, run_id: str, *, fresh: bool = False) -> MlflowRun:
        """Return a run; RunNotFound."""
        found = self.find(run_id, fresh=fresh)
        if found is None:
            raise RunNotFound(f"there is no run with the id {run_id!r}")
        return found

    def _by_mark(self, run_id: str) -> MlflowRun | None:
        """Return the run that began under this id; of two, begun by two processes that delivered it at once, the same always."""
        found = list(self.search(f"tags.`{TAG_RUN_ID}` = {quoted(run_id)}")) if is_quotable(run_id) else []
        chosen = min(found, key=lambda run: run.own_id, default=None)
        if chosen is not None:
            self._ids[run_id] = chosen.own_id
        return chosen

    # Many.

    def many(self, run_ids: Sequence[str]) -> list[MlflowRun]:
        """Return those of these runs that there are, in this order."""
        found: dict[str, MlflowRun] = {}
        unread: list[str] = []
        for run_id in dict.fromkeys(run_ids):
            kept = self._kept.get(self._ids.get(run_id, run_id))
            if kept is not None and time.monotonic() - kept.read_at < _FRESH_SECONDS:
                found[run_id] = kept
            else:
                unread.append(run_id)
        found |= self._read_many(unread)
        return [found[run_id] for run_id in run_ids if run_id in found]

    def _read_many(self, run_ids: list[str]) -> dict[str, MlflowRun]:
        if len(run_ids) <= 3:
            return {run_id: run for run_id in run_ids if (run := self.find(run_id)) is not None}
        found: dict[str, MlflowRun] = {}
        for start in range(0, len(run_ids), _IDS_A_SEARCH):
            part = run_ids[start : start + _IDS_A_SEARCH]
            here = self._of_ids([self._ids.get(run_id, run_id) for run_id in part if _may_be_id(run_id)])
            found |= {run_id: here[own] for run_id in part if (own := self._ids.get(run_id, run_id)) in here}
        missing = [run_id for run_id in run_ids if run_id not in found]
        return found | {run_id: run for run_id in missing if (run := self.find(run_id)) is not None}

    def _of_ids(self, own_ids: list[str]) -> dict[str, MlflowRun]:
        """Return runs by MLflow's ids in one search; none where the server is too old for it."""
        if not own_ids:
            return {}
        try:
            return {run.own_id: run for run in self.search(f"attributes.run_id IN ({', '.join(map(quoted, own_ids))})")}
        except InvalidInput:
            return {}

    def search(
        self,
        filter_: str = "",
        *,
        experiment_ids: Sequence[str] | None = None,
        order_by: Sequence[str] = (),
        view: str = "ALL",
        page: int = _PAGE,
    ) -> Iterator[MlflowRun]:
        """Yield the runs that MLflow finds, page by page; in all experiments where none is named."""
        ids = [each.id for each in self._experiments.list("all")] if experiment_ids is None else list(experiment_ids)
        if not ids:
            return
        request = wire.SearchRuns(
            experiment_ids=ids, filter=filter_, run_view_type=view, max_results=page, order_by=list(order_by)
        )
        for answer in self._api.pages(wire.SEARCH_RUNS, request):
            for run in answer.runs:
                yield self.keep(run)

    # What is kept.

    def keep(self, run: wire.Run) -> MlflowRun:
        """Return a run as it was answered, and remember it for a moment."""
        found = self._made(run)
        if len(self._kept) > _KEPT:
            self._kept = {}
        self._kept[found.own_id] = found
        self._ids[found.info.id] = found.own_id
        return found

    def touch(self, run_ids: Iterable[str]) -> None:
        """Count these runs as read just now: the search that found them may have taken longer than a moment."""
        now = time.monotonic()
        for run_id in run_ids:
            if (kept := self._kept.get(self._ids.get(run_id, run_id))) is not None:
                kept.read_at = now

    def forget(self, own_id: str) -> None:
        """Read a run anew the next time: it has changed."""
        self._kept.pop(own_id, None)

    def forget_id(self, run_id: str) -> None:
        """Look anew for which run has one of our ids."""
        self._ids.pop(run_id, None)

    def forget_all(self) -> None:
        """Read every run anew the next time."""
        self._kept = {}

    def _made(self, run: wire.Run) -> MlflowRun:
        marks = {tag.key: tag.value for tag in run.data.tags}
        info = _info(run.info, marks)
        state = _state(info, marks)
        metrics = {
            (key := own_name(metric.key)): self._summary(run.info.run_id, key, metric, state) for metric in run.data.metrics
        }
        return MlflowRun(
            info,
            params=params_in(run.data.params, marks),
            tags={own_name(key): value for key, value in sorted(marks.items()) if not is_mark(key)},
            metrics=metrics,  # type: ignore[arg-type]  # each has what a MetricSummary has
            datasets=_datasets(run.inputs.dataset_inputs if run.inputs else ()),
            own_id=run.info.run_id,
            marks=marks,
            made={each.model_id: each.step for each in (run.outputs.model_outputs if run.outputs else ())},
            used={each.model_id: 0 for each in (run.inputs.model_inputs if run.inputs else ())},
            read_at=time.monotonic(),
        )


def _state(info: RunInfo, marks: dict[str, str]) -> object:
    """Return what is another when points have come, as far as one can tell; None where one cannot."""
    counted = tuple(sorted((key, value) for key, value in marks.items() if key.startswith(TAG_WRITER)))
    return (info.end_time, counted) if counted or info.end_time is not None else None


def _info(info: wire.RunInfo, marks: dict[str, str]) -> RunInfo:
    status = Status(info.status) if info.status in Status.__members__ else Status.RUNNING
    return RunInfo(
        id=marks.get(TAG_RUN_ID, info.run_id),
        experiment_id=info.experiment_id,
        name=info.run_name or marks.get(RUN_NAME, ""),
        status=status,
        start_time=info.start_time,
        end_time=None if status is Status.RUNNING else info.end_time,  # MLflow keeps the former end of a run that was resumed
        artifact_uri=info.artifact_uri,
        user=info.user_id,
        stage=LifecycleStage(info.lifecycle_stage or "active"),
    )


def _datasets(inputs: Iterable[wire.DatasetInput]) -> dict[tuple[str, str], Dataset]:
    found = {(each.name, each.digest): each for each in map(dataset_of, inputs)}
    return dict(sorted(found.items()))


def _may_be_id(run_id: str) -> bool:
    return run_id.isascii() and run_id.replace("-", "").replace("_", "").isalnum() and len(run_id) <= 256


def is_quotable(text: str) -> bool:
    """Tell whether MLflow's filters can have a text."""
    return text.isprintable() and not any(c in text for c in "'\"`\\")


def quoted(text: str) -> str:
    """Return a text as it stands in a filter of MLflow's."""
    return f"'{text}'"
