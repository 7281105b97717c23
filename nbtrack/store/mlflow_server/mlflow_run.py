"""A run as an MLflow server returns it, turned into what the store protocol needs of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ...entities.run import LifecycleStage, RunInfo, Status
from ...entities.tags import RUN_NAME, TAG_HEARTBEAT, TAG_OWNER, TAG_RUN_ID, TAG_WRITER
from ..matching.match import Record
from ..mlflow_api import runs as wire
from ..mlflow_api.datasets import dataset_of
from .name_escapes import original_name
from .params import params_in
from .reserved_tags import is_reserved
from .summaries import Summary

__all__ = ["MlflowRun", "ReadSummary", "mlflow_run"]

# Returns a metric's summary, given MLflow's id of the run, the metric's name and last point, and the run's version.
ReadSummary = Callable[[str, str, wire.Metric, object], Summary]


@dataclass(slots=True)
class MlflowRun(Record):
    """A run of an MLflow server.

    Attributes:
        mlflow_id: MLflow's id; ``info.id`` is the id that the run started with, if that is another.
        all_tags: Every tag by MLflow's name, reserved ones too.
        model_outputs: The logged models that the run made, with the step.
        model_inputs: The logged models that the run read.
        read_at: When it was read, by ``time.monotonic``.
    """

    mlflow_id: str = ""
    all_tags: dict[str, str] = field(default_factory=dict)
    model_outputs: dict[str, int] = field(default_factory=dict)
    model_inputs: dict[str, int] = field(default_factory=dict)
    read_at: float = 0.0

    @property
    def owner(self) -> str:
        """The process that writes the run, as it named itself."""
        return self.all_tags.get(TAG_OWNER, "")

    @property
    def has_heartbeat(self) -> bool:
        """Whether the run ever had a heartbeat, which is a time of the server's clock."""
        return TAG_HEARTBEAT in self.all_tags

    @property
    def heartbeat(self) -> int:
        """The time of the last heartbeat in milliseconds; the run's start if it has none."""
        text = self.all_tags.get(TAG_HEARTBEAT, "")
        return int(text) if text.isdecimal() else self.info.start_time


def mlflow_run(run: wire.Run, read_summary: ReadSummary) -> MlflowRun:
    """Return a run from the server's message."""
    tags = {tag.key: tag.value for tag in run.data.tags}
    info = _info(run.info, tags)
    version = _version(info, tags)
    metrics = {
        (key := original_name(metric.key)): read_summary(run.info.run_id, key, metric, version) for metric in run.data.metrics
    }
    datasets = map(dataset_of, run.inputs.dataset_inputs if run.inputs else ())
    return MlflowRun(
        info,
        params=params_in(run.data.params, tags),
        tags={original_name(key): value for key, value in sorted(tags.items()) if not is_reserved(key)},
        metrics=metrics,  # type: ignore[arg-type]  # a Summary has every attribute of a MetricSummary
        datasets=dict(sorted({(each.name, each.digest): each for each in datasets}.items())),
        mlflow_id=run.info.run_id,
        all_tags=tags,
        model_outputs={each.model_id: each.step for each in (run.outputs.model_outputs if run.outputs else ())},
        model_inputs={each.model_id: 0 for each in (run.inputs.model_inputs if run.inputs else ())},
        read_at=time.monotonic(),
    )


def _version(info: RunInfo, tags: dict[str, str]) -> object:
    """Return what differs once points were added; None if that cannot be told, in a run of another client that has not ended."""
    progress = tuple(sorted((key, value) for key, value in tags.items() if key.startswith(TAG_WRITER)))
    return (info.end_time, progress) if progress or info.end_time is not None else None


def _info(info: wire.RunInfo, tags: dict[str, str]) -> RunInfo:
    status = Status(info.status) if info.status in Status.__members__ else Status.RUNNING
    return RunInfo(
        id=tags.get(TAG_RUN_ID, info.run_id),
        experiment_id=info.experiment_id,
        name=info.run_name or tags.get(RUN_NAME, ""),
        status=status,
        start_time=info.start_time,
        end_time=None if status is Status.RUNNING else info.end_time,  # MLflow keeps the old end of a run that was resumed
        artifact_uri=info.artifact_uri,
        user=info.user_id,
        stage=LifecycleStage(info.lifecycle_stage or "active"),
    )
