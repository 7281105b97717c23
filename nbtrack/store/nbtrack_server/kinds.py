"""Kinds of values that travel: what they are on the wire, and the way there and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, cast

from ...entities.run import ArtifactRecord, Dataset, Experiment, MetricSummary, ParamValue, RunInfo, ViewType
from ..protocol.store import Axis, ExperimentPage, OpenRun, RunPage

__all__ = [
    "ARTIFACTS",
    "AXIS",
    "DATASETS",
    "DATASET_ROWS",
    "EXPERIMENT",
    "EXPERIMENTS",
    "EXPERIMENT_PAGE",
    "INTEGER",
    "NOTHING",
    "OPEN_RUNS",
    "OPTIONAL_EXPERIMENT",
    "OPTIONAL_TEXT",
    "OPTIONAL_TEXTS",
    "OPTIONAL_TEXT_MAP",
    "PARAM_ROWS",
    "ROWS",
    "RUN",
    "RUNS",
    "STATS",
    "TAG_ROWS",
    "TEXT",
    "TEXTS",
    "TEXT_MAP",
    "VIEW",
    "Kind",
    "dump_value",
    "load_value",
]


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value.

    Args:
        type: What it is on the wire, as msgspec checks it.
        pack: From the value to what is sent; ``type`` or what msgspec makes the same of.
        make: From what came, checked, to the value; ValueError where it cannot be one.
    """

    type: Any
    pack: Callable[[Any], Any] = _same
    make: Callable[[Any], Any] = _same


# Params and such as JSON: their numbers may be NaN, infinite or longer than 64 bits.
dump_value: Callable[[Any], str] = json.JSONEncoder(separators=(",", ":")).encode


@lru_cache(maxsize=4096)
def _load_simple(text: str) -> Any:
    return json.loads(text)


def load_value(text: str) -> ParamValue:
    """Return the value that ``dump_value`` gave the text of; lists and mappings are the caller's own."""
    return cast("ParamValue", json.loads(text) if text[:1] in ("[", "{") else _load_simple(text))


def _pack_params(rows: Sequence[tuple[str, str, ParamValue]]) -> list[tuple[str, str, str]]:
    return [(run_id, key, dump_value(value)) for run_id, key, value in rows]


def _make_params(rows: list[tuple[str, str, str]]) -> list[tuple[str, str, ParamValue]]:
    return [(run_id, key, load_value(text)) for run_id, key, text in rows]


NOTHING = Kind(type(None))
TEXT = Kind(str)
INTEGER = Kind(int)
TEXTS = Kind(list[str], list)
STATS = Kind(list[Literal[(*MetricSummary.__dataclass_fields__, "mean")]], list)  # type: ignore[valid-type]  # of no other names
TEXT_MAP = Kind(dict[str, str], dict)
OPTIONAL_TEXT = Kind(str | None)
OPTIONAL_TEXTS = Kind(list[str] | None, lambda texts: texts if texts is None else list(texts))
OPTIONAL_TEXT_MAP = Kind(dict[str, str] | None)
VIEW = Kind(ViewType)
AXIS = Kind(Axis)
EXPERIMENT = Kind(Experiment)
EXPERIMENTS = Kind(list[Experiment])
EXPERIMENT_PAGE = Kind(ExperimentPage)
OPTIONAL_EXPERIMENT = Kind(Experiment | None)
RUN = Kind(RunInfo)
RUNS = Kind(RunPage)
OPEN_RUNS = Kind(list[OpenRun])
ARTIFACTS = Kind(list[ArtifactRecord])
DATASETS = Kind(list[Dataset])
DATASET_ROWS = Kind(list[tuple[str, Dataset]])
TAG_ROWS = Kind(list[tuple[str, str, str]])
PARAM_ROWS = Kind(list[tuple[str, str, str]], _pack_params, _make_params)
ROWS = Kind(list[tuple[str | float | int, ...]])
