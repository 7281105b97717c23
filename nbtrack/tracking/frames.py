"""Runs and points as DataFrames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..entities.run import Points, RunInfo

__all__ = ["Cells", "history_frame", "mlflow_frame", "points_frame", "runs_frame"]

# Rows of a store: (run id, key, value …) of each param, tag or summary.
Cells = Sequence[tuple[Any, ...]]


def points_frame(points: Points) -> pd.DataFrame:
    """Return points with the columns step, timestamp and value."""
    return pd.DataFrame({"step": points.steps, "timestamp": _moments(points.timestamps), "value": points.values})


def history_frame(histories: Sequence[tuple[str, str, Points]]) -> pd.DataFrame:
    """Return the points of several metrics of several runs: run_id, key, step, timestamp, value."""
    counts = [len(points) for _, _, points in histories]
    return pd.DataFrame(
        {
            "run_id": np.repeat(np.array([run_id for run_id, _, _ in histories], dtype=object), counts),
            "key": np.repeat(np.array([key for _, key, _ in histories], dtype=object), counts),
            "step": _joined([points.steps for _, _, points in histories], np.int64),
            "timestamp": _moments(_joined([points.timestamps for _, _, points in histories], np.int64)),
            "value": _joined([points.values for _, _, points in histories], np.float64),
        }
    )


def runs_frame(
    infos: Sequence[RunInfo],
    experiments: Mapping[str, str],
    *,
    metrics: Cells,
    suffixes: Sequence[str],
    params: Cells,
    tags: Cells,
) -> pd.DataFrame:
    """Return a row a run: its facts, then ``metrics.*``, ``params.*`` and ``tags.*``, each sorted by name.

    Args:
        infos: The runs.
        experiments: Names by experiment id.
        metrics: Summaries.
        suffixes: The suffix of the column of each value after the metric's name: ``""``, or for example ``".min"``.
        params: Typed values, or strings.
        tags: Strings.
    """
    start = np.array([info.start_time for info in infos], dtype="datetime64[ms]")
    never = np.datetime64("NaT", "ms")
    end = np.array([never if info.end_time is None else info.end_time for info in infos], dtype="datetime64[ms]")
    columns: dict[str, Any] = {
        "run_id": [info.id for info in infos],
        "name": [info.name for info in infos],
        "experiment": [experiments.get(info.experiment_id, info.experiment_id) for info in infos],
        "status": [info.status.value for info in infos],
        "start_time": pd.Series(start).dt.tz_localize("UTC"),
        "end_time": pd.Series(end).dt.tz_localize("UTC"),
        "duration": pd.Series(end - start),
        "user": [info.user for info in infos],
    }
    rows = {info.id: row for row, info in enumerate(infos)}
    for at, suffix in enumerate(suffixes, 2):
        columns |= {f"metrics.{key}{suffix}": np.array(column, dtype=float) for key, column in _pivot(metrics, rows, np.nan, at)}
    columns |= {f"params.{key}": _typed(column) for key, column in _pivot(params, rows, None)}
    columns |= {f"tags.{key}": column for key, column in _pivot(tags, rows, None)}
    return pd.DataFrame(columns)


def mlflow_frame(infos: Sequence[RunInfo], *, metrics: Cells, params: Cells, tags: Cells) -> pd.DataFrame:
    """Return exactly what ``mlflow.search_runs`` returns: its columns, in its order, with its dtypes.

    Source: mlflow/tracking/fluent.py, ``search_runs``.
    """
    columns: dict[str, Any] = {
        "run_id": [info.id for info in infos],
        "experiment_id": [info.experiment_id for info in infos],
        "status": [info.status.value for info in infos],
        "artifact_uri": [info.artifact_uri for info in infos],
        "start_time": _mlflow_times([info.start_time for info in infos]),
        "end_time": _mlflow_times([info.end_time for info in infos]),
    }
    rows = {info.id: row for row, info in enumerate(infos)}
    columns |= {f"metrics.{key}": column for key, column in _pivot(metrics, rows, float("nan"))}
    columns |= {f"params.{key}": _texts(column) for key, column in _pivot(params, rows, None)}
    columns |= {f"tags.{key}": column for key, column in _pivot(tags, rows, None)}
    return pd.DataFrame(columns)


def _mlflow_times(times: Sequence[int | None]) -> list[Any]:
    return [pd.NaT if time is None else pd.to_datetime(time, unit="ms", utc=True, errors="coerce") for time in times]


def _texts(column: list[Any]) -> list[str | None]:
    return [None if value is None else str(value) for value in column]


def _pivot(cells: Cells, rows: Mapping[str, int], missing: Any, at: int = 2) -> list[tuple[str, list[Any]]]:
    """Return a column for each key, sorted, of the values at index ``at`` of the cells."""
    columns: dict[str, list[Any]] = {}
    for cell in cells:
        column = columns.get(cell[1])
        if column is None:
            column = columns[cell[1]] = [missing] * len(rows)
        column[rows[cell[0]]] = cell[at]
    return sorted(columns.items())


def _typed(column: list[Any]) -> pd.Series:
    """Return params with the dtype that they share; mixed types make a column of objects."""
    present = {type(value) for value in column if value is not None}
    has_gap = any(value is None for value in column)
    if present == {int}:
        is_small = all(value is None or -(1 << 63) <= value < 1 << 63 for value in column)
        return pd.Series(column, dtype=("Int64" if has_gap else "int64") if is_small else object)
    if present in ({float}, {int, float}):
        return pd.Series(column, dtype="float64")
    if present == {bool}:
        return pd.Series(column, dtype="boolean" if has_gap else "bool")
    return pd.Series(column) if present == {str} else pd.Series(column, dtype=object)


def _moments(timestamps: Any) -> pd.Series:
    return pd.Series(timestamps.astype("datetime64[ms]")).dt.tz_localize("UTC")


def _joined(arrays: Sequence[Any], dtype: Any) -> Any:
    return np.concatenate(arrays) if arrays else np.empty(0, dtype)
