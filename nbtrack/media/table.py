"""Saves tables to files in MLflow's ``log_table`` format, and loads them."""

from __future__ import annotations

import json
import math
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput, WrongType
from .suffix import suffix_of
from .text import plain_value

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["is_table", "load_table", "table_bytes", "tables_tag"]


def table_bytes(data: Any, path: str, before: bytes | None = None) -> bytes:
    """Return the bytes of a file with a table appended to its present rows.

    JSON is ``{"columns": […], "data": [[…], …]}``, in which NaN and infinities are null; CSV and Parquet keep them. A named
    index is saved as columns.

    Args:
        data: A DataFrame (pandas, or anything with ``to_pandas``), a dict of columns, a dict of single values, or a list of
            dicts.
        path: The file's name: ``.json``, ``.csv``, ``.tsv`` or ``.parquet``.
        before: The present content of the file, None if there is none. Columns missing on one side are filled with missing
            values.

    Raises:
        WrongType: It is not a table, or a cell holds a value that the format cannot represent.
        InvalidInput: The suffix is another, columns differ in length, or ``before`` is not a table.
    """
    frame = _frame(data)
    suffix = suffix_of(path)
    if suffix == ".json":
        return _json(frame, before, path)
    if suffix in (".csv", ".tsv"):
        return _delimited(frame, "\t" if suffix == ".tsv" else ",", before)
    if suffix == ".parquet":
        return _parquet(frame, before, path)
    raise InvalidInput(f"table file {path!r} ends in none of .json, .csv, .tsv, .parquet")


def load_table(data: bytes, path: str) -> pd.DataFrame:
    """Return the DataFrame in a file that ``table_bytes`` could have written.

    Raises:
        InvalidInput: It is not a table.
    """
    import pandas as pd

    suffix = suffix_of(path)
    try:
        if suffix == ".parquet":
            return _read_parquet(data, path)
        if suffix in (".csv", ".tsv"):
            return pd.read_csv(BytesIO(data), sep="\t" if suffix == ".tsv" else ",")
        table = json.loads(data)
        return pd.DataFrame(table["data"], columns=table["columns"])
    except pd.errors.EmptyDataError:
        return pd.DataFrame()
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"{path!r} cannot be read as a table: {error}; open() gives its bytes") from error


def is_table(value: Any) -> bool:
    """Return whether a JSON value has the form of a table."""
    return (
        isinstance(value, dict)
        and value.keys() == {"columns", "data"}
        and isinstance(value["columns"], list)
        and isinstance(value["data"], list)
        and all(isinstance(row, list) and len(row) == len(value["columns"]) for row in value["data"])
    )


def tables_tag(before: str | None, path: str) -> str:
    """Return the value of the tag ``mlflow.loggedArtifacts``, by which MLflow finds a run's tables, with one more table."""
    tables = json.loads(before or "[]")
    table = {"path": path, "type": "table"}
    return json.dumps(tables if table in tables else [*tables, table])


def _frame(data: Any) -> pd.DataFrame:
    try:
        return _as_frame(data)
    except UnicodeEncodeError as error:
        raise InvalidInput(f"a string of the table has a lone surrogate, which no file can hold: {error}") from error


def _as_frame(data: Any) -> pd.DataFrame:
    import pandas as pd

    if hasattr(data, "to_pandas"):
        data = data.to_pandas()
    if isinstance(data, pd.DataFrame):
        named = [name for name in data.index.names if name is not None and name not in data.columns]
        return data.reset_index() if len(named) == data.index.nlevels else data
    if isinstance(data, dict):
        return _frame_of_columns(data)
    if isinstance(data, list | tuple) and all(isinstance(row, dict) for row in data):
        return pd.DataFrame(list(data))
    raise WrongType(f"log_table takes a DataFrame, a dict of columns or a list of dicts, not {type(data).__qualname__}")


def _frame_of_columns(columns: dict[Any, Any]) -> pd.DataFrame:
    import pandas as pd

    if not any(hasattr(column, "__len__") and not isinstance(column, str | bytes) for column in columns.values()):
        return pd.DataFrame([columns])
    try:
        return pd.DataFrame(columns)
    except ValueError as error:
        lengths = {str(key): len(column) for key, column in columns.items() if hasattr(column, "__len__")}
        raise InvalidInput(f"the columns of a table must have one length, and these have {lengths}") from error


def _json(frame: pd.DataFrame, before: bytes | None, path: str) -> bytes:
    there = _json_table(before, path) if before else {"columns": [], "data": []}
    names = [_column_name(column) for column in frame.columns]
    columns = there["columns"] + [name for name in names if name not in there["columns"]]
    old = [row + [None] * (len(columns) - len(row)) for row in there["data"]]
    cells = {name: _json_column(frame.iloc[:, i], name) for i, name in enumerate(names)}
    new = zip(*(cells.get(column, [None] * len(frame)) for column in columns), strict=True)
    table = {"columns": columns, "data": [*old, *new]}
    return json.dumps(table, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace")


def _json_table(data: bytes, path: str) -> dict[str, list[Any]]:
    """Return the table in a JSON file; InvalidInput if it is not one."""
    try:
        table = json.loads(data)
    except ValueError:
        table = None
    if not is_table(table):
        raise InvalidInput(f"{path!r} exists and is not a table, so rows cannot be added; choose another name")
    return dict(table)


def _column_name(column: Any) -> str:
    return ".".join(map(str, column)) if isinstance(column, tuple) else str(column)


def _json_column(column: pd.Series[Any], name: str) -> list[Any]:
    """Return a column's cells as JSON values, with null for missing and non-finite ones."""
    cells = plain_value(column.astype(object).where(column.notna(), None).tolist(), f"column {name!r}")
    return [_finite(cell) for cell in cells] if isinstance(cells, list) else []


def _finite(value: Any) -> Any:
    """Return a nested value with null for numbers that JSON cannot represent."""
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _delimited(frame: pd.DataFrame, separator: str, before: bytes | None) -> bytes:
    import pandas as pd

    new = frame.to_csv(index=False, sep=separator, lineterminator="\n")
    if not before:
        return new.encode()
    # Merged as strings: numbers that were written once must not change by being parsed and written again.
    parts = [pd.read_csv(BytesIO(part), sep=separator, dtype=str, keep_default_na=False) for part in (before, new.encode())]
    merged = pd.concat(parts, ignore_index=True).fillna("")
    return str(merged.to_csv(index=False, sep=separator, lineterminator="\n")).encode()


def _parquet(frame: pd.DataFrame, before: bytes | None, path: str) -> bytes:
    import pandas as pd

    if before:
        frame = pd.concat([_read_parquet(before, path), frame], ignore_index=True)
    frame = frame.set_axis([_column_name(column) for column in frame.columns], axis=1)  # Parquet has only strings as names
    _check_nesting(frame, path)
    buffer = BytesIO()
    try:
        frame.to_parquet(buffer, index=False)
    except ImportError as error:
        raise _needs_parquet(path) from error
    except (ValueError, TypeError, OverflowError, NotImplementedError) as error:
        raise WrongType(f"the table cannot be written as {path!r}: {error}") from error
    return buffer.getvalue()


def _check_nesting(frame: pd.DataFrame, path: str) -> None:
    """Refuse a cell that contains itself, which would make pyarrow crash the process."""
    for name in [name for name in frame if frame[name].dtype == object]:
        try:
            for cell in frame[name]:
                if isinstance(cell, dict | list | tuple):
                    json.dumps(cell, default=str, skipkeys=True)
        except (ValueError, RecursionError) as error:
            raise WrongType(f"column {name!r} cannot be written as {path!r}: {error}") from error


def _read_parquet(data: bytes, path: str) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_parquet(BytesIO(data))
    except ImportError as error:
        raise _needs_parquet(path) from error
    except (ValueError, OSError) as error:
        raise InvalidInput(f"{path!r} cannot be read as Parquet: {error}") from error


def _needs_parquet(path: str) -> InvalidInput:
    return InvalidInput(
        f"{path!r} needs pyarrow: pip install 'nbtrack[parquet]'; a name that ends in .json or .csv needs nothing"
    )
