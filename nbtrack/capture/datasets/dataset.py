"""Describes the DataFrames, arrays and tensors that a cell reads as dataset inputs: digest, schema and profile, never the data.

No library is imported for this: without its library loaded, an object of it cannot exist.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from ...entities.run import Dataset
from ..base import Captured, WrongKind, read_each
from ..secrets.redact import redact_text
from .arrays import read_numpy_array, read_torch_tensor
from .facts import DatasetFacts
from .pandas_frames import read_pandas_frame, read_pandas_series
from .polars_frames import read_polars_frame, read_polars_series

__all__ = ["capture_datasets", "describe"]

_MOST_DATASETS = 20
_MOST_COLUMNS = 1000  # in a schema


@dataclass(frozen=True, slots=True)
class _Described:
    dataset: Dataset
    left_out: tuple[str, ...]


def capture_datasets(namespace: Mapping[str, object], names: Iterable[str], *, tags: Mapping[str, str] | None = None) -> Captured:
    """Describe the named variables that hold data, at most 20; others are reported as left out.

    Args:
        namespace: The kernel's variables.
        names: The names that the cell reads, in order.
        tags: The run's ``mlflow.source.…`` tags, which MLflow expects as the source of data made by code.
    """
    data = [(name, namespace[name]) for name in names if name in namespace and _reader(namespace[name]) is not None]
    found, unread = read_each(data[:_MOST_DATASETS], lambda name, value: _describe(name, value, tags or {}))
    over = (f"{name} (a run takes {_MOST_DATASETS} datasets by itself)" for name, _ in data[_MOST_DATASETS:])
    left_out = (*unread, *over, *(each for one in found.values() for each in one.left_out))
    return Captured(datasets=tuple(one.dataset for one in found.values()), left_out=left_out)


def describe(name: str, value: object, tags: Mapping[str, str]) -> Dataset | None:
    """Describe a pandas or polars frame or series, a numpy array or a torch tensor; None for anything else.

    The digest has 8 hexadecimal digits, as MLflow's. It covers shape, names, types and values; of large data an evenly spaced
    sample: some 200,000 numbers and 10,000 other values of 100 columns each, or 16,384 elements of an array. The profile then
    says ``"digest": "sample"``. How much is read depends on the data alone, never on time.
    """
    try:
        return _describe(name, value, tags).dataset
    except WrongKind:
        return None


def _describe(name: str, value: object, tags: Mapping[str, str]) -> _Described:
    read = _reader(value)
    if read is None or getattr(value, "ndim", 1) == 0:
        raise WrongKind
    facts = read(value)
    source = json.dumps({"tags": dict(tags)})
    dataset = Dataset(name, _digest(facts), "code", source, schema=_schema(facts), profile=_profile(facts))
    return _Described(dataset, tuple(_missing(name, facts)))


def _reader(value: object) -> Callable[[Any], DatasetFacts] | None:
    """Return the function that reads a value, found by its type alone: an object's own code may lie about its class, or raise."""
    kind = type(value)  # not value.__class__, which an object may override
    for path, read in _READERS.items():
        module, _, name = path.partition(".")
        library = getattr(sys.modules.get(module), name, None)
        if isinstance(library, type) and issubclass(kind, library):
            return read
    return None


def _missing(name: str, facts: DatasetFacts) -> Iterable[str]:
    if facts.opaque:
        yield f"the contents of {name} (values of type {', '.join(facts.opaque[:3])})"
    if facts.columns is not None and (count := facts.shape[-1] if len(facts.shape) > 1 else 1) > _MOST_COLUMNS:
        yield f"{count - _MOST_COLUMNS:,} columns of {name} in its schema (it holds {_MOST_COLUMNS:,})"


def _digest(facts: DatasetFacts) -> str:
    header = repr((facts.shape, facts.columns, facts.dtype)).encode("utf-8", errors="replace")
    return blake2b(header + facts.sample, digest_size=4).hexdigest()


def _profile(facts: DatasetFacts) -> str:
    elements = 1
    for length in facts.shape:
        elements *= length
    profile: dict[str, int | str] = {"num_rows": facts.shape[0], "num_elements": elements}
    return json.dumps(profile | ({"digest": "sample"} if facts.is_sample else {}))


def _schema(facts: DatasetFacts) -> str:
    """Return the schema in MLflow's form, with each column's own dtype added."""
    if facts.columns is None:
        tensor = {"type": "tensor", "tensor-spec": {"dtype": facts.dtype, "shape": [-1, *facts.shape[1:]]}}
        return json.dumps({"mlflow_tensorspec": {"features": json.dumps([tensor]), "targets": None}})
    columns = [
        {"type": _mlflow_type(dtype), "name": redact_text(name), "required": True, "dtype": dtype}
        for name, dtype in facts.columns[:_MOST_COLUMNS]
    ]
    return json.dumps({"mlflow_colspec": columns})


def _mlflow_type(dtype: str) -> str:
    kind = dtype.lower()
    if kind.startswith(("datetime", "date")):
        return "datetime"
    if kind.startswith("bool"):
        return "boolean"
    if kind.startswith(("int", "uint")):
        return "long" if "64" in kind else "integer"
    if kind.startswith("float"):
        return "double" if "64" in kind else "float"
    return "string"


_READERS: dict[str, Callable[[Any], DatasetFacts]] = {
    "pandas.DataFrame": read_pandas_frame,
    "pandas.Series": read_pandas_series,
    "polars.DataFrame": read_polars_frame,
    "polars.Series": read_polars_series,
    "numpy.ndarray": read_numpy_array,
    "torch.Tensor": read_torch_tensor,
}
