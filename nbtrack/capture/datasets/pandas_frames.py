"""Describes frames and series of pandas: numbers as pandas hashes them, other cells by ``ValueBytes``."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from ..value_bytes import ValueBytes, is_plain
from .arrays import is_on_disk
from .facts import (
    LONGEST_NAME,
    MOST_NAMES,
    SAMPLE_COLUMNS,
    SAMPLE_OBJECTS,
    SAMPLE_ON_DISK,
    SAMPLE_TEXT,
    DatasetFacts,
    column_name,
    step_over,
)

__all__ = ["read_pandas_frame", "read_pandas_series"]

_SAMPLE_NUMBERS = 200_000  # cells of a frame
_MOST_CATEGORIES = 10_000
_NUMBERS = "biufcmM"  # numpy's kinds


def read_pandas_frame(frame: Any) -> DatasetFacts:
    """Describe a frame."""
    names = {dtype: str(dtype)[:LONGEST_NAME] for dtype in set(frame.dtypes.iloc[:MOST_NAMES])}
    dtypes = list(frame.dtypes.iloc[:MOST_NAMES])
    columns = tuple((column_name(name), names[dtype]) for name, dtype in zip(frame.columns[:MOST_NAMES], dtypes, strict=True))
    numbers = [i for i, dtype in enumerate(dtypes) if dtype.kind in _NUMBERS]
    others = [i for i, dtype in enumerate(dtypes) if dtype.kind not in _NUMBERS]
    contents = ValueBytes()
    parts = []
    if numbers:
        parts.append(_numbers(frame, numbers[:SAMPLE_COLUMNS]))
    if others:
        parts.append(_objects(frame, others[:SAMPLE_COLUMNS], contents))
    if not _is_short(frame.index):
        parts.append(_index(frame.index, contents))
    is_sample = any(step > 1 for _, step in parts) or max(len(numbers), len(others)) > SAMPLE_COLUMNS
    sample = b"".join(data for data, _ in parts)
    return DatasetFacts(tuple(frame.shape), columns, "", sample, is_sample, tuple(contents.opaque))


def _is_short(index: Any) -> bool:
    """Return whether pandas may hash an index: numbers, or few and short strings."""
    if index.nlevels > 1 or hasattr(index.dtype, "categories"):
        return False
    is_numeric: bool = index.dtype.kind in _NUMBERS
    return is_numeric or (len(index) <= SAMPLE_OBJECTS and index.nbytes <= SAMPLE_TEXT and is_plain(index.tolist()))


def _numbers(frame: Any, columns: list[int]) -> tuple[bytes, int]:
    """Return the bytes of columns of numbers, with the index if it is numeric, and the step between the rows read."""
    first = frame.iloc[:, columns[0]]
    on_disk = isinstance(first.dtype, sys.modules["numpy"].dtype) and is_on_disk(first.to_numpy())
    step = step_over(len(frame), 1, SAMPLE_ON_DISK) if on_disk else step_over(len(frame), len(columns), _SAMPLE_NUMBERS)
    rows = frame.iloc[::step, columns]
    return _hashes(rows, index=_is_short(frame.index)), step


def _objects(frame: Any, columns: list[int], contents: ValueBytes) -> tuple[bytes, int]:
    """Return the bytes of other columns, by pandas' hash if they are plain and short, and the step between the rows read."""
    step = _step_of_text(frame, columns)
    rows = frame.iloc[::step, columns]
    cells = [_cells(column) for _, column in rows.items()]
    if _is_short(frame.index) and all(_is_plain_column(d, each) for d, each in zip(rows.dtypes, cells, strict=True)):
        with suppress(TypeError, ValueError):  # strings with lone surrogates, which pandas cannot hash
            return _hashes(rows), step
    return b"".join(contents.read(each) for each in cells), step


def _hashes(rows: Any, *, index: bool = True) -> bytes:
    hashes: bytes = sys.modules["pandas"].util.hash_pandas_object(rows, index=index).to_numpy().tobytes()
    return hashes


def _is_plain_column(dtype: Any, cells: list[object]) -> bool:
    categories = getattr(dtype, "categories", None)  # pandas would hash all of them
    return is_plain(cells) and (categories is None or len(categories) <= _MOST_CATEGORIES)


def _step_of_text(frame: Any, columns: list[int]) -> int:
    """Return the step between rows; it limits how many bytes of Arrow strings are copied when rows are selected."""
    size = sum(_arrow_bytes(frame.iloc[:, i].array) for i in columns)
    return max(step_over(len(frame), len(columns), SAMPLE_OBJECTS), _step_within(len(frame), size))


def _step_within(rows: int, size: int) -> int:
    return -(-rows // max(1, SAMPLE_TEXT * rows // size)) if size > SAMPLE_TEXT else 1


def _arrow_bytes(array: Any) -> int:
    return int(array.nbytes) if _is_arrow(array.dtype) else 0


def _is_arrow(dtype: Any) -> bool:
    return "Arrow" in type(dtype).__name__ or getattr(dtype, "storage", "") == "pyarrow"


def _cells(column: Any) -> list[object]:
    """Return the values of a column or an index; long strings by their beginning."""
    if getattr(column.dtype, "storage", "") == "pyarrow" and column.array.nbytes > SAMPLE_TEXT:
        column = column.str.slice(0, SAMPLE_TEXT // max(1, len(column)))
    cells: list[object] = column.tolist()
    return cells


def _index(index: Any, contents: ValueBytes) -> tuple[bytes, int]:
    size = _arrow_bytes(index.array) if index.nlevels == 1 else 0
    step = max(step_over(len(index), index.nlevels, SAMPLE_OBJECTS), _step_within(len(index), size))
    return contents.read(_cells(index[::step])), step


def read_pandas_series(series: Any) -> DatasetFacts:
    """Describe a series."""
    facts = read_pandas_frame(series.to_frame("x"))
    columns = ((column_name(series.name), str(series.dtype)[:LONGEST_NAME]),)
    return DatasetFacts(tuple(series.shape), columns, "", facts.sample, facts.is_sample, facts.opaque)
