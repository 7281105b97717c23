"""Tables of runs as DataFrames: a row a run, and a comparison with a column a run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pandas as pd

from ..entities.run import ParamValue, RunInfo
from ..errors import InvalidInput
from ..store.protocol.store import Store
from ..validation import shown
from .frames import runs_frame
from .metrics import Metrics

__all__ = ["differing_params", "metrics_table", "params_table", "read_table"]

# The fields of MetricSummary that are of use to a person.
_STATS = ("last", "first", "min", "max", "mean", "count", "nan_count")
_COMPARED = ("last", "min", "max")

Params = Mapping[str, ParamValue]


def read_table(store: Store, infos: Sequence[RunInfo], stats: Sequence[str], *, typed: bool) -> pd.DataFrame:
    """Return a row a run; see ``Runs.df``."""
    unknown = [stat for stat in stats if stat not in _STATS]
    if unknown:
        raise InvalidInput(f"{shown(unknown[0])} cannot be asked of a metric; choose from {', '.join(_STATS)}")
    found = store.details([info.id for info in infos], stats)
    names = {experiment.id: experiment.name for experiment in store.experiments("all")}
    return runs_frame(
        infos,
        names,
        metrics=found.metrics if stats else [],
        suffixes=["" if stat == "last" else f".{stat}" for stat in stats],
        params=found.params if typed else [(run_id, key, str(value)) for run_id, key, value in found.params],
        tags=found.tags,
    )


def differing_params(runs: Sequence[Params]) -> list[str]:
    """Return the names of the params that are not equal in all runs, sorted."""
    return [key for key in _names(runs) if len({_as_json(params, key) for params in runs}) > 1]


def params_table(runs: Sequence[Params], labels: Sequence[str]) -> pd.DataFrame:
    """Return a row a param, a column a run; those that differ come first."""
    differing = differing_params(runs)
    index = pd.Index([*differing, *(key for key in _names(runs) if key not in differing)], name="param")
    # A column holds params of all types; as objects they stay what they are.
    return pd.DataFrame([[params.get(key) for params in runs] for key in index], index, list(labels), dtype=object)


def metrics_table(runs: Sequence[Metrics], labels: Sequence[str]) -> pd.DataFrame:
    """Return rows for the last, lowest and highest value of each metric, a column a run."""
    index = pd.MultiIndex.from_product([_names(runs), _COMPARED], names=["metric", "value"])
    rows = [[getattr(own[key], stat) if key in own else float("nan") for own in runs] for key, stat in index]
    return pd.DataFrame(rows, index=index, columns=list(labels))


def _names(runs: Sequence[Mapping[str, object]]) -> list[str]:
    return sorted({key for own in runs for key in own})


def _as_json(params: Params, key: str) -> str | None:
    return json.dumps(params[key], sort_keys=True) if key in params else None
