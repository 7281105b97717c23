"""The DataFrames, arrays and tensors that a cell reads, as dataset inputs: a digest, a schema and a profile, never the data.

No library is imported for this: an object of one that is not loaded cannot be there.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any

from ..entities import Dataset
from .base import Captured

__all__ = ["capture_datasets", "describe"]

_MOST_DATASETS = 20
_MOST_COLUMNS = 1000  # in a schema
_SAMPLE_COLUMNS = 100
_SAMPLE_NUMBERS, _SAMPLE_OBJECTS = 200_000, 10_000  # cells of a frame
_SAMPLE_ELEMENTS, _SAMPLE_BYTES = 16_384, 1_000_000
_SAMPLE_ON_DISK = 64  # each may be a page fault


@dataclass(frozen=True, slots=True)
class _Facts:
    shape: tuple[int, ...]
    columns: tuple[tuple[str, str], ...] | None  # names and dtypes; None for an array
    dtype: str
    sample: bytes


def capture_datasets(
    namespace: Mapping[str, object], names: Iterable[str], *, tags: Mapping[str, str] | None = None, seconds: float = 0.03
) -> Captured:
    """Describe those of the named variables that hold data, at most 20.

    Args:
        namespace: The kernel's variables.
        names: Which of them the cell reads.
        tags: The run's ``mlflow.source.…`` tags, which say where data that was made by code comes from.
        seconds: After so long no further one is begun.
    """
    end = time.perf_counter() + seconds
    found = (describe(name, namespace[name], tags or {}) for name in names if name in namespace and time.perf_counter() < end)
    return Captured(datasets=tuple(islice((d for d in found if d is not None), _MOST_DATASETS)))


def describe(name: str, value: object, tags: Mapping[str, str]) -> Dataset | None:
    """Describe a pandas or polars frame or series, a numpy array or a torch tensor; None for anything else.

    The digest has 8 hexadecimal digits, as MLflow's. It covers shape, names, types and, of large data, an evenly spaced
    sample: some 200,000 numbers and 10,000 other values of 100 columns each, or 16,384 elements of an array.
    """
    facts = next((f for kind, read in _READERS.items() for f in _of(kind, read, value)), None)
    if facts is None:
        return None
    source = json.dumps({"tags": dict(tags)})
    return Dataset(name, _digest(facts), "code", source, schema=_schema(facts), profile=_profile(facts))


def _of(kind: str, read: Callable[[Any], _Facts], value: object) -> Iterator[_Facts]:
    module, _, name = kind.partition(".")
    library = getattr(sys.modules.get(module), name, None)
    if library is not None and isinstance(value, library) and getattr(value, "ndim", 1) > 0:
        yield read(value)


def _digest(facts: _Facts) -> str:
    header = repr((facts.shape, facts.columns, facts.dtype)).encode("utf-8", errors="replace")
    return blake2b(header + facts.sample, digest_size=4).hexdigest()


def _profile(facts: _Facts) -> str:
    elements = 1
    for length in facts.shape:
        elements *= length
    return json.dumps({"num_rows": facts.shape[0], "num_elements": elements})


def _schema(facts: _Facts) -> str:
    """Write the schema in MLflow's form, with each column's own dtype beside."""
    if facts.columns is None:
        tensor = {"type": "tensor", "tensor-spec": {"dtype": facts.dtype, "shape": [-1, *facts.shape[1:]]}}
        return json.dumps({"mlflow_tensorspec": {"features": json.dumps([tensor]), "targets": None}})
    columns = [
        {"type": _mlflow_type(dtype), "name": name, "required": True, "dtype": dtype}
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


def _sampled_rows(rows: int, columns: int, cells: int) -> slice:
    """Return evenly spaced rows, so many that about ``cells`` cells are read, and never less than some dozens."""
    most = max(50, cells // max(1, columns))
    return slice(None, None, max(1, -(-rows // most)))


def _pandas_frame(frame: Any) -> _Facts:
    names = {dtype: str(dtype) for dtype in set(frame.dtypes)}
    columns = tuple((str(name), names[dtype]) for name, dtype in zip(frame.columns, frame.dtypes, strict=True))
    numbers = [i for i, dtype in enumerate(frame.dtypes) if dtype.kind in "biufcmM"]
    others = [i for i, dtype in enumerate(frame.dtypes) if dtype.kind not in "biufcmM"]
    sample = [
        _pandas_bytes(frame.iloc[_sampled_rows(len(frame), len(part), cells), part])
        for part, cells in ((numbers[:_SAMPLE_COLUMNS], _SAMPLE_NUMBERS), (others[:_SAMPLE_COLUMNS], _SAMPLE_OBJECTS))
        if part
    ]
    return _Facts(tuple(frame.shape), columns, "", b"".join(sample))


def _pandas_series(series: Any) -> _Facts:
    sample = series.iloc[_sampled_rows(len(series), 1, _SAMPLE_OBJECTS)]
    return _Facts(tuple(series.shape), ((str(series.name), str(series.dtype)),), "", _pandas_bytes(sample))


def _pandas_bytes(sample: Any) -> bytes:
    try:
        hashes: bytes = sys.modules["pandas"].util.hash_pandas_object(sample).to_numpy().tobytes()
    except (TypeError, ValueError):  # lists and the like in the cells, text that is no Unicode
        return _text_bytes(sample.to_numpy().tolist())
    return hashes


def _polars_frame(frame: Any) -> _Facts:
    columns = tuple((name, str(dtype)) for name, dtype in frame.schema.items())
    part = frame[:, :_SAMPLE_COLUMNS]
    sample = part[_sampled_rows(len(part), part.width, _SAMPLE_OBJECTS)]
    return _Facts(tuple(frame.shape), columns, "", _text_bytes(sample.rows()))


def _polars_series(series: Any) -> _Facts:
    sample = series[_sampled_rows(len(series), 1, _SAMPLE_OBJECTS)]
    return _Facts((len(series),), ((series.name, str(series.dtype)),), "", _text_bytes(sample.to_list()))


def _text_bytes(sample: object) -> bytes:
    return str(sample)[:_SAMPLE_BYTES].encode("utf-8", errors="replace")


def _numpy_array(array: Any) -> _Facts:
    numpy = sys.modules["numpy"]
    most = min(_SAMPLE_ON_DISK if _on_disk(array) else _SAMPLE_ELEMENTS, max(1, _SAMPLE_BYTES // max(1, array.itemsize)))
    sample = array if array.size <= most else array.flat[numpy.linspace(0, array.size - 1, most).astype(numpy.int64)]
    data = _text_bytes(sample.tolist()) if array.dtype.hasobject else sample.tobytes()
    return _Facts(tuple(array.shape), None, str(array.dtype), data)


def _on_disk(array: Any) -> bool:
    memmap = sys.modules["numpy"].memmap
    return isinstance(array, memmap) or isinstance(array.base, memmap)


def _torch_tensor(tensor: Any) -> _Facts:
    numpy, torch = sys.modules["numpy"], sys.modules["torch"]
    positions = numpy.linspace(0, max(0, tensor.numel() - 1), min(tensor.numel(), _SAMPLE_ELEMENTS)).astype(numpy.int64)
    where = numpy.unravel_index(positions, tuple(tensor.shape)) if tensor.numel() else ()
    sample = tensor.detach()[tuple(torch.from_numpy(index) for index in where)] if tensor.numel() else tensor
    return _Facts(tuple(tensor.shape), None, str(tensor.dtype).removeprefix("torch."), _text_bytes(sample.tolist()))


_READERS: dict[str, Callable[[Any], _Facts]] = {
    "pandas.DataFrame": _pandas_frame,
    "pandas.Series": _pandas_series,
    "polars.DataFrame": _polars_frame,
    "polars.Series": _polars_series,
    "numpy.ndarray": _numpy_array,
    "torch.Tensor": _torch_tensor,
}
