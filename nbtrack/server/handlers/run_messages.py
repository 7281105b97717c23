"""Runs as messages, read for many runs at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from ...entities.run import RunInfo
from ...store.filter import param_text
from ...store.mlflow_api import runs as wire
from ...store.mlflow_api.codec import number_out
from ...store.mlflow_api.datasets import input_of
from ...store.mlflow_api.message import KeyValue
from ...store.protocol.store import Store

__all__ = ["info_message", "read_run", "read_runs"]

_LAST = ("last", "last_timestamp", "last_step")

T = TypeVar("T")


def read_run(store: Store, run_id: str) -> wire.Run:
    """Return the message of a run; RunNotFound."""
    with store.together():
        return read_runs(store, [store.get_run(run_id)])[0]


def read_runs(store: Store, runs: Sequence[RunInfo]) -> list[wire.Run]:
    """Return the messages of runs with everything that was logged into them."""
    if not runs:
        return []
    ids = [run.id for run in runs]
    logged = store.logged(ids, _LAST)
    metrics = _by_run((run_id, wire.Metric(key, number_out(last), *at)) for run_id, key, last, *at in logged.metrics)
    params = _by_run((run_id, KeyValue(key, param_text(value))) for run_id, key, value in logged.params)
    tags = _by_run((run_id, KeyValue(key, value)) for run_id, key, value in logged.tags)
    datasets = _by_run((run_id, input_of(dataset)) for run_id, dataset in logged.datasets)
    read = _by_run((each.run_id, wire.ModelInput(each.model_id)) for each in logged.inputs)
    made = _by_run((each.run_id, wire.ModelOutput(each.model_id, each.step)) for each in logged.outputs)
    nothing: list[Any] = []
    return [
        wire.Run(
            info_message(run),
            wire.RunData(metrics.get(run.id, nothing), params.get(run.id, nothing), tags.get(run.id, nothing)),
            wire.RunInputs(datasets.get(run.id, nothing), read.get(run.id, nothing)),
            wire.RunOutputs(made.get(run.id, nothing)),
        )
        for run in runs
    ]


def info_message(run: RunInfo) -> wire.RunInfo:
    """Return the message of a run's facts."""
    return wire.RunInfo(
        run.id,
        run.id,
        run.name,
        run.experiment_id,
        run.user,
        run.status.value,
        run.start_time,
        run.artifact_uri,
        run.stage.value,
        run.end_time,
    )


def _by_run(found: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = {}
    for run_id, each in found:
        if run_id in groups:
            groups[run_id].append(each)
        else:
            groups[run_id] = [each]
    return groups
