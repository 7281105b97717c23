"""The logged models in the SQL store of MLflow 3 and newer, as far as their rows are valid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...entities.model import LoggedModelInfo, LoggedModelStatus, ModelMetric, RunModel
from ...entities.run import LifecycleStage, RunInfo
from .values import as_text, as_time, is_safe_id

__all__ = ["Rows", "links_of", "models_of"]

# Returns rows of a table: (its name, the columns, and by keyword what other columns must equal).
Rows = Callable[..., list[Any]]

_MODEL = (
    *("name", "artifact_location", "creation_timestamp_ms", "last_updated_timestamp_ms", "status", "status_message"),
    *("model_type", "source_run_id", "lifecycle_stage", "experiment_id"),
)
_METRIC = ("metric_name", "metric_value", "metric_timestamp_ms", "metric_step", "dataset_name", "dataset_digest")
_STATUS = {1: LoggedModelStatus.PENDING, 2: LoggedModelStatus.READY, 3: LoggedModelStatus.FAILED}


def links_of(rows: Rows, run_id: str, kind: str) -> list[RunModel]:
    """Return the models that a run made (``OUTPUT``) or read (``INPUT``)."""
    where = {"source_id": run_id, "source_type": f"RUN_{kind}", "destination_type": f"MODEL_{kind}"}
    found = rows("inputs", ("destination_id", "step"), **where)
    return sorted({RunModel(run_id, model_id, as_time(step)) for model_id, step in found if is_safe_id(model_id)}, key=repr)


def models_of(rows: Rows, run: RunInfo, links: list[RunModel]) -> list[LoggedModelInfo]:
    """Return the models that are in a run's experiment, with the metrics that the run logged for them."""
    ids = sorted({link.model_id for link in links})
    return [model for model_id in ids for model in _model(rows, run, model_id)]


def _model(rows: Rows, run: RunInfo, model_id: str) -> Iterator[LoggedModelInfo]:
    for row in rows("logged_models", _MODEL, model_id=model_id):
        name, uri, made, changed, status, message, kind, source, stage, experiment = row
        if as_text(experiment) == run.experiment_id and stage != LifecycleStage.DELETED:
            yield LoggedModelInfo(
                id=model_id,
                experiment_id=run.experiment_id,
                name=as_text(name),
                artifact_uri=as_text(uri),
                created=as_time(made),
                updated=as_time(changed),
                status=_STATUS.get(status, LoggedModelStatus.UNSPECIFIED),
                status_message=as_text(message),
                model_type=as_text(kind),
                source_run_id=as_text(source),
                params=_texts(rows, "param", model_id),
                tags=_texts(rows, "tag", model_id),
                metrics=tuple(_metrics(rows, run.id, model_id)),
            )


def _texts(rows: Rows, what: str, model_id: str) -> dict[str, str]:
    found = rows(f"logged_model_{what}s", (f"{what}_key", f"{what}_value"), model_id=model_id)
    return {key: as_text(value) for key, value in sorted(found, key=repr) if isinstance(key, str) and key}


def _metrics(rows: Rows, run_id: str, model_id: str) -> Iterator[ModelMetric]:
    found = rows("logged_model_metrics", _METRIC, model_id=model_id, run_id=run_id)
    for key, value, time, step, name, digest in sorted(found, key=repr):
        if isinstance(key, str) and key and isinstance(value, float | int):
            yield ModelMetric(key, float(value), as_time(time), as_time(step), run_id, as_text(name), as_text(digest))
