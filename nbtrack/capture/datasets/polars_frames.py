"""Describes frames and series of polars."""

from __future__ import annotations

import sys
from typing import Any

from ..value_bytes import ValueBytes, is_plain
from .facts import (
    LONGEST_NAME,
    MOST_NAMES,
    SAMPLE_BYTES,
    SAMPLE_COLUMNS,
    SAMPLE_OBJECTS,
    SAMPLE_TEXT,
    DatasetFacts,
    column_name,
    step_over,
)

__all__ = ["read_polars_frame", "read_polars_series"]

_SAMPLE_NESTED = 50  # rows, and elements of each


def read_polars_frame(frame: Any) -> DatasetFacts:
    """Describe a frame."""
    names = frame.columns[:MOST_NAMES]
    columns = tuple((column_name(name), str(frame[name].dtype)[:LONGEST_NAME]) for name in names)
    read = [frame[name] for name in names[:SAMPLE_COLUMNS]]
    sample, is_sample, opaque = _columns(read, len(frame))
    return DatasetFacts(tuple(frame.shape), columns, "", sample, is_sample or frame.width > SAMPLE_COLUMNS, opaque)


def read_polars_series(series: Any) -> DatasetFacts:
    """Describe a series."""
    sample, is_sample, opaque = _columns([series], len(series), alone=True)
    columns = ((column_name(series.name), str(series.dtype)[:LONGEST_NAME]),)
    return DatasetFacts((len(series),), columns, "", sample, is_sample, opaque)


def _columns(read: list[Any], rows: int, *, alone: bool = False) -> tuple[bytes, bool, tuple[str, ...]]:
    contents, is_nested = ValueBytes(), any(map(_is_nested, read))
    step = step_over(rows, len(read), SAMPLE_OBJECTS // 20 if is_nested else SAMPLE_OBJECTS)
    cells = [_cells(series[::step]) for series in read]
    if all(map(is_plain, cells)):
        text = str(cells[0] if alone else list(zip(*cells, strict=True)))
        return text[:SAMPLE_BYTES].encode("utf-8", errors="replace"), step > 1, ()
    return b"".join(map(contents.read, cells)), step > 1, tuple(contents.opaque)


def _is_nested(series: Any) -> bool:
    return series.dtype.is_nested() or bool(series.dtype == sys.modules["polars"].Object)


def _cells(rows: Any) -> list[object]:
    """Return the cells of a column: long strings and lists by their beginning, lists also by their length."""
    polars = sys.modules["polars"]
    lengths: list[object] = []
    if rows.dtype == polars.String:
        rows = rows.str.head(max(1, SAMPLE_TEXT // max(1, len(rows))))
    elif rows.dtype == polars.List:
        lengths, rows = rows.list.len().to_list(), rows.list.head(_SAMPLE_NESTED)
    return [*lengths, *rows.to_list()]
