"""Codecs of the values that are sent: their type on the wire, and how they are encoded and decoded."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, cast

import msgspec

from ...entities.run import ArtifactRecord, Dataset, Experiment, MetricSummary, ParamValue, RunInfo, ViewType
from ..protocol.search import Page
from ..protocol.store import Axis, OpenRun, RunDetails

__all__ = [
    "ARTIFACTS",
    "ARTIFACT_ROWS",
    "AXIS",
    "DATASETS",
    "DATASET_ROWS",
    "DETAILS",
    "EXPERIMENT",
    "EXPERIMENTS",
    "EXPERIMENT_PAGE",
    "INTEGER",
    "NOTHING",
    "OPEN_RUNS",
    "OPTIONAL_EXPERIMENT",
    "OPTIONAL_STRING",
    "OPTIONAL_STRINGS",
    "OPTIONAL_STRING_MAP",
    "PARAM_ROWS",
    "ROWS",
    "RUN",
    "RUNS",
    "RUN_INFOS",
    "STATS",
    "STRING",
    "STRINGS",
    "STRING_MAP",
    "TAG_ROWS",
    "VIEW",
    "Codec",
    "dump_value",
    "load_value",
]


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Codec:
    """How values of one type are sent.

    Attributes:
        type: The type on the wire, which msgspec checks while decoding.
        encode: From the value to ``type``, or to anything that msgspec writes alike.
        decode: From a checked ``type`` to the value; ValueError if there is no such value.
    """

    type: Any
    encode: Callable[[Any], Any] = _same
    decode: Callable[[Any], Any] = _same


# The value of a param is sent as JSON: MessagePack has no integers of more than 64 bits.
dump_value: Callable[[Any], str] = json.JSONEncoder(separators=(",", ":")).encode


@lru_cache(maxsize=4096)  # many runs have the same values
def _load_simple(text: str) -> Any:
    return json.loads(text)


def load_value(text: str) -> ParamValue:
    """Return the value that ``dump_value`` wrote; lists and mappings are new objects that the caller may change."""
    return cast("ParamValue", json.loads(text) if text[:1] in ("[", "{") else _load_simple(text))


def _encode_params(rows: Sequence[tuple[str, str, ParamValue]]) -> list[tuple[str, str, str]]:
    return [(run_id, key, dump_value(value)) for run_id, key, value in rows]


def _decode_params(rows: list[tuple[str, str, str]]) -> list[tuple[str, str, ParamValue]]:
    return [(run_id, key, load_value(text)) for run_id, key, text in rows]


_WireDetails = tuple[list[tuple[str, str, str]], list[tuple[str, str, str]], list[tuple[str | float | int, ...]]]


def _encode_details(details: RunDetails) -> tuple[Any, ...]:
    return _encode_params(details.params), details.tags, details.metrics


def _decode_details(wire: Any) -> RunDetails:
    params, tags, metrics = wire
    return RunDetails(_decode_params(params), tags, metrics)


def _page(name: str, item: type) -> Codec:
    """Return the codec of a page whose items have a name of their own on the wire."""
    wire = msgspec.defstruct(f"Wire{name}", [(name, tuple[item, ...]), ("more", bool, False)])  # type: ignore[valid-type]
    return Codec(wire, lambda page: {name: page.items, "more": page.more}, lambda raw: Page(getattr(raw, name), raw.more))


NOTHING = Codec(type(None))
STRING = Codec(str)
INTEGER = Codec(int)
STRINGS = Codec(list[str], list)
STATS = Codec(list[Literal[(*MetricSummary.__dataclass_fields__, "mean")]], list)  # type: ignore[valid-type]  # mypy cannot read a computed Literal
STRING_MAP = Codec(dict[str, str], dict)
OPTIONAL_STRING = Codec(str | None)
OPTIONAL_STRINGS = Codec(list[str] | None, lambda texts: texts if texts is None else list(texts))
OPTIONAL_STRING_MAP = Codec(dict[str, str] | None)
VIEW = Codec(ViewType)
AXIS = Codec(Axis)
EXPERIMENT = Codec(Experiment)
EXPERIMENTS = Codec(list[Experiment])
EXPERIMENT_PAGE = _page("experiments", Experiment)
OPTIONAL_EXPERIMENT = Codec(Experiment | None)
RUN = Codec(RunInfo)
RUNS = _page("runs", RunInfo)
RUN_INFOS = Codec(list[RunInfo])
OPEN_RUNS = Codec(list[OpenRun])
ARTIFACTS = Codec(list[ArtifactRecord])
ARTIFACT_ROWS = Codec(list[tuple[str, ArtifactRecord]])
DATASETS = Codec(list[Dataset])
DATASET_ROWS = Codec(list[tuple[str, Dataset]])
TAG_ROWS = Codec(list[tuple[str, str, str]])
PARAM_ROWS = Codec(list[tuple[str, str, str]], _encode_params, _decode_params)
ROWS = Codec(list[tuple[str | float | int, ...]])
DETAILS = Codec(_WireDetails, _encode_details, _decode_details)
